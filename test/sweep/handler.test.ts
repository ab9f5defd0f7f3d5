/** sweep against the rules of docs/protocol.md: summaries, and what two sweeps at once do. */

import { describe, expect, test } from '@jest/globals';
import { shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;

describe('two sweeps at once', () => {
  test('write one summary and page once', async () => {
    const w = world();
    const quiet = { rule: 'Read sensitive file untrusted', priority: 'Warning' };
    for (let index = 0; index < 5; index += 1) await w.ingest({ ...shellEvent(quiet), uuid: `u${index}` });
    await w.escalate();
    w.published.length = 0;
    w.time.pass(10 * MINUTE);
    await Promise.all([w.call('sweep', {}), w.call('sweep', {})]);
    await Promise.all([w.deliver('notifications', 'notify'), w.deliver('notifications', 'notify')]);
    expect(w.counted()).toBe(5);
    expect(w.stored.filter(({ metadata }) => metadata.kind === 'repeats')).toHaveLength(1);
    expect(w.sent.filter(({ receiver }) => receiver === 'oncall')).toHaveLength(1);
  });
});

describe('a summary (b3, b4)', () => {
  async function repeats(w: ReturnType<typeof world>): Promise<void> {
    const quiet = shellEvent({ rule: 'Read sensitive file untrusted', priority: 'Warning' });
    for (let index = 0; index < 4; index += 1) await w.ingest({ ...quiet, uuid: `u${index}` });
    w.time.pass(10 * MINUTE);
  }

  test('whose push was not answered is looked up, and written once', async () => {
    const w = world();
    await repeats(w);
    w.faults.push = 'lost';
    await w.call('sweep', {});
    delete w.faults.push;
    w.time.pass(30_000);
    await w.call('sweep', {});
    expect(w.stored.filter(({ metadata }) => metadata.kind === 'repeats')).toHaveLength(1);
    expect(w.counted()).toBe(4);
  });

  test('waits while Loki is down, and the pages of that sweep do not', async () => {
    const w = world();
    await repeats(w);
    await w.escalate();
    w.published.length = 0;
    w.faults.push = { kind: 'unavailable', reason: 'loki-unavailable', detail: 'connection refused' };
    await w.call('sweep', {});
    expect(w.on('notifications')).toHaveLength(1);
    delete w.faults.push;
    w.time.pass(30_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(4);
  });

  test('that Loki refuses is parked with its count', async () => {
    const w = world();
    await repeats(w);
    w.faults.push = { kind: 'refused', detail: 'too old' };
    await w.call('sweep', {});
    expect(w.on('dead-letter')[0]?.attributes).toMatchObject({ reason: 'loki-refused', detail: 'too old', n: '3' });
    delete w.faults.push;
    w.time.pass(30_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(1);
  });
});
