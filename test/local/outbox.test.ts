import { describe, expect, test } from '@jest/globals';
import { eventOf } from '../../functions/adapters/receivers/pagerduty.ts';
import { messageOf } from '../../functions/adapters/receivers/slack-message.ts';
import { createOutbox, type Notice } from '../../functions/local/outbox.ts';
import { shellNotification } from '../fixtures/notifications.ts';

function outboxOf(onNotice?: (notice: Notice) => void) {
  return createOutbox({
    name: 'outbox',
    clock: () => 1_000,
    renderSlack: (notification) => messageOf(notification, true),
    renderPagerduty: (notification) => eventOf(notification, 'key'),
    ...(onNotice ? { onNotice } : {}),
  });
}

const { signal } = new AbortController();

describe('outbox', () => {
  test('delivers, and keeps the exact bodies that the vendors would get', async () => {
    const told: Notice[] = [];
    const outbox = outboxOf((notice) => told.push(notice));
    expect(await outbox.send(shellNotification, signal)).toEqual({ kind: 'delivered', reference: { notice: 1 } });
    expect(outbox.notices()).toEqual([
      expect.objectContaining({
        id: 1,
        at: 1_000,
        key: `${shellNotification.groupKey}/${shellNotification.generation}`,
        type: 'page',
        slack: messageOf(shellNotification, true),
        pagerduty: eventOf(shellNotification, 'key'),
      }),
    ]);
    expect(told).toEqual(outbox.notices());
  });

  test('keeps the last 200', async () => {
    const outbox = outboxOf();
    for (let count = 1; count <= 203; count += 1) await outbox.send({ ...shellNotification, count }, signal);
    expect(outbox.notices()).toHaveLength(200);
    expect(outbox.notices()[0]?.id).toBe(4);
    expect(outbox.notices().at(-1)?.id).toBe(203);
  });
});
