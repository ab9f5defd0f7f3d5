/** Record: what a send came to. A receiver that can't be told has its fallback told instead. */

import {
  type Delivery,
  type DeliveryRef,
  delivered,
  FAULT_RETRY_MS,
  postponed,
  standIn,
} from '../core/incident/delivery.ts';
import { readDelivery, writeDelivery } from '../core/incident/documents.ts';
import { writeStandIn } from '../core/incident/tell.ts';
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
    const existing = needsFallback && fallback ? await readDelivery(tx, { ...ref, receiver: fallback }) : undefined;
    const next = after(current, claim, outcome, tx.now);
    const instead = needsFallback && fallback ? standIn(next, fallback, existing, tx.now) : undefined;
    if (!instead) {
      writeDelivery(tx, next);
      return {};
    }
    writeStandIn(tx, next, instead);
    return { fallback: { ...ref, receiver: instead.receiver } };
  });
}

function after(current: Delivery, claim: { want: number; until: number }, outcome: SendOutcome, now: number): Delivery {
  switch (outcome.kind) {
    case 'delivered':
      return { ...delivered(current, claim, outcome.reference), failing: undefined };
    case 'retry': {
      // Whoever is left alone was not asked: what failed before that says more.
      const known = outcome.reason === 'receiver-left-alone' ? current.failing : undefined;
      return { ...postponed(current, claim, now, outcome.afterMs), failing: known ?? outcome.reason };
    }
    case 'misconfigured':
    case 'refused':
      return { ...postponed(current, claim, now, FAULT_RETRY_MS), failing: outcome.reason };
  }
}
