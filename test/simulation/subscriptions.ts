/** The subscriptions of a run, each as infra/topics.tf sets it. */

import type { PushBody, SubscriptionOptions } from './models.ts';

type Push = (name: 'ingest' | 'escalate' | 'notify', body: PushBody) => Promise<number>;

const SECOND = 1_000;

export function SUBSCRIPTIONS(receivers: readonly string[], push: Push): SubscriptionOptions[] {
  const common = {
    ackDeadlineMs: 600 * SECOND,
    maxAttempts: 100,
    deadLetterTopic: 'falco-dead-letter',
    retentionMs: 7 * 86_400 * SECOND,
    concurrency: 100,
  };
  const fast = { ...common, minBackoffMs: SECOND, maxBackoffMs: 600 * SECOND };
  const slow = { ...common, minBackoffMs: 30 * SECOND, maxBackoffMs: 600 * SECOND };
  return [
    { ...fast, name: 'falco-events', topic: 'falco-events', push: (body) => push('ingest', body) },
    { ...slow, name: 'falco-retry', topic: 'falco-retry', push: (body) => push('ingest', body) },
    { ...fast, name: 'escalations', topic: 'escalations', push: (body) => push('escalate', body) },
    ...receivers.map((receiver) => ({
      ...fast,
      name: `notifications-${receiver}`,
      topic: 'notifications',
      filter: (attributes: Readonly<Record<string, string>>) => attributes.receiver === receiver,
      push: (body: PushBody) => push('notify', body),
    })),
  ];
}
