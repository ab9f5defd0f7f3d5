/** `npm run replay` on the official Pub/Sub emulator: what it shows, publishes where, and acknowledges. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createPark } from '../../functions/core/park.ts';
import type { Topics } from '../../functions/core/ports.ts';
import { type Pubsub, startPubsub } from './programs/pubsub.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const DEAD = 'falco-dead-letter';

let pubsub: Pubsub;
beforeAll(async () => {
  pubsub = await startPubsub();
  for (const topic of [DEAD, 'falco-events', 'escalations', 'notifications']) await pubsub.createTopic(topic);
});
afterAll(() => pubsub?.program.stop());

async function run(...args: string[]) {
  const child = spawn(process.execPath, ['functions/cli/replay.ts', `--subscription=${DEAD}-pull`, ...args], {
    cwd: ROOT,
    env: { PATH: process.env.PATH, PUBSUB_EMULATOR_HOST: pubsub.host, METADATA_SERVER_DETECTION: 'none' },
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { lines: stdout.trim().split('\n'), stderr, code };
}

const remove = (name: string): Promise<Response> =>
  fetch(`http://${pubsub.host}/v1/projects/${pubsub.projectId}/${name}`, { method: 'DELETE' });

/** Parked by our own code; not by our own publisher, whose deadlines a busy machine may miss. */
async function park(from: 'ingest' | 'escalate', reason: 'loki-refused' | 'escalation-invalid', uuid: string) {
  const topics: Topics = {
    async publish(_, message) {
      await pubsub.publish(DEAD, [message]);
    },
  };
  const attributes = { gke_cluster: 'payments-eu1' };
  await createPark({ topics, log: () => {}, clock: Date.now })({
    from,
    reason,
    detail: 'one sentence',
    data: `{"uuid":"${uuid}"}`,
    attributes,
    messageId: '1',
    uuid,
  });
}

/** Given up by Pub/Sub itself, on a subscription of this name. */
async function giveUp(topic: string, name: string, data: string, attributes = {}): Promise<void> {
  let pushes = 0;
  const server = createServer((_, response) => {
    pushes += 1;
    response.writeHead(503).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await pubsub.createPushSubscription({ topic, name, endpoint, deadLetterTopic: DEAD });
  await pubsub.publish(topic, [{ data, attributes }]);
  while (pushes < 5) await once(server, 'request');
  server.close();
}

test('what is parked is listed, published again by reason to where it came from, and gone once that is done', async () => {
  await park('ingest', 'loki-refused', 'u-1');
  await park('escalate', 'escalation-invalid', 'u-2');
  await giveUp('notifications', 'notifications-oncall', '{"ref":1}', {
    receiver: 'oncall',
    falco_relay_identity: 'u-3\u001b[2J',
  });
  // The original of what Pub/Sub moved lies on the topic's own subscription too.
  await pubsub.pull('notifications', { atLeast: 1 });

  let listed = await run(`--project=${pubsub.projectId}`);
  // Pub/Sub moves the third a moment after its last refusal.
  for (let round = 0; round < 5 && listed.lines.length < 7; round += 1)
    listed = await run(`--project=${pubsub.projectId}`);
  expect(listed).toMatchObject({ code: 0, stderr: '' });
  expect(listed.lines.at(-1)).toBe('3 parked; nothing was changed; --publish publishes them again');
  expect(
    listed.lines
      .slice(0, 3)
      .map((line) => line.split('\t').toSpliced(2, 1))
      .sort(),
  ).toEqual([
    ['escalation-invalid', 'to escalations', 'u-2', 'one sentence'],
    ['loki-refused', 'to falco-events', 'u-1', 'one sentence'],
    ['none', 'to notifications', 'u-3␛[2J', 'Pub/Sub gave it up after its last try'],
  ]);
  expect(await pubsub.pull('falco-events')).toEqual([]);
  // Else what is published again would be given up again.
  await remove('subscriptions/notifications-oncall');

  const one = await run(`--project=${pubsub.projectId}`, '--reason=loki-refused', '--publish');
  expect([one.code, one.lines.at(-1)]).toEqual([0, '1 parked; 1 published again; 2 of other reasons were left alone']);
  const [event] = await pubsub.pull('falco-events', { atLeast: 1 });
  expect(event).toMatchObject({ data: '{"uuid":"u-1"}' });
  expect(event?.attributes).toEqual({
    gke_cluster: 'payments-eu1',
    falco_relay_identity: 'u-1',
    falco_relay_replay: '1',
    falco_relay_run: expect.any(String),
  });

  const rest = await run(`--project=${pubsub.projectId}`, '--publish');
  expect([rest.code, rest.lines.at(-1)]).toEqual([0, '2 parked; 2 published again']);
  expect(await pubsub.pull('escalations', { atLeast: 1 })).toMatchObject([{ data: '{"uuid":"u-2"}' }]);
  const [wakeUp] = await pubsub.pull('notifications', { atLeast: 1 });
  expect(wakeUp).toMatchObject({ data: '{"ref":1}', attributes: { receiver: 'oncall' } });
  expect(Object.keys(wakeUp?.attributes ?? {}).filter((name) => name.startsWith('CloudPubSub'))).toEqual([]);

  expect((await run(`--project=${pubsub.projectId}`)).lines.at(-1)).toMatch(/^0 parked; /);
});

test('a topic that is not there: said, and the message stays parked', async () => {
  await park('ingest', 'loki-refused', 'u-9');
  await remove('topics/falco-events');
  const failed = await run(`--project=${pubsub.projectId}`, '--publish');
  expect([failed.code, failed.lines.at(-1)]).toEqual([
    1,
    '1 parked; 0 published again; 1 could not be published and stay parked',
  ]);
  expect(failed.stderr).toMatch(/^falco-events: .*NOT_FOUND/);
  expect((await run(`--project=${pubsub.projectId}`)).lines.at(-1)).toMatch(/^1 parked; /);
});

test('a subscription that is not there', async () => {
  const missing = await run('--project=acme-nowhere');
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^5 NOT_FOUND/) });
});
