/** While the store is down: who drops a second page by its key is paged, and the incident follows once it is back. */

import { describe, expect, test } from '@jest/globals';
import { ContentionError } from '../../functions/core/contention.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { lineText, pageOf } from '../../functions/core/page/page.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;
const PIPELINE = `
route: { receiver: chat, routes: [{ match: [], receiver: oncall, continue: true }, { match: [], receiver: chat }] }
silences: [{ match: ['namespace="sandbox"'], until: 2027-01-31T00:00:00Z, owner: ana@acme.example, reason: drill }]
receivers:
  - { name: oncall, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: chat, webhook: { url: 'https://chat.acme.example/' } }
`;
const outage = (pipeline = PIPELINE) => {
  const w = world({ pipeline, receivers: ['oncall', 'chat'], idempotent: ['oncall'] });
  w.faults.transact = 'before';
  return w;
};

describe('an alert while the store is down', () => {
  test('pages who drops a second one, under a key of its own, and nobody else', async () => {
    const w = outage();
    expect((await w.escalate()).status).toBe(503);
    expect(await w.deliver('notifications', 'notify')).toEqual([204]);
    expect(w.sent).toMatchObject([{ receiver: 'oncall', type: 'page', count: 1, lead: { uuid: SHELL.uuid } }]);
    expect(w.sent[0]?.dedupKey).toMatch(/^\{.*\}#down\/2026112306$/);
  });

  test('says that the store is down, that buttons do nothing, and that it may be told once more', async () => {
    const w = outage();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    const [page] = w.sent.map(pageOf);
    expect(page && lineText(page, 'state')).toBe(
      "The relay's store is down: buttons do nothing until it is back, and this may be told once more",
    );
  });

  test('of the next outage rings anew, and a redelivery of the first one does not, whenever it comes', async () => {
    const keyOf = async (alert: AlertView, hoursLater = 0): Promise<string | undefined> => {
      const w = outage();
      w.time.pass(hoursLater * 60 * MINUTE);
      await w.escalate(alert);
      await w.deliver('notifications', 'notify');
      return w.sent[0]?.messageId;
    };
    const later = (ms: number): AlertView => {
      const timeNs = String(BigInt(SHELL.timeNs) + BigInt(ms) * 1_000_000n);
      return { ...alertLike(SHELL), timeNs };
    };
    const first = await keyOf(SHELL);
    // 09:00, and the part of the day ends at 12:00.
    expect(await keyOf(SHELL, 5)).toBe(first);
    expect(await keyOf(later(2 * 60 * MINUTE))).toBe(first);
    expect(await keyOf(later(3 * 60 * MINUTE))).not.toBe(first);
    expect(await keyOf(later(2 * 24 * 60 * MINUTE))).not.toBe(first);
  });

  test('that is there, but contended for, waits for its next attempt', async () => {
    const w = outage();
    delete w.faults.transact;
    w.memory.transact = () => Promise.reject(new ContentionError(20));
    expect((await w.escalate()).status).toBe(503);
    expect(w.on('notifications')).toEqual([]);
  });

  test('is counted, and told as usual, once the store is back', async () => {
    const w = outage();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    delete w.faults.transact;
    expect((await w.escalate()).status).toBe(204);
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver, groupKey }) => `${receiver} ${groupKey.endsWith('#down')}`).sort()).toEqual([
      'chat false',
      'oncall false',
      'oncall true',
    ]);
  });

  test('that comes again and again, with others of its group, is one page in ten minutes', async () => {
    const w = outage();
    for (let minute = 0; minute < 10; minute += 1) {
      await Promise.all([w.escalate(), w.escalate(alertLike(SHELL))]);
      await w.deliver('notifications', 'notify');
      w.time.pass(MINUTE);
    }
    expect(w.sent).toHaveLength(1);
    await w.escalate();
    await w.deliver('notifications', 'notify');
    expect(new Set(w.sent.map(({ messageId }) => messageId)).size).toBe(1);
    expect(w.sent).toHaveLength(2);
  });

  test('whose page could not be published is published by its redelivery', async () => {
    const w = outage();
    w.faults.publish = { notifications: 'before' };
    await w.escalate();
    w.faults.publish = {};
    await w.escalate();
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });

  test.each([
    ['muted', PIPELINE, { ...SHELL, muted: { id: 's', kind: 'silence', reason: 'drill', owner: 'ana' } } as const],
    ['observed', `mode: observe${PIPELINE}`, SHELL],
  ])('that is %s pages nobody', async (_, pipeline, alert) => {
    const w = outage(pipeline);
    expect((await w.escalate(alert)).status).toBe(503);
    expect(w.on('notifications')).toEqual([]);
  });

  test('is sent again while the receiver fails, and is no delivery that sweep knows', async () => {
    const w = outage();
    w.answers.oncall = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' };
    await w.escalate();
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    delete w.faults.transact;
    expect(await w.memory.list('delivery', 10)).toEqual([]);
  });
});
