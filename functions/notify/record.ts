/** Record: what a send came to. A receiver that can't be told has its fallback told instead. */

import {
  type Delivery,
  type DeliveryRef,
  delivered,
  FAULT_RETRY_MS,
  newDelivery,
  postponed,
} from '../core/delivery.ts';
import { readDelivery, writeDelivery } from '../core/documents.ts';
import type { DocumentStore, SendOutcome } from '../core/ports.ts';

export interface Recorded {
  /** The delivery that stands in, when this outcome created one; to be woken. */
  fallback?: DeliveryRef;
}

/**
 * @param fallback the receiver to be told at once when the fault is one of configuration. Depth one: a delivery that
 *   stands in for another has none.
 */
export function record(
  store: DocumentStore,
  ref: DeliveryRef,
  claimed: { want: number; delivery: Delivery },
  outcome: SendOutcome,
  fallback: string | undefined,
): Promise<Recorded> {
  const claim = { want: claimed.want, until: claimed.delivery.until };
  return store.transact(async (tx) => {
    const current = await readDelivery(tx, ref);
    if (!current) return {};
    const needsFallback = outcome.kind === 'misconfigured' || outcome.kind === 'refused';
    const standIn = needsFallback && fallback !== undefined && current.standsInFor === undefined;
    const fallbackRef: DeliveryRef | undefined = standIn ? { ...ref, receiver: fallback } : undefined;
    const existing = fallbackRef ? await readDelivery(tx, fallbackRef) : undefined;
    writeDelivery(tx, after(current, claim, outcome, tx.now));
    if (!fallbackRef || existing) return {};
    writeDelivery(tx, newDelivery(fallbackRef, tx.now, ref.receiver));
    return { fallback: fallbackRef };
  });
}

function after(current: Delivery, claim: { want: number; until: number }, outcome: SendOutcome, now: number): Delivery {
  switch (outcome.kind) {
    case 'delivered':
      return delivered(current, claim, outcome.reference);
    case 'retry':
      return postponed(current, claim, now, outcome.afterMs);
    case 'misconfigured':
    case 'refused':
      return postponed(current, claim, now, FAULT_RETRY_MS);
  }
}
