import { describe, expect, test } from '@jest/globals';
import { eventOf } from '../../functions/adapters/receivers/pagerduty.ts';
import { messageOf } from '../../functions/adapters/receivers/slack-message.ts';
import type { Notification } from '../../functions/core/page/notification.ts';
import { createOutbox, type Notice, outboxesOf } from '../../functions/local/outbox.ts';
import { type Renderings, rememberedOf, renderingsOf } from '../../functions/local/renderings.ts';
import { shellNotification } from '../fixtures/notifications.ts';

function outboxOf(render = renderingsOf, onNotice?: (notice: Notice) => void) {
  const names = ['oncall', 'leads'];
  const options = { names, clock: () => 1_000, render, remember: rememberedOf };
  const outbox = createOutbox({ ...options, ...(onNotice ? { onNotice } : {}) });
  const [oncall] = outbox.receivers;
  if (!oncall) throw new Error('no receiver');
  return { ...outbox, oncall };
}

const { signal } = new AbortController();

describe('outbox', () => {
  test.each([
    ['the receivers of our own pipeline.yaml', ['oncall', 'leads'], true, ['oncall', 'leads']],
    ['none of those that somebody configured', ['oncall'], false, []],
    ['the one there is where none is configured', [], false, ['outbox']],
  ])('stands for %s', (_, names, ownPipeline, expected) => {
    const receivers = names.map((name) => ({ name }));
    expect(outboxesOf({ config: { receivers }, ownPipeline })).toEqual(expected);
  });

  test('stands for receivers by their names', () => {
    expect(outboxOf().receivers.map(({ name, kind }) => [name, kind])).toEqual([
      ['oncall', 'outbox'],
      ['leads', 'outbox'],
    ]);
  });

  test('delivers, and keeps the exact bodies that the vendors would get', async () => {
    const told: Notice[] = [];
    const { oncall, notices } = outboxOf(renderingsOf, (notice) => told.push(notice));
    expect(await oncall.send(shellNotification, signal)).toEqual({
      kind: 'delivered',
      reference: { notice: 1, round: 1 },
    });
    expect(notices()).toEqual([
      expect.objectContaining({
        id: 1,
        at: 1_000,
        key: `${shellNotification.groupKey}/${shellNotification.generation}`,
        type: 'page',
        round: shellNotification.round,
        slack: messageOf(shellNotification, true),
        pagerduty: [eventOf(shellNotification, 'your-routing-key')],
      }),
    ]);
    expect(told).toEqual(notices());
  });

  test.each([
    ['an update', { type: 'update' }, []],
    ['an acknowledgement', { type: 'update', state: 'acknowledged' }, ['acknowledge']],
    ['an end', { type: 'update', state: 'resolved', round: 2 }, ['resolve', 'resolve']],
    ['a page', { type: 'page' }, ['trigger']],
  ] as const)('%s is for PagerDuty what its receiver makes of it', async (_, changes, actions) => {
    const { oncall, notices } = outboxOf();
    await oncall.send({ ...shellNotification, ...changes }, signal);
    expect(notices()[0]?.pagerduty).toMatchObject(actions.map((event_action) => ({ event_action })));
  });

  test('a storm is for PagerDuty a page, and once more when it has doubled', async () => {
    const { oncall, notices } = outboxOf();
    const page = { ...shellNotification, storm: { size: 4, members: [] } };
    const { reference } = (await oncall.send(page, signal)) as { reference: object };
    const update = (size: number) => ({ ...page, type: 'update' as const, storm: { size, members: [] } });
    const grown = (await oncall.send({ ...update(7), reference } as Notification, signal)) as { reference: object };
    await oncall.send({ ...update(8), reference: grown.reference } as Notification, signal);
    expect(notices().map(({ pagerduty }) => pagerduty.length)).toEqual([1, 0, 1]);
  });

  test('is for Alertmanager one alert that stands for a day', async () => {
    const { oncall, notices } = outboxOf();
    await oncall.send({ ...shellNotification, firstNs: '0' }, signal);
    expect(notices()[0]?.alertmanager).toMatchObject([{ endsAt: '1970-01-02T00:00:01.000Z' }]);
  });

  test('keeps the last 200', async () => {
    const { oncall, notices } = outboxOf(() => ({}) as Renderings);
    for (let count = 1; count <= 203; count += 1) await oncall.send({ ...shellNotification, count }, signal);
    expect(notices()).toHaveLength(200);
    expect(notices()[0]?.id).toBe(4);
    expect(notices().at(-1)?.id).toBe(203);
  });

  test('keeps two megabytes, and the newest whatever its size', async () => {
    const sizes = [900_000, 900_000, 900_000, 3_000_000];
    const { oncall, notices } = outboxOf(() => ({ webhook: { text: 'x'.repeat(sizes.shift() ?? 0) } }) as Renderings);
    const kept: number[][] = [];
    for (let count = 1; count <= 5; count += 1) {
      await oncall.send(shellNotification, signal);
      kept.push(notices().map(({ id }) => id));
    }
    expect(kept).toEqual([[1], [1, 2], [2, 3], [4], [5]]);
  });
});
