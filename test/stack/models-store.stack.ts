/** The store in memory, which the simulation runs on, against Redis and the Firestore emulator: the same answers to the same. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { openStore } from '../../functions/adapters/store/open.ts';
import { HOLD_MS, type Store } from '../../functions/core/ports.ts';
import { type FirestoreEmulator, startFirestore } from './programs/firestore.ts';
import { type RedisServer, startRedis } from './programs/redis.ts';
import { createRandom } from './support/random.ts';
import { type RecordedStore, recorded, storeOperations } from './support/store-operations.ts';

/** At least so many, and on until everything of `MEETS` was met. */
const OPERATIONS = 300;
/** A summary that was taken comes again after `HOLD_MS`, for each store at a moment of its own. */
const LONGEST_MS = HOLD_MS - 5_000;

/** Parts of answers that a sequence must have met, or it shows little. */
const MEETS = [
  '"role":"first"',
  '"role":"repeat"',
  '"role":"keep"',
  '"again":true',
  '"parked":true',
  '"window":"none"',
  '"fingerprint":"fp-overflow"',
  '"tried":false',
  '"failed as planned"',
  '{"n":',
  '["I:',
];

const random = createRandom();
let redis: RedisServer;
let firestore: FirestoreEmulator;

beforeAll(async () => {
  process.stdout.write(`SEED=${random.seed}\n`);
  [redis, firestore] = await Promise.all([startRedis(), startFirestore()]);
  process.env.FIRESTORE_EMULATOR_HOST = firestore.host;
});
const stores: Store[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
});
afterAll(() => Promise.all([redis?.program.stop(), firestore?.program.stop()]));

const URLS: Readonly<Record<string, () => string>> = {
  Redis: () => `${redis.url}?prefix=${randomUUID()}:`,
  Firestore: () => `firestore://falco-relay-test/(default)?prefix=t${randomUUID().slice(0, 8)}-`,
};

test.each(Object.keys(URLS))('memory answers as %s does', async (name) => {
  const startMs = Date.now();
  // It stands still within an operation, as the clock of a script and of a transaction does.
  let now = startMs;
  const open = async (url: string): Promise<RecordedStore> => {
    const store = await openStore(url, { clock: () => now });
    stores.push(store);
    return recorded(store, startMs);
  };
  const memory = await open('memory:');
  const real = await open(URLS[name]?.() ?? '');
  const next = storeOperations(random);
  const met = new Set<string>();
  const enough = (step: number): boolean => step >= OPERATIONS && met.size === MEETS.length;
  for (let step = 0; !enough(step) && Date.now() - startMs < LONGEST_MS; step += 1) {
    const operation = next();
    const said = await real.run(operation);
    await real.passed();
    now = Date.now();
    expect([step, operation, said]).toEqual([step, operation, await memory.run(operation)]);
    for (const part of MEETS) if (said.includes(part)) met.add(part);
  }
  expect([...met].sort()).toEqual(MEETS.toSorted());
});
