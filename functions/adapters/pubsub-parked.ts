/** The dead letter's subscription on Pub/Sub, and the topics that its messages are published to again. */

import { PubSub, v1 } from '@google-cloud/pubsub';
import { failed, type Outcome, ok } from '../core/outcome.ts';
import type { ParkedMessages } from '../core/replay.ts';
import { PUBLISH_OPTIONS } from './pubsub.ts';

/** Pub/Sub holds a request open until there is something; what is parked is there already. */
const PULL_MS = 5_000;
const DEADLINE_EXCEEDED = 4;
/** The longest that Pub/Sub allows: https://cloud.google.com/pubsub/docs/lease-management */
const HOLD_SECONDS = 600;
/** A request of ids is at most 512 KiB: https://cloud.google.com/pubsub/quotas#resource_limits */
const IDS_AT_ONCE = 500;

/** As whoever is signed in, or on PUBSUB_EMULATOR_HOST. */
export async function openParked(
  projectId: string,
  subscriptionName: string,
): Promise<ParkedMessages & { close(): Promise<void> }> {
  const pubsub = new PubSub({ projectId });
  type Config = ConstructorParameters<typeof v1.SubscriberClient>[0];
  const subscriber = new v1.SubscriberClient((await pubsub.getClientConfig()) as Config);
  const subscription = subscriber.subscriptionPath(projectId, subscriptionName);

  async function inParts(ackIds: readonly string[], ask: (part: string[]) => Promise<unknown>): Promise<void> {
    for (let at = 0; at < ackIds.length; at += IDS_AT_ONCE) await ask(ackIds.slice(at, at + IDS_AT_ONCE));
  }
  const hold = (ackIds: readonly string[], ackDeadlineSeconds: number): Promise<void> =>
    inParts(ackIds, (part) => subscriber.modifyAckDeadline({ subscription, ackIds: part, ackDeadlineSeconds }));

  return {
    async pull(maxMessages) {
      // A retry would only wait anew.
      const asked = subscriber.pull({ subscription, maxMessages }, { timeout: PULL_MS, retry: null });
      const [{ receivedMessages }] = await asked.catch((error: unknown) => {
        if ((error as { code?: unknown }).code === DEADLINE_EXCEEDED) return [{ receivedMessages: [] }];
        throw error;
      });
      const pulled = (receivedMessages ?? []).map(({ ackId, message }) => ({
        ackId: ackId ?? '',
        messageId: message?.messageId ?? '',
        data: Buffer.from(message?.data ?? ''),
        attributes: message?.attributes ?? {},
      }));
      await hold(
        pulled.map(({ ackId }) => ackId),
        HOLD_SECONDS,
      );
      return pulled;
    },
    async publish(topic, messages) {
      const publisher = pubsub.topic(topic, PUBLISH_OPTIONS);
      const sent = messages.map(({ data, attributes }) =>
        publisher.publishMessage({ data: Buffer.from(data), attributes }),
      );
      publisher.flush().catch(() => {});
      const settled = await Promise.allSettled(sent);
      return settled.map(
        (result): Outcome<void> => (result.status === 'fulfilled' ? ok(undefined) : failed(result.reason)),
      );
    },
    acknowledge: (ackIds) => inParts(ackIds, (part) => subscriber.acknowledge({ subscription, ackIds: part })),
    release: (ackIds) => hold(ackIds, 0),
    async close() {
      await Promise.all([subscriber.close(), pubsub.close()]);
    },
  };
}
