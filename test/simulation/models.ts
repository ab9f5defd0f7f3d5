/** What the simulation needs of the models of real parts; test/stack/models-*.stack.ts hold them against the real ones. */

import type { LokiClient } from '../../functions/adapters/loki/client.ts';
import type { After, Clock, OutgoingMessage } from '../../functions/core/ports.ts';

// --- Loki --------------------------------------------------------------------------------------------------

/** One entry as a query would give it. A second raw copy is a second one of these. */
export interface StoredEntry {
  /** The stream's labels as they were pushed, `{name="value", ...}`. */
  stream: string;
  timestampNs: string;
  line: string;
  metadata: Readonly<Record<string, string>>;
}

export interface LokiLimits {
  rejectOldMs?: number;
  aheadMs?: number;
  behindMs?: number;
  lineBytes?: number;
}

/** Answers at once and the same for the same requests: delays, lost answers and outages are put around it. */
export interface LokiModel extends LokiClient {
  /** Everything that was ever stored, in the order of arrival. */
  entries(): readonly StoredEntry[];
  /** What happens by time alone: blocks are cut, and what they held is invisible until it is flushed. */
  advance(nowMs: number): void;
  /**
   * Asked before each push; the answer, if there is one, is given after `stored` of the push's entries (from the first)
   * were kept: 0 for a refusal, some for partial acceptance.
   */
  fault?: (() => { status: number; body: string; stored: number } | undefined) | undefined;
}

// --- Pub/Sub -----------------------------------------------------------------------------------------------

/** https://cloud.google.com/pubsub/docs/push#receive_push */
export interface PushBody {
  message: { data: string; attributes: Readonly<Record<string, string>>; messageId: string; publishTime: string };
  subscription: string;
  deliveryAttempt: number;
}

export interface SubscriptionOptions {
  name: string;
  topic: string;
  /** Only what it returns true for; everything unless told. */
  filter?(attributes: Readonly<Record<string, string>>): boolean;
  minBackoffMs: number;
  maxBackoffMs: number;
  ackDeadlineMs: number;
  /** Then the message goes to `deadLetterTopic` with Pub/Sub's own attributes. */
  maxAttempts: number;
  deadLetterTopic: string;
  retentionMs: number;
  /** Pushes under way at once. */
  concurrency: number;
  /** Gives the status; rejects or never settles when there is no answer. */
  push(body: PushBody): Promise<number>;
}

export interface PubSubOptions {
  clock: Clock;
  after: After;
  /** From 0 to 1. */
  random(): number;
  subscriptions: readonly SubscriptionOptions[];
  /** The chance that a message is delivered once more: beside the first delivery, or after it was acknowledged. */
  duplicates?: number | undefined;
  /** Up to so much later than possible, so that order is not kept. */
  jitterMs?: number | undefined;
}

export interface PubSubModel {
  /** Takes the message; gives its id. */
  publish(topic: string, message: OutgoingMessage): string;
  /** What a topic without a subscription here took, the dead-letter topic above all. */
  taken(topic: string): readonly (OutgoingMessage & { messageId: string })[];
  /** Messages that are not acknowledged yet, of one subscription or of all. */
  unacknowledged(subscription?: string): number;
  /** Changes the chance of duplicates: 0 once the faults stop. */
  setDuplicates(chance: number): void;
  readonly counts: Readonly<
    Record<'published' | 'delivered' | 'acknowledged' | 'nacked' | 'expired' | 'deadLettered', number>
  >;
}
