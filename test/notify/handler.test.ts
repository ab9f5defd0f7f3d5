/** notify against the rules of docs/protocol.md: deliveries, and the sweep that wakes them. */

import { describe, expect, test } from '@jest/globals';
import { pushOf } from '../support/events.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;

describe('a delivery (d1 to d7)', () => {
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
      expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
      expect(w.lines).toMatchObject([{ severity: 'ERROR', reason: 'receiver-denied', labels: { receiver: 'oncall' } }]);
      // It stays due: once mended, the page arrives.
      delete w.answers.oncall;
      w.time.pass(10 * MINUTE);
      await w.call('sweep', {});
      await w.deliver('notifications', 'notify');
      expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads', 'oncall']);
    },
  );

  test('that stays unheard for ten minutes has its fallback told by sweep', async () => {
    const w = world();
    w.answers.oncall = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' };
    await w.escalate();
    for (let minute = 0; minute < 12; minute += 1) {
      await w.deliver('notifications', 'notify');
      w.time.pass(MINUTE);
      await w.call('sweep', {});
    }
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });

  test('whose record could not be written is sent again after its hold, not within it', async () => {
    const w = world();
    await w.escalate();
    const [wake] = w.on('notifications');
    const body = pushOf(wake?.data ?? '', wake?.attributes);
    // The claim succeeds, the record of the send does not.
    w.onSend(() => {
      w.faults.transact = 'before';
    });
    expect((await w.call('notify', body)).status).toBe(503);
    delete w.faults.transact;
    expect((await w.call('notify', body)).status).toBe(503);
    w.time.pass(30_000);
    expect((await w.call('notify', body)).status).toBe(204);
    expect(w.sent).toHaveLength(2);
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
