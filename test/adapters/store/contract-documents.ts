/** The contract of a store: documents and their transactions (protocol: incident, delivery). */

import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../../functions/core/json.ts';
import type { DocumentStore, DocumentWrite } from '../../../functions/core/ports.ts';
import { LONG_MS } from './claims.ts';
import type { ContractContext } from './contract.ts';

const HOSTILE_KEYS = [
  '../x',
  '__proto__',
  'a/b',
  'überraschung 🦅',
  'x'.repeat(2_048),
  'a\u0000b',
  'I:{"ns":"a|b"}',
  'a\ud800',
];

export function documentContract(context: ContractContext): void {
  async function put(store: DocumentStore, key: string, value: Json, rest: Partial<DocumentWrite> = {}): Promise<void> {
    await store.transact(async (tx) => tx.set(key, { value, expiresAt: tx.now + LONG_MS, ...rest }));
  }
  const get = (store: DocumentStore, key: string): Promise<Json | undefined> => store.transact((tx) => tx.get(key));

  describe('documents', () => {
    test('are written, read, replaced and deleted', async () => {
      const value = { a: [1, 'two', null, true], b: { c: 'ü🦅' } };
      await put(context.store, 'k', value);
      expect(await get(context.other, 'k')).toEqual(value);
      await put(context.other, 'k', 'another');
      expect(await get(context.store, 'k')).toBe('another');
      await context.store.transact(async (tx) => tx.delete('k'));
      expect(await get(context.other, 'k')).toBeUndefined();
      await context.store.transact(async (tx) => tx.delete('k'));
    });

    test('several change together, and a body that throws changes nothing', async () => {
      const failing = context.store.transact(async (tx) => {
        tx.set('a', { value: 1, expiresAt: tx.now + LONG_MS });
        throw new Error('no');
      });
      await expect(failing).rejects.toThrow('no');
      expect(await get(context.store, 'a')).toBeUndefined();
      await context.store.transact(async (tx) => {
        await Promise.all([tx.get('a'), tx.get('b'), tx.get('a')]);
        tx.set('a', { value: 1, expiresAt: tx.now + LONG_MS });
        tx.set('b', { value: 2, expiresAt: tx.now + LONG_MS });
      });
      expect(await context.other.transact((tx) => Promise.all([tx.get('a'), tx.get('b')]))).toEqual([1, 2]);
    });

    test('a transaction reads before it writes', async () => {
      const backwards = context.store.transact(async (tx) => {
        tx.set('a', { value: 1, expiresAt: tx.now + LONG_MS });
        return tx.get('b');
      });
      await expect(backwards).rejects.toThrow('reads before it writes');
    });

    test('50 increments at once from two instances make 50', async () => {
      const increment = (store: DocumentStore): Promise<void> =>
        store.transact(async (tx) => {
          const value = ((await tx.get('counter')) as number | undefined) ?? 0;
          tx.set('counter', { value: value + 1, expiresAt: tx.now + LONG_MS });
        });
      await Promise.all(Array.from({ length: 50 }, (_, index) => increment(index % 2 ? context.store : context.other)));
      expect(await get(context.store, 'counter')).toBe(50);
    }, 120_000);

    test('a contended one holds up no other', async () => {
      /** Loses its first attempt to a write of `key`, and its second one waits for `ready`. */
      const loser = (key: string, ready: Promise<void>, retried = (): void => {}): Promise<void> => {
        let tries = 0;
        return context.store.transact(async (tx) => {
          await tx.get(key);
          tries += 1;
          if (tries === 1) await put(context.other, key, 'in between');
          else {
            retried();
            await ready;
          }
          tx.set(key, { value: 'late', expiresAt: tx.now + LONG_MS });
        });
      };
      let release = (): void => {};
      const released = new Promise<void>((resolve) => {
        release = resolve;
      });
      const busy: Promise<void>[] = [];
      await new Promise<void>((resolve) => busy.push(loser('busy', released, resolve)));
      busy.push(loser('busy', released));
      await loser('calm', Promise.resolve());
      expect(await get(context.store, 'calm')).toBe('late');
      expect(await get(context.store, 'busy')).toBe('in between');
      release();
      await Promise.all(busy);
      expect(await get(context.store, 'busy')).toBe('late');
    });

    test('what a transaction only read is guarded too', async () => {
      // Each of two may go off duty while the other is on: without the guard both go.
      await put(context.store, 'ana', 'on');
      await put(context.store, 'ben', 'on');
      const meet = barrier(2);
      const leave = (store: DocumentStore, self: string, colleague: string): Promise<void> => {
        let tries = 0;
        return store.transact(async (tx) => {
          const [, theirs] = await Promise.all([tx.get(self), tx.get(colleague)]);
          tries += 1;
          if (tries === 1) await meet();
          if (theirs === 'on') tx.set(self, { value: 'off', expiresAt: tx.now + LONG_MS });
        });
      };
      await Promise.all([leave(context.store, 'ana', 'ben'), leave(context.other, 'ben', 'ana')]);
      const duty = await context.store.transact((tx) => Promise.all([tx.get('ana'), tx.get('ben')]));
      expect(duty.toSorted()).toEqual(['off', 'on']);
    });

    test('one that was absent is guarded too', async () => {
      const meet = barrier(2);
      const create = (store: DocumentStore, name: string): Promise<string> => {
        let tries = 0;
        return store.transact(async (tx) => {
          const holder = await tx.get('lock');
          tries += 1;
          if (tries === 1) await meet();
          if (holder !== undefined) return String(holder);
          tx.set('lock', { value: name, expiresAt: tx.now + LONG_MS });
          return name;
        });
      };
      const holders = await Promise.all([create(context.store, 'one'), create(context.other, 'two')]);
      expect(new Set(holders).size).toBe(1);
    });

    test('vanish when they expire, from every list too', async () => {
      await context.store.transact(async (tx) => {
        tx.set('short', { value: 1, expiresAt: tx.now + 200, due: { kind: 'N', at: tx.now } });
        tx.set('long', { value: 2, expiresAt: tx.now + LONG_MS, due: { kind: 'N', at: tx.now } });
      });
      // Redis keeps a key through the millisecond in which it expires.
      await context.passed(205);
      expect(await get(context.store, 'short')).toBeUndefined();
      expect(await context.store.list('N', 10)).toEqual(['long']);
      expect(await context.store.due('N', 10)).toEqual(['long']);
      await put(context.store, 'short', 3);
      expect(await get(context.store, 'short')).toBe(3);
    });

    test.each([
      ['more than 64 KiB', 'x'.repeat(65_536), 1e15],
      ['an expiry that is no number', 1, Number.NaN],
    ])('%s is refused', async (_, value, expiresAt) => {
      await expect(put(context.store, 'k', value, { expiresAt })).rejects.toThrow(/at most|no number/);
      expect(await get(context.store, 'k')).toBeUndefined();
    });

    test('the largest that is allowed', async () => {
      await put(context.store, 'k', 'ä'.repeat(32_767));
      expect(await get(context.other, 'k')).toHaveLength(32_767);
    });
  });

  describe('due', () => {
    test('gives what is due, the longest first, of one kind', async () => {
      await context.store.transact(async (tx) => {
        const at = (key: string, kind: string, offset: number): void =>
          tx.set(key, { value: 0, expiresAt: tx.now + LONG_MS, due: { kind, at: tx.now + offset } });
        at('later', 'N', 60_000);
        at('second', 'N', -20);
        at('first', 'N', -3_000);
        at('third', 'N', -1);
        at('another kind', 'NN', -5_000);
        tx.set('never', { value: 0, expiresAt: tx.now + LONG_MS });
      });
      expect(await context.other.due('N', 10)).toEqual(['first', 'second', 'third']);
      expect(await context.other.due('N', 2)).toEqual(['first', 'second']);
      expect(await context.other.list('N', 10)).toEqual(['first', 'second', 'third', 'later']);
      expect(await context.other.list('N', 1)).toEqual(['first']);
      expect(await context.other.list('none', 10)).toEqual([]);
    });

    test('comes with time', async () => {
      await context.store.transact(async (tx) => {
        tx.set('k', { value: 0, expiresAt: tx.now + LONG_MS, due: { kind: 'N', at: tx.now + 1_000 } });
      });
      expect(await context.store.due('N', 10)).toEqual([]);
      await context.passed(1_000);
      expect(await context.store.due('N', 10)).toEqual(['k']);
    });

    test('follows the last write: moved, changed in kind, ended, deleted', async () => {
      const set = (key: string, due?: DocumentWrite['due']): Promise<void> =>
        put(context.store, key, 0, due ? { due } : {});
      for (const key of ['a', 'b', 'c', 'd']) await set(key, { kind: 'N', at: 1_000 });
      await set('a', { kind: 'N', at: 2_000 });
      await set('b', { kind: 'M', at: 1_000 });
      await set('c');
      await context.store.transact(async (tx) => tx.delete('d'));
      expect(await context.store.due('N', 10)).toEqual(['a']);
      expect(await context.store.due('M', 10)).toEqual(['b']);
      expect(await get(context.store, 'c')).toBe(0);
    });

    test('hostile keys come back as they are', async () => {
      for (const [index, key] of HOSTILE_KEYS.entries()) {
        await put(context.store, key, index, { due: { kind: 'N', at: index } });
      }
      expect(await context.store.due('N', 100)).toEqual(HOSTILE_KEYS);
      for (const [index, key] of HOSTILE_KEYS.entries()) expect(await get(context.other, key)).toBe(index);
    });
  });
}

/** Lets nobody pass before `count` have come. */
function barrier(count: number): () => Promise<void> {
  let open: () => void = () => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  let come = 0;
  return () => {
    come += 1;
    if (come === count) open();
    return opened;
  };
}
