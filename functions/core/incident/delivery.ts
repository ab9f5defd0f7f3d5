/** Deliveries: one record per incident and receiver that is outbox and history in one (protocol: delivery). */

import type { Json } from '../json.ts';
import { HOLD_MS } from '../ports.ts';
import type { ReasonCode } from '../reasons.ts';

/** A delivery that fails waits this long, doubling up to the longest. */
const RETRY_FIRST_MS = 5_000;
const RETRY_LONGEST_MS = 10 * 60_000;
/** A fault of configuration helps nobody by haste. */
export const FAULT_RETRY_MS = RETRY_LONGEST_MS;
/** A page due for so long is also sent to the fallback receiver. */
export const FALLBACK_AFTER_MS = 10 * 60_000;
/** What has to wait longer is left to sweep: a nack would hold back the other pages of its subscription. */
const SWEEP_EVERY_MS = 60_000;

export interface Delivery {
  groupKey: string;
  generation: number;
  receiver: string;
  /** How many words the receiver must have heard: 1 is the page itself. */
  want: number;
  /** The last word that rings; those after it are updates. */
  page: number;
  /** The round of the incident that it rings for. */
  round?: number | undefined;
  /** How many it has heard. */
  sent: number;
  /** Claimed until then, milliseconds by the store's clock; 0 when free. */
  until: number;
  /** Not to be tried before. */
  nextAt: number;
  /** Since when the page that is due, or was last, waits to be heard. */
  dueSince: number;
  tries: number;
  /** Set on a delivery that stands in for another receiver's: it has no fallback of its own. */
  standsInFor?: string | undefined;
  /** Which of that receiver's words it stands in for. */
  standsInWord?: number | undefined;
  /** Why that receiver could not be told. */
  standsInWhy?: ReasonCode | undefined;
  /** How the last attempt failed, if it did. */
  failing?: ReasonCode | undefined;
  /** Who was told in this receiver's place, and so is kept up to date as well. */
  standIn?: string | undefined;
  /** Somebody resolved the incident, which the receiver may be yet to hear when the next generation has opened. */
  resolved?: boolean | undefined;
  /** What the receiver returned, needed to update what it shows. */
  reference?: Json | undefined;
}

/** Names one delivery; the content of a wake-up. */
export interface DeliveryRef {
  groupKey: string;
  generation: number;
  receiver: string;
}

export function newDelivery(ref: DeliveryRef, now: number): Delivery {
  return { ...ref, want: 1, page: 1, sent: 0, until: 0, nextAt: now, dueSince: now, tries: 0 };
}

/** One more word to be heard. A page is tried at once, whatever the receiver failed before. */
export function raised(delivery: Delivery, now: number, rings: boolean): Delivery {
  const want = delivery.want + 1;
  if (rings) return { ...delivery, want, page: want, nextAt: now, dueSince: now, tries: 0 };
  return { ...delivery, want };
}

/** Whether somebody still waits to be rung, rather than to be kept up to date. */
export const owesPage = ({ page, sent }: Pick<Delivery, 'page' | 'sent'>): boolean => page > sent;

/**
 * The delivery by which `receiver` hears what another one can't be told; undefined where it has heard of it already, by
 * its own route or in somebody's place.
 */
export function standIn(
  failing: Delivery,
  receiver: string,
  existing: Delivery | undefined,
  now: number,
): Delivery | undefined {
  if (!owesPage(failing) || failing.standsInFor !== undefined) return undefined;
  const { groupKey, generation, resolved, round } = failing;
  const place = {
    round,
    standsInFor: failing.receiver,
    standsInWord: failing.page,
    standsInWhy: failing.failing,
    ...(resolved && { resolved }),
  };
  if (!existing) return { ...newDelivery({ groupKey, generation, receiver }, now), ...place };
  if (existing.standsInFor === undefined || hasHeard(existing, failing)) return undefined;
  return { ...raised(existing, now, true), ...place };
}

/** Words count per receiver: for another one than it stood in for last, only the time says which page it was rung for. */
function hasHeard(existing: Delivery, failing: Delivery): boolean {
  if (existing.standsInFor === failing.receiver) return (existing.standsInWord ?? 0) >= failing.page;
  return existing.dueSince >= failing.dueSince;
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
  const fallbackAt = delivery.dueSince + FALLBACK_AFTER_MS;
  const nextAt = now < fallbackAt ? Math.min(now + wait, fallbackAt) : now + wait;
  return { ...delivery, until: released(delivery, claim.until), tries, nextAt };
}

/** When sweep looks at it again, or undefined once nothing is owed. */
export function dueAt(delivery: Delivery): number | undefined {
  return delivery.want > delivery.sent ? Math.max(delivery.nextAt, delivery.until) : undefined;
}
