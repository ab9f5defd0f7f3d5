import { describe, expect, test } from '@jest/globals';
import type { After } from '../../functions/core/ports.ts';
import { backoffMs, createLocalTopics } from '../../functions/local/topics.ts';

interface Push {
  path: string;
  message: { data: string; attributes: Record<string, string>; messageId: string; publishTime: string };
  subscription: string;
  deliveryAttempt: number;
}

/** A clock that stands until it is moved, and all that was pushed meanwhile. */
function world(answer: (push: Push) => number | Promise<number>, maxWaitingBytes = 1_000_000) {
  let now = Date.parse('2026-11-23T09:00:00Z');
  const timers = new Set<{ at: number; run: () => void }>();
  const after: After = (ms, run) => {
    const timer = { at: now + ms, run };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const pushes: Push[] = [];
  const topics = createLocalTopics({
    post: async (path, body) => {
      const push = { path, ...JSON.parse(body) } as Push;
      pushes.push(push);
      return answer(push);
    },
    clock: () => now,
    after,
    maxWaitingBytes,
  });
  /** Lets everything that is ready happen. */
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 50; turn += 1) await null;
  };
  const advance = async (ms: number): Promise<void> => {
    await settle();
    now += ms;
    for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
      if (timer.at <= now && timers.delete(timer)) timer.run();
    }
    await settle();
  };
  return { topics, pushes, advance, settle, timers };
}

describe('local topics', () => {
  test.each([
    ['escalations', '/escalate', 'projects/local/subscriptions/falco-escalations'],
    ['notifications', '/notify', 'projects/local/subscriptions/falco-notifications'],
  ] as const)('%s arrive as a real push body at %s', async (topic, path, subscription) => {
    const { topics, pushes, settle } = world(() => 204);
    await topics.publish(topic, { data: '{"a":"ü"}', attributes: { receiver: 'oncall' } });
    await settle();
    expect(pushes).toEqual([
      {
        path,
        message: {
          data: Buffer.from('{"a":"ü"}').toString('base64'),
          attributes: { receiver: 'oncall' },
          messageId: 'local-1',
          publishTime: '2026-11-23T09:00:00.000Z',
        },
        subscription,
        deliveryAttempt: 1,
      },
    ]);
    expect(topics.waiting(topic)).toBe(0);
  });

  test('a retry waits before it meets the outage again', async () => {
    const { topics, pushes, advance, settle } = world(() => 204);
    await topics.publish('retry', { data: 'x', attributes: {} });
    await settle();
    expect(pushes).toHaveLength(0);
    await advance(500);
    expect(pushes.map((push) => push.path)).toEqual(['/ingest']);
  });

  test.each([
    ['an answer that is no acknowledgement', () => 503],
    ['a client error', () => 400],
    ['no answer', () => Promise.reject(new Error('reset'))],
  ])('%s brings the same message again, with backoff', async (_, refuse) => {
    const { topics, pushes, advance } = world((push) => (push.deliveryAttempt < 3 ? refuse() : 200));
    await topics.publish('escalations', { data: 'x', attributes: {} });
    await advance(499);
    expect(pushes).toHaveLength(1);
    await advance(1);
    expect(pushes).toHaveLength(2);
    await advance(999);
    expect(pushes).toHaveLength(2);
    await advance(1);
    expect(pushes.map((push) => [push.message.messageId, push.deliveryAttempt])).toEqual([
      ['local-1', 1],
      ['local-1', 2],
      ['local-1', 3],
    ]);
    expect(topics.waiting('escalations')).toBe(0);
  });

  test('backoff doubles from half a second to half a minute', () => {
    expect([1, 2, 3, 7, 8, 2_000].map(backoffMs)).toEqual([500, 1_000, 2_000, 30_000, 30_000, 30_000]);
  });

  test('after 20 attempts it is a dead letter', async () => {
    const { topics, pushes, advance } = world(() => 500);
    await topics.publish('escalations', { data: 'x', attributes: { why: 'test' } });
    for (let attempt = 0; attempt < 25; attempt += 1) await advance(30_000);
    expect(pushes).toHaveLength(20);
    expect(topics.deadLetters()).toMatchObject([{ topic: 'escalations', attempts: 20, attributes: { why: 'test' } }]);
    expect(topics.waiting('escalations')).toBe(0);
  });

  test('the retry topic outlasts an outage', async () => {
    const { topics, pushes, advance } = world((push) => (push.deliveryAttempt > 100 ? 204 : 503));
    await topics.publish('retry', { data: 'x', attributes: {} });
    for (let attempt = 0; attempt <= 100; attempt += 1) await advance(30_000);
    expect(pushes).toHaveLength(101);
    expect(topics.deadLettered).toBe(0);
  });

  test('a receiver that fails does not hold back another', async () => {
    const { topics, pushes, settle } = world((push) =>
      push.message.attributes.receiver === 'broken' ? new Promise<number>(() => {}) : 204,
    );
    for (let message = 0; message < 20; message += 1) {
      await topics.publish('notifications', { data: 'x', attributes: { receiver: 'broken' } });
    }
    await topics.publish('notifications', { data: 'x', attributes: { receiver: 'oncall' } });
    await settle();
    expect(pushes.filter((push) => push.message.attributes.receiver === 'broken')).toHaveLength(8);
    expect(pushes.filter((push) => push.message.attributes.receiver === 'oncall')).toHaveLength(1);
  });

  test('what waits is bounded, and the publisher is told', async () => {
    const { topics, advance } = world((push) => (push.deliveryAttempt === 1 ? 503 : 204), 100);
    await topics.publish('retry', { data: 'x'.repeat(60), attributes: {} });
    await expect(topics.publish('retry', { data: 'x'.repeat(60), attributes: {} })).rejects.toThrow('100 bytes');
    await advance(500);
    await advance(1_000);
    await topics.publish('retry', { data: 'x'.repeat(60), attributes: {} });
  });

  test('dead letters published as such are listed, bounded, and counted beyond the list', async () => {
    const { topics, pushes } = world(() => 204);
    for (let n = 0; n < 510; n += 1) await topics.publish('dead-letter', { data: `${n}`, attributes: {} });
    expect(topics.deadLetters()).toHaveLength(500);
    expect(Buffer.from(topics.deadLetters()[0]?.data ?? '', 'base64').toString()).toBe('10');
    expect(topics.deadLettered).toBe(510);
    expect(pushes).toHaveLength(0);
  });

  test('hurry delivers what waits for its backoff', async () => {
    let broken = true;
    const { topics, pushes, advance, settle, timers } = world(() => (broken ? 503 : 204));
    await topics.publish('retry', { data: 'x', attributes: {} });
    for (let attempt = 0; attempt < 8; attempt += 1) await advance(30_000);
    broken = false;
    topics.hurry('retry');
    await settle();
    expect(pushes).toHaveLength(9);
    expect(topics.waiting('retry')).toBe(0);
    expect(timers.size).toBe(0);
  });

  test('close waits for what is under way and takes nothing more', async () => {
    let answer: (status: number) => void = () => {};
    const { topics, settle } = world(
      () =>
        new Promise<number>((resolve) => {
          answer = resolve;
        }),
    );
    await topics.publish('escalations', { data: 'x', attributes: {} });
    await settle();
    let closed = false;
    const closing = topics.close(9_000).then(() => {
      closed = true;
    });
    await settle();
    expect(closed).toBe(false);
    await expect(topics.publish('escalations', { data: 'y', attributes: {} })).rejects.toThrow('shutting down');
    answer(204);
    await closing;
    expect(closed).toBe(true);
  });

  test('close gives up on what hangs', async () => {
    const { topics, advance, settle } = world(() => new Promise<number>(() => {}));
    await topics.publish('escalations', { data: 'x', attributes: {} });
    await settle();
    const closing = topics.close(9_000);
    await advance(9_000);
    await closing;
    expect(topics.waiting('escalations')).toBe(1);
  });
});
