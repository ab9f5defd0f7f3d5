/** The store that runs on Firestore, on one in memory: without an emulator, and with what Google would charge for. */

import { describe, expect, test } from '@jest/globals';
import { firestoreStoreOn } from '../../../functions/adapters/store/firestore.ts';
import type { After } from '../../../functions/core/ports.ts';
import { createCountedFirestore } from '../../support/counted-firestore.ts';
import { fakeAfter } from '../../support/time.ts';
import { claimAll, claimOf, settleAll, settlementOf } from './claims.ts';
import { storeContract } from './contract.ts';

function open() {
  const time = fakeAfter(1_764_000_000_000);
  // A pause before another attempt is over at once; only patience that ends is the clock's.
  const after: After = (ms, run) => {
    if (ms >= 1_000) return time.after(ms, run);
    const turn = setImmediate(run);
    return () => clearImmediate(turn);
  };
  const firestore = createCountedFirestore(time.clock);
  const instance = () => firestoreStoreOn(firestore, time.clock, after);
  return { firestore, store: instance(), other: instance(), advance: time.pass };
}

storeContract('Firestore in memory', async () => open());

describe('what Firestore charges', () => {
  const group = Array.from({ length: 10 }, (_, index) => claimOf(`a${index}`, { fingerprint: `f${index}` }));

  test('for ten firsts, of one overflow group', async () => {
    const { firestore, store } = open();
    await claimAll(store, group);
    // Of each its record and its window; of all their count and the window that stands in for too many.
    expect(firestore.bill()).toEqual({ reads: 22, writes: 21, deletes: 0, roundTrips: 2 });
    await settleAll(
      store,
      group.map(({ uuid }) => settlementOf(uuid, { log: true })),
    );
    expect(firestore.bill()).toEqual({ reads: 0, writes: 10, deletes: 0, roundTrips: 1 });
  });

  test('for repeats, which only look at their window', async () => {
    const { firestore, store } = open();
    const repeats = (name: string) => group.map((claim) => ({ ...claim, uuid: `${name}-${claim.uuid}` }));
    await claimAll(store, group);
    await claimAll(store, repeats('b'));
    firestore.bill();
    await claimAll(store, repeats('c'));
    expect(firestore.bill()).toEqual({ reads: 30, writes: 10, deletes: 0, roundTrips: 2 });
  });

  test('for what is not there, and for a question without an answer', async () => {
    const { firestore } = open();
    await firestore.get(['events/x', 'events/y']);
    await firestore.query({ collection: 'windows', orderBy: 'end', limit: 10 });
    await firestore.count({ collection: 'events', orderBy: 'counted' });
    expect(firestore.bill()).toEqual({ reads: 4, writes: 0, deletes: 0, roundTrips: 3 });
    expect(firestore.bill()).toEqual({ reads: 0, writes: 0, deletes: 0, roundTrips: 0 });
  });
});
