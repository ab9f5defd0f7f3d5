/**
 * Pub/Sub in this process: each published message is POSTed to its function as a real push body, and again, more and
 * more slowly, until it is acknowledged. What is never acknowledged ends in a bounded list of dead letters.
 */

import type { After, Clock, OutgoingMessage, Topic, Topics } from '../core/ports.ts';

/** Which path a topic's subscription pushes to; the dead-letter topic has no subscriber. */
const PATHS = { escalations: '/escalate', notifications: '/notify', retry: '/ingest' } as const;
type PushedTopic = keyof typeof PATHS;

/** https://cloud.google.com/pubsub/docs/push#receive_push: these answers acknowledge, every other one does not. */
const ACKNOWLEDGED: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);

const BACKOFF_MIN_MS = 500;
const BACKOFF_MAX_MS = 30_000;
/** The retry topic is there for outages: it tries far longer than the others. */
const MAX_ATTEMPTS: Readonly<Record<PushedTopic, number>> = { escalations: 20, notifications: 20, retry: 2_000 };
/** Pushes under way at once, per subscription. */
const CONCURRENCY = 8;
/** Subscriptions beyond these share one: receivers come from configuration, but memory must not depend on that. */
const MAX_QUEUES = 100;
const MAX_DEAD_LETTERS = 500;
const MAX_WAITING_BYTES = 64 * 1024 * 1024;

/** A message that was given up, or was published to the dead-letter topic. */
export interface DeadLetter {
  at: number;
  topic: Topic;
  messageId: string;
  attempts: number;
  attributes: Readonly<Record<string, string>>;
  data: string;
}

export interface LocalTopicsOptions {
  /** Posts a JSON body to a path of our own server; gives the status. An error counts as no answer. */
  post(path: string, body: string, signal: AbortSignal): Promise<number>;
  clock: Clock;
  after: After;
  maxWaitingBytes?: number;
}

export interface LocalTopics extends Topics {
  /** The newest `MAX_DEAD_LETTERS`, oldest first. */
  deadLetters(): readonly DeadLetter[];
  /** Dead letters since the start, those no longer listed included. */
  readonly deadLettered: number;
  /** Messages not yet acknowledged, by topic. */
  waiting(topic: PushedTopic): number;
  /** Delivers now what waits for its backoff: for a person who has just mended what was broken. */
  hurry(topic: PushedTopic): void;
  /** Takes no more messages; resolves when what can be delivered at once was, or after `ms`. */
  close(ms: number): Promise<void>;
}

interface Message {
  topic: PushedTopic;
  queue: Queue;
  messageId: string;
  body: (attempt: number) => string;
  attributes: Readonly<Record<string, string>>;
  data: string;
  bytes: number;
  attempts: number;
}

interface Queue {
  ready: Message[];
  active: number;
  /** Waiting for their backoff, with what cancels the wait. */
  delayed: Map<Message, () => void>;
}

/** An in-process `Topics`. Throws in `publish` when more than `maxWaitingBytes` wait, as Pub/Sub's quota would. */
export function createLocalTopics(options: LocalTopicsOptions): LocalTopics {
  const queues = new Map<string, Queue>();
  const dead: DeadLetter[] = [];
  const abort = new AbortController();
  const limit = options.maxWaitingBytes ?? MAX_WAITING_BYTES;
  let deadLettered = 0;
  let bytes = 0;
  let lastId = 0;
  let closed = false;
  let quiet = (): void => {};

  const busy = (): boolean => [...queues.values()].some(({ ready, active }) => ready.length + active > 0);

  function queueOf(topic: PushedTopic, receiver: string | undefined): Queue {
    const named = topic === 'notifications' ? `${topic}/${receiver ?? ''}` : topic;
    const key = queues.has(named) || queues.size < MAX_QUEUES ? named : `${topic}/others`;
    const queue = queues.get(key) ?? { ready: [], active: 0, delayed: new Map() };
    queues.set(key, queue);
    return queue;
  }

  function bury(letter: DeadLetter): void {
    deadLettered += 1;
    dead.push(letter);
    if (dead.length > MAX_DEAD_LETTERS) dead.shift();
  }

  function pump(queue: Queue): void {
    while (queue.active < CONCURRENCY && !abort.signal.aborted) {
      const message = queue.ready.shift();
      if (!message) return;
      queue.active += 1;
      void deliver(message).finally(() => {
        queue.active -= 1;
        pump(queue);
        if (!busy()) quiet();
      });
    }
  }

  async function deliver(message: Message): Promise<void> {
    message.attempts += 1;
    const path = PATHS[message.topic];
    const status = await options.post(path, message.body(message.attempts), abort.signal).catch(() => 0);
    if (ACKNOWLEDGED.has(status)) {
      bytes -= message.bytes;
      return;
    }
    if (message.attempts >= MAX_ATTEMPTS[message.topic]) {
      bytes -= message.bytes;
      const { topic, messageId, attempts, attributes, data } = message;
      bury({ at: options.clock(), topic, messageId, attempts, attributes, data });
      return;
    }
    delay(message, backoffMs(message.attempts));
  }

  function delay(message: Message, ms: number): void {
    const { queue } = message;
    const release = (): void => {
      queue.delayed.delete(message);
      queue.ready.push(message);
      pump(queue);
    };
    queue.delayed.set(message, options.after(ms, release));
  }

  function queuesOf(topic: PushedTopic): Queue[] {
    return [...queues].filter(([key]) => key === topic || key.startsWith(`${topic}/`)).map(([, queue]) => queue);
  }

  return {
    async publish(topic, { data, attributes }) {
      if (closed) throw new Error(`${topic}: shutting down`);
      const text = Buffer.from(data).toString('base64');
      lastId += 1;
      const messageId = `local-${lastId}`;
      if (topic === 'dead-letter') {
        bury({ at: options.clock(), topic, messageId, attempts: 0, attributes, data: text });
        return;
      }
      if (bytes + text.length > limit) throw new Error(`${topic}: over ${limit} bytes wait to be delivered`);
      bytes += text.length;
      const queue = queueOf(topic, attributes.receiver);
      const publishTime = new Date(options.clock()).toISOString();
      const body = (deliveryAttempt: number): string =>
        pushBody({ topic, data: text, attributes, messageId, publishTime, deliveryAttempt });
      const message = { topic, queue, messageId, body, attributes, data: text, bytes: text.length, attempts: 0 };
      // A retry that were delivered at once would meet the outage that it was published for.
      if (topic === 'retry') delay(message, BACKOFF_MIN_MS);
      else queue.ready.push(message);
      pump(queue);
    },
    deadLetters: () => dead,
    get deadLettered() {
      return deadLettered;
    },
    waiting(topic) {
      return queuesOf(topic).reduce((sum, { ready, active, delayed }) => sum + ready.length + active + delayed.size, 0);
    },
    hurry(topic) {
      for (const queue of queuesOf(topic)) {
        for (const [message, cancel] of queue.delayed) {
          cancel();
          queue.ready.push(message);
        }
        queue.delayed.clear();
        pump(queue);
      }
    },
    async close(ms) {
      closed = true;
      if (busy()) {
        await new Promise<void>((resolve) => {
          quiet = resolve;
          options.after(ms, resolve);
        });
      }
      abort.abort(new Error('shutting down'));
      for (const { delayed } of queues.values()) for (const cancel of delayed.values()) cancel();
    },
  };
}

/** How long a message waits after its n-th refused attempt, in milliseconds. */
export function backoffMs(attempts: number): number {
  return Math.min(BACKOFF_MIN_MS * 2 ** (attempts - 1), BACKOFF_MAX_MS);
}

interface Push extends Pick<OutgoingMessage, 'attributes'> {
  topic: Topic;
  data: string;
  messageId: string;
  publishTime: string;
  deliveryAttempt: number;
}

/** https://cloud.google.com/pubsub/docs/push#receive_push */
function pushBody({ topic, data, attributes, messageId, publishTime, deliveryAttempt }: Push): string {
  const subscription = `projects/local/subscriptions/falco-${topic}`;
  return JSON.stringify({ message: { data, attributes, messageId, publishTime }, subscription, deliveryAttempt });
}
