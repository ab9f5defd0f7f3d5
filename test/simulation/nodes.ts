/** The nodes of a run: who speaks, who falls silent once the faults are over, and what must be told of it. */

import type { AlertView } from '../../functions/core/page/notification.ts';
import { ALL_RULE, CLUSTER_RULE, SILENT_RULE } from '../../functions/core/watch/watch-rules.ts';
import type { Verdict } from './at-answer.ts';
import type { Ledger } from './ledger.ts';
import type { Random } from './random.ts';
import { CLUSTERS, type Place, type PlannedEvent } from './traffic.ts';

const MINUTE = 60_000;
/** Falco's own period, as the chart sets it. */
const SPEAKS_EVERY_MS = 5 * MINUTE;
/** The grace, and a period of the node's own at either end: by words of after the faults alone it has been known for long enough. */
const SILENT_AFTER_MS = 21 * MINUTE;
/** Sixteen minutes, a node's own period, a backlog of before, and two sweeps. */
const TOLD_WITHIN_MS = 30 * MINUTE;
/** Then it speaks, and sweep sees it. */
const OVER_WITHIN_MS = 10 * MINUTE;
/** From the end of the faults until all that was to be told is told. */
export const WATCHED_MS = SILENT_AFTER_MS + TOLD_WITHIN_MS + OVER_WITHIN_MS;

export interface PlannedNode {
  name: string;
  cluster: Pick<Place, 'project' | 'location' | 'cluster'>;
  /** Falls silent when the faults are over; for good, or until that was told. */
  falls?: 'silent' | 'silent for a while';
}

/** Mostly single nodes fall silent; now and then a whole cluster. */
export function nodesOf(random: Random): PlannedNode[] {
  const falls = random.pick(['silent', 'silent for a while'] as const);
  const whole = random.chance(0.3);
  return CLUSTERS.slice(0, 2).flatMap((cluster, place) =>
    Array.from({ length: random.between(3, 4) }, (_, index): PlannedNode => {
      const isSilent = place === 0 && (whole || index === 0);
      return { name: `gke-${cluster.cluster}-watched-${index}`, cluster, ...(isSilent && { falls }) };
    }),
  );
}

/** @param forMs when the faults are over */
export function wordsOf(nodes: readonly PlannedNode[], forMs: number): PlannedEvent[] {
  const silentAt = forMs + SILENT_AFTER_MS;
  return nodes.flatMap(({ name, cluster, falls }, index) => {
    const words: PlannedEvent[] = [];
    const speaks = (at: number): boolean =>
      at < silentAt || falls === undefined || (falls === 'silent for a while' && at > silentAt + TOLD_WITHIN_MS);
    for (let at = index * 7_000; at < forMs + WATCHED_MS; at += SPEAKS_EVERY_MS) {
      if (!speaks(at)) continue;
      const place = { ...cluster, namespace: '', workload: '' };
      const identity = `${name}-${at}`;
      words.push({ at, identity, kind: 'snapshot', place, node: name, variant: 0, ageMs: 100, copies: 1 });
    }
    return words;
  });
}

/** Each node that fell silent is told, by itself or with its cluster; none that spoke is. What is over is resolved. */
export function everySilence(
  nodes: readonly PlannedNode[],
  ledger: Pick<Ledger, 'escalated' | 'incidents'>,
  { until, isResolved }: { until: number; isResolved: (uuid: string) => boolean },
): Verdict {
  const alerts = [...ledger.escalated.values()].filter(({ timeNs }) => BigInt(timeNs) / 1_000_000n < BigInt(until));
  const about = (name: string): AlertView[] =>
    alerts.filter(
      ({ rule, hostname, silent = '' }) =>
        (rule === SILENT_RULE && hostname === name) || (rule === CLUSTER_RULE && `${silent},`.includes(`${name},`)),
    );
  if (nodes.length > 0 && alerts.some(({ rule }) => rule === ALL_RULE)) return 'nothing arrived, it says';
  // Where nobody speaks, nobody's silence is told.
  const heard = nodes.some(({ falls }) => falls === undefined);
  for (const { name, falls } of nodes) {
    const told = about(name);
    if (falls === undefined && told.length > 0) return `${name} speaks, and is told as silent`;
    if (falls !== undefined && heard && told.length === 0) return `${name} is silent, and nobody was told`;
    const open = falls === 'silent for a while' && told.find(({ uuid }) => !isResolved(uuid));
    if (open) return `${name} speaks again, and ${open.uuid} is not over`;
  }
  return undefined;
}
