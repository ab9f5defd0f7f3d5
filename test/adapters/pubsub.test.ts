/** What the adapter does around Pub/Sub's client, with a client of our own; test/stack/pubsub.stack.ts has the real one. */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  createTopics,
  MAX_MESSAGE_BYTES,
  PUBLISH_OPTIONS,
  type PubsubClient,
  type PubsubTopics,
} from '../../functions/adapters/pubsub.ts';
import type { After } from '../../functions/core/ports.ts';

const TOPICS = { escalations: 'esc', notifications: 'not', retry: 'falco-retry', 'dead-letter': 'dead' };

const never: After = () => () => {};

interface Sent {
  data: string;
  attributes: Record<string, string>;
}

interface Fake {
  topics: PubsubTopics;
  /** One list a request: the topic's name, then its messages. */
  requests: { topic: string; messages: Sent[] }[];
  connects: number;
  closed: number;
}

/** Like the real client: messages wait until flush, and a request fails whole. */
function withFake(
  answer: (messages: readonly Sent[]) => Promise<void>,
  options: { after?: After; connect?: () => Promise<void> } = {},
): Fake {
  const fake: Fake = {
    requests: [],
    connects: 0,
    closed: 0,
    topics: createTopics({
      projectId: 'p',
      topics: TOPICS,
      after: options.after ?? never,
      async connect() {
        fake.connects += 1;
        await options.connect?.();
        return client;
      },
    }),
  };
  const client: PubsubClient = {
    topic(name, settings) {
      expect(settings).toBe(PUBLISH_OPTIONS);
      let waiting: { message: Sent; resolve(): void; reject(error: Error): void }[] = [];
      return {
        publishMessage: ({ data, attributes }) =>
          new Promise<void>((resolve, reject) => {
            waiting.push({ message: { data: data.toString(), attributes }, resolve, reject });
          }),
        async flush() {
          const group = waiting;
          waiting = [];
          const messages = group.map(({ message }) => message);
          fake.requests.push({ topic: name, messages });
          try {
            await answer(messages);
            for (const { resolve } of group) resolve();
          } catch (error) {
            for (const { reject } of group) reject(error as Error);
            throw error;
          }
        },
      };
    },
    async close() {
      fake.closed += 1;
    },
  };
  return fake;
}

const message = (data: string): Sent => ({ data, attributes: { a: '1' } });
const refusal = (code: number): Error => Object.assign(new Error('refused'), { code });

describe('publishing', () => {
  test('what arrives while a request is under way shares the next one, topic by topic', async () => {
    const fake = withFake(async () => {});
    const { topics } = fake;

    await Promise.all([
      ...['1', '2', '3'].map((data) => topics.publish('escalations', message(data))),
      topics.publish('retry', message('4')),
    ]);

    expect(fake.requests).toEqual([
      { topic: 'esc', messages: ['1', '2', '3'].map(message) },
      { topic: 'falco-retry', messages: [message('4')] },
    ]);
    expect(topics.publishes).toBe(2);
    expect(fake.connects).toBe(1);
  });

  test.each([
    { name: 'more than 500 messages', count: 1_001, bytes: 1, requests: [500, 500, 1] },
    { name: 'more than 8 MB', count: 3, bytes: 3_000_000, requests: [2, 1] },
  ])('$name go as several requests', async ({ count, bytes, requests }) => {
    const fake = withFake(async () => {});
    await Promise.all(Array.from({ length: count }, () => fake.topics.publish('retry', message('x'.repeat(bytes)))));
    expect(fake.requests.map(({ messages }) => messages.length)).toEqual(requests);
  });

  test.each([
    { name: 'in the data', attributes: {}, data: 'x'.repeat(MAX_MESSAGE_BYTES + 1) },
    { name: 'in several bytes a character', attributes: {}, data: 'é'.repeat(MAX_MESSAGE_BYTES / 2 + 1) },
    { name: 'with the attributes', attributes: { key: 'v' }, data: 'x'.repeat(MAX_MESSAGE_BYTES - 3) },
  ])('over 10 MB $name is refused without asking Pub/Sub', async ({ attributes, data }) => {
    const fake = withFake(async () => {});
    await expect(fake.topics.publish('dead-letter', { data, attributes })).rejects.toMatchObject({
      name: 'PublishError',
      reason: 'message-too-large',
    });
    expect(fake.requests).toEqual([]);
  });

  test('exactly 10 MB goes', async () => {
    const fake = withFake(async () => {});
    await fake.topics.publish('retry', { data: 'x'.repeat(MAX_MESSAGE_BYTES), attributes: {} });
    expect(fake.requests).toHaveLength(1);
  });
});

describe('when a publish fails', () => {
  test('each waiter gets an error with its reason, and the next group is tried', async () => {
    const answers = [refusal(14), undefined];
    const fake = withFake(async () => {
      const error = answers.shift();
      if (error) throw error;
    });

    const first = await Promise.allSettled(['1', '2'].map((data) => fake.topics.publish('retry', message(data))));
    expect(first).toMatchObject([
      { status: 'rejected', reason: { reason: 'pubsub-unavailable', message: 'retry: refused' } },
      { status: 'rejected', reason: { reason: 'pubsub-unavailable' } },
    ]);
    await fake.topics.publish('retry', message('3'));
    expect(fake.requests.map(({ messages }) => messages.length)).toEqual([2, 1]);
  });

  test('one message that Pub/Sub refuses fails alone', async () => {
    const fake = withFake(async (messages) => {
      if (messages.some(({ data }) => data === 'bad')) throw refusal(3);
    });

    const data = ['1', '2', 'bad', '4', '5'];
    const settled = await Promise.allSettled(data.map((text) => fake.topics.publish('retry', message(text))));

    expect(settled.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    const stored = fake.requests.filter(({ messages }) => messages.every((sent) => sent.data !== 'bad'));
    expect(stored.flatMap(({ messages }) => messages.map((sent) => sent.data)).sort()).toEqual(['1', '2', '4', '5']);
  });

  test('a client that could not be loaded is tried again', async () => {
    let attempts = 0;
    const fake = withFake(async () => {}, {
      async connect() {
        attempts += 1;
        if (attempts === 1) throw new Error('no credentials');
      },
    });
    await expect(fake.topics.publish('retry', message('1'))).rejects.toMatchObject({ reason: 'pubsub-unavailable' });
    await fake.topics.publish('retry', message('2'));
    expect(fake.connects).toBe(2);
  });

  test('a request that never ends is given up at the deadline', async () => {
    let expire = (): void => {};
    const armed = Promise.withResolvers<number>();
    const fake = withFake(() => new Promise(() => {}), {
      after(ms, run) {
        expire = run;
        armed.resolve(ms);
        return () => {};
      },
    });

    const publish = expect(fake.topics.publish('retry', message('1'))).rejects.toMatchObject({
      reason: 'pubsub-unavailable',
      message: expect.stringContaining('10000 ms'),
    });
    expect(await armed.promise).toBe(10_000);
    expire();
    await publish;
  });
});

test('close closes the client that was made, and none that was not', async () => {
  const fake = withFake(async () => {});
  await fake.topics.close();
  expect(fake.connects).toBe(0);

  await fake.topics.publish('retry', message('1'));
  await fake.topics.close();
  expect(fake.closed).toBe(1);
});

test('without credentials the real client fails each publish, and never the process', async () => {
  const { PUBSUB_EMULATOR_HOST: _, ...env } = process.env;
  const module = new URL('../../functions/adapters/pubsub.ts', import.meta.url).href;
  const program = `
    import { createTopics } from ${JSON.stringify(module)};
    const topics = createTopics({ projectId: 'p', topics: ${JSON.stringify(TOPICS)}, after: () => () => {} });
    for (let again = 0; again < 2; again += 1) {
      await topics.publish('retry', { data: 'x', attributes: {} }).catch(({ reason }) => console.log(reason));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    process.exit(0);`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program], {
    env: { ...env, GOOGLE_APPLICATION_CREDENTIALS: '/dev/null/none.json' },
  });
  expect(stdout).toBe('pubsub-unavailable\npubsub-unavailable\n');
});
