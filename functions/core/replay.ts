/** Parked messages, published again to where they came from, and acknowledged only then (protocol: a13, a14). */

import { carried, DETAIL, FROM, IDENTITY, REASON, REPLAY, RUN } from './event/attributes.ts';
import type { Outcome } from './outcome.ts';

export interface ParkedMessage {
  ackId: string;
  messageId: string;
  data: Uint8Array;
  attributes: Readonly<Record<string, string>>;
}

/** The subscription on the dead-letter topic, and the topics that messages go back to. */
export interface ParkedMessages {
  /** Up to `max`, which are nobody else's for ten minutes; none where nothing is left. */
  pull(max: number): Promise<ParkedMessage[]>;
  /** An outcome for each, in order. */
  publish(topic: Origin, messages: readonly Replay[]): Promise<Outcome<void>[]>;
  acknowledge(ackIds: readonly string[]): Promise<void>;
  /** They come again, to whoever asks next. */
  release(ackIds: readonly string[]): Promise<void>;
}

export type Origin = 'falco-events' | 'escalations' | 'notifications';

export interface Replay {
  data: Uint8Array;
  attributes: Record<string, string>;
}

/** What a parked message is, as people see it. The names in it may be a publisher's. */
export interface Seen {
  messageId: string;
  reason: string;
  detail: string;
  identity: string;
  /** Nowhere: `why` says it. */
  topic: Origin | undefined;
  why: string;
}

export interface ReplayOptions {
  /** Reasons that are wanted; empty: all. */
  reasons: readonly string[];
  /** So many messages at most, of those that are wanted. */
  limit: number;
  publish: boolean;
  /** Nobody can guess it: it marks what this run has published, which may be parked again before it ends. */
  run: string;
  say: (seen: Seen) => void;
}

export interface Counts {
  wanted: number;
  published: number;
  /** Not published, for a reason that `problems` has: they stay parked. */
  failed: number;
  /** Published, and parked still: they would be published again, which counts nothing twice. */
  unacknowledged: number;
  /** Of those wanted: what has no way back. */
  stuck: number;
  /** Of other reasons. */
  others: number;
  problems: string[];
}

/** Of a message that Pub/Sub itself moved here after its last try. */
export const NO_REASON = 'none';

/** What one request holds, since a message may have 10 MB. */
const AT_ONCE = 50;

const SUBSCRIPTION = 'CloudPubSubDeadLetterSourceSubscription';

/** By the entry point that parked it: what came by falco-retry begins anew as well. */
const OF_ENTRY_POINT: Readonly<Record<string, Origin>> = {
  ingest: 'falco-events',
  escalate: 'escalations',
  notify: 'notifications',
};

function ofSubscription(name: string): Origin | undefined {
  if (name === 'falco-events' || name === 'falco-retry') return 'falco-events';
  if (name === 'escalations') return 'escalations';
  return name === 'notifications' || name.startsWith('notifications-') ? 'notifications' : undefined;
}

/**
 * Where it came from. We set one of the two attributes, and whoever published the message may have set the other: where they
 * contradict each other, nobody may choose a topic by it.
 */
export function originOf(attributes: Readonly<Record<string, string>>): { topic: Origin | undefined; why: string } {
  const { [FROM]: from, [SUBSCRIPTION]: subscription } = attributes;
  const none = (why: string) => ({ topic: undefined, why });
  if (from === 'sweep') return none('a summary, which no topic takes');
  if (from === undefined && subscription === undefined) return none('nothing says where it came from');
  const told = [
    ...(from === undefined ? [] : [Object.hasOwn(OF_ENTRY_POINT, from) ? OF_ENTRY_POINT[from] : undefined]),
    ...(subscription === undefined ? [] : [ofSubscription(subscription)]),
  ];
  const [topic] = told;
  if (told.some((each) => each === undefined)) return none('it names no part of the relay');
  return told.every((each) => each === topic) ? { topic, why: '' } : none('it says two places that it came from');
}

export function seenOf({ messageId, attributes }: ParkedMessage): Seen {
  const parked = attributes[FROM] !== undefined && attributes[REASON] !== undefined;
  return {
    messageId,
    reason: parked ? (attributes[REASON] ?? '') : NO_REASON,
    detail: parked ? (attributes[DETAIL] ?? '') : 'Pub/Sub gave it up after its last try',
    identity: attributes[IDENTITY] ?? '',
    ...originOf(attributes),
  };
}

/** What was said of its parking stays behind, or the next one would say two things. */
export function replayOf({ data, attributes, messageId }: ParkedMessage, run: string): Replay {
  const received = Object.fromEntries(
    Object.entries(attributes).filter(
      ([name]) => ![REASON, DETAIL, FROM].includes(name) && !name.startsWith('CloudPubSubDeadLetterSource'),
    ),
  );
  const own = { [REPLAY]: '1', [IDENTITY]: attributes[IDENTITY] || messageId, [RUN]: run };
  return { data, attributes: carried(received, own) };
}

/** Throws what `pull` throws; whatever was not published is parked still, also then. */
export async function replay(messages: ParkedMessages, options: ReplayOptions): Promise<Counts> {
  const { limit, run } = options;
  const counts: Counts = {
    wanted: 0,
    published: 0,
    failed: 0,
    unacknowledged: 0,
    stuck: 0,
    others: 0,
    problems: [],
  };
  const met = new Set<string>();
  // What is released at once would be what the next request gives.
  const held: string[] = [];
  try {
    while (counts.wanted < limit) {
      const pulled = await messages.pull(Math.min(AT_ONCE, limit - counts.wanted));
      const before = met.size;
      const chosen = new Map<Origin, ParkedMessage[]>();
      for (const message of pulled) {
        const isNew = !met.has(message.messageId);
        met.add(message.messageId);
        const topic = isNew ? chosenTopic(message, options, counts) : undefined;
        if (topic) chosen.set(topic, [...(chosen.get(topic) ?? []), message]);
        else held.push(message.ackId);
      }
      for (const [topic, group] of chosen) held.push(...(await publish(messages, topic, group, run, counts)));
      if (met.size === before) break;
    }
  } finally {
    if (held.length > 0) await messages.release(held);
  }
  return counts;
}

/** Counts a message, says it if it is wanted, and gives the topic that it is to be published to, if any. */
function chosenTopic(message: ParkedMessage, options: ReplayOptions, counts: Counts): Origin | undefined {
  const { reasons, run } = options;
  // Published a moment ago, and parked again.
  if (message.attributes[RUN] === run) return undefined;
  const seen = seenOf(message);
  if (reasons.length > 0 && !reasons.includes(seen.reason)) {
    counts.others += 1;
    return undefined;
  }
  counts.wanted += 1;
  if (!seen.topic) counts.stuck += 1;
  options.say(seen);
  return options.publish ? seen.topic : undefined;
}

/** Gives what stays parked. */
async function publish(
  messages: ParkedMessages,
  topic: Origin,
  group: readonly ParkedMessage[],
  run: string,
  counts: Counts,
): Promise<string[]> {
  const outcomes = await messages.publish(
    topic,
    group.map((message) => replayOf(message, run)),
  );
  const published: string[] = [];
  const failed: string[] = [];
  for (const [index, { ackId }] of group.entries()) {
    const outcome = outcomes[index];
    (outcome?.ok ? published : failed).push(ackId);
    if (outcome?.ok === false) counts.problems.push(`${topic}: ${outcome.error.message}`);
  }
  counts.published += published.length;
  counts.failed += failed.length;
  try {
    if (published.length > 0) await messages.acknowledge(published);
  } catch (error) {
    counts.unacknowledged += published.length;
    counts.problems.push(`acknowledge: ${(error as Error).message}`);
  }
  return failed;
}
