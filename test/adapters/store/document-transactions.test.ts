import { describe, expect, test } from '@jest/globals';
import { createTransact, type DocumentBackend } from '../../../functions/adapters/store/document-transactions.ts';
import { ContentionError } from '../../../functions/core/contention.ts';
import type { After } from '../../../functions/core/ports.ts';
import { manualTimers } from '../timers.ts';

const PATIENCE_MS = 8_000;

/** Whoever read one of `contended` never commits; each of those documents is another at every reading. */
function backendWith(contended: readonly string[]) {
  let reading = 0;
  let commits = 0;
  const backend: DocumentBackend<number> = {
    now: async () => 0,
    async read(keys) {
      reading += 1;
      return keys.map((key) => ({ version: contended.includes(key) ? reading : 0, json: '1' }));
    },
    async commit(reads) {
      commits += 1;
      return contended.every((key) => !reads.has(key));
    },
  };
  return { backend, commits: () => commits };
}

/** Pauses end at once, the limit of patience when the test says so. */
function patienceOf() {
  const { after: later, fire, waiting } = manualTimers();
  const after: After = (ms, run) => {
    if (ms === PATIENCE_MS) return later(ms, run);
    setImmediate(run);
    return () => {};
  };
  return { after, end: fire, waiting };
}

describe('a transaction', () => {
  test('gives up after 20 attempts', async () => {
    const { backend, commits } = backendWith(['k']);
    const { after, waiting } = patienceOf();
    const result = createTransact(backend, after)((tx) => tx.get('k'));
    await expect(result).rejects.toThrow(ContentionError);
    expect(commits()).toBe(20);
    expect(waiting()).toEqual([]);
  });

  test('begins no attempt once its time is over, and neither does one that waits behind it', async () => {
    const { backend, commits } = backendWith(['k']);
    const { after, end, waiting } = patienceOf();
    const transact = createTransact(backend, after);
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const retried: Promise<unknown>[] = [];
    await new Promise<void>((resolve) => {
      let tries = 0;
      retried.push(
        transact(async (tx) => {
          await tx.get('k');
          tries += 1;
          if (tries < 2) return;
          resolve();
          await released;
        }),
      );
    });
    let attempts = 0;
    const behind = transact(async (tx) => {
      await tx.get('k');
      attempts += 1;
    });
    while (waiting().length < 2) await new Promise<void>((resolve) => setImmediate(resolve));
    while (commits() < 2) await new Promise<void>((resolve) => setImmediate(resolve));
    end();
    await expect(behind).rejects.toThrow('each of 1 attempts');
    expect(attempts).toBe(1);
    release();
    await expect(retried[0]).rejects.toThrow('each of 2 attempts');
    expect(commits()).toBe(3);
  });

  test('what it waits for is the document that changed, not what it reads first', async () => {
    const { backend } = backendWith(['changes']);
    const { after, end } = patienceOf();
    const transact = createTransact(backend, after);
    const order: string[] = [];
    const run = (own: string): Promise<void> =>
      transact(async (tx) => {
        await tx.get(own);
        await tx.get('changes');
        order.push(own);
      });
    const both = Promise.allSettled([run('a'), run('b')]);
    await both;
    // The first attempts race; then all of one's come before any of the other's.
    const retries = order.slice(2);
    expect(retries).toEqual([...Array(19).fill('a'), ...Array(19).fill('b')]);
    end();
  });
});
