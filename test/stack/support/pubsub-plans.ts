/** What a receiver of pushes does with each message, attempt by attempt, decided before: the same for a model and a real part. */

import type { Random } from './random.ts';

export interface PlannedMessage {
  data: string;
  attributes: Readonly<Record<string, string>>;
  /** By subscription: what the first attempts are answered with; later ones are acknowledged. */
  reactions: Readonly<Record<string, readonly number[]>>;
}

// 202 and 203 are left out: the emulator has them the other way round (test/stack/pubsub.stack.ts).
const ACKNOWLEDGING = [200, 201, 204];
// A reset connection is left out: the emulator sends that push once more by itself, and counts one attempt (tried). So is
// a missing answer: it waits for one far beyond the acknowledgement deadline (tried).
const REFUSING = [301, 400, 404, 429, 500, 503];

export interface PlanOptions {
  random: Random;
  messages: number;
  subscriptions: readonly string[];
  /** A message that is refused so often is given up. */
  maxAttempts: number;
}

export function planMessages({ random, messages, subscriptions, maxAttempts }: PlanOptions): PlannedMessage[] {
  const oneOf = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;

  function reactions(): number[] {
    // Most are taken at once, some are refused to the end, and some just before it.
    const refusals = oneOf([0, 0, 0, 1, 2, maxAttempts - 1, maxAttempts, maxAttempts + 1]);
    const refused = Array.from({ length: refusals }, () => oneOf(REFUSING));
    return [...refused, oneOf(ACKNOWLEDGING)];
  }

  return Array.from({ length: messages }, (_, index) => ({
    data: `message-${index}`,
    attributes: { index: String(index), gke_cluster: oneOf(['payments-eu1', 'ledger-eu1']) },
    reactions: Object.fromEntries(subscriptions.map((name) => [name, reactions()])),
  }));
}

/** What was seen of the messages of one subscription. */
export interface Seen {
  /** Attempts by message. */
  attempts: Readonly<Record<string, number>>;
  /** Messages that were not the same at each attempt. */
  changed: readonly string[];
}

export interface Recorder {
  /** Gives the status that answers this attempt. */
  react(subscription: string, message: { data: string; attributes: object; messageId: string }): number;
  seen(subscription: string): Seen;
  /** Attempts of all subscriptions. */
  total(): number;
}

export function createRecorder(plan: readonly PlannedMessage[]): Recorder {
  const planned = new Map(plan.map((message) => [message.data, message]));
  const attempts = new Map<string, Map<string, { count: number; first: string }>>();
  const changed = new Map<string, Set<string>>();
  let total = 0;
  return {
    react(subscription, { data: encoded, attributes, messageId }) {
      const data = Buffer.from(encoded, 'base64').toString();
      const known = attempts.get(subscription) ?? new Map<string, { count: number; first: string }>();
      attempts.set(subscription, known);
      const text = JSON.stringify([messageId, Object.entries(attributes).sort()]);
      const message = known.get(data) ?? { count: 0, first: text };
      known.set(data, message);
      message.count += 1;
      total += 1;
      if (message.first !== text) changed.set(subscription, (changed.get(subscription) ?? new Set()).add(data));
      return planned.get(data)?.reactions[subscription]?.[message.count - 1] ?? 204;
    },
    seen: (subscription) => ({
      attempts: Object.fromEntries(
        [...(attempts.get(subscription) ?? [])]
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .map(([data, { count }]) => [data, count]),
      ),
      changed: [...(changed.get(subscription) ?? [])],
    }),
    total: () => total,
  };
}
