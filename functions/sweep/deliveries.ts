/** Deliveries: wakes what is due, so that a lost wake-up delays a page by a minute and never loses it. */

import { type DeliveryRef, FALLBACK_AFTER_MS, standIn } from '../core/incident/delivery.ts';
import { DELIVERY_KIND, deliveryRefOf, readDelivery } from '../core/incident/documents.ts';
import { writeStandIn } from '../core/incident/tell.ts';
import { wake } from '../core/incident/wake.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore, Topics } from '../core/ports.ts';
import { inParts } from './parts.ts';

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
  const tellEach = (ref: DeliveryRef): Promise<DeliveryRef | undefined> =>
    tellFallback(deps.store, ref, deps.fallbackOf(ref.receiver));
  const failure = await inParts(due, AT_ONCE, tellEach, async (made) => {
    const fallbacks = made.filter((ref) => ref !== undefined);
    woken = (await wake(deps.topics, fallbacks)) && woken;
  });
  if (!woken) {
    deps.writeLog({ severity: 'ERROR', message: 'a wake-up could not be published', reason: 'pubsub-unavailable' });
  }
  if (failure !== undefined) throw failure;
}

/** Writes the delivery to the fallback receiver, once a page, when this one has been due for too long. */
function tellFallback(
  store: DocumentStore,
  ref: DeliveryRef,
  fallback: string | undefined,
): Promise<DeliveryRef | undefined> {
  if (fallback === undefined) return Promise.resolve(undefined);
  return store.transact(async (tx) => {
    const fallbackRef = { ...ref, receiver: fallback };
    const [delivery, existing] = await Promise.all([readDelivery(tx, ref), readDelivery(tx, fallbackRef)]);
    if (!delivery || tx.now - delivery.dueSince < FALLBACK_AFTER_MS) return undefined;
    const instead = standIn(delivery, fallback, existing, tx.now);
    if (!instead) return undefined;
    writeStandIn(tx, delivery, instead);
    return fallbackRef;
  });
}
