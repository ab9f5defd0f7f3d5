/** notify against the rules of docs/protocol.md: deliveries, and the sweep that wakes them. */

import { describe, expect, test } from '@jest/globals';
import type { Answer } from '../../functions/core/http.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { pushOf } from '../support/events.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;

/** The wake-up of the first page, delivered once more. */
function wakeUp(w: ReturnType<typeof world>): Promise<Answer> {
  const [wake] = w.on('notifications');
  return w.call('notify', pushOf(wake?.data ?? '', wake?.attributes));
}

/** The claim succeeds, the record of the send does not. */
function callWithoutRecord(w: ReturnType<typeof world>, when: 'before' | 'after'): Promise<Answer> {
  w.onSend(() => {
    w.faults.transact = when;
  });
  return wakeUp(w);
}

/** Moves the clock by a second at a time, each after all that the one before set going. */
async function passing(w: ReturnType<typeof world>, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1_000) {
    await new Promise((resolve) => setImmediate(resolve));
    w.time.pass(1_000);
  }
  await new Promise((resolve) => setImmediate(resolve));
}

describe('a delivery (d1 to d8)', () => {
  test('is sent once however often it is woken, in turn or at once', async () => {
    const w = world();
    await w.escalate();
    const [wake] = w.on('notifications');
    const body = pushOf(wake?.data ?? '', wake?.attributes);
    await Promise.all([w.call('notify', body), w.call('notify', body), w.call('notify', body)]);
    expect(w.sent).toHaveLength(1);
    expect((await w.call('notify', body)).status).toBe(204);
    expect(w.sent).toHaveLength(1);
  });

  test('that fails is nacked, waits, and is woken by sweep until it is heard', async () => {
    const w = world();
    w.answers.oncall = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' };
    await w.escalate();
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    delete w.answers.oncall;
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect(await w.deliver('notifications', 'notify')).toEqual([204]);
    expect(w.sent).toHaveLength(1);
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    expect(w.on('notifications')).toEqual([]);
  });

  test('whose wake-up was lost is a minute late, not lost', async () => {
    const w = world();
    await w.escalate();
    w.published.length = 0;
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });

  test.each(['misconfigured', 'refused'] as const)(
    'that is %s has its fallback told at once, one deep',
    async (kind) => {
      const w = world();
      w.answers.oncall = { kind, reason: 'receiver-denied', detail: '403' };
      await w.escalate();
      expect(await w.deliver('notifications', 'notify')).toEqual([204]);
      expect(await w.deliver('notifications', 'notify')).toEqual([204]);
      expect(w.sent).toMatchObject([{ receiver: 'leads', insteadOf: 'oncall', insteadWhy: 'receiver-denied' }]);
      expect(w.lines).toMatchObject([{ severity: 'ERROR', reason: 'receiver-denied', labels: { receiver: 'oncall' } }]);
      // It stays due: once mended, the page arrives.
      delete w.answers.oncall;
      w.time.pass(10 * MINUTE);
      await w.call('sweep', {});
      await w.deliver('notifications', 'notify');
      expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads', 'oncall']);
    },
  );

  test.each(['receiver-unavailable', 'receiver-timeout', 'receiver-throttled'] as const)(
    'that stays unheard for ten minutes, as it says %s, has its fallback told by sweep, and why',
    async (reason) => {
      const w = world();
      w.answers.oncall = { kind: 'retry', reason, detail: '503' };
      await w.escalate();
      // Others fail as well, so that the last word is often that the receiver is left alone.
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
        await w.escalate(alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: name } }));
      for (let minute = 0; minute < 12; minute += 1) {
        await w.deliver('notifications', 'notify');
        w.time.pass(MINUTE);
        await w.call('sweep', {});
      }
      await w.deliver('notifications', 'notify');
      expect(w.sent).toHaveLength(7);
      const [told] = w.sent.filter(({ groupKey }) => groupKey.includes('ledger-api'));
      expect(told).toMatchObject({ receiver: 'leads', insteadOf: 'oncall', insteadWhy: reason });
    },
  );

  test('that nobody tried names no reason, though the page before it failed for one', async () => {
    const w = world();
    w.answers.oncall = { kind: 'retry', reason: 'receiver-throttled', detail: '429' };
    await w.escalate({ ...SHELL, priority: 'Warning' });
    await w.deliver('notifications', 'notify');
    delete w.answers.oncall;
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    await w.escalate(alertLike(SHELL, { priority: 'Critical' }));
    for (let minute = 0; minute < 10; minute += 1) {
      w.published.length = 0;
      w.time.pass(MINUTE);
      await w.call('sweep', {});
    }
    await w.deliver('notifications', 'notify');
    const stoodIn = w.sent.find(({ receiver }) => receiver === 'leads');
    expect([w.sent[0]?.receiver, stoodIn?.insteadOf, stoodIn?.insteadWhy]).toEqual(['oncall', 'oncall', undefined]);
  });

  test.each(['before', 'after'] as const)(
    'whose record fails %s its effect is recorded once the store is back, and sent once',
    async (when) => {
      const w = world();
      await w.escalate();
      const answer = callWithoutRecord(w, when);
      await passing(w, 5_000);
      delete w.faults.transact;
      await passing(w, 1_000);
      expect((await answer).status).toBe(204);
      w.time.pass(MINUTE);
      expect((await wakeUp(w)).status).toBe(204);
      expect(w.sent).toHaveLength(1);
    },
  );

  test('whose record could not be written is sent again after its hold, not within it', async () => {
    const w = world();
    await w.escalate();
    const answer = callWithoutRecord(w, 'before');
    await passing(w, 29_000);
    expect((await answer).status).toBe(503);
    delete w.faults.transact;
    expect((await wakeUp(w)).status).toBe(503);
    w.time.pass(1_000);
    expect((await wakeUp(w)).status).toBe(204);
    expect(w.sent).toHaveLength(2);
  });

  test('that is sent again is known by its id, though an update came due meanwhile', async () => {
    const w = world();
    await w.escalate();
    const answer = callWithoutRecord(w, 'before');
    await passing(w, 29_000);
    await answer;
    w.published.length = 0;
    delete w.faults.transact;
    await w.escalate(alertLike(SHELL, { rule: 'Drop and execute new binary in container' }));
    w.time.pass(MINUTE);
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    // What comes after it is another word.
    await w.escalate(alertLike(SHELL, { rule: 'Netcat Remote Code Execution in Container' }));
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ type, messageId }) => `${type} ${messageId.slice(-2)}`)).toEqual([
      'page /1',
      'page /1',
      'update /3',
    ]);
  });

  test('that hangs is given up within its claim', async () => {
    const w = world();
    w.hang('oncall');
    await w.escalate();
    const [wake] = w.on('notifications');
    const answer = w.call('notify', pushOf(wake?.data ?? '', wake?.attributes));
    await w.sending();
    w.time.pass(20_000);
    expect((await answer).status).toBe(503);
  });

  test('to a receiver that pipeline.yaml no longer has stays due and says so', async () => {
    const w = world();
    await w.escalate();
    const w2 = world({ pipeline: 'receivers: []', memory: w.memory, receivers: [] });
    const [wake] = w.on('notifications');
    expect((await w2.call('notify', pushOf(wake?.data ?? '', { receiver: 'gone' }))).status).toBe(204);
    expect(w2.lines).toMatchObject([{ reason: 'receiver-unknown' }]);
  });

  test('that is no wake-up is parked', async () => {
    const w = world();
    expect((await w.call('notify', pushOf('{"groupKey": 1}'))).status).toBe(204);
    expect(w.on('dead-letter')[0]?.attributes.reason).toBe('notification-invalid');
  });
});
