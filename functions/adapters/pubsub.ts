/** Publishes to Pub/Sub: messages that wait together for a topic share one request, and a dead endpoint fails in time. */

import { createLane, type Lane } from '../core/lane.ts';
import { failed, type Outcome, ok } from '../core/outcome.ts';
import type { After, OutgoingMessage, Topic, Topics } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';

/** https://cloud.google.com/pubsub/quotas#resource_limits: bytes of data, keys and values, in a message and in a request. */
export const MAX_MESSAGE_BYTES = 10_000_000;

/** Below the client's own limits (1,000 and 9 MiB), so that a group is one request. */
const MAX_GROUP_MESSAGES = 500;
const MAX_GROUP_BYTES = 8_000_000;

/** A publish that fails is given up after this long, so that the message at hand is nacked within its deadline. */
const TOTAL_TIMEOUT_MS = 8_000;
const GROUP_DEADLINE_MS = 10_000;

const INVALID_ARGUMENT = 3;

/** The client lists every attempt in its message. */
const MAX_DETAIL = 500;

/** gRPC codes worth another try within the total timeout: https://cloud.google.com/pubsub/docs/retry-requests */
const RETRIED_CODES = {
  ABORTED: 10,
  CANCELLED: 1,
  DEADLINE_EXCEEDED: 4,
  INTERNAL: 13,
  RESOURCE_EXHAUSTED: 8,
  UNAVAILABLE: 14,
  UNKNOWN: 2,
};

/** Without all of it the client waits for ever on an endpoint that does not answer. */
export const PUBLISH_OPTIONS = {
  batching: { maxMessages: 1_000, maxBytes: 9 * 1024 * 1024, maxMilliseconds: 1_000 },
  gaxOpts: {
    retry: {
      retryCodes: Object.values(RETRIED_CODES),
      backoffSettings: {
        initialRetryDelayMillis: 100,
        retryDelayMultiplier: 2,
        maxRetryDelayMillis: 2_000,
        initialRpcTimeoutMillis: 5_000,
        rpcTimeoutMultiplier: 1,
        maxRpcTimeoutMillis: 5_000,
        totalTimeoutMillis: TOTAL_TIMEOUT_MS,
      },
    },
  },
};

/** What is used of `@google-cloud/pubsub`'s client. */
export interface PubsubClient {
  topic(name: string, options: typeof PUBLISH_OPTIONS): PubsubTopic;
  close(): Promise<void>;
}

export interface PubsubTopic {
  publishMessage(message: { data: Buffer; attributes: Record<string, string> }): Promise<unknown>;
  flush(): Promise<void>;
}

export class PublishError extends Error {
  override readonly name = 'PublishError';
  readonly reason: ReasonCode;
  constructor(reason: ReasonCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

export interface PubsubOptions {
  projectId: string;
  /** Each topic's short name, or its full one where it lies in another project. */
  topics: Readonly<Record<Topic, string>>;
  after: After;
  /** Default: the real client, loaded at the first publish. It honours PUBSUB_EMULATOR_HOST. */
  connect?(): Promise<PubsubClient>;
}

export interface PubsubTopics extends Topics {
  /** Publish requests so far, for the count of requests per event. */
  readonly publishes: number;
  close(): Promise<void>;
}

/**
 * Topics on Pub/Sub. `publish` throws a PublishError: `message-too-large` for what Pub/Sub never takes, otherwise
 * `pubsub-unavailable`, after `GROUP_DEADLINE_MS` at the latest, which also covers what Pub/Sub refuses for another reason.
 */
export function createTopics(options: PubsubOptions): PubsubTopics {
  const connect = options.connect ?? (() => connectToPubsub(options.projectId));
  let client: Promise<PubsubClient> | undefined;
  const publishers = new Map<Topic, PubsubTopic>();
  const lanes = new Map<Topic, Lane<OutgoingMessage, void>>();
  let publishes = 0;

  async function publisherOf(topic: Topic): Promise<PubsubTopic> {
    const known = publishers.get(topic);
    if (known) return known;
    client ??= connect();
    // A client that could not be loaded or made is tried again with the next group.
    client.catch(() => {
      client = undefined;
    });
    const publisher = (await client).topic(options.topics[topic], PUBLISH_OPTIONS);
    publishers.set(topic, publisher);
    return publisher;
  }

  async function publishGroup(topic: Topic, messages: readonly OutgoingMessage[]): Promise<Outcome<void>[]> {
    const publisher = await publisherOf(topic);
    publishes += 1;
    const sent = messages.map(({ data, attributes }) =>
      publisher.publishMessage({ data: Buffer.from(data), attributes: { ...attributes } }),
    );
    // The messages' own promises say what happened; this one rejects as well and must not go unhandled.
    publisher.flush().catch(() => {});
    const settled = await Promise.allSettled(sent);
    // A failed flush leaves a listener behind in the client's publisher, so the next group gets a fresh one.
    if (settled.some(({ status }) => status === 'rejected')) publishers.delete(topic);
    return settled.map((result) => (result.status === 'fulfilled' ? ok(undefined) : failed(result.reason)));
  }

  async function flush(topic: Topic, messages: readonly OutgoingMessage[]): Promise<Outcome<void>[]> {
    const outcomes = await publishGroup(topic, messages);
    const refused = outcomes.every((outcome) => !outcome.ok && codeOf(outcome.error) === INVALID_ARGUMENT);
    if (!refused || messages.length === 1) return outcomes;
    // Pub/Sub takes a request whole or not at all and does not say which message was wrong: halves find it.
    const middle = messages.length >> 1;
    return [...(await flush(topic, messages.slice(0, middle))), ...(await flush(topic, messages.slice(middle)))];
  }

  function laneOf(topic: Topic): Lane<OutgoingMessage, void> {
    let lane = lanes.get(topic);
    if (!lane) {
      lane = createLane<OutgoingMessage, void>({
        name: `publish to ${topic}`,
        flush: (messages) => flush(topic, messages),
        maxItems: MAX_GROUP_MESSAGES,
        maxBytes: MAX_GROUP_BYTES,
        sizeOf,
        deadlineMs: GROUP_DEADLINE_MS,
        after: options.after,
      });
      lanes.set(topic, lane);
    }
    return lane;
  }

  return {
    async publish(topic, message) {
      const bytes = sizeOf(message);
      if (bytes > MAX_MESSAGE_BYTES) {
        throw new PublishError('message-too-large', `${topic}: ${bytes} bytes, Pub/Sub takes ${MAX_MESSAGE_BYTES}`);
      }
      try {
        await laneOf(topic).submit(message);
      } catch (cause) {
        // The client's own words name topic and code, and hold nothing of the message.
        const detail = (cause instanceof Error ? cause.message : String(cause)).slice(0, MAX_DETAIL);
        throw new PublishError('pubsub-unavailable', `${topic}: ${detail}`, { cause });
      }
    },
    get publishes() {
      return publishes;
    },
    async close() {
      const open = client;
      client = undefined;
      publishers.clear();
      await (await open)?.close();
    },
  };
}

function codeOf(error: Error): unknown {
  return 'code' in error ? error.code : undefined;
}

function sizeOf({ data, attributes }: OutgoingMessage): number {
  let bytes = Buffer.byteLength(data);
  for (const [key, value] of Object.entries(attributes)) bytes += Buffer.byteLength(key) + Buffer.byteLength(value);
  return bytes;
}

/** Loading the client takes a quarter of a second, so an instance that publishes nothing never does. */
async function connectToPubsub(projectId: string): Promise<PubsubClient> {
  const { PubSub } = await import('@google-cloud/pubsub');
  const client = new PubSub({ projectId });
  // Where credentials are missing, the client's publisher rejects once more than anybody can handle, which ends the process.
  if (!client.isEmulator) await client.auth.getClient();
  return client;
}
