/** Summaries on Firestore, where a count may fail: one window that can't be counted holds up no other, and is said. */

import { describe, expect, test } from '@jest/globals';
import { firestoreStoreOn } from '../../functions/adapters/store/firestore.ts';
import type { FirestoreRest } from '../../functions/adapters/store/firestore-rest.ts';
import { millis } from '../../functions/adapters/store/firestore-values.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { type Log, OWING_TTL_MS, RECORD_TTL_MS } from '../../functions/core/ports.ts';
import { writeSummaries } from '../../functions/sweep/summaries.ts';
import { claimAll, claimOf } from '../adapters/store/claims.ts';
import { createCountedFirestore } from '../support/counted-firestore.ts';
import { fakeAfter } from '../support/time.ts';

const WINDOW_MS = 600_000;
const MINUTE_MS = 60_000;
const DOWN = new Error('no answer within 10000 ms');

interface Faults {
  /** The window whose records nobody can read. */
  unread?: string;
  /** The one whose records nobody can count. */
  uncounted?: string;
  /** Whose document can't be changed. */
  unwritten?: string;
}

function setUp() {
  const time = fakeAfter(1_764_000_000_000);
  const firestore = createCountedFirestore(time.clock);
  const faults: Faults = {};
  const limits: (number | undefined)[] = [];
  const reads: number[] = [];
  const isOf = (from: string | undefined, id: string | undefined): boolean => id !== undefined && from === `${id}|`;
  const rest: FirestoreRest = {
    ...firestore,
    roundTrips: 0,
    commit: (writes) =>
      writes.some(({ path }) => faults.unwritten !== undefined && path.endsWith(`/${faults.unwritten}`))
        ? Promise.reject(DOWN)
        : firestore.commit(writes),
    query(query) {
      if (query.collection === 'events' && !query.descending) reads.push(query.limit);
      return isOf(query.from, faults.unread) ? Promise.reject(DOWN) : firestore.query(query);
    },
    count(query, timeoutMs) {
      limits.push(timeoutMs);
      return isOf(query.from, faults.uncounted) ? Promise.reject(DOWN) : firestore.count(query);
    },
  };
  const store = firestoreStoreOn(rest, time.clock, time.after);
  const stored: LogEntry[] = [];
  const lines: LogLine[] = [];
  const log: Log = {
    async push(entry) {
      stored.push(entry);
      return { kind: 'stored' };
    },
    has: async () => false,
  };
  const sweep = () =>
    writeSummaries({
      store,
      log,
      park: async () => {},
      clock: time.clock,
      writeLog: (line) => void lines.push(line),
    });
  /** Opens a window each, with so many repeats; gives their ids. */
  async function windows(count: number, repeats = 1): Promise<string[]> {
    const ids: string[] = [];
    for (let from = 0; from < count; from += 100) {
      const claims = Array.from({ length: Math.min(100, count - from) }, (_, index) =>
        claimOf(`${from + index}-first`, {
          fingerprint: `f${from + index}`,
          overflow: { ...claimOf('').overflow, key: `k${from + index}` },
          windowMs: WINDOW_MS,
        }),
      );
      ids.push(...(await claimAll(store, claims)).map(({ windowId }) => windowId));
      for (let each = 0; each < repeats; each += 1) {
        await claimAll(
          store,
          claims.map((claim) => ({ ...claim, uuid: `${claim.uuid}-${each}` })),
        );
      }
    }
    return ids;
  }
  return { time, firestore, faults, limits, reads, store, stored, lines, sweep, windows };
}

describe('a window that can not be counted', () => {
  test('holds up none of four hundred and fifty, is named in the log, and is tried later each time', async () => {
    const { time, faults, stored, lines, sweep, windows } = setUp();
    const [bad = ''] = await windows(450);
    faults.unread = bad;
    time.pass(WINDOW_MS);
    await sweep();
    expect(stored).toHaveLength(449);
    const said = {
      severity: 'ERROR',
      message: `window: ${DOWN.message}`,
      reason: 'window-uncounted',
      labels: { window: bad },
    };
    expect(lines).toEqual([said]);
    const tries: number[] = [];
    for (let minute = 1; minute <= 15; minute += 1) {
      time.pass(MINUTE_MS);
      const before = lines.length;
      await sweep();
      if (lines.length > before) tries.push(minute);
    }
    expect(tries).toEqual([2, 6, 14]);
    delete faults.unread;
    time.pass(20 * MINUTE_MS);
    await sweep();
    expect(stored).toHaveLength(450);
    expect(stored.at(-1)?.metadata).toMatchObject({ uuid: bad, n: '1' });
  });

  test('is given longer each time, and less of it is read', async () => {
    const { time, faults, limits, reads, stored, sweep, windows } = setUp();
    const [bad = ''] = await windows(1, 1_001);
    faults.uncounted = bad;
    for (const wait of [WINDOW_MS, 2 * MINUTE_MS, 4 * MINUTE_MS, 8 * MINUTE_MS]) {
      time.pass(wait);
      await sweep();
    }
    expect(limits).toEqual([10_000, 20_000, 40_000, 40_000]);
    expect(reads).toEqual([1_000, 100, 10, 1]);
    delete faults.uncounted;
    time.pass(16 * MINUTE_MS);
    await sweep();
    expect(stored.map(({ metadata }) => metadata.n)).toEqual(['1001']);
  });

  test('comes after all others, a few at a time', async () => {
    const { time, faults, stored, store, windows, sweep } = setUp();
    const [bad = ''] = await windows(1);
    faults.unread = bad;
    time.pass(WINDOW_MS);
    await sweep();
    await windows(3);
    delete faults.unread;
    time.pass(WINDOW_MS);
    await store.closeWindows(10);
    expect((await store.takeSummaries(10)).map(({ id }) => id)).not.toContain(bad);
    expect((await store.takeSummaries(10)).map(({ id }) => id)).toEqual([bad]);
    expect(stored).toEqual([]);
  });

  test('lives as long as anything that is owed, from its last try on', async () => {
    const { time, firestore, faults, windows, sweep } = setUp();
    const [bad = ''] = await windows(1);
    faults.unread = bad;
    time.pass(WINDOW_MS);
    await sweep();
    time.pass(3_600_000);
    await sweep();
    const { now, documents } = await firestore.get([`summaries/${bad}`]);
    expect(millis(documents[0]?.fields ?? {}, 'expires') - now).toBe(OWING_TTL_MS);
  });

  test('because its records are gone, is said, and is over', async () => {
    const { time, firestore, stored, lines, sweep, windows } = setUp();
    const [gone = ''] = await windows(1);
    // Firestore's own TTL.
    time.pass(RECORD_TTL_MS + 1);
    await firestore.commit([{ kind: 'delete', path: 'events/0-first-0' }]);
    await sweep();
    await sweep();
    expect(stored).toEqual([]);
    expect(lines).toMatchObject([{ reason: 'window-uncounted', labels: { window: gone } }]);
  });

  test('fails the sweep only where Firestore takes nothing at all', async () => {
    const { time, faults, lines, stored, store, sweep, windows } = setUp();
    const [one = ''] = await windows(2);
    time.pass(WINDOW_MS);
    await store.closeWindows(10);
    Object.assign(faults, { unread: one, unwritten: one });
    await expect(sweep()).rejects.toThrow(DOWN.message);
    expect(stored).toHaveLength(1);
    expect(lines).toMatchObject([{ reason: 'window-uncounted', labels: { window: one } }]);
  });
});

describe('a window that can not be closed', () => {
  test('is named, and two hundred others are closed, and those after them', async () => {
    const { time, faults, lines, stored, sweep, windows } = setUp();
    const [bad = ''] = await windows(450);
    faults.unwritten = bad;
    time.pass(WINDOW_MS);
    await sweep();
    expect(stored).toHaveLength(449);
    expect(new Set(lines.map(({ labels }) => labels?.window))).toEqual(new Set([bad]));
  });

  test('because a claim was faster, stops nothing', async () => {
    const { time, firestore, store, stored, sweep, windows } = setUp();
    await windows(450);
    time.pass(WINDOW_MS);
    let raced = false;
    const { commit } = firestore;
    // Between the sweep's reading and its commit a claim closes the first window.
    firestore.commit = async (writes) => {
      if (!raced) {
        raced = true;
        await claimAll(store, [claimOf('again', { fingerprint: 'f0', windowMs: WINDOW_MS })]);
      }
      return commit(writes);
    };
    await sweep();
    expect(stored).toHaveLength(450);
  });
});
