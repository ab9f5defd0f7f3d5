/** The official Pub/Sub emulator, with what the tests ask of its REST API. */

import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort, type Program, startProgram } from './program.ts';

export interface PushSubscription {
  topic: string;
  /** Default: the topic's name followed by `-push`. */
  name?: string;
  endpoint: string;
  /** Seconds, 10 to 600; default 10. */
  ackDeadline?: number;
  /** A message goes there after so many attempts, 5 to 100; default 5. */
  deadLetterTopic?: string;
  maxDeliveryAttempts?: number;
  /** Seconds between attempts; default 0.1 and 1. */
  minBackoff?: number;
  maxBackoff?: number;
  /** No retry policy. With one, this emulator now and then never redelivers some of many messages refused at once (tried). */
  noBackoff?: boolean;
  /** Accepted and not applied by this emulator. */
  filter?: string;
}

export interface PublishedMessage {
  data: string | Uint8Array;
  attributes?: Readonly<Record<string, string>>;
}

export interface PulledMessage {
  data: string;
  attributes: Readonly<Record<string, string>>;
  messageId: string;
}

export interface Pubsub {
  /** For PUBSUB_EMULATOR_HOST. */
  readonly host: string;
  readonly projectId: string;
  readonly program: Program;
  /** Also creates `{topic}-pull`, so that nothing published is lost to `pull`. */
  createTopic(topic: string): Promise<void>;
  createPushSubscription(subscription: PushSubscription): Promise<void>;
  /** Gives the message ids, in order. */
  publish(topic: string, messages: readonly PublishedMessage[]): Promise<string[]>;
  /** Acknowledges and gives what `{topic}-pull` holds: waits for `atLeast` messages, then takes what else is there. */
  pull(topic: string, options?: { atLeast?: number; timeoutMs?: number }): Promise<PulledMessage[]>;
}

/** Starts it on a free port. Throws if the emulator is not installed with the gcloud command-line tool. */
export async function startPubsub(): Promise<Pubsub> {
  const projectId = 'falco-relay-test';
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  const program = await startProgram({
    command: 'java',
    args: ['-Xmx512m', '-jar', await emulatorJar(), '--host=127.0.0.1', `--port=${port}`],
    ready: async () => (await fetch(`http://${host}/`)).ok,
  });

  async function call<T>(method: string, path: string, body: unknown): Promise<T> {
    const response = await fetch(`http://${host}/v1/projects/${projectId}/${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`Pub/Sub: ${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }
  const topicName = (topic: string): string => `projects/${projectId}/topics/${topic}`;

  async function pullOnce(subscription: string, immediately: boolean, signal: AbortSignal): Promise<PulledMessage[]> {
    const path = `subscriptions/${subscription}`;
    const response = await fetch(`http://${host}/v1/projects/${projectId}/${path}:pull`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ maxMessages: 1_000, returnImmediately: immediately }),
      signal,
    });
    if (!response.ok) throw new Error(`Pub/Sub: pull ${path}: ${response.status} ${await response.text()}`);
    const { receivedMessages = [] } = (await response.json()) as { receivedMessages?: Received[] };
    if (receivedMessages.length > 0) {
      await call('POST', `${path}:acknowledge`, { ackIds: receivedMessages.map(({ ackId }) => ackId) });
    }
    return receivedMessages.map(({ message: { data = '', attributes = {}, messageId } }) => ({
      data: Buffer.from(data, 'base64').toString(),
      attributes,
      messageId,
    }));
  }

  return {
    host,
    projectId,
    program,
    async createTopic(topic) {
      await call('PUT', `topics/${topic}`, {});
      await call('PUT', `subscriptions/${topic}-pull`, { topic: topicName(topic), ackDeadlineSeconds: 60 });
    },
    async createPushSubscription({ topic, name = `${topic}-push`, ...options }) {
      await call('PUT', `subscriptions/${name}`, {
        topic: topicName(topic),
        pushConfig: { pushEndpoint: options.endpoint },
        ackDeadlineSeconds: options.ackDeadline ?? 10,
        ...(options.noBackoff
          ? {}
          : {
              retryPolicy: {
                minimumBackoff: `${options.minBackoff ?? 0.1}s`,
                maximumBackoff: `${options.maxBackoff ?? 1}s`,
              },
            }),
        ...(options.filter === undefined ? {} : { filter: options.filter }),
        ...(options.deadLetterTopic === undefined
          ? {}
          : {
              deadLetterPolicy: {
                deadLetterTopic: topicName(options.deadLetterTopic),
                maxDeliveryAttempts: options.maxDeliveryAttempts ?? 5,
              },
            }),
      });
    },
    async publish(topic, messages) {
      const { messageIds } = await call<{ messageIds: string[] }>('POST', `topics/${topic}:publish`, {
        messages: messages.map(({ data, attributes }) => ({
          data: Buffer.from(data).toString('base64'),
          attributes: attributes ?? {},
        })),
      });
      return messageIds;
    },
    async pull(topic, { atLeast = 0, timeoutMs = 30_000 } = {}) {
      const signal = AbortSignal.timeout(timeoutMs);
      const pulled: PulledMessage[] = [];
      for (;;) {
        const immediately = pulled.length >= atLeast;
        const more = await pullOnce(`${topic}-pull`, immediately, signal).catch((error: unknown) => {
          if (!signal.aborted) throw error;
          throw new Error(`Pub/Sub: ${topic} had ${pulled.length} messages after ${timeoutMs} ms, not ${atLeast}`);
        });
        if (more.length === 0 && immediately) return pulled;
        pulled.push(...more);
      }
    },
  };
}

interface Received {
  ackId: string;
  message: { data?: string; attributes?: Record<string, string>; messageId: string };
}

/** The jar itself rather than its wrapper script, so that one process id is the whole program. */
async function emulatorJar(): Promise<string> {
  const folder = join(await gcloudRoot(), 'platform', 'pubsub-emulator', 'lib');
  const jar = (await readdir(folder)).find((name) => /^cloud-pubsub-emulator-.*\.jar$/.test(name));
  if (!jar) throw new Error(`no Pub/Sub emulator in ${folder}: gcloud components install pubsub-emulator`);
  return join(folder, jar);
}

/** Where the gcloud command-line tool and its emulators are installed; CLOUDSDK_ROOT saves asking it. */
export async function gcloudRoot(): Promise<string> {
  if (process.env.CLOUDSDK_ROOT) return process.env.CLOUDSDK_ROOT;
  const { stdout } = await promisify(execFile)('gcloud', ['info', '--format=value(installation.sdk_root)']);
  return stdout.trim();
}
