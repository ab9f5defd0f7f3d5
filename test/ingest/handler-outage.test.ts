/** ingest against the rules of docs/protocol.md: while Loki, Pub/Sub or the store is down. */

import { describe, expect, test } from '@jest/globals';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { quietEvent } from '../support/events.ts';
import { LOKI_DOWN, world } from '../support/world.ts';

describe('while Loki is down (a5, a6, a11)', () => {
  test('an event is handed to the retry topic after its escalation, then acknowledged, and written from there', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    expect(await w.ingest()).toBe(204);
    expect(w.calls.filter((call) => call.startsWith('publish'))).toEqual(['publish escalations', 'publish retry']);
    expect(w.stored).toHaveLength(0);
    delete w.faults.push;
    expect(await w.deliver('retry', 'ingest')).toEqual([204]);
    expect(w.counted()).toBe(1);
    expect(w.on('escalations')).toHaveLength(1);
  });

  test('an event that waited has the lag of its claim, and so the bytes of its first attempt', async () => {
    const w = world();
    const tried: LogEntry[] = [];
    w.faults.push = (entry) => {
      tried.push(entry);
      return LOKI_DOWN;
    };
    await w.ingest();
    w.time.pass(3_600_000);
    delete w.faults.push;
    await w.deliver('retry', 'ingest');
    // The world begins 2.5 s after the shell.
    expect(tried.map(({ metadata }) => metadata.lag_ms)).toEqual(['2500']);
    expect(w.stored).toEqual(tried);
  });

  test('a message from the retry topic is nacked, not published again', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    await w.ingest();
    expect(await w.deliver('retry', 'ingest')).toEqual([503]);
    expect(w.on('retry')).toHaveLength(0);
  });

  test('an event whose hand-over fails is nacked', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    w.faults.publish = { retry: 'before' };
    expect(await w.ingest()).toBe(503);
  });

  test('a look-up that fails is no answer: the event waits', async () => {
    const w = world();
    w.faults.push = 'lost';
    await w.ingest(quietEvent('u1'));
    delete w.faults.push;
    w.faults.has = 'fails';
    expect(await w.deliver('retry', 'ingest')).toEqual([503]);
    expect(w.stored).toHaveLength(1);
  });
});

describe('while Pub/Sub is down', () => {
  test('the log line is written and settled, and the escalation comes with the redelivery (a8)', async () => {
    const w = world();
    w.faults.publish = { escalations: 'before' };
    expect(await w.ingest()).toBe(503);
    expect(w.stored).toHaveLength(1);
    delete w.faults.publish;
    expect(await w.ingest()).toBe(204);
    expect(w.stored).toHaveLength(1);
    expect(w.on('escalations')).toHaveLength(1);
  });

  test('nothing is handed to the retry topic before its escalation is out', async () => {
    const w = world();
    w.faults.publish = { escalations: 'before' };
    w.faults.push = LOKI_DOWN;
    expect(await w.ingest()).toBe(503);
    expect(w.on('retry')).toHaveLength(0);
  });
});

describe('while the store is down (a12)', () => {
  test.each(['before', 'after'] as const)('a claim that fails %s its effect pages anyway and nacks', async (when) => {
    const w = world();
    w.faults.claim = when;
    expect(await w.ingest()).toBe(503);
    expect(w.on('escalations')).toHaveLength(1);
    expect(w.stored).toHaveLength(0);
    delete w.faults.claim;
    expect(await w.ingest()).toBe(204);
    expect(w.counted()).toBe(1);
  });

  test('a quiet event is only nacked', async () => {
    const w = world();
    w.faults.claim = 'before';
    expect(await w.ingest(quietEvent('u1'))).toBe(503);
    expect(w.published).toEqual([]);
  });

  test.each(['before', 'after'] as const)(
    'a settle that fails %s its effect nacks, and the redelivery writes nothing',
    async (when) => {
      const w = world();
      w.faults.settle = when;
      expect(await w.ingest(quietEvent('u1'))).toBe(503);
      delete w.faults.settle;
      expect(await w.ingest(quietEvent('u1'))).toBe(204);
      expect(w.stored).toHaveLength(1);
    },
  );
});

test('past its bounds an instance says so at once', async () => {
  const w = world();
  const answers = await Promise.all(Array.from({ length: 2_005 }, (_, index) => w.ingest(quietEvent(`u${index}`))));
  expect(answers.filter((status) => status === 429)).toHaveLength(5);
  expect(answers.filter((status) => status === 204)).toHaveLength(2_000);
  // Each has left, however it ended.
  expect(await w.ingest(quietEvent('later'))).toBe(204);
});
