import { describe, expect, test } from '@jest/globals';
import { openStore } from '../../../functions/adapters/store/open.ts';
import { OWING_TTL_MS, RECORD_TTL_MS } from '../../../functions/core/ports.ts';
import { claimOf, claimOne, LONG_MS, settleAll, settlementOf } from './claims.ts';
import { storeContract } from './contract.ts';

async function openMemory() {
  let now = 1_764_000_000_000;
  const store = await openStore('memory:', { clock: () => now });
  const advance = (ms: number): void => {
    now += ms;
  };
  return { store, other: store, advance };
}

storeContract('memory', openMemory);

describe('the memory store', () => {
  test.each([
    ['a settled record', { log: true }, RECORD_TTL_MS],
    ['a record that owes', {}, OWING_TTL_MS],
    ['a parked record', { parked: true }, OWING_TTL_MS],
  ])('%s is known for its time and no longer', async (_, settlement, ttl) => {
    const { store, advance } = await openMemory();
    await claimOne(store, claimOf('a', { windowMs: LONG_MS }));
    await settleAll(store, [settlementOf('a', settlement)]);
    advance(ttl - 1);
    expect((await claimOne(store, claimOf('a'))).again).toBe(true);
    advance(1);
    expect((await claimOne(store, claimOf('a'))).again).toBe(false);
  });

  test('a counted repeat is known for eight days', async () => {
    const { store, advance } = await openMemory();
    await claimOne(store, claimOf('a', { windowMs: RECORD_TTL_MS * 2 }));
    await claimOne(store, claimOf('b'));
    advance(RECORD_TTL_MS - 1);
    expect((await claimOne(store, claimOf('b'))).again).toBe(true);
    advance(1);
    expect((await claimOne(store, claimOf('b'))).again).toBe(false);
  });
});
