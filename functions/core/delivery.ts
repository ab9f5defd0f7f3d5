/** Deliveries: one record per incident and receiver that is outbox and history in one (protocol: delivery). */

import type { Json } from './json.ts';
import { HOLD_MS } from './ports.ts';

/** A delivery that fails waits this long, doubling up to the longest. */
const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 10 * 60_000;
/** A fault of configuration helps nobody by haste. */
export const FAULT_RETRY_MS = RETRY_LONGEST_MS;
/** A delivery due for so long is also sent to the fallback receiver. */
export const FALLBACK_AFTER_MS = 10 * 60_000;
/** What has to wait longer is left to sweep: a nack would hold back the other pages of its subscription. */
const SWEEP_EVERY_MS = 60_000;

export interface Delivery {
  groupKey: string;
  generation: number;
  receiver: string;
  /** How many words the receiver must have heard: 1 is the page itself. */
  want: number;
  /** How many it has heard. */
  sent: number;
  /** Claimed until then, milliseconds by the store's clock; 0 when free. */
  until: number;
  /** Not to be tried before. */
  nextAt: number;
  createdAt: number;
  tries: number;
  /** Set on a delivery that stands in for another receiver's: it has no fallback of its own. */
  standsInFor?: string | undefined;
  /** What the receiver returned, needed to update what it shows. */
  reference?: Json | undefined;
}

/** Names one delivery; the content of a wake-up. */
export interface DeliveryRef {
  groupKey: string;
  generation: number;
  receiver: string;
}

export function newDelivery(ref: DeliveryRef, now: number, standsInFor?: string): Delivery {
  return {
    ...ref,
    want: 1,
    sent: 0,
    until: 0,
    nextAt: now,
    createdAt: now,
    tries: 0,
    ...(standsInFor === undefined ? {} : { standsInFor }),
  };
}

export type ClaimDecision =
  | { claimed: true; delivery: Delivery; want: number }
  | {
      claimed: false;
      reason: 'delivery-unknown' | 'delivery-done' | 'delivery-held' | 'delivery-not-yet';
      retry: boolean;
    };

/** Whether this wake-up sends now; the claim outlives the time that a send may take. */
export function claimDelivery(delivery: Delivery | undefined, now: number): ClaimDecision {
  if (!delivery) return { claimed: false, reason: 'delivery-unknown', retry: false };
  if (delivery.want <= delivery.sent) return { claimed: false, reason: 'delivery-done', retry: false };
  if (delivery.until > now) return { claimed: false, reason: 'delivery-held', retry: true };
  if (delivery.nextAt > now) {
    return { claimed: false, reason: 'delivery-not-yet', retry: delivery.nextAt - now <= SWEEP_EVERY_MS };
  }
  return { claimed: true, delivery: { ...delivery, until: now + HOLD_MS }, want: delivery.want };
}

/** Frees the claim, unless a later attempt holds it by now. */
function released(delivery: Delivery, claimedUntil: number): number {
  return delivery.until === claimedUntil ? 0 : delivery.until;
}

/** The receiver took it. A slower attempt that ends later never lowers `sent`. */
export function delivered(
  delivery: Delivery,
  claim: { want: number; until: number },
  reference: Json | undefined,
): Delivery {
  const kept = reference ?? delivery.reference;
  return {
    ...delivery,
    sent: Math.max(delivery.sent, claim.want),
    until: released(delivery, claim.until),
    tries: 0,
    ...(kept === undefined ? {} : { reference: kept }),
  };
}

/**
 * It stays due; `afterMs` is the receiver's own wish. However long the wait, it is looked at again when its fallback
 * would have to be told.
 */
export function postponed(delivery: Delivery, claim: { until: number }, now: number, afterMs?: number): Delivery {
  const tries = delivery.tries + 1;
  const wait = Math.min(afterMs ?? RETRY_FIRST_MS * 2 ** Math.min(tries - 1, 10), RETRY_LONGEST_MS);
  const fallbackAt = delivery.createdAt + FALLBACK_AFTER_MS;
  const nextAt = now < fallbackAt ? Math.min(now + wait, fallbackAt) : now + wait;
  return { ...delivery, until: released(delivery, claim.until), tries, nextAt };
}

/** When sweep looks at it again, or undefined once nothing is owed. */
export function dueAt(delivery: Delivery): number | undefined {
  return delivery.want > delivery.sent ? Math.max(delivery.nextAt, delivery.until) : undefined;
}
