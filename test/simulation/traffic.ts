/** The events of a run: what Falco says of a few clusters, as Falcosidekick publishes it. */

import { hash } from 'node:crypto';
import { SNAPSHOT_RULE } from '../../functions/core/watch/falco-metrics.ts';
import { eventText, execEvent, shellEvent } from '../support/events.ts';
import { snapshot } from '../support/falco.ts';
import type { Random } from './random.ts';

export type EventKind = keyof typeof KINDS;

export interface PlannedEvent {
  /** Milliseconds from the beginning. */
  at: number;
  /** What makes two deliveries the same event: the uuid, or the audit record's id with its rule and what was done. */
  identity: string;
  kind: EventKind;
  place: Place;
  /** Which of a few files, programs or users it is about: the same one again is a repeat. */
  variant: number;
  /** How long before its publication it happened. */
  ageMs: number;
  /** Whose word it is, where that matters. */
  node?: string;
  /** How often a publisher that got no answer publishes it. */
  copies: number;
}

export interface Place {
  project: string;
  location: string;
  cluster: string;
  namespace: string;
  workload: string;
}

export const CLUSTERS = [
  { project: 'acme-prod', location: 'europe-west1', cluster: 'payments-eu1' },
  { project: 'acme-prod', location: 'us-east1', cluster: 'shop-us1' },
  { project: 'acme-dev', location: 'europe-west1', cluster: 'dev-eu1' },
];
const NAMESPACES = ['payments', 'shop', 'batch', 'ci'];
const WORKLOADS = ['ledger-api', 'cart', 'search', 'mailer', 'report'];
const FILES = ['/etc/shadow', '/etc/sudoers', '/etc/gshadow'];

/** As `test/simulation/pipelines.ts` has them: what escalates does so under each of its pipelines. */
export const KINDS = {
  shell: { rule: 'Terminal shell in container', priority: 'Notice', escalates: true, weight: 4 },
  binary: { rule: 'Drop and execute new binary in container', priority: 'Critical', escalates: true, weight: 4 },
  wiper: { rule: 'Wiper', priority: 'Emergency', escalates: true, weight: 1 },
  netcat: { rule: 'Netcat Remote Code Execution in Container', priority: 'Critical', escalates: true, weight: 2 },
  read: { rule: 'Read sensitive file untrusted', priority: 'Warning', escalates: false, weight: 8 },
  kept: { rule: 'Write below etc', priority: 'Error', escalates: false, weight: 4 },
  exec: { rule: 'Attach/Exec Pod', priority: 'Notice', escalates: false, weight: 2 },
  /** A node's word that it is there. */
  snapshot: { rule: SNAPSHOT_RULE, priority: 'Informational', escalates: false, weight: 0 },
  /** Longer than Loki takes a line. */
  large: { rule: 'Clear Log Activities', priority: 'Warning', escalates: false, weight: 1 },
} as const;

/** The longest line that the Loki of a run takes. */
export const LINE_BYTES = 6_000;

export function anyPlace(random: Random): Place {
  return { ...random.pick(CLUSTERS), namespace: random.pick(NAMESPACES), workload: random.pick(WORKLOADS) };
}

export function anyKind(random: Random): EventKind {
  const names = Object.keys(KINDS) as EventKind[];
  return random.pick(names.flatMap((name) => Array.from({ length: KINDS[name].weight }, () => name)));
}

export function anyEvent(random: Random, serial: number, fixed: Partial<PlannedEvent> & { at: number }): PlannedEvent {
  const kind = fixed.kind ?? anyKind(random);
  const event = {
    kind,
    place: anyPlace(random),
    variant: random.between(0, FILES.length - 1),
    ageMs: ageOf(random),
    copies: random.chance(0.05) ? 2 : 1,
    ...fixed,
  };
  return { identity: kind === 'exec' ? auditIdentity(serial, event) : `u-${serial}`, ...event };
}

/** The record's id, and what was done to what. */
function auditIdentity(serial: number, { place, variant }: Pick<PlannedEvent, 'place' | 'variant'>): string {
  const done = [place.cluster, personOf(variant), 'create', place.namespace, 'pods', 'exec', podOf(place)];
  return `audit-${serial}:${hash('sha256', JSON.stringify([KINDS.exec.rule, ...done]), 'hex').slice(0, 16)}`;
}

const podOf = ({ workload }: Place): string => `${workload}-7c9d4f8b6d-x2x8k`;

const personOf = (variant: number): string => `person-${variant}@acme.example`;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Mostly a moment; now and then behind its stream, older than Loki takes, older than any record, or ahead of time. */
function ageOf(random: Random): number {
  if (random.chance(0.93)) return random.between(50, 3_000);
  return random.pick([random.between(61, 130) * MINUTE, 8 * DAY - HOUR, 8 * DAY + HOUR, -20 * MINUTE]);
}

export interface Published {
  data: string;
  attributes: Readonly<Record<string, string>>;
}

/** @param now when it is published, in milliseconds since the epoch */
export function messageOf(event: PlannedEvent, now: number): Published {
  const { project, location, cluster } = event.place;
  return {
    data: eventText(bodyOf(event, now)),
    attributes: { gke_project: project, gke_location: location, gke_cluster: cluster },
  };
}

function bodyOf({ kind, identity, place, variant, ageMs, node }: PlannedEvent, now: number): object {
  const { rule, priority } = KINDS[kind];
  const time = new Date(now - ageMs).toISOString();
  const pod = podOf(place);
  if (kind === 'snapshot') return { ...snapshot(node ?? ''), uuid: identity, time };
  if (kind === 'exec') {
    return execEvent(identity.slice(0, identity.indexOf(':')), {
      time,
      fields: {
        'jevt.value[/annotations/location]': place.location,
        'jevt.value[/annotations/project_id]': place.project,
        'ka.cluster.name': place.cluster,
        'ka.target.name': pod,
        'ka.target.namespace': place.namespace,
        'ka.user.name': personOf(variant),
      },
    });
  }
  return shellEvent({
    uuid: identity,
    rule,
    priority,
    time,
    hostname: `gke-${place.cluster}-default-pool-5b1c2f3a-g2q1`,
    fields: {
      'container.name': place.workload,
      'container.image.repository': `europe-west1-docker.pkg.dev/acme-prod/${place.workload}`,
      'fd.name': FILES[variant],
      'k8s.ns.name': place.namespace,
      'k8s.pod.name': pod,
      'proc.cmdline': kind === 'large' ? `sh -c ${'x '.repeat(LINE_BYTES / 2)}` : 'bash',
    },
  });
}
