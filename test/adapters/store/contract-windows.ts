/** The contract of a store: windows, their counts and summaries (protocol: window). */

import { describe, expect, test } from '@jest/globals';
import { type EventClaim, HOLD_MS, type Store } from '../../../functions/core/ports.ts';
import { claimAll, claimOf, claimOne, claimsOf } from './claims.ts';
import type { ContractContext } from './contract.ts';

const SHORT_MS = 300;

export function windowContract(context: ContractContext): void {
  const passed = (ms: number): Promise<void> => context.passed(ms);
  const short = (change: Partial<EventClaim> = {}): Partial<EventClaim> => ({ windowMs: SHORT_MS, ...change });

  describe('a window', () => {
    test('closes on the next claim once its end has passed, and that is a first again', async () => {
      const [first] = await claimAll(context.store, claimsOf('a', 3, short()));
      await passed(SHORT_MS);
      const [next, repeat] = await claimAll(context.other, claimsOf('b', 2));
      expect(next).toMatchObject({ role: 'first' });
      expect(next?.windowId).not.toBe(first?.windowId);
      expect(repeat).toMatchObject({ role: 'repeat', windowId: next?.windowId });
      const summaries = await context.store.takeSummaries(10);
      expect(summaries.map(({ id, n }) => ({ id, n }))).toEqual([{ id: first?.windowId, n: 2 }]);
    });

    test('closes by sweep', async () => {
      const [first] = await claimAll(context.store, claimsOf('a', 2, short()));
      await claimAll(context.store, claimsOf('b', 2, { fingerprint: 'stays open' }));
      await passed(SHORT_MS);
      expect(await context.other.closeWindows(10)).toBe(1);
      expect(await context.other.closeWindows(10)).toBe(0);
      expect((await context.store.takeSummaries(10)).map(({ id }) => id)).toEqual([first?.windowId]);
    });

    test('is closed once, by whoever comes first', async () => {
      await claimAll(context.store, claimsOf('a', 2, short()));
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      const [summary] = await context.store.takeSummaries(10);
      await context.store.deleteSummary(summary?.id ?? '');
      expect((await claimOne(context.other, claimOf('b'))).role).toBe('first');
      expect(await context.store.takeSummaries(10)).toEqual([]);
    });

    test('is not closed before its end', async () => {
      await claimAll(context.store, claimsOf('a', 2));
      expect(await context.store.closeWindows(10)).toBe(0);
      expect(await context.store.takeSummaries(10)).toEqual([]);
    });

    test('leaves no summary without a repeat; kept repeats are not counted', async () => {
      await claimAll(context.store, claimsOf('alone', 1, short({ fingerprint: 'alone' })));
      await claimAll(context.store, claimsOf('kept', 3, short({ fingerprint: 'kept', keep: 2 })));
      await passed(SHORT_MS);
      expect(await context.store.closeWindows(10)).toBe(2);
      expect(await context.store.takeSummaries(10)).toEqual([]);
      expect((await claimOne(context.store, claimOf('x', { fingerprint: 'alone' }))).role).toBe('first');
    });

    test('closes as many at a time as sweep asks for', async () => {
      await claimAll(
        context.store,
        ['1', '2', '3'].map((name) => claimOf(name, short({ fingerprint: name }))),
      );
      await passed(SHORT_MS);
      expect(await context.store.closeWindows(2)).toBe(2);
      expect(await context.store.closeWindows(2)).toBe(1);
    });

    test('a redelivery is not counted', async () => {
      const claims = claimsOf('a', 3, short());
      await claimAll(context.store, claims);
      await claimAll(context.store, [...claims, ...claims]);
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      expect((await context.store.takeSummaries(10)).map(({ n }) => n)).toEqual([2]);
    });
  });

  describe('a summary', () => {
    const repeat = (uuid: string, timeNs: string, seen: Partial<EventClaim['seen']>): EventClaim =>
      claimOf(uuid, short({ seen: { timeNs, pod: '', node: '', user: '', remote: '', ...seen } }));

    test('says what its repeats were', async () => {
      const first = claimOf('a', short({ entry: { ...claimOf('a').entry, labels: { cluster: 'of the first' } } }));
      const { windowId } = await claimOne(context.store, first);
      // Times beyond a double's precision, in the order of their appearance.
      await claimAll(context.other, [
        repeat('b', '1764000000000000003', { pod: 'p1', node: 'n1', user: 'root', remote: '192.0.2.1' }),
        repeat('c', '1764000000000000005', { pod: 'p2', node: 'n1', user: 'ana' }),
        repeat('d', '1764000000000000006', { pod: 'p1', node: 'n2' }),
      ]);
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      expect(await context.store.takeSummaries(10)).toEqual([
        {
          id: windowId,
          fingerprint: 'fp',
          n: 3,
          firstNs: '1764000000000000003',
          lastNs: '1764000000000000006',
          timestampNs: expect.stringMatching(/^\d{19}$/),
          labels: { cluster: 'of the first' },
          rule: 'Terminal shell in container',
          pods: ['p1', 'p2'],
          nodes: ['n1', 'n2'],
          users: ['root', 'ana'],
          remotes: ['192.0.2.1'],
          cut: [],
          tried: false,
        },
      ]);
    });

    test('knows first and last whatever order they come in, and takes times before 1970', async () => {
      await claimAll(context.store, [
        claimOf('a', short()),
        ...['5', '-62135596800000000000', '1764000000000000000', '7'].map((time, index) =>
          repeat(`r${index}`, time, {}),
        ),
      ]);
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      const [summary] = await context.store.takeSummaries(10);
      expect(summary).toMatchObject({ n: 4, firstNs: '0', lastNs: '1764000000000000000' });
    });

    test('lists ten distinct values and says what it cut', async () => {
      const many = Array.from({ length: 12 }, (_, index) =>
        repeat(`r${index}`, String(1_000 + index), { pod: `p${index}`, node: `n${index % 10}`, user: 'x'.repeat(500) }),
      );
      await claimAll(context.store, [claimOf('a', short()), ...many]);
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      const [summary] = await context.store.takeSummaries(10);
      expect(summary?.pods).toEqual(['p0', 'p1', 'p2', 'p3', 'p4', 'p5', 'p6', 'p7', 'p8', 'p9']);
      expect(summary?.nodes).toHaveLength(10);
      expect(summary?.users.map((user) => user.length)).toEqual([256]);
      expect(summary?.remotes).toEqual([]);
      expect(summary?.cut).toEqual(['pods']);
    });

    test('is held while somebody tries it, then comes again as tried, unchanged, until it is deleted', async () => {
      const two = ['stays', 'goes'].flatMap((name) => claimsOf(name, 3, short({ fingerprint: name })));
      await claimAll(context.store, two);
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      await passed(20);
      const taken = await context.store.takeSummaries(10);
      expect(taken.map(({ n, tried }) => ({ n, tried }))).toEqual([
        { n: 2, tried: false },
        { n: 2, tried: false },
      ]);
      const [stays, goes] = taken.toSorted((a, b) => b.fingerprint.localeCompare(a.fingerprint));
      await context.other.deleteSummary(goes?.id ?? '');
      await context.other.deleteSummary('unknown');
      expect(await context.other.takeSummaries(10)).toEqual([]);
      await passed(HOLD_MS);
      expect(await context.other.takeSummaries(10)).toEqual([{ ...stays, tried: true }]);
    }, 120_000);

    test('has the time at which its window closed, whenever it is taken', async () => {
      const now = (): Promise<number> => context.store.transact(async (tx) => tx.now);
      await claimAll(context.store, claimsOf('a', 2, short()));
      await passed(SHORT_MS);
      const before = await now();
      await context.store.closeWindows(10);
      const closed = await now();
      await passed(50);
      const [summary] = await context.store.takeSummaries(10);
      const at = Number(BigInt(summary?.timestampNs ?? 0) / 1_000_000n);
      expect([at >= before, at <= closed]).toEqual([true, true]);
    });

    test('is given to one sweep only', async () => {
      await claimAll(
        context.store,
        ['1', '2', '3', '4'].flatMap((name) => claimsOf(name, 2, short({ fingerprint: name }))),
      );
      await passed(SHORT_MS);
      await Promise.all([context.store.closeWindows(10), context.other.closeWindows(10)]);
      const taken = await Promise.all([context.store.takeSummaries(10), context.other.takeSummaries(10)]);
      expect(taken.flat().map(({ fingerprint }) => fingerprint)).toHaveLength(4);
      expect(new Set(taken.flat().map(({ fingerprint }) => fingerprint)).size).toBe(4);
    });

    test('takes as many at a time as sweep asks for', async () => {
      await claimAll(
        context.store,
        ['1', '2', '3'].flatMap((name) => claimsOf(name, 2, short({ fingerprint: name }))),
      );
      await passed(SHORT_MS);
      await context.store.closeWindows(10);
      expect(await context.store.takeSummaries(2)).toHaveLength(2);
      expect(await context.store.takeSummaries(2)).toHaveLength(1);
    });
  });

  describe('every event counts exactly once', () => {
    test('200 concurrent repeats from two instances, one by one', async () => {
      await claimOne(context.store, claimOf('first', short({ windowMs: 10_000, keep: 3 })));
      const records = await Promise.all(
        claimsOf('a', 200, { keep: 3 }).map((claim, index) =>
          claimOne(index % 2 ? context.store : context.other, claim),
        ),
      );
      expect(records.filter(({ role }) => role === 'keep')).toHaveLength(3);
      expect(records.filter(({ role }) => role === 'repeat')).toHaveLength(197);
      await passed(10_000);
      await context.store.closeWindows(10);
      expect((await context.store.takeSummaries(10)).map(({ n }) => n)).toEqual([197]);
    }, 120_000);

    test('while windows close under the claims, by claims and by two sweeps', async () => {
      const roles: string[] = [];
      let n = 0;
      const sweep = async (store: Store): Promise<void> => {
        await store.closeWindows(10);
        for (const summary of await store.takeSummaries(10)) {
          n += summary.n;
          await store.deleteSummary(summary.id);
        }
      };
      const change = { windowMs: 40, overflow: { ...claimOf('').overflow, limit: 1_000_000 } };
      const run = async (store: Store, name: string): Promise<void> => {
        for (let round = 0; round < 20; round += 1) {
          const claims = claimsOf(`${name}-${round}`, 5, change);
          const records = await claimAll(store, [...claims, ...claims]);
          roles.push(...records.filter(({ again }) => !again).map(({ role }) => role));
          await Promise.all([passed(10), sweep(store)]);
        }
      };
      await Promise.all([run(context.store, 'one'), run(context.other, 'two')]);
      await passed(40);
      await sweep(context.store);
      expect(roles.filter((role) => role === 'first').length).toBeGreaterThan(1);
      expect(roles).toHaveLength(200);
      expect(roles.filter((role) => role !== 'repeat').length + n).toBe(200);
    }, 120_000);
  });
}
