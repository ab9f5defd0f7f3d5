/** What an event of a usual day asks of the store, of Pub/Sub and of Loki: the whole relay runs and is counted. */

import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { firestoreStoreOn } from '../../functions/adapters/store/firestore.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import type { After, OutgoingMessage } from '../../functions/core/ports.ts';
import { type Bill, type CountedFirestore, createCountedFirestore } from '../support/counted-firestore.ts';
import { pushOf } from '../support/events.ts';
import { fakeAfter } from '../support/time.ts';
import { START, world } from '../support/world.ts';
import { dayFrom, type Sent } from './sizing-day.ts';
import { measureKinds } from './sizing-kinds.ts';
import type { AllRates } from './sizing-tables.ts';

/** Of one event on average, but for `idleSweep`. */
export interface Rates {
  /** By ingest, by escalate and notify, and by what sweep does beyond an idle one. */
  firestore: Readonly<Record<'ingest' | 'people' | 'sweep', Bill>>;
  /** Documents that stay until their time is over, and bytes of them. */
  kept: number;
  keptBytes: number;
  /** Entries in Loki, and the bytes of their lines and metadata. */
  entries: number;
  entryBytes: number;
  /** Bytes that Pub/Sub charges for one event's message, published or pushed. */
  messageBytes: number;
  /** Messages on the relay's own topics, and their bytes. */
  escalations: number;
  notifications: number;
  ownBytes: number;
  /** Messages to people. */
  told: number;
  /** One sweep that finds nothing to do. */
  idleSweep: Bill;
}

const MINUTE_MS = 60_000;
/** Windows of an hour are open by then, and every node has spoken twice. */
const WARM_UP_MS = 60 * MINUTE_MS;
const COUNTED_MS = 60 * MINUTE_MS;

/** What arrives is brought to ingest so many at once; everything else happens when it would. */
export async function measureRates(atOnce: number, only?: 'snapshots'): Promise<Rates> {
  const time = fakeAfter(START);
  const firestore = createCountedFirestore(time.clock);
  const memory = firestoreStoreOn(firestore, time.clock, pausesOf(time.after));
  const relay = world({ pipeline: shippedPipeline(), receivers: ['pager', 'chat'], memory, time });
  const sums = { ingest: noBill(), people: noBill(), sweep: noBill(), messageBytes: 0, ownBytes: 0 };
  const own = { escalations: 0, notifications: 0 };
  let nextSweep = START + MINUTE_MS;

  /** What lies on the relay's own topics is delivered at once. */
  async function tellPeople(): Promise<void> {
    for (const [topic, to] of [['escalations', 'escalate'] as const, ['notifications', 'notify'] as const]) {
      const messages = relay.on(topic);
      own[topic] += messages.length;
      for (const message of messages) sums.ownBytes += charged(message);
      await relay.deliver(topic, to);
    }
    add(sums.people, firestore.bill());
  }

  async function bring(group: readonly Sent[]): Promise<void> {
    for (const { atMs } of group.slice(-1)) {
      while (nextSweep <= atMs) {
        time.pass(nextSweep - time.clock());
        await relay.call('sweep', {});
        add(sums.sweep, firestore.bill());
        await tellPeople();
        nextSweep += MINUTE_MS;
      }
      time.pass(atMs - time.clock());
    }
    await Promise.all(group.map((sent) => relay.call('ingest', pushBody(sent))));
    add(sums.ingest, firestore.bill());
    for (const { text: data, attributes } of group) sums.messageBytes += charged({ data, attributes });
    await tellPeople();
  }

  const idleSweep = await idle(relay, firestore);
  const day = dayFrom(START, WARM_UP_MS + COUNTED_MS, only);
  const warm = day.filter(({ atMs }) => atMs < START + WARM_UP_MS);
  for (const group of groupsOf(warm, atOnce)) await bring(group);

  for (const bill of [sums.ingest, sums.people, sums.sweep]) Object.assign(bill, noBill());
  Object.assign(sums, { messageBytes: 0, ownBytes: 0 });
  Object.assign(own, { escalations: 0, notifications: 0 });
  const before = kept(relay, firestore);
  const counted = day.slice(warm.length);
  for (const group of groupsOf(counted, atOnce)) await bring(group);

  const after = kept(relay, firestore);
  const entries = relay.stored.slice(before.entries);
  add(sums.sweep, idleSweep, -COUNTED_MS / MINUTE_MS);
  const each = (sum: number): number => sum / counted.length;
  const eachOf = (bill: Bill): Bill => scaled(bill, 1 / counted.length);
  return {
    firestore: { ingest: eachOf(sums.ingest), people: eachOf(sums.people), sweep: eachOf(sums.sweep) },
    kept: each(after.documents - before.documents),
    keptBytes: each(after.bytes - before.bytes),
    entries: each(entries.length),
    entryBytes: each(entries.reduce((sum, entry) => sum + bytesOf(entry), 0)),
    messageBytes: each(sums.messageBytes),
    escalations: each(own.escalations),
    notifications: each(own.notifications),
    ownBytes: each(sums.ownBytes),
    told: each(after.told - before.told),
    idleSweep,
  };
}

type Relay = ReturnType<typeof world>;

/** A sweep of a relay that has heard nothing yet, but for what the first one sets up. */
async function idle(relay: Relay, firestore: CountedFirestore): Promise<Bill> {
  await relay.call('sweep', {});
  firestore.bill();
  await relay.call('sweep', {});
  return firestore.bill();
}

function kept({ stored, sent }: Relay, firestore: CountedFirestore) {
  const sizes = [...firestore.sizes().values()];
  const bytes = sizes.reduce((sum, size) => sum + size, 0);
  return { documents: sizes.length, bytes, entries: stored.length, told: sent.length };
}

function groupsOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

function pushBody({ text, attributes, atMs }: Sent): object {
  const { message, ...rest } = pushOf(text, attributes);
  return { ...rest, message: { ...message, publishTime: new Date(atMs).toISOString() } };
}

/** The shipped policy with the benchmark's clusters, whose metadata is a file: no API is asked. */
function shippedPipeline(): string {
  const text = readFileSync(new URL('../../functions/pipeline.yaml', import.meta.url), 'utf8');
  const metadata = new URL('clusters.yaml', import.meta.url).pathname;
  const { clusters } = parse(readFileSync(metadata, 'utf8')) as {
    clusters: Record<'project' | 'location' | 'name', string>[];
  };
  const listed = clusters.map(({ project, location, name }) => ({ project, location, name, metadata }));
  return text.replace(/^clusters:\n(?: .*\n)+/m, `clusters: ${JSON.stringify(listed)}\n`);
}

/** https://cloud.google.com/pubsub/pricing: time and identity count, and a request is at least a thousand bytes. */
const TIME_AND_ID = 20 + 17;
const LEAST = 1_000;

function charged({ data, attributes }: OutgoingMessage): number {
  const pairs = Object.entries(attributes ?? {}).flat();
  const bytes = [data, ...pairs].reduce((sum, text) => sum + Buffer.byteLength(text), TIME_AND_ID);
  return Math.max(LEAST, bytes);
}

function bytesOf({ line, metadata }: LogEntry): number {
  return [line, ...Object.entries(metadata).flat()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
}

function noBill(): Bill {
  return { reads: 0, writes: 0, deletes: 0, roundTrips: 0 };
}

function add(sum: Bill, bill: Bill, times = 1): void {
  for (const name of Object.keys(sum) as (keyof Bill)[]) sum[name] += times * bill[name];
}

export function scaled(bill: Bill, by: number): Bill {
  const sum = noBill();
  add(sum, bill, by);
  return sum;
}

/** A pause before another attempt is over at once; only patience that ends is the clock's. */
export function pausesOf(after: After): After {
  return (ms, run) => {
    if (ms >= 1_000) return after(ms, run);
    const turn = setImmediate(run);
    return () => clearImmediate(turn);
  };
}

/** As docs/sizing.md has them. */
export async function measureAll(): Promise<AllRates> {
  return {
    1: await measureRates(1),
    10: await measureRates(10),
    50: await measureRates(50),
    snapshot: await measureRates(1, 'snapshots'),
    kinds: await measureKinds(),
  };
}

/** As they are kept: six digits, so that a sum in another order is the same. */
export function roundedRates<T>(rates: T): T {
  const round = (_name: string, value: unknown): unknown =>
    typeof value === 'number' ? Number(value.toPrecision(6)) : value;
  return JSON.parse(JSON.stringify(rates, round));
}
