/** Who is to hear of an incident, written into its deliveries in the transaction that changes the incident itself. */

import type { Transaction } from '../ports.ts';
import { type Delivery, type DeliveryRef, newDelivery, raised } from './delivery.ts';
import { readDelivery, writeDelivery } from './documents.ts';
import type { Incident } from './incident.ts';

/** By receiver. */
export type Deliveries = Map<string, Delivery>;

export interface Words {
  /** Receivers that are to be rung. */
  page?: readonly string[];
  /** Whether all others that were told before are to be kept up to date. */
  update?: boolean;
}

/** The deliveries of an incident's generation to these receivers, and to who stands in for them, as far as there are any. */
export async function readDeliveries(
  tx: Transaction,
  { groupKey, generation }: { groupKey: string; generation: number },
  receivers: readonly string[],
): Promise<Deliveries> {
  const readAll = async (names: readonly string[]): Promise<Delivery[]> => {
    const read = await Promise.all(names.map((receiver) => readDelivery(tx, { groupKey, generation, receiver })));
    return read.filter((delivery) => delivery !== undefined);
  };
  const own = await readAll(receivers);
  const others = own.flatMap(({ standIn }) => (standIn && !receivers.includes(standIn) ? [standIn] : []));
  const standIns = await readAll([...new Set(others)]);
  return new Map([...own, ...standIns].map((delivery) => [delivery.receiver, delivery]));
}

/**
 * Raises the deliveries, and gives those that are to be woken. `deliveries` holds what there is, and afterwards what was
 * written: one transaction may tell of several alerts.
 */
export function tell(tx: Transaction, incident: Incident, deliveries: Deliveries, words: Words): DeliveryRef[] {
  const { groupKey, generation, round } = incident;
  const due: DeliveryRef[] = [];
  const hear = (delivery: Delivery): void => {
    const { receiver } = delivery;
    const told = incident.state === 'resolved' ? { ...delivery, resolved: true } : delivery;
    deliveries.set(receiver, told);
    writeDelivery(tx, told);
    due.push({ groupKey, generation, receiver });
  };
  const standIns = [...deliveries.values()].filter(({ receiver }) => !incident.receivers.includes(receiver));
  for (const receiver of incident.receivers) {
    const rings = words.page?.includes(receiver) ?? false;
    const known = deliveries.get(receiver);
    if (!rings && !(words.update && known)) continue;
    // A receiver that stood in for another one is now told for itself.
    if (known) hear({ ...raised(known, tx.now, rings), ...(rings && { round }), standsInFor: undefined });
    else hear({ ...newDelivery({ groupKey, generation, receiver }, tx.now), round });
  }
  // Who stands in for another one sees what that one does, and is rung only once that one can't be.
  for (const delivery of standIns) {
    const sees = words.update || words.page?.includes(delivery.standsInFor ?? '');
    if (sees) hear(raised(delivery, tx.now, false));
  }
  return due;
}

/** Who stands in, and that they do: the one who can't be told names them, so that they hear how it goes on. */
export function writeStandIn(tx: Transaction, failing: Delivery, instead: Delivery): void {
  writeDelivery(tx, { ...failing, standIn: instead.receiver });
  writeDelivery(tx, instead);
}
