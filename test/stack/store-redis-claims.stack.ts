/** Claims without entries, on a real Redis. */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type OpenedStore, openStore } from '../../functions/adapters/store/open.ts';
import type { EventClaim } from '../../functions/core/ports.ts';
import { claimAll, claimOf, claimsOf } from '../adapters/store/claims.ts';
import { type RedisServer, startRedis } from './programs/redis.ts';

let redis: RedisServer;
let opened: OpenedStore[];
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.program.stop());
beforeEach(async () => {
  opened = [];
  await redis.command('FLUSHALL');
});
afterEach(async () => {
  await Promise.all(opened.map((store) => store.close()));
});

async function open(): Promise<OpenedStore> {
  const store = await openStore(redis.url, { clock: () => 0 });
  opened.push(store);
  return store;
}

test('repeats of a window that an instance knows come without their entries', async () => {
  const [store, other] = [await open(), await open()];
  const long = (name: string, count: number): EventClaim[] =>
    claimsOf(name, count).map((claim) => ({ ...claim, entry: { ...claim.entry, line: 'x'.repeat(10_000) } }));
  const received = async (work: () => Promise<unknown>): Promise<number> => {
    const bytes = async (): Promise<number> =>
      Number(/total_net_input_bytes:(\d+)/.exec(await redis.command('INFO', 'stats'))?.[1]);
    const before = await bytes();
    await work();
    return (await bytes()) - before;
  };
  expect(await received(() => claimAll(store, long('first', 1)))).toBeGreaterThan(10_000);
  expect(await received(() => claimAll(store, long('repeat', 20)))).toBeLessThan(10_000);
  // Another instance learns it from its first repeat.
  expect(await received(() => claimAll(other, long('elsewhere', 1)))).toBeGreaterThan(10_000);
  expect(await received(() => claimAll(other, long('elsewhere again', 20)))).toBeLessThan(10_000);
});

describe('an entry that was not sent is asked for, in one more round trip', () => {
  /** The roles of three events after `change`, each of which owes its own entry or none. */
  async function rolesAfter(change: () => Promise<unknown>, claim: Partial<EventClaim> = {}): Promise<string[]> {
    const store = await open();
    await claimAll(store, claimsOf('known', 2));
    await change();
    const before = store.roundTrips;
    const records = await claimAll(store, claimsOf('next', 3, claim));
    expect(store.roundTrips - before).toBe(2);
    for (const { uuid, owed, entry } of await claimAll(store, claimsOf('next', 3, claim)))
      expect(entry).toEqual(owed.log ? claimOf(uuid).entry : undefined);
    return records.map(({ role }) => role);
  }

  test('when the window has ended', async () => {
    const end = (): Promise<string> => redis.command('HSET', 'falco:w:fp', 't', '1');
    expect(await rolesAfter(end)).toEqual(['first', 'repeat', 'repeat']);
    expect(await opened[0]?.takeSummaries(5)).toMatchObject([{ n: 1 }]);
  });

  test('when the store forgot it', async () => {
    expect(await rolesAfter(() => redis.command('FLUSHALL'))).toEqual(['first', 'repeat', 'repeat']);
  });

  test('when some of its repeats are to be written', async () => {
    expect(await rolesAfter(async () => {}, { keep: 2 })).toEqual(['keep', 'keep', 'repeat']);
  });
});

test('a replay, and an event past the horizon, bring theirs whatever is known', async () => {
  const store = await open();
  await claimAll(store, claimsOf('known', 2));
  const before = store.roundTrips;
  const [replay] = await claimAll(store, claimsOf('replayed', 1, { replay: true }));
  const [old] = await claimAll(store, claimsOf('old', 1, { pastHorizon: true }));
  expect([replay?.role, old?.role, old?.entry]).toEqual(['repeat', 'keep', claimOf('old-0').entry]);
  expect(store.roundTrips - before).toBe(2);
});
