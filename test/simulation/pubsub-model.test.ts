/** The model of Pub/Sub: what is redelivered and when, what is given up, what comes twice. */

import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../stack/support/random.ts';
import { fakeAfter } from '../support/time.ts';
import type { PubSubOptions, PushBody, SubscriptionOptions } from './models.ts';
import { createPubSubModel } from './pubsub-model.ts';

const SUBSCRIPTION: Omit<SubscriptionOptions, 'push'> = {
  name: 'events',
  topic: 'falco-events',
  minBackoffMs: 1_000,
  maxBackoffMs: 60_000,
  ackDeadlineMs: 600_000,
  maxAttempts: 5,
  deadLetterTopic: 'falco-dead-letter',
  retentionMs: 7 * 24 * 3_600_000,
  concurrency: 2,
};

type Push = SubscriptionOptions['push'];

function start(push: Push, changes: Partial<SubscriptionOptions> = {}, options: Partial<PubSubOptions> = {}) {
  const time = fakeAfter(0);
  const pushes: (PushBody & { at: number })[] = [];
  const random = createRandom(7);
  const pubsub = createPubSubModel({
    clock: time.clock,
    after: time.after,
    random: () => random.below(1_000_000) / 1_000_000,
    subscriptions: [
      {
        ...SUBSCRIPTION,
        ...changes,
        push(body) {
          pushes.push({ ...body, at: time.clock() });
          return push(body);
        },
      },
    ],
    ...options,
  });
  /** In small steps, so that what an answer sets off is under way before time goes on. */
  async function pass(ms: number, step = 100): Promise<void> {
    for (let passed = 0; passed < ms; passed += step) {
      time.pass(Math.min(step, ms - passed));
      for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    }
  }
  const publish = (data: string, attributes = {}): string => pubsub.publish('falco-events', { data, attributes });
  return { pubsub, pushes, pass, publish };
}

const answer = (status: number) => async () => status;
const data = (body: PushBody): string => Buffer.from(body.message.data, 'base64').toString();

describe('a push', () => {
  test.each([
    [200, 1],
    [204, 1],
    [503, 2],
    [202, 1],
    [203, 2],
  ])('answered with %d comes %d times in 1.5 s', async (status, times) => {
    const { pushes, pass, publish } = start(answer(status));
    publish('hello', { gke_cluster: 'c' });
    await pass(1_500);
    expect(pushes).toHaveLength(times);
    expect(pushes.map(({ deliveryAttempt }) => deliveryAttempt)).toEqual(times === 1 ? [1] : [1, 2]);
    expect(pushes[0]?.message.attributes).toEqual({ gke_cluster: 'c' });
    expect(data(pushes[0] as PushBody)).toBe('hello');
  });

  test('that throws is refused', async () => {
    const { pubsub, pass, publish } = start(() => Promise.reject(new Error('reset')));
    publish('x');
    await pass(500);
    expect(pubsub.counts).toMatchObject({ delivered: 1, nacked: 1 });
  });

  test('without an answer comes again after the acknowledgement deadline, and a late answer is not heard', async () => {
    const late: ((status: number) => void)[] = [];
    const { pubsub, pushes, pass, publish } = start(() => new Promise((resolve) => late.push(resolve)), {
      ackDeadlineMs: 10_000,
    });
    publish('x');
    await pass(9_900);
    expect(pushes).toHaveLength(1);
    await pass(200);
    late[0]?.(204);
    await pass(2_000);
    expect(pushes).toHaveLength(2);
    expect(pubsub.counts).toMatchObject({ expired: 1, acknowledged: 0 });
    expect(pubsub.unacknowledged('events')).toBe(1);
  });

  test('no more of them than allowed are under way at once', async () => {
    const { pushes, pass, publish } = start(() => new Promise(() => {}));
    for (const name of ['a', 'b', 'c']) publish(name);
    await pass(1_000);
    expect(pushes.map(data)).toEqual(['a', 'b']);
  });
});

describe('backoff', () => {
  test('doubles from the least to the most', async () => {
    const { pushes, pass, publish } = start(answer(503), { maxAttempts: 100, maxBackoffMs: 4_000 });
    publish('x');
    await pass(30_000);
    const gaps = pushes.slice(1).map(({ at }, index) => Math.round((at - (pushes[index]?.at ?? 0)) / 1_000));
    expect(gaps.slice(0, 5)).toEqual([1, 2, 4, 4, 4]);
  });

  test('holds back the whole subscription, and ends with the first success', async () => {
    let broken = true;
    const push: Push = async (body) => (data(body) === 'bad' && broken ? 503 : 204);
    const { pushes, pass, publish } = start(push, { maxAttempts: 100, minBackoffMs: 10, maxBackoffMs: 10 });
    publish('bad');
    await pass(10_000);
    const failed = pushes.length;
    // Without the wait of the whole subscription there would be hundreds.
    expect(failed).toBeLessThan(10);
    publish('good');
    await pass(100);
    expect(pushes.map(data)).not.toContain('good');
    broken = false;
    await pass(20_000);
    expect(pushes.slice(failed).map(data).sort()).toEqual(['bad', 'good']);
  });
});

describe('a message', () => {
  test('that failed too often goes to the dead-letter topic, which says where it comes from', async () => {
    const { pubsub, pushes, pass, publish } = start(answer(503));
    publish('poison', { a: '1' });
    await pass(60_000);
    expect(pushes).toHaveLength(5);
    expect(pubsub.unacknowledged()).toBe(0);
    const [dead, ...others] = pubsub.taken('falco-dead-letter');
    expect(others).toEqual([]);
    expect(String(dead?.data)).toBe('poison');
    expect(dead?.attributes).toEqual({
      a: '1',
      CloudPubSubDeadLetterSourceDeliveryCount: '5',
      CloudPubSubDeadLetterSourceSubscription: 'events',
      CloudPubSubDeadLetterSourceSubscriptionProject: 'simulated',
      CloudPubSubDeadLetterSourceTopicPublishTime: '1970-01-01T00:00:00.000Z',
    });
  });

  test('older than the retention is forgotten, and counted', async () => {
    const { pubsub, pass, publish } = start(answer(503), { retentionMs: 5_000, maxAttempts: 100 });
    publish('x');
    await pass(60_000);
    expect(pubsub.counts).toMatchObject({ forgotten: 1, deadLettered: 0 });
    expect(pubsub.unacknowledged()).toBe(0);
  });

  test('that the filter does not want is not delivered', async () => {
    const { pushes, pass, publish } = start(answer(204), { filter: ({ kind }) => kind === 'wanted' });
    publish('a', { kind: 'wanted' });
    publish('b', { kind: 'unwanted' });
    await pass(1_000);
    expect(pushes.map(data)).toEqual(['a']);
  });

  test('is delivered once more after it was acknowledged, until duplicates end', async () => {
    const { pubsub, pushes, pass, publish } = start(answer(204), {}, { duplicates: 1 });
    publish('x');
    await pass(200);
    expect(pubsub.unacknowledged()).toBe(0);
    await pass(120_000);
    expect(pushes).toHaveLength(3);
    pubsub.setDuplicates(0);
    publish('y');
    await pass(120_000);
    expect(pushes.map(data)).toEqual(['x', 'x', 'x', 'y']);
  });

  test('may overtake another', async () => {
    const { pushes, pass, publish } = start(answer(204), {}, { jitterMs: 1_000 });
    const names = [...'abcdefgh'];
    for (const name of names) publish(name);
    await pass(2_000);
    expect(pushes.map(data)).not.toEqual(names);
    expect(pushes.map(data).sort()).toEqual(names);
  });
});
