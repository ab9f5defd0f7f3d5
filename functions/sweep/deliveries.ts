/** Deliveries: wakes what is due, so that a lost wake-up delays a page by a minute and never loses it. */

import { type DeliveryRef, FALLBACK_AFTER_MS, newDelivery } from '../core/delivery.ts';
import { DELIVERY_KIND, deliveryRefOf, readDelivery, writeDelivery } from '../core/documents.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore, Topics } from '../core/ports.ts';
import { wake } from '../core/wake.ts';

/** Enough that deliveries which nobody fetches can't keep the others from being woken. */
const BATCH = 5_000;
/** Transactions at once. */
const AT_ONCE = 100;

export interface DeliveryDeps {
  store: DocumentStore;
  topics: Topics;
  /** The receiver to be told in the place of `name`; undefined where there is none. */
  fallbackOf(name: string): string | undefined;
  writeLog: WriteLog;
}

export async function wakeDue(deps: DeliveryDeps): Promise<void> {
  const due = (await deps.store.due(DELIVERY_KIND, BATCH)).map(deliveryRefOf);
  // What is due is woken whatever becomes of the stand-ins, and one of these that fails fails alone.
  let woken = await wake(deps.topics, due);
  let failure: unknown;
  for (let from = 0; from < due.length; from += AT_ONCE) {
    const part = due.slice(from, from + AT_ONCE);
    const made = await Promise.allSettled(part.map((ref) => standIn(deps.store, ref, deps.fallbackOf(ref.receiver))));
    const fallbacks = made.flatMap((each) => (each.status === 'fulfilled' && each.value ? [each.value] : []));
    woken = (await wake(deps.topics, fallbacks)) && woken;
    failure ??= made.find((each) => each.status === 'rejected')?.reason;
  }
  if (!woken) {
    deps.writeLog({ severity: 'ERROR', message: 'a wake-up could not be published', reason: 'pubsub-unavailable' });
  }
  if (failure !== undefined) throw failure;
}

/** Creates the delivery to the fallback receiver, once, when this one has been due for too long. */
function standIn(
  store: DocumentStore,
  ref: DeliveryRef,
  fallback: string | undefined,
): Promise<DeliveryRef | undefined> {
  if (fallback === undefined) return Promise.resolve(undefined);
  return store.transact(async (tx) => {
    const fallbackRef = { ...ref, receiver: fallback };
    const [delivery, existing] = await Promise.all([readDelivery(tx, ref), readDelivery(tx, fallbackRef)]);
    const late = delivery && delivery.want > delivery.sent && tx.now - delivery.createdAt >= FALLBACK_AFTER_MS;
    if (!late || delivery.standsInFor !== undefined || existing) return undefined;
    writeDelivery(tx, newDelivery(fallbackRef, tx.now, ref.receiver));
    return fallbackRef;
  });
}
