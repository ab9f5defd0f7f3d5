/** The contract of a store: the overflow of many fingerprints into one (protocol: event, a15). */

import { describe, expect, test } from '@jest/globals';
import type { EventClaim } from '../../../functions/core/ports.ts';
import { claimAll, claimOf, claimOne, LONG_MS } from './claims.ts';
import type { ContractContext } from './contract.ts';

const SHORT_MS = 300;

export function overflowContract(context: ContractContext): void {
  describe('overflow', () => {
    const overflow = { key: 'w', fingerprint: 'w-many', limit: 2, windowMs: LONG_MS };
    const fresh = (fingerprint: string, change: Partial<EventClaim> = {}): EventClaim =>
      claimOf(fingerprint, { fingerprint, overflow, ...change });
    const told = (records: { role: string; fingerprint: string }[]): string[] =>
      records.map(({ role, fingerprint }) => `${role} ${fingerprint}`);

    test('past its limit new windows count under one fingerprint that says so', async () => {
      const one = await claimAll(context.store, [fresh('a'), fresh('b'), fresh('c')]);
      const two = await claimAll(context.other, [fresh('d'), claimOf('a2', { fingerprint: 'a', overflow })]);
      expect(told([...one, ...two])).toEqual(['first a', 'first b', 'first w-many', 'repeat w-many', 'repeat a']);
      expect(two[0]?.windowId).toBe(one[2]?.windowId);
      expect(await claimOne(context.store, fresh('d'))).toMatchObject({ fingerprint: 'w-many', again: true });
    });

    test('repeats open nothing', async () => {
      const repeats = ['a2', 'a3', 'a4'].map((uuid) => claimOf(uuid, { fingerprint: 'a', overflow }));
      await claimAll(context.store, [fresh('a'), ...repeats]);
      expect(told(await claimAll(context.other, [fresh('b'), fresh('c')]))).toEqual(['first b', 'first w-many']);
    });

    test('another key has a limit of its own', async () => {
      await claimAll(context.store, [fresh('a'), fresh('b')]);
      const other = fresh('c', { overflow: { ...overflow, key: 'v', fingerprint: 'v-many' } });
      expect(told([await claimOne(context.store, other)])).toEqual(['first c']);
    });

    test('its own windows do not count toward the limit', async () => {
      const direct = await claimAll(context.store, [fresh('w-many'), fresh('a'), fresh('b')]);
      expect(told(direct)).toEqual(['first w-many', 'first a', 'first b']);
    });

    test('keeps the first repeats as any window does', async () => {
      const records = await claimAll(
        context.store,
        ['a', 'b', 'c', 'd', 'e'].map((name) => fresh(name, { keep: 1 })),
      );
      expect(told(records).slice(2)).toEqual(['first w-many', 'keep w-many', 'repeat w-many']);
    });

    test('ends with its period', async () => {
      const brief = { ...overflow, windowMs: SHORT_MS };
      await claimOne(context.store, fresh('a', { overflow: brief }));
      // The period is the first window's; another one does not begin it anew.
      await context.passed(SHORT_MS / 2);
      await claimOne(context.store, fresh('b', { overflow: brief }));
      await context.passed(SHORT_MS / 2);
      expect(told([await claimOne(context.store, fresh('c', { overflow: brief }))])).toEqual(['first c']);
    });

    test('two instances at once stay within the limit', async () => {
      const wide = { ...overflow, limit: 5 };
      const names = Array.from({ length: 16 }, (_, index) => `f${index}`);
      const records = await Promise.all(
        names.map((name, index) =>
          claimOne(index % 2 ? context.store : context.other, fresh(name, { overflow: wide })),
        ),
      );
      expect(records.filter(({ role, fingerprint }) => role === 'first' && fingerprint !== 'w-many')).toHaveLength(5);
      expect(records.filter(({ role, fingerprint }) => role === 'first' && fingerprint === 'w-many')).toHaveLength(1);
      expect(records.filter(({ role }) => role === 'repeat')).toHaveLength(10);
    }, 60_000);
  });
}
