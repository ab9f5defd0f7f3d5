/** What a caller is told, where breaking the rule has no other test that would notice. */

import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../../functions/config.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { createRelay, FUNCTIONS } from '../../functions/wire.ts';
import { SHELL } from '../support/alerts.ts';
import { pushOf, shellEvent } from '../support/events.ts';
import { fakeAfter } from '../support/time.ts';
import { world } from '../support/world.ts';

describe('a message that can not be read is acknowledged only once it is parked', () => {
  test.each(['ingest', 'escalate', 'notify'] as const)('by %s', async (name) => {
    const w = world();
    w.faults.publish = { 'dead-letter': 'before' };
    expect((await w.call(name, pushOf('hunter2'))).status).toBe(503);
    delete w.faults.publish;
    expect((await w.call(name, pushOf('hunter2'))).status).toBe(204);
    expect(w.on('dead-letter')).toHaveLength(1);
  });
});

describe('while the store is down', () => {
  test('notify nacks', async () => {
    const w = world();
    await w.escalate();
    w.faults.transact = 'before';
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    expect(w.sent).toEqual([]);
  });

  test('a sweep says so, and wakes what it can all the same', async () => {
    const w = world();
    await w.escalate();
    w.published.length = 0;
    w.faults.closeWindows = 'before';
    expect((await w.call('sweep', {})).status).toBe(503);
    expect(w.on('notifications')).toHaveLength(1);
  });
});

test('an error that nobody expected is told without its words, which may quote a payload', async () => {
  const time = fakeAfter();
  const lines: LogLine[] = [];
  const relay = createRelay({
    config: loadConfig({ STORE_URL: 'memory:' }),
    clock: time.clock,
    after: time.after,
    writeLog: (line) => void lines.push(line),
    observe: () => {
      throw new Error('hunter2');
    },
    log: { push: async () => ({ kind: 'stored' }), has: async () => false },
    topics: { publish: async () => {} },
  });
  const bodies = {
    ingest: pushOf(JSON.stringify(shellEvent({ fields: { 'evt.time': 1 } }))),
    escalate: pushOf(JSON.stringify(SHELL)),
  };
  for (const name of FUNCTIONS) {
    const body = name in bodies ? bodies[name as keyof typeof bodies] : {};
    const answer = await relay.handlers[name]({ method: 'POST', headers: {}, body });
    expect(JSON.stringify(answer)).not.toContain('hunter2');
  }
  expect(lines.filter(({ reason }) => reason === 'internal')).toHaveLength(2);
  expect(JSON.stringify(lines)).not.toContain('hunter2');
  await relay.close();
});
