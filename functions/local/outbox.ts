/** Where pages land while no receiver is configured: kept with the exact bodies that Slack and PagerDuty would get. */

import type { Notification } from '../core/notification.ts';
import type { Clock, Receiver } from '../core/ports.ts';

const MAX_NOTICES = 200;

export interface Notice {
  id: number;
  at: number;
  receiver: string;
  type: Notification['type'];
  /** Of the incident: `{groupKey}/{generation}`. */
  key: string;
  messageId: string;
  state: Notification['state'];
  /** The body of Slack's chat.postMessage. */
  slack: unknown;
  /** The body of PagerDuty's Events v2 enqueue. */
  pagerduty: unknown;
}

export interface OutboxOptions {
  name: string;
  clock: Clock;
  renderSlack(notification: Notification): unknown;
  renderPagerduty(notification: Notification): unknown;
  /** Called after each notice. */
  onNotice?(notice: Notice): void;
}

export interface Outbox extends Receiver {
  /** The newest `MAX_NOTICES`, oldest first. */
  notices(): readonly Notice[];
}

export function createOutbox(options: OutboxOptions): Outbox {
  const notices: Notice[] = [];
  let lastId = 0;
  return {
    name: options.name,
    kind: 'outbox',
    idempotent: false,
    async send(notification) {
      const { receiver, type, groupKey, generation, messageId, state } = notification;
      lastId += 1;
      const notice: Notice = {
        id: lastId,
        at: options.clock(),
        receiver,
        type,
        key: `${groupKey}/${generation}`,
        messageId,
        state,
        slack: options.renderSlack(notification),
        pagerduty: options.renderPagerduty(notification),
      };
      notices.push(notice);
      if (notices.length > MAX_NOTICES) notices.shift();
      options.onNotice?.(notice);
      return { kind: 'delivered', reference: { notice: notice.id } };
    },
    notices: () => notices,
  };
}
