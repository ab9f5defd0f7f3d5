/** Suspicion: an event whose claimed origin does not hold is itself worth people's attention. */

import { hash } from 'node:crypto';
import type { Context, FalcoEvent } from '../core/event/alert.ts';
import { clusterKey } from '../core/event/metadata.ts';
import { OWN_IDENTITY, OWN_RULE, OWN_SOURCE } from '../core/event/own-names.ts';
import { viewOf } from '../core/page/alert-view.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Clock } from '../core/ports.ts';

/** Told once an hour for each cluster, or node that a cluster does not have. */
const PERIOD_MS = 3_600_000;

const UNLISTED_RULE = `${OWN_RULE}events from an unlisted cluster`;
const MISMATCH_RULE = `${OWN_RULE}node not in the claimed cluster`;
export const CLAIMED_RULE = `${OWN_RULE}an event in the relay's own name`;

/** So many origins are remembered as told in this hour; past that they are told again, which counts nothing. */
const MOST_REMEMBERED = 1_000;

const NOTHING: readonly AlertView[] = [];

export interface Suspicion {
  /** The relay's own alerts about an event's origin, but for those that this instance told of within the hour. */
  of(event: FalcoEvent, context: Context): readonly AlertView[];
  /** It was published. */
  told(alert: AlertView): void;
}

/** @param listed how many clusters pipeline.yaml lists */
export function createSuspicion(listed: number, clock: Clock): Suspicion {
  const told = new Set<string>();
  return {
    of(event, context) {
      const doubts = doubtsOf(event, context, listed);
      if (doubts.length === 0) return NOTHING;
      const now = clock();
      return doubts.map((doubt) => alertOf(doubt, event, context, now)).filter(({ uuid }) => !told.has(uuid));
    },
    told({ uuid }) {
      if (told.size >= MOST_REMEMBERED) told.clear();
      told.add(uuid);
    },
  };
}

interface Doubt {
  rule: string;
  /** With the rule and the hour, the alert's identity. */
  origin: string;
  output: string;
  node: string;
}

/** Where no cluster is listed, none is missing. */
function doubtsOf(event: FalcoEvent, context: Context, listed: number): Doubt[] {
  const { cluster } = context;
  const node = context.node ?? event.hostname;
  const place = cluster ? clusterKey(cluster) : 'no cluster';
  const doubts: Doubt[] = [];
  if (event.claimsRelay) {
    const output = `an event from ${place}, node ${node || 'unknown'}, came under a source, a rule or a uuid of the relay's own: find out who publishes it`;
    doubts.push({ rule: CLAIMED_RULE, origin: `${place} ${node}`, output, node });
  }
  if (!cluster || listed === 0) return doubts;
  if (context.clusterStatus === 'unlisted') {
    const output = `${place} publishes Falco events but pipeline.yaml does not list it: list it, or find out who publishes`;
    doubts.push({ rule: UNLISTED_RULE, origin: place, output, node: '' });
  } else if (context.clusterMismatch) {
    const output = `an event claims to come from ${place}, which has no node ${node}: find out who publishes it`;
    doubts.push({ rule: MISMATCH_RULE, origin: `${place} ${node}`, output, node });
  }
  return doubts;
}

/**
 * The relay's own alert about an event's origin. Its uuid is the same for all events of one hour and origin, so that
 * escalate counts it once, whoever publishes it and however often; no event can have it (`own-names.ts`).
 */
function alertOf({ rule, origin, output, node }: Doubt, event: FalcoEvent, context: Context, now: number): AlertView {
  const fingerprint = hash('sha256', `${rule} ${origin}`, 'hex').slice(0, 32);
  return viewOf({
    uuid: `${OWN_IDENTITY}${fingerprint}-${Math.floor(now / PERIOD_MS)}`,
    fingerprint,
    // Nothing of the event but its origin: what it says is not to be believed.
    event: {
      ...event,
      rule,
      output,
      source: OWN_SOURCE,
      priority: 'Warning',
      tags: [],
      fields: { 'container.id': 'host' },
    },
    context: {
      ...(context.cluster && { cluster: context.cluster }),
      ...(context.environment && { environment: context.environment }),
      clusterStatus: context.clusterStatus,
      clusterMismatch: context.clusterMismatch,
      node,
      enrichment: 'none',
      enrichmentReasons: [],
    },
    priority: 'Warning',
  });
}
