/** Suspicion: an event whose claimed origin does not hold is itself worth people's attention. */

import { hash } from 'node:crypto';
import type { Context, FalcoEvent } from '../core/alert.ts';
import { viewOf } from '../core/alert-view.ts';
import type { AlertView } from '../core/notification.ts';
import type { Clock } from '../core/ports.ts';

/** Told once an hour for each cluster, or node that a cluster does not have. */
const PERIOD_MS = 3_600_000;

const UNLISTED_RULE = 'Falco Relay: events from an unlisted cluster';
const MISMATCH_RULE = 'Falco Relay: node not in the claimed cluster';

/** So many origins are remembered as told in this hour; past that they are told again, which counts nothing. */
const MOST_REMEMBERED = 1_000;

export interface Suspicion {
  /** The relay's own alert about an event's origin, unless this instance told of it within the hour. */
  of(event: FalcoEvent, context: Context): AlertView | undefined;
  /** It was published. */
  told(alert: AlertView): void;
}

/** @param listed how many clusters pipeline.yaml lists */
export function createSuspicion(listed: number, clock: Clock): Suspicion {
  const told = new Set<string>();
  return {
    of(event, context) {
      const alert = suspicionOf(event, context, listed, clock());
      return alert && !told.has(alert.uuid) ? alert : undefined;
    },
    told({ uuid }) {
      if (told.size >= MOST_REMEMBERED) told.clear();
      told.add(uuid);
    },
  };
}

/**
 * The relay's own alert about an event's origin, or undefined. Its uuid is the same for all events of one hour and
 * origin, so that escalate counts it once, whoever publishes it and however often. Where no cluster is listed, none is
 * missing.
 */
function suspicionOf(event: FalcoEvent, context: Context, listed: number, now: number): AlertView | undefined {
  const { cluster } = context;
  if (!cluster || listed === 0) return undefined;
  const unlisted = context.clusterStatus === 'unlisted';
  if (!unlisted && !context.clusterMismatch) return undefined;
  const rule = unlisted ? UNLISTED_RULE : MISMATCH_RULE;
  const place = `${cluster.project}/${cluster.location}/${cluster.name}`;
  const node = context.node ?? event.hostname;
  const origin = unlisted ? place : `${place} ${node}`;
  const fingerprint = hash('sha256', `${rule} ${origin}`, 'hex').slice(0, 32);
  const output = unlisted
    ? `${place} publishes Falco events but pipeline.yaml does not list it: list it, or find out who publishes`
    : `an event claims to come from ${place}, which has no node ${node}: find out who publishes it`;
  return viewOf({
    uuid: `relay-${fingerprint}-${Math.floor(now / PERIOD_MS)}`,
    fingerprint,
    // Nothing of the event but its origin: what it says is not to be believed.
    event: {
      ...event,
      rule,
      output,
      source: 'relay',
      priority: 'Warning',
      tags: [],
      fields: { 'container.id': 'host' },
    },
    context: {
      cluster,
      clusterStatus: context.clusterStatus,
      clusterMismatch: context.clusterMismatch,
      node: unlisted ? '' : node,
      enrichment: 'none',
      enrichmentReasons: [],
    },
    priority: 'Warning',
  });
}
