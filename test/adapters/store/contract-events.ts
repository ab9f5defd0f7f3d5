/** The contract of a store: events, their roles and what they owe (protocol: event). */

import { describe, expect, test } from '@jest/globals';
import { claimAll, claimOf, claimOne, claimsOf, LONG_MS, settleAll, settlementOf } from './claims.ts';
import type { ContractContext } from './contract.ts';

const HOSTILE: readonly (readonly [string, string])[] = [
  ['a path', '../x'],
  ['one dot', '.'],
  ['two dots', '..'],
  ['a prototype', '__proto__'],
  ['a constructor', 'constructor'],
  ['slashes', 'a/b//c'],
  ['unicode', 'überraschung-🦅-日本語'],
  ['2 KB', 'x'.repeat(2_048)],
  ['NUL', 'a\u0000b'],
  ['a line feed', 'a\nb'],
  ['separators', '3:fp|{}*? "'],
];

export function eventContract(context: ContractContext): void {
  describe('claim', () => {
    test('the first of a fingerprint owes its log entry and opens a window', async () => {
      const claim = claimOf('a');
      const record = await claimOne(context.store, claim);
      expect(record).toEqual({
        uuid: 'a',
        role: 'first',
        windowId: expect.stringMatching(/^\S+$/),
        fingerprint: 'fp',
        owed: { log: true, escalation: false },
        again: false,
        parked: false,
        entry: claim.entry,
      });
    });

    test('a repeat owes nothing and belongs to the window of the first', async () => {
      const first = await claimOne(context.store, claimOf('a'));
      const repeat = await claimOne(context.other, claimOf('b'));
      expect(repeat).toMatchObject({ role: 'repeat', windowId: first.windowId, again: false, parked: false });
      expect(repeat.owed).toEqual({ log: false, escalation: false });
      expect(repeat.entry).toBeUndefined();
    });

    test.each([
      ['a first', 0],
      ['a repeat', 1],
    ])('%s that escalates owes its escalation', async (_, index) => {
      const records = await claimAll(context.store, claimsOf('a', 2, { escalates: true }));
      expect(records[index]?.owed).toEqual({ log: index === 0, escalation: true });
    });

    test('the first repeats of a window are kept, then they are only counted', async () => {
      const records = await claimAll(context.store, claimsOf('a', 3, { keep: 2 }));
      const more = await claimAll(context.other, claimsOf('b', 2, { keep: 2 }));
      expect([...records, ...more].map(({ role }) => role)).toEqual(['first', 'keep', 'keep', 'repeat', 'repeat']);
      expect([...records, ...more].map(({ owed }) => owed.log)).toEqual([true, true, true, false, false]);
    });

    test('a redelivery gets the record unchanged, with the entry of the first claim', async () => {
      const claim = claimOf('a', { escalates: true });
      const first = await claimOne(context.store, claim);
      const changed = claimOf('a', {
        fingerprint: 'another',
        keep: 5,
        entry: { ...claim.entry, line: 'enriched otherwise' },
      });
      expect(await claimOne(context.other, changed)).toEqual({ ...first, again: true });
    });

    test('one uuid twice in a group is one event', async () => {
      const [first, second, third] = await claimAll(context.store, [claimOf('a'), claimOf('a'), claimOf('b')]);
      expect(second).toEqual({ ...first, again: true });
      expect(third?.role).toBe('repeat');
    });

    test('one uuid claimed by two instances at once is one event', async () => {
      const both = await Promise.all(
        Array.from({ length: 10 }, (_, index) => claimOne(index % 2 ? context.store : context.other, claimOf('a'))),
      );
      expect(both.filter(({ again }) => !again).length).toBeLessThanOrEqual(1);
      expect(new Set(both.map(({ windowId }) => windowId)).size).toBe(1);
      expect(both.every(({ role, owed }) => role === 'first' && owed.log)).toBe(true);
    });

    test('different fingerprints have windows of their own', async () => {
      const records = await claimAll(context.store, [claimOf('a'), claimOf('b', { fingerprint: 'fp-2' })]);
      expect(records.map(({ role }) => role)).toEqual(['first', 'first']);
      expect(new Set(records.map(({ windowId }) => windowId)).size).toBe(2);
    });

    test('an event past the horizon is kept outside of every window', async () => {
      await claimOne(context.store, claimOf('a'));
      const late = await claimOne(context.store, claimOf('b', { pastHorizon: true, escalates: true }));
      expect(late).toMatchObject({ role: 'keep', windowId: '', fingerprint: 'fp' });
      expect(late.owed).toEqual({ log: true, escalation: true });
      expect(await claimOne(context.other, claimOf('b'))).toEqual({ ...late, again: true });
    });

    test.each(HOSTILE)('%s is an identity like any other', async (_, hostile) => {
      const change = {
        fingerprint: hostile,
        overflow: { key: hostile, fingerprint: `${hostile}-overflow`, limit: 5, windowMs: LONG_MS },
        seen: { timeNs: '1', pod: hostile, node: hostile, user: hostile, remote: hostile },
      };
      const claim = claimOf(hostile, change);
      const [first, repeat, neighbour] = await claimAll(context.store, [claim, claimOf('b', change), claimOf('c')]);
      expect(first).toMatchObject({ uuid: hostile, fingerprint: hostile, role: 'first', entry: claim.entry });
      expect(repeat).toMatchObject({ role: 'repeat', fingerprint: hostile, windowId: first?.windowId });
      expect(neighbour?.role).toBe('first');
      expect(await claimOne(context.other, claim)).toEqual({ ...first, again: true });
      await settleAll(context.store, [settlementOf(hostile, { log: true })]);
      expect((await claimOne(context.other, claim)).owed.log).toBe(false);
    });

    test('two uuids that differ only in a lone surrogate are two events', async () => {
      const records = await claimAll(context.store, [claimOf('a\ud800'), claimOf('a\ud801')]);
      expect(records.map(({ again }) => again)).toEqual([false, false]);
    });

    test('a malformed claim fails without its neighbours', async () => {
      const broken = claimOf('b', { windowMs: Number.NaN });
      const outcomes = await context.store.claim([claimOf('a'), broken, claimOf('', {}), claimOf('c')]);
      expect(outcomes.map(({ ok }) => ok)).toEqual([true, false, false, true]);
      expect((await claimOne(context.store, claimOf('b'))).again).toBe(false);
    });

    test('an empty group is no work', async () => {
      expect(await context.store.claim([])).toEqual([]);
      expect(await context.store.settle([])).toEqual([]);
    });
  });

  describe('settle', () => {
    const owedAfter = async (uuid: string) => (await claimOne(context.other, claimOf(uuid))).owed;

    test('removes bit by bit, in any order, and the entry goes with the log', async () => {
      await claimAll(context.store, claimsOf('a', 1, { escalates: true }));
      await settleAll(context.store, [settlementOf('a-0', { escalation: true })]);
      const half = await claimOne(context.other, claimOf('a-0'));
      expect(half).toMatchObject({ owed: { log: true, escalation: false }, entry: claimOf('a-0').entry });
      await settleAll(context.other, [settlementOf('a-0', { log: true })]);
      const whole = await claimOne(context.store, claimOf('a-0'));
      expect(whole.owed).toEqual({ log: false, escalation: false });
      expect(whole.entry).toBeUndefined();
      expect(whole).toMatchObject({ role: 'first', windowId: half.windowId, parked: false });
    });

    test('settles the log and leaves the escalation', async () => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      await settleAll(context.store, [settlementOf('a', { log: true })]);
      expect(await owedAfter('a')).toEqual({ log: false, escalation: true });
    });

    test('may come twice, late, and for what nobody claimed', async () => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      const both = settlementOf('a', { log: true, escalation: true });
      await settleAll(context.store, [both, both, settlementOf('unknown', { log: true, escalation: true })]);
      await settleAll(context.other, [both]);
      expect(await owedAfter('a')).toEqual({ log: false, escalation: false });
      expect((await claimOne(context.store, claimOf('unknown'))).again).toBe(false);
    });

    test('two bits of one event in one group', async () => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      await settleAll(context.store, [settlementOf('a', { log: true }), settlementOf('a', { escalation: true })]);
      expect(await owedAfter('a')).toEqual({ log: false, escalation: false });
    });

    test('two instances settle different bits at once', async () => {
      await claimAll(context.store, claimsOf('a', 5, { escalates: true }));
      await claimAll(context.other, claimsOf('a', 5, { escalates: true }));
      await Promise.all([
        settleAll(
          context.store,
          claimsOf('a', 5).map(({ uuid }) => settlementOf(uuid, { log: true })),
        ),
        settleAll(
          context.other,
          claimsOf('a', 5).map(({ uuid }) => settlementOf(uuid, { escalation: true })),
        ),
      ]);
      for (const { owed } of await claimAll(context.store, claimsOf('a', 5))) {
        expect(owed).toEqual({ log: false, escalation: false });
      }
    });

    test('what is parked owes its log again when it is replayed, with the new entry, and stays known till settled', async () => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      await settleAll(context.store, [settlementOf('a', { escalation: true, parked: true })]);
      const parked = await claimOne(context.other, claimOf('a'));
      expect(parked).toMatchObject({ parked: true, owed: { log: false, escalation: false }, again: true });

      const entry = { ...claimOf('a').entry, line: 'shorter now' };
      const replayed = await claimOne(context.other, claimOf('a', { replay: true, entry }));
      expect(replayed).toMatchObject({ parked: true, owed: { log: true }, again: true, entry });
      const twice = await claimOne(context.store, claimOf('a', { replay: true }));
      expect(twice).toEqual(replayed);

      await settleAll(context.store, [settlementOf('a', { log: true })]);
      const settled = await claimOne(context.store, claimOf('a', { replay: true }));
      expect(settled).toMatchObject({ parked: false, owed: { log: false, escalation: false } });
    });

    test('what is parked stays so when its escalation is settled later', async () => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      await settleAll(context.store, [settlementOf('a', { parked: true })]);
      await settleAll(context.other, [settlementOf('a', { escalation: true })]);
      const record = await claimOne(context.store, claimOf('a'));
      expect(record).toMatchObject({ parked: true, owed: { log: false, escalation: false } });
    });

    test('a replay that is refused again is parked again', async () => {
      await claimOne(context.store, claimOf('a'));
      await settleAll(context.store, [settlementOf('a', { parked: true })]);
      await claimOne(context.store, claimOf('a', { replay: true }));
      await settleAll(context.store, [settlementOf('a', { log: true, parked: true })]);
      expect(await claimOne(context.store, claimOf('a'))).toMatchObject({ parked: true, owed: { log: false } });
    });

    test('a replay of what was never parked changes nothing', async () => {
      await claimOne(context.store, claimOf('a'));
      await settleAll(context.store, [settlementOf('a', { log: true })]);
      const record = await claimOne(context.store, claimOf('a', { replay: true }));
      expect(record).toMatchObject({ parked: false, owed: { log: false, escalation: false } });
    });

    test('changes neither role nor window nor fingerprint', async () => {
      const claims = claimsOf('a', 3, { escalates: true, keep: 1 });
      const before = await claimAll(context.store, claims);
      await settleAll(
        context.store,
        claims.map(({ uuid }) => settlementOf(uuid, { log: true, escalation: true })),
      );
      const afterwards = await claimAll(context.other, claims);
      const fixed = (records: typeof before): unknown[] =>
        records.map(({ role, windowId, fingerprint }) => [role, windowId, fingerprint]);
      expect(fixed(afterwards)).toEqual(fixed(before));
      expect(before.map(({ role }) => role)).toEqual(['first', 'keep', 'repeat']);
    });

    test('parking comes too late once the entry was written', async () => {
      await claimOne(context.store, claimOf('a'));
      await settleAll(context.store, [settlementOf('a', { log: true })]);
      await settleAll(context.other, [settlementOf('a', { parked: true })]);
      expect((await claimOne(context.store, claimOf('a'))).parked).toBe(false);
    });

    test.each([
      ['parking, once it was written', { log: true }, { parked: true, escalation: true }, false],
      ['writing, once it was parked', { parked: true }, { log: true, escalation: true }, true],
    ])('a late attempt settles what it still can, but not %s', async (_, early, late, parked) => {
      await claimOne(context.store, claimOf('a', { escalates: true }));
      await settleAll(context.store, [settlementOf('a', early)]);
      await settleAll(context.other, [settlementOf('a', late)]);
      const record = await claimOne(context.store, claimOf('a'));
      expect(record).toMatchObject({ parked, owed: { log: false, escalation: false } });
    });
  });
}
