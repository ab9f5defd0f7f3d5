/** What is published while faults come: mostly noise, among it shells, criticals, execs, and what is no event at all. */

import type { Random } from '../stack/support/random.ts';
import { SAMPLE_NAME, type Sample } from '../stack/support/samples.ts';
import { CLUSTER_ATTRIBUTES, eventText, execEvent, quietEvent, shellEvent } from '../support/events.ts';

/** Of a hundred messages. */
const SHARES = { noise: 50, news: 15, shell: 15, critical: 10, exec: 7, unreadable: 3 } as const;
type Kind = keyof typeof SHARES;

/** Where the same things happen again and again. */
const PLACES = 20;
/** Criticals open a new incident once in so many. */
const NEW_PLACE = 5;
const CRITICAL_RULES = ['Drop and execute new binary in container', 'Netcat Remote Code Execution in Container'];
const CLUSTERS = [
  CLUSTER_ATTRIBUTES,
  { gke_project: 'acme-prod', gke_location: 'us-central1', gke_cluster: 'shop-us1' },
];
const NOT_EVENTS: readonly [parked: string, data: string][] = [
  ['event-bad-json', '{"uuid":"a7d1", "output":"09:00:00.1: Not'],
  ['event-not-falco', '{"jsonrpc":"2.0","id":1}'],
];

/** One message after the other; `now` in milliseconds since the epoch. */
export function createLoad(random: Random): (now: number) => Sample {
  const kinds = Object.entries(SHARES).flatMap(([kind, share]) => Array<Kind>(share).fill(kind as Kind));
  let serial = 0;
  return (now) => {
    serial += 1;
    const kind = kinds[random.below(kinds.length)] ?? 'noise';
    const id = `torture-${random.seed}-${serial}-${kind}`;
    if (kind === 'unreadable') {
      const [parked = '', data = ''] = NOT_EVENTS[random.below(NOT_EVENTS.length)] ?? [];
      return { data, attributes: { ...CLUSTER_ATTRIBUTES, [SAMPLE_NAME]: id }, parked };
    }
    const event = eventOf(kind, id, random, serial);
    event.time = new Date(now).toISOString();
    // The API server's events name a cluster of their own.
    const attributes = kind === 'exec' ? CLUSTER_ATTRIBUTES : (CLUSTERS[random.below(CLUSTERS.length)] ?? {});
    return { data: eventText(event), attributes };
  };
}

function eventOf(
  kind: Exclude<Kind, 'unreadable'>,
  uuid: string,
  random: Random,
  serial: number,
): Record<string, unknown> {
  const place = random.below(PLACES);
  switch (kind) {
    case 'noise':
      return quietEvent(uuid, workload(`noisy-${letters(place)}`));
    case 'news':
      return quietEvent(uuid, workload(`quiet-${letters(serial)}`));
    case 'shell':
      return shellEvent({ uuid, fields: workload(`shell-${letters(place)}`) });
    case 'critical': {
      const where = random.below(NEW_PLACE) === 0 ? `new-${letters(serial)}` : `known-${letters(place)}`;
      const rule = CRITICAL_RULES[random.below(CRITICAL_RULES.length)] ?? '';
      return shellEvent({ uuid, rule, priority: 'Critical', fields: workload(where) });
    }
    case 'exec':
      return execEvent(uuid, { fields: { 'ka.user.name': `user-${letters(place)}@acme.example` } });
  }
}

function workload(name: string): Record<string, string> {
  return {
    'container.name': name,
    'container.image.repository': `europe-docker.pkg.dev/acme/${name}`,
    'k8s.pod.name': `${name}-7c9d4f8b6d-x2x8k`,
  };
}

/** A number in letters, which no normalisation takes for a generated name. */
function letters(value: number): string {
  const digit = String.fromCharCode(97 + (value % 26));
  return value < 26 ? digit : letters(Math.floor(value / 26) - 1) + digit;
}
