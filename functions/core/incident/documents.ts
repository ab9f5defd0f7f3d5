/** The documents of incidents and deliveries: their keys, how long they live, and when sweep looks at them. */

import type { Json } from '../json.ts';
import type { Transaction } from '../ports.ts';
import { incidentKeyOf, isHashedKey, roundKeyOf } from './dedup-key.ts';
import { type Delivery, type DeliveryRef, dueAt } from './delivery.ts';
import { INCIDENT_TTL_MS, type Incident } from './incident.ts';
import { nextStepAt } from './incident-time.ts';
import { STORM_WITHIN_MS, type Valve } from './storm.ts';

/** The kinds under which sweep and the live page find documents. */
export const INCIDENT_KIND = 'incident';
export const DELIVERY_KIND = 'delivery';

/** Which incident an escalated event was counted in: makes a redelivery count nothing. */
export interface Counted {
  groupKey: string;
  generation: number;
}

/** One round of an incident, which has a key of its own outside. */
export interface Named {
  groupKey: string;
  generation: number;
  round: number;
}

const incidentKey = (groupKey: string): string => `I:${groupKey}`;
const countedKey = (uuid: string): string => `X:${uuid}`;
const valveKey = (stormKey: string): string => `V:${stormKey}`;
const hashKey = (dedupKey: string): string => `H:${dedupKey}`;
const requestKey = (id: string): string => `R:${id}`;
const deliveryKey = (ref: DeliveryRef): string => `N:${JSON.stringify([ref.groupKey, ref.generation, ref.receiver])}`;

/** Reads a delivery's reference back from its key, as `due()` and `list()` give it. */
export function deliveryRefOf(key: string): DeliveryRef {
  const [groupKey, generation, receiver] = JSON.parse(key.slice(2)) as [string, number, string];
  return { groupKey, generation, receiver };
}

/** Likewise the group key of an incident. */
export const groupKeyOf = (key: string): string => key.slice(2);

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

export async function readValve(tx: Transaction, stormKey: string): Promise<Valve | undefined> {
  return (await tx.get(valveKey(stormKey))) as Valve | undefined;
}

/** What a vendor's key names that is a hash, and so says nothing of itself. */
export async function readHashed(tx: Transaction, dedupKey: string): Promise<Named | undefined> {
  return (await tx.get(hashKey(dedupKey))) as unknown as Named | undefined;
}

/** With it, where its key outside is a hash, the way back. */
export function writeIncident(tx: Transaction, incident: Incident): void {
  const at = nextStepAt(incident);
  const { groupKey, generation, round } = incident;
  const dedupKey = roundKeyOf(incidentKeyOf(groupKey, generation), round);
  if (isHashedKey(dedupKey)) {
    tx.set(hashKey(dedupKey), { value: { groupKey, generation, round }, expiresAt: tx.now + INCIDENT_TTL_MS });
  }
  tx.set(incidentKey(incident.groupKey), {
    value: incident as unknown as Json,
    expiresAt: tx.now + INCIDENT_TTL_MS,
    ...(at === undefined ? {} : { due: { kind: INCIDENT_KIND, at } }),
  });
}

export function writeCounted(tx: Transaction, uuid: string, counted: Counted): void {
  tx.set(countedKey(uuid), { value: { ...counted }, expiresAt: tx.now + INCIDENT_TTL_MS });
}

export function writeValve(tx: Transaction, stormKey: string, valve: Valve): void {
  tx.set(valveKey(stormKey), { value: { openedAt: [...valve.openedAt] }, expiresAt: tx.now + STORM_WITHIN_MS });
}

/** Whether a request from outside had its effect already. */
export async function readRequest(tx: Transaction, id: string): Promise<boolean> {
  return (await tx.get(requestKey(id))) !== undefined;
}

export function writeRequest(tx: Transaction, id: string, keptMs: number): void {
  tx.set(requestKey(id), { value: true, expiresAt: tx.now + keptMs });
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
