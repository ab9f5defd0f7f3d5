/** The model of Pub/Sub against the official emulator: the same messages, answered the same, are tried and given up alike. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { PushBody } from '../simulation/models.ts';
import { createPubSubModel } from '../simulation/pubsub-model.ts';
import { fakeAfter } from '../support/time.ts';
import { type Pubsub, startPubsub } from './programs/pubsub.ts';
import { createRecorder, type PlannedMessage, planMessages, type Seen } from './support/pubsub-plans.ts';
import { createRandom } from './support/random.ts';

const MAX_ATTEMPTS = 5;
const ACK_DEADLINE_SECONDS = 10;
const TOPIC = 'events';
const DEAD = 'dead';
const SUBSCRIPTIONS = ['events-a', 'events-b'];

interface Outcome {
  seen: Readonly<Record<string, Seen>>;
  /** Messages given up, one text each, in order of the text. */
  dead: readonly string[];
}

const random = createRandom();
let pubsub: Pubsub;
let server: Server;

beforeAll(async () => {
  process.stdout.write(`SEED=${random.seed}\n`);
  pubsub = await startPubsub();
});
afterAll(async () => {
  server?.closeAllConnections();
  server?.close();
  await pubsub?.program.stop();
});

test('attempts, refusals and dead letters of two subscriptions', async () => {
  const plan = planMessages({
    random,
    messages: 200,
    subscriptions: SUBSCRIPTIONS,
    maxAttempts: MAX_ATTEMPTS,
  });
  const expected = await onModel(plan);
  const attempts = SUBSCRIPTIONS.map((name) => Object.values(expected.seen[name]?.attempts ?? {}));
  expect(Math.max(...attempts.flat())).toBe(MAX_ATTEMPTS);
  expect(expected.dead.length).toBeGreaterThan(0);

  expect(await onEmulator(plan, expected)).toEqual(expected);
});

async function onModel(plan: readonly PlannedMessage[]): Promise<Outcome> {
  const time = fakeAfter();
  const recorder = createRecorder(plan);
  const model = createPubSubModel({
    clock: time.clock,
    after: time.after,
    random: () => random.below(1_000) / 1_000,
    jitterMs: 50,
    subscriptions: SUBSCRIPTIONS.map((name) => ({
      name,
      topic: TOPIC,
      minBackoffMs: 100,
      maxBackoffMs: 1_000,
      ackDeadlineMs: ACK_DEADLINE_SECONDS * 1_000,
      maxAttempts: MAX_ATTEMPTS,
      deadLetterTopic: DEAD,
      retentionMs: 7 * 86_400_000,
      concurrency: 2,
      push(body) {
        return Promise.resolve(recorder.react(name, body.message));
      },
    })),
  });
  for (const { data, attributes } of plan) model.publish(TOPIC, { data, attributes });
  while (model.unacknowledged() > 0) {
    time.pass(50);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  }
  return outcomeOf(recorder.seen, model.taken(DEAD));
}

async function onEmulator(plan: readonly PlannedMessage[], expected: Outcome): Promise<Outcome> {
  const recorder = createRecorder(plan);
  server = createServer(async (request, response) => {
    const { message } = (await json(request)) as PushBody;
    response.writeHead(recorder.react(request.url?.slice(1) ?? '', message)).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  await pubsub.createTopic(TOPIC);
  await pubsub.createTopic(DEAD);
  for (const name of SUBSCRIPTIONS) {
    await pubsub.createPushSubscription({
      topic: TOPIC,
      name,
      endpoint: `http://127.0.0.1:${port}/${name}`,
      ackDeadline: ACK_DEADLINE_SECONDS,
      deadLetterTopic: DEAD,
      maxDeliveryAttempts: MAX_ATTEMPTS,
      noBackoff: true,
    });
  }
  await pubsub.publish(TOPIC, plan);
  const dead = await pubsub.pull(DEAD, { atLeast: expected.dead.length, timeoutMs: 60_000 });
  const total = SUBSCRIPTIONS.flatMap((name) => Object.values(expected.seen[name]?.attempts ?? {}));
  for (const end = Date.now() + 30_000; recorder.total() < total.reduce((sum, count) => sum + count, 0); ) {
    if (Date.now() > end) break;
    await sleep(50);
  }
  return outcomeOf(recorder.seen, dead);
}

function outcomeOf(
  seen: (name: string) => Seen,
  dead: readonly { data: string | Uint8Array; attributes: Readonly<Record<string, string>> }[],
): Outcome {
  return {
    seen: Object.fromEntries(SUBSCRIPTIONS.map((name) => [name, seen(name)])),
    dead: dead.map((message) => `${Buffer.from(message.data)} ${shown(message.attributes)}`).sort(),
  };
}

/** The project and the time differ, and are there. */
function shown(attributes: Readonly<Record<string, string>>): string {
  return Object.entries(attributes)
    .map(([name, value]) => (/Project$|PublishTime$/.test(name) && value ? `${name}=...` : `${name}=${value}`))
    .sort()
    .join(' ');
}
