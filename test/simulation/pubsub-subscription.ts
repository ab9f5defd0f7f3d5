/**
 * One push subscription: attempts, backoff and dead letters, as
 * https://cloud.google.com/pubsub/docs/push and https://cloud.google.com/pubsub/docs/handling-failures describe them.
 */

import type { After, Clock } from '../../functions/core/ports.ts';
import type { PushBody, SubscriptionOptions } from './models.ts';

export interface Published {
  data: string;
  attributes: Readonly<Record<string, string>>;
  messageId: string;
  publishedMs: number;
}

export interface SubscriptionCounts {
  delivered: number;
  acknowledged: number;
  nacked: number;
  /** No answer within the acknowledgement deadline. */
  expired: number;
  deadLettered: number;
  /** Older than the retention, and never acknowledged. */
  forgotten: number;
}

export interface Subscription {
  add(message: Published): void;
  readonly unacknowledged: number;
}

export interface SubscriptionParts {
  clock: Clock;
  after: After;
  random(): number;
  counts: SubscriptionCounts;
  /** The chance of one more delivery, as it is now. */
  duplicates(): number;
  jitterMs: number;
  /** Of a message that failed too often, with Pub/Sub's own attributes. */
  bury(message: Published): void;
}

/** https://cloud.google.com/pubsub/docs/push#receive_push */
const ACKNOWLEDGING: ReadonlySet<number> = new Set([102, 200, 201, 202, 204]);
/** https://cloud.google.com/pubsub/docs/push#push_backoff: the whole subscription waits, whatever its retry policy. */
const PUSH_BACKOFF_MIN_MS = 100;
const PUSH_BACKOFF_MAX_MS = 60_000;
/** How much later a message comes once more. */
const DUPLICATE_LATER_MS = 60_000;

/** As the simulation names it in every push. */
export const PROJECT = 'simulated';

interface Waiting {
  message: Published;
  attempts: number;
  /** A copy that Pub/Sub delivers though it need not; what is answered to it changes nothing. */
  extra: boolean;
}

type Answered = 'acknowledged' | 'nacked' | 'expired';

export function createSubscription(options: SubscriptionOptions, parts: SubscriptionParts): Subscription {
  const { clock, after, random, counts } = parts;
  const ready: Waiting[] = [];
  let unacknowledged = 0;
  let underWay = 0;
  /** Of failures one after the other; each lengthens the wait of the whole subscription. */
  let failures = 0;
  let heldSinceMs = -Infinity;
  let heldUntilMs = -Infinity;
  let waking = false;

  function enqueue(waiting: Waiting, delayMs: number): void {
    after(delayMs + random() * parts.jitterMs, () => {
      ready.push(waiting);
      pump();
    });
  }

  function pump(): void {
    while (ready.length > 0 && underWay < options.concurrency) {
      const heldMs = heldUntilMs - clock();
      if (heldMs > 0) {
        wakeIn(heldMs);
        return;
      }
      const next = ready.shift();
      if (next) void deliver(next);
    }
  }

  function wakeIn(ms: number): void {
    if (waking) return;
    waking = true;
    after(ms, () => {
      waking = false;
      pump();
    });
  }

  function again(waiting: Waiting): void {
    if (waiting.extra || random() >= parts.duplicates()) return;
    enqueue({ ...waiting, extra: true }, random() * DUPLICATE_LATER_MS);
  }

  async function deliver(waiting: Waiting): Promise<void> {
    const { message } = waiting;
    if (clock() - message.publishedMs > options.retentionMs) {
      if (!waiting.extra) {
        unacknowledged -= 1;
        counts.forgotten += 1;
      }
      return;
    }
    waiting.attempts += 1;
    underWay += 1;
    counts.delivered += 1;
    const sentMs = clock();
    again(waiting);
    const answered = await answerTo(options, after, bodyOf(options.name, waiting));
    underWay -= 1;
    counts[answered] += 1;
    if (answered === 'acknowledged') failures = 0;
    else holdBack(sentMs);
    if (!waiting.extra) settle(waiting, answered);
    pump();
  }

  function settle(waiting: Waiting, answered: Answered): void {
    const { message, attempts } = waiting;
    if (answered === 'acknowledged') {
      unacknowledged -= 1;
      again(waiting);
    } else if (attempts >= options.maxAttempts) {
      unacknowledged -= 1;
      counts.deadLettered += 1;
      parts.bury(deadLetter(options.name, message, attempts));
    } else {
      enqueue(waiting, Math.min(options.minBackoffMs * 2 ** (attempts - 1), options.maxBackoffMs));
    }
  }

  /** Pushes that were under way together are one failure. */
  function holdBack(sentMs: number): void {
    if (sentMs < heldSinceMs) return;
    failures += 1;
    heldSinceMs = clock();
    heldUntilMs = heldSinceMs + Math.min(PUSH_BACKOFF_MIN_MS * 2 ** (failures - 1), PUSH_BACKOFF_MAX_MS);
  }

  return {
    add(message) {
      if (options.filter && !options.filter(message.attributes)) return;
      unacknowledged += 1;
      enqueue({ message, attempts: 0, extra: false }, 0);
    },
    get unacknowledged() {
      return unacknowledged;
    },
  };
}

/** Resolves at the acknowledgement deadline at the latest; what is answered after it is not heard. */
function answerTo(options: SubscriptionOptions, after: After, body: PushBody): Promise<Answered> {
  return new Promise((resolve) => {
    const cancel = after(options.ackDeadlineMs, () => resolve('expired'));
    options.push(body).then(
      (status) => {
        cancel();
        resolve(ACKNOWLEDGING.has(status) ? 'acknowledged' : 'nacked');
      },
      () => {
        cancel();
        resolve('nacked');
      },
    );
  });
}

function bodyOf(name: string, { message, attempts }: Waiting): PushBody {
  const { data, attributes, messageId, publishedMs } = message;
  return {
    message: { data, attributes, messageId, publishTime: new Date(publishedMs).toISOString() },
    subscription: `projects/${PROJECT}/subscriptions/${name}`,
    deliveryAttempt: attempts,
  };
}

/** https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic */
function deadLetter(name: string, message: Published, attempts: number): Published {
  return {
    ...message,
    attributes: {
      ...message.attributes,
      CloudPubSubDeadLetterSourceDeliveryCount: String(attempts),
      CloudPubSubDeadLetterSourceSubscription: name,
      CloudPubSubDeadLetterSourceSubscriptionProject: PROJECT,
      CloudPubSubDeadLetterSourceTopicPublishTime: new Date(message.publishedMs).toISOString(),
    },
  };
}
