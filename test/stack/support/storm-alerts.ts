/** A storm: thousands of alerts of hundreds of groups, and among the clusters one where too many groups open at once. */

import { groupOf } from '../../../functions/core/incident/group.ts';
import { STORM_LIMITS, stormGroupOf } from '../../../functions/core/incident/storm.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { SHELL } from '../../support/alerts.ts';
import type { Random } from './random.ts';

export interface StormShape {
  /** What its clusters' names begin with. */
  name: string;
  /** Distinct ones; each group has at least one. */
  alerts: number;
  /** Clusters in which as many groups open as the storm valve lets through: each of them pages. */
  clusters: number;
  /** Groups of one further cluster: the first ten page, a storm holds the others. */
  crowd: number;
}

/** What must come of them. */
export interface ExpectedStorm {
  /** By group key: how many alerts its incident counts. */
  counts: ReadonlyMap<string, number>;
  /** Group keys of the crowded cluster. */
  crowd: ReadonlySet<string>;
  /** The group key of the incident that holds what is too many there. */
  stormKey: string;
}

const CROWDED = 'crowded';
/** Neither is a shell, of which more is told a minute later. The second one makes an incident grow by more than its count, and so be told of by the next sweep. */
const RULES = ['Drop and execute new binary in container', 'Netcat Remote Code Execution in Container'];

/** In random order. */
export function stormAlerts({ name, alerts, clusters, crowd }: StormShape, random: Random, now: number): AlertView[] {
  const places = [
    ...Array.from({ length: clusters * STORM_LIMITS.incidents }, (_, index) =>
      placeIn(`${name}-${index % clusters}`, index),
    ),
    ...Array.from({ length: crowd }, (_, index) => placeIn(`${name}-${CROWDED}`, index)),
  ];
  if (alerts < places.length) throw new Error('each group needs an alert');
  const run = random.below(2 ** 31);
  return random.shuffle(
    Array.from({ length: alerts }, (_, index): AlertView => {
      const place = places[index < places.length ? index : random.below(places.length)];
      const uuid = `${name}-${run}-${index}`;
      const timeNs = `${now}000000`;
      const rule = RULES[random.below(8) === 0 ? 1 : 0] ?? '';
      return { ...SHELL, uuid, rule, timeNs, where: { ...SHELL.where, ...place } };
    }),
  );
}

function placeIn(cluster: string, index: number): Partial<AlertView['where']> {
  const workload = `workload-${index}`;
  return {
    cluster: { project: 'acme-prod', location: 'europe-west1', name: cluster },
    derivedWorkload: workload,
    pod: `${workload}-7c9d4f8b6d-x2x8k`,
  };
}

export function expectedStorm(alerts: readonly AlertView[]): ExpectedStorm {
  const counts = new Map<string, number>();
  const crowd = new Set<string>();
  let stormKey = '';
  for (const alert of alerts) {
    const { key } = groupOf(alert);
    counts.set(key, (counts.get(key) ?? 0) + 1);
    if (alert.where.cluster?.name.endsWith(CROWDED)) {
      crowd.add(key);
      stormKey = stormGroupOf(alert).key;
    }
  }
  return { counts, crowd, stormKey };
}
