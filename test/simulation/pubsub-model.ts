/**
 * Pub/Sub on a clock that a test owns: at least once, in no order, as push subscriptions deliver.
 *
 * What happens by chance follows from `random`. test/stack/models-pubsub.stack.ts holds it against the official emulator.
 */

import type { OutgoingMessage } from '../../functions/core/ports.ts';
import type { PubSubModel, PubSubOptions } from './models.ts';
import { createSubscription, type Published, type SubscriptionCounts } from './pubsub-subscription.ts';

type Counts = SubscriptionCounts & { published: number };

export interface CountingPubSubModel extends PubSubModel {
  readonly counts: Readonly<Counts>;
}

export function createPubSubModel(options: PubSubOptions): CountingPubSubModel {
  const { clock, after, random } = options;
  const counts: Counts = {
    published: 0,
    delivered: 0,
    acknowledged: 0,
    nacked: 0,
    expired: 0,
    deadLettered: 0,
    forgotten: 0,
  };
  const taken = new Map<string, (OutgoingMessage & { messageId: string })[]>();
  let duplicates = options.duplicates ?? 0;
  let lastId = 0;

  const subscriptions = options.subscriptions.map((subscription) => ({
    name: subscription.name,
    topic: subscription.topic,
    queue: createSubscription(subscription, {
      clock,
      after,
      random,
      counts,
      duplicates: () => duplicates,
      jitterMs: options.jitterMs ?? 0,
      bury: (message) => void send(subscription.deadLetterTopic, message),
    }),
  }));

  function send(topic: string, { data, attributes }: Pick<Published, 'data' | 'attributes'>): string {
    lastId += 1;
    const message = { data, attributes, messageId: String(lastId), publishedMs: clock() };
    const subscribed = subscriptions.filter((subscription) => subscription.topic === topic);
    for (const { queue } of subscribed) queue.add(message);
    if (subscribed.length === 0) {
      const kept = taken.get(topic) ?? [];
      kept.push({ data: Buffer.from(data, 'base64'), attributes, messageId: message.messageId });
      taken.set(topic, kept);
    }
    return message.messageId;
  }

  return {
    counts,
    publish(topic, { data, attributes }) {
      counts.published += 1;
      return send(topic, { data: Buffer.from(data).toString('base64'), attributes: { ...attributes } });
    },
    taken: (topic) => taken.get(topic) ?? [],
    unacknowledged: (name) =>
      subscriptions
        .filter((subscription) => name === undefined || subscription.name === name)
        .reduce((sum, { queue }) => sum + queue.unacknowledged, 0),
    setDuplicates(chance) {
      duplicates = chance;
    },
  };
}
