/** What a deployed function has is 512 MiB: however many large messages come at once, `ingest` stays within them. */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from '../support/events.ts';
import { startPubsub } from './programs/pubsub.ts';
import { startRelay } from './programs/relay.ts';

const MEMORY_KB = 512 * 1024;
const MESSAGES = 27;
/** In base64 nine million, which leaves two of them room. */
const BYTES = 7_000_000;

/** What cost most of what was tried: each secret is replaced, and the result is longer. */
const TEXTS = ['a'.repeat(BYTES), 'password=abc12345 '.repeat(BYTES / 18), 'é'.repeat(BYTES / 2)];

function bodyOf(index: number): string {
  const fields = { 'proc.cmdline': TEXTS[index % TEXTS.length], 'k8s.pod.name': `pod-${index}` };
  const event = shellEvent({ priority: 'Notice', uuid: `large-message-${index}`, fields });
  return JSON.stringify(pushOf(eventText(event), CLUSTER_ATTRIBUTES));
}

test('twenty-seven events of seven megabytes at once are parked one after the other', async () => {
  const loki = createServer((_, response) => void response.writeHead(204).end()).listen(0, '127.0.0.1');
  await once(loki, 'listening');
  const pubsub = await startPubsub();
  await pubsub.createTopic('falco-dead-letter');
  const relay = await startRelay({
    targets: ['ingest'],
    env: {
      STORE_URL: 'memory:',
      LOKI_URL: `http://127.0.0.1:${(loki.address() as AddressInfo).port}`,
      GOOGLE_CLOUD_PROJECT: pubsub.projectId,
      PUBSUB_EMULATOR_HOST: pubsub.host,
    },
  });
  try {
    const post = async (body: string): Promise<number> => {
      const response = await fetch(relay.url('ingest'), { method: 'POST', body });
      await response.arrayBuffer();
      return response.status;
    };
    const refused: number[] = [];
    await Promise.all(
      Array.from({ length: MESSAGES }, async (_, index) => {
        const body = bodyOf(index);
        for (;;) {
          const status = await post(body);
          if (status === 204) return;
          refused.push(status);
          await sleep(300);
        }
      }),
    );
    expect(new Set(refused)).toEqual(new Set([429]));
    expect(relay.output('ingest').match(/"reason":"event-too-large"/g)).toHaveLength(MESSAGES);
    expect(await post(JSON.stringify(pushOf(eventText(shellEvent()), CLUSTER_ATTRIBUTES)))).toBe(204);

    const [, most] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${relay.pid('ingest')}/status`, 'utf8')) ?? [];
    console.log(`at most ${Math.round(Number(most) / 1024)} MiB of ${MEMORY_KB / 1024}`);
    expect(Number(most)).toBeLessThan(MEMORY_KB);
  } finally {
    await relay.stop();
    await pubsub.program.stop();
    loki.close();
  }
}, 120_000);
