import { describe, expect, test } from '@jest/globals';
import { failed, type Outcome, ok } from '../../functions/core/outcome.ts';
import type { EventClaim, EventRecord, EventStore, Settlement } from '../../functions/core/ports.ts';
import { createStoreLanes } from '../../functions/ingest/commit.ts';
import { claimOf, settlementOf } from '../adapters/store/claims.ts';
import { fakeAfter } from '../support/time.ts';

const record = ({ uuid }: EventClaim): EventRecord => ({
  uuid,
  role: 'first',
  windowId: 'w',
  fingerprint: 'fp',
  owed: { log: true, escalation: false },
  again: false,
  parked: false,
});

/** Lanes over a store that says of each claim what `claim` says, and remembers the groups it was asked in. */
function lanesOver(claim: (one: EventClaim) => Outcome<EventRecord> = (one) => ok(record(one))) {
  const time = fakeAfter();
  const claimed: string[][] = [];
  const settled: Settlement[][] = [];
  const store = {
    claim: async (claims) => {
      claimed.push(claims.map(({ uuid }) => uuid));
      return claims.map(claim);
    },
    settle: async (settlements) => {
      settled.push([...settlements]);
      return settlements.map(() => ok(undefined));
    },
  } satisfies Partial<EventStore>;
  return { ...createStoreLanes(store as unknown as EventStore, time.after), claimed, settled, store, time };
}

describe('claims that wait together', () => {
  test('are one round trip, and one uuid twice is one item', async () => {
    const lanes = lanesOver();
    const records = await Promise.all(['a', 'b', 'a'].map((uuid) => lanes.claim(claimOf(uuid))));
    expect(lanes.claimed).toEqual([['a', 'b']]);
    expect(records.map(({ uuid }) => uuid)).toEqual(['a', 'b', 'a']);
  });

  test('keep a replay apart from a redelivery: it asks for more', async () => {
    const lanes = lanesOver();
    await Promise.all([lanes.claim(claimOf('a')), lanes.claim(claimOf('a', { replay: true }))]);
    expect(lanes.claimed).toEqual([['a', 'a']]);
  });

  test('fail one by one', async () => {
    const lanes = lanesOver((one) => (one.uuid === 'bad' ? failed(new Error('no')) : ok(record(one))));
    const answers = await Promise.allSettled(['a', 'bad', 'b'].map((uuid) => lanes.claim(claimOf(uuid))));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  test('share a group up to 200 of them, and 4 MB', async () => {
    const lanes = lanesOver();
    await Promise.all(Array.from({ length: 250 }, (_, index) => lanes.claim(claimOf(`${index}`))));
    expect(lanes.claimed.map(({ length }) => length)).toEqual([200, 50]);
    lanes.claimed.length = 0;
    const entry = { ...claimOf('').entry, line: 'x'.repeat(1_500_000) };
    await Promise.all(['a', 'b', 'c'].map((uuid) => lanes.claim(claimOf(uuid, { entry }))));
    expect(lanes.claimed).toEqual([['a', 'b'], ['c']]);
  });

  test('are given up after ten seconds, and the next ones are not held up', async () => {
    const lanes = lanesOver();
    const answer = lanes.store.claim;
    const hangs: EventStore['claim'] = () => new Promise(() => {});
    Object.assign(lanes.store, { claim: hangs });
    const lost = expect(lanes.claim(claimOf('a'))).rejects.toThrow('no answer within 10000 ms');
    await lanes.time.armed(1);
    Object.assign(lanes.store, { claim: answer });
    const next = lanes.claim(claimOf('b'));
    lanes.time.pass(10_000);
    await lost;
    expect((await next).uuid).toBe('b');
  });
});

test('settlements that wait together are one round trip, each for itself', async () => {
  const lanes = lanesOver();
  const two = [settlementOf('a', { log: true }), settlementOf('a', { escalation: true })];
  await Promise.all(two.map((settlement) => lanes.settle(settlement)));
  expect(lanes.settled).toEqual([two]);
});
