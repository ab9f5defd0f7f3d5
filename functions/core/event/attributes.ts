/** The attributes that the relay itself sets on messages. */

/** The message was handed over while Loki was unavailable; set to '1'. */
export const RETRY = 'falco_relay_retry';
/** A parked message that an operator publishes again; set to '1'. */
export const REPLAY = 'falco_relay_replay';
/** Which run of `npm run replay` published it again. */
export const RUN = 'falco_relay_run';
/** The identity under which the event was claimed: a message published again has another messageId. */
export const IDENTITY = 'falco_relay_identity';
/** On the dead-letter topic: a code of reasons.ts, and one sentence without payload. */
export const REASON = 'reason';
export const DETAIL = 'detail';
/** The entry point that parked the message. */
export const FROM = 'falco_relay_from';
/** The store was down: the event was escalated without a claim, and will be again; set to '1'. */
export const UNCLAIMED = 'falco_relay_unclaimed';

/** What is said of one passage of a message, and not of the next: a replay starts anew. */
const OF_ONE_PASSAGE: ReadonlySet<string> = new Set([RETRY, REPLAY, UNCLAIMED]);

/** https://cloud.google.com/pubsub/quotas#resource_limits */
const MOST = 100;
/** Names that Pub/Sub and its clients set themselves (schemas, delivery attempts) and refuse from publishers. */
const RESERVED = /^goog/i;

/** What a message that is published again takes along, besides what is set on it now: as many as Pub/Sub allows. */
export function carried(
  received: Readonly<Record<string, string>>,
  own: Readonly<Record<string, string>>,
): Record<string, string> {
  const names = Object.keys(received).filter(
    (name) => !RESERVED.test(name) && !OF_ONE_PASSAGE.has(name) && !Object.hasOwn(own, name),
  );
  // The cluster's names count more than whatever else a publisher set.
  const ordered = [
    ...names.filter((name) => name.startsWith('gke_')),
    ...names.filter((name) => !name.startsWith('gke_')),
  ];
  const kept = ordered.slice(0, MOST - Object.keys(own).length).map((name) => [name, received[name] ?? '']);
  return { ...Object.fromEntries(kept), ...own };
}
