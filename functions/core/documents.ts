/** The documents of incidents and deliveries: their keys, how long they live, and when sweep looks at them. */

import { type Delivery, type DeliveryRef, dueAt } from './delivery.ts';
import { INCIDENT_TTL_MS, type Incident, QUIET_AFTER_MS } from './incident.ts';
import type { Json } from './json.ts';
import type { Transaction } from './ports.ts';

/** The kinds under which sweep and the live page find documents. */
export const INCIDENT_KIND = 'incident';
export const DELIVERY_KIND = 'delivery';

/** Which incident an escalated event was counted in: makes a redelivery count nothing. */
export interface Counted {
  groupKey: string;
  generation: number;
}

const incidentKey = (groupKey: string): string => `I:${groupKey}`;
const countedKey = (uuid: string): string => `X:${uuid}`;
const deliveryKey = (ref: DeliveryRef): string => `N:${JSON.stringify([ref.groupKey, ref.generation, ref.receiver])}`;

/** Reads a delivery's reference back from its key, as `due()` and `list()` give it. */
export function deliveryRefOf(key: string): DeliveryRef {
  const [groupKey, generation, receiver] = JSON.parse(key.slice(2)) as [string, number, string];
  return { groupKey, generation, receiver };
}

// What these read was written below by this code; the store gives back what it was given.
export async function readIncident(tx: Transaction, groupKey: string): Promise<Incident | undefined> {
  return (await tx.get(incidentKey(groupKey))) as Incident | undefined;
}

export async function readCounted(tx: Transaction, uuid: string): Promise<Counted | undefined> {
  return (await tx.get(countedKey(uuid))) as Counted | undefined;
}

export async function readDelivery(tx: Transaction, ref: DeliveryRef): Promise<Delivery | undefined> {
  return (await tx.get(deliveryKey(ref))) as Delivery | undefined;
}

export function writeIncident(tx: Transaction, incident: Incident): void {
  const live = incident.state === 'open' || incident.state === 'acknowledged';
  tx.set(incidentKey(incident.groupKey), {
    value: incident as unknown as Json,
    expiresAt: tx.now + INCIDENT_TTL_MS,
    ...(live ? { due: { kind: INCIDENT_KIND, at: incident.lastAt + QUIET_AFTER_MS } } : {}),
  });
}

export function writeCounted(tx: Transaction, uuid: string, counted: Counted): void {
  tx.set(countedKey(uuid), { value: { ...counted }, expiresAt: tx.now + INCIDENT_TTL_MS });
}

export function deleteDelivery(tx: Transaction, ref: DeliveryRef): void {
  tx.delete(deliveryKey(ref));
}

export function writeDelivery(tx: Transaction, delivery: Delivery): void {
  const at = dueAt(delivery);
  tx.set(deliveryKey(delivery), {
    value: delivery as unknown as Json,
    expiresAt: tx.now + INCIDENT_TTL_MS,
    ...(at === undefined ? {} : { due: { kind: DELIVERY_KIND, at } }),
  });
}
