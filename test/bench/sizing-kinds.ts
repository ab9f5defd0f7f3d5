/** What Firestore charges for one event, by what the event is: a first, a repeat, a redelivery, a page. */

import { firestoreStoreOn } from '../../functions/adapters/store/firestore.ts';
import { type Bill, createCountedFirestore } from '../support/counted-firestore.ts';
import { shellEvent } from '../support/events.ts';
import { fakeAfter } from '../support/time.ts';
import { PIPELINE, START, world } from '../support/world.ts';
import { pausesOf } from './sizing-rates.ts';

export const KINDS = ['first', 'first repeat', 'repeat', 'redelivery', 'page', 'another of its incident'] as const;
export type Kind = (typeof KINDS)[number];

/** With all that follows at once: by ingest, escalate and notify. Nodes' words are left out: many events share one. */
export async function measureKinds(): Promise<Record<Kind, Bill>> {
  const time = fakeAfter(START);
  const firestore = createCountedFirestore(time.clock);
  const memory = firestoreStoreOn(firestore, time.clock, pausesOf(time.after));
  const relay = world({ pipeline: `nodes: { watch: false }\n${PIPELINE}`, memory, time });
  const bills = new Map<string, Bill>();

  async function bring(kind: Kind, uuid: string, rule: string, priority: string): Promise<void> {
    firestore.bill();
    await relay.ingest(shellEvent({ uuid, rule, priority }));
    await relay.deliver('escalations', 'escalate');
    await relay.deliver('notifications', 'notify');
    bills.set(kind, firestore.bill());
  }

  const noisy = ['Contact K8S API Server From Container', 'Notice'] as const;
  await bring('first', 'a-1', ...noisy);
  await bring('first repeat', 'a-2', ...noisy);
  await bring('repeat', 'a-3', ...noisy);
  await bring('redelivery', 'a-3', ...noisy);
  await bring('page', 'b-1', 'Drop and execute new binary in container', 'Critical');
  await bring('another of its incident', 'c-1', 'Fileless execution via memfd_create', 'Critical');
  return Object.fromEntries(bills) as Record<Kind, Bill>;
}
