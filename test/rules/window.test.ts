/** The rules of docs/protocol.md on windows and their summaries, where breaking one has no other test that would notice. */

import { describe, expect, test } from '@jest/globals';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { claimAll, claimsOf } from '../adapters/store/claims.ts';
import { quietEvent } from '../support/events.ts';
import { LOKI_DOWN, world } from '../support/world.ts';

const MINUTE = 60_000;
const REFUSED = { kind: 'refused', detail: 'too old' } as const;

/** `count` events that are the same thing, and the end of their window. */
async function repeats(w: ReturnType<typeof world>, count: number, name = 'u', file = '/etc/shadow'): Promise<void> {
  for (let index = 0; index < count; index += 1) await w.ingest(quietEvent(`${name}${index}`, { 'fd.name': file }));
}

const summaries = ({ stored }: { stored: readonly LogEntry[] }): LogEntry[] =>
  stored.filter(({ metadata }) => metadata.kind === 'repeats');

test('b2: two attempts at a summary write the same bytes', async () => {
  const w = world();
  await repeats(w, 3);
  w.time.pass(10 * MINUTE);
  const attempts: LogEntry[] = [];
  w.faults.push = (entry) => {
    attempts.push(entry);
    return LOKI_DOWN;
  };
  await w.call('sweep', {});
  w.time.pass(MINUTE);
  await w.call('sweep', {});
  expect(attempts).toHaveLength(2);
  expect(attempts[1]).toEqual(attempts[0]);
});

describe('b3', () => {
  test('each window of one fingerprint has a summary under a uuid of its own', async () => {
    const w = world();
    await repeats(w, 3, 'a');
    w.time.pass(10 * MINUTE);
    await repeats(w, 5, 'b');
    w.time.pass(10 * MINUTE);
    await w.call('sweep', {});
    expect(new Set(summaries(w).map(({ metadata }) => metadata.fingerprint)).size).toBe(1);
    expect(summaries(w).map(({ metadata }) => metadata.n)).toEqual(['2', '4']);
    expect(w.counted()).toBe(8);
  });

  test('a look-up that fails is no answer: the summary waits', async () => {
    const w = world();
    await repeats(w, 3);
    w.time.pass(10 * MINUTE);
    w.faults.push = 'lost';
    await w.call('sweep', {});
    delete w.faults.push;
    w.faults.has = 'fails';
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect(summaries(w)).toHaveLength(1);
    delete w.faults.has;
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect([summaries(w).length, w.counted()]).toEqual([1, 3]);
  });

  test('an attempt keeps others away for thirty seconds', async () => {
    const w = world();
    await repeats(w, 3);
    w.time.pass(10 * MINUTE);
    w.faults.push = LOKI_DOWN;
    await w.call('sweep', {});
    delete w.faults.push;
    w.time.pass(29_999);
    await w.call('sweep', {});
    expect(summaries(w)).toHaveLength(0);
    w.time.pass(1);
    await w.call('sweep', {});
    expect(summaries(w)).toHaveLength(1);
  });

  test.each(['before', 'after'] as const)(
    'one that could not be deleted (%s its effect) is not written again, and stops no sweep',
    async (when) => {
      const w = world();
      await repeats(w, 3);
      w.time.pass(10 * MINUTE);
      w.faults.deleteSummary = when;
      expect((await w.call('sweep', {})).status).toBe(204);
      delete w.faults.deleteSummary;
      w.time.pass(MINUTE);
      await w.call('sweep', {});
      w.time.pass(MINUTE);
      w.calls.length = 0;
      await w.call('sweep', {});
      expect([summaries(w).length, w.counted()]).toEqual([1, 3]);
      expect(w.calls).toEqual([]);
    },
  );

  test('one sweep writes as many as there are', async () => {
    const w = world();
    const names = Array.from({ length: 450 }, (_, index) => `f${index}`);
    const overflow = { key: 'w', fingerprint: 'many', limit: 1_000, windowMs: MINUTE };
    await claimAll(
      w.memory,
      names.flatMap((fingerprint) => claimsOf(fingerprint, 2, { fingerprint, overflow, windowMs: MINUTE })),
    );
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect(summaries(w)).toHaveLength(450);
  });
});

describe('b4', () => {
  test('one summary that Loki refuses blocks no other', async () => {
    const w = world();
    await repeats(w, 3, 'a', '/etc/shadow');
    await repeats(w, 4, 'b', '/etc/sudoers');
    await repeats(w, 5, 'c', '/etc/gshadow');
    w.time.pass(10 * MINUTE);
    w.faults.push = ({ metadata }) => (metadata.n === '2' ? REFUSED : undefined);
    await w.call('sweep', {});
    expect(summaries(w).map(({ metadata }) => metadata.n)).toEqual(['3', '4']);
    expect(w.on('dead-letter').map(({ attributes }) => attributes.n)).toEqual(['2']);
  });

  test('one that could not be parked is parked by a later sweep', async () => {
    const w = world();
    await repeats(w, 3);
    w.time.pass(10 * MINUTE);
    w.faults.push = REFUSED;
    w.faults.publish = { 'dead-letter': 'before' };
    await w.call('sweep', {});
    delete w.faults.publish;
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect(w.on('dead-letter')).toMatchObject([{ attributes: { n: '2', reason: 'loki-refused' } }]);
  });
});
