/** Claim: takes a due delivery for as long as one send may last, together with the incident as it is now. */

import {
  type ClaimDecision,
  claimDelivery,
  type Delivery,
  type DeliveryRef,
  owesPage,
} from '../core/incident/delivery.ts';
import { deleteDelivery, readDelivery, readIncident, writeDelivery } from '../core/incident/documents.ts';
import type { Incident } from '../core/incident/incident.ts';
import type { DocumentStore } from '../core/ports.ts';

export type Claimed =
  | { claimed: true; want: number; delivery: Delivery; incident: Incident }
  | Extract<ClaimDecision, { claimed: false }>;

export function claim(store: DocumentStore, ref: DeliveryRef): Promise<Claimed> {
  return store.transact(async (tx) => {
    const [delivery, incident] = await Promise.all([readDelivery(tx, ref), readIncident(tx, ref.groupKey)]);
    const decision = claimDelivery(delivery, tx.now);
    if (!decision.claimed) return decision;
    // The group's next generation may have opened before this one was heard: it tells of the same place, and more.
    if (!incident) {
      // Forgotten after a month: there is nothing left to tell, and sweep would wake this for ever.
      deleteDelivery(tx, ref);
      return { claimed: false, reason: 'delivery-unknown', retry: false };
    }
    // Of a generation that is over, its page and its end are still news; the next generation tells the rest.
    const over = incident.generation !== ref.generation;
    const ended = decision.delivery.resolved === true;
    if (over && !ended && !owesPage(decision.delivery)) {
      writeDelivery(tx, { ...decision.delivery, sent: decision.want, until: 0 });
      return { claimed: false, reason: 'delivery-done', retry: false };
    }
    writeDelivery(tx, decision.delivery);
    const told = over && ended ? { ...incident, state: 'resolved' as const } : incident;
    return { claimed: true, want: decision.want, delivery: decision.delivery, incident: told };
  });
}
