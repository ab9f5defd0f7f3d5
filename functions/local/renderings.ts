/** One notification in each vendor's format, exactly as its receiver would send it. */

import { alertsOf, type PostableAlert, rungOf } from '../adapters/receivers/alertmanager.ts';
import { type ChatMessage, chatMessageOf } from '../adapters/receivers/google-chat.ts';
import { eventsOf, toldBy } from '../adapters/receivers/pagerduty.ts';
import { messageOf, type SlackMessage } from '../adapters/receivers/slack-message.ts';
import { bodyOf } from '../adapters/receivers/webhook.ts';
import type { Notification } from '../core/page/notification.ts';

export interface Renderings {
  /** The body of Slack's chat.postMessage or chat.update. */
  slack: SlackMessage;
  /** The bodies of PagerDuty's Events v2 enqueue, in order; none where PagerDuty is not told. */
  pagerduty: readonly object[];
  /** The body of Google Chat's spaces.messages. */
  chat: ChatMessage;
  /** The body of a webhook, which is Alertmanager's. */
  webhook: object;
  /** The body of Alertmanager's `POST /api/v2/alerts`. */
  alertmanager: readonly PostableAlert[];
}

const PAGERDUTY = { routing_key: 'your-routing-key', updates: false };

/** @param at when it is sent: Alertmanager is told until when an alert stands */
export function renderingsOf(notification: Notification, at: number): Renderings {
  return {
    slack: messageOf(notification, true),
    pagerduty: eventsOf(notification, PAGERDUTY),
    chat: chatMessageOf(notification),
    webhook: bodyOf(notification),
    alertmanager: alertsOf(notification, at),
  };
}

/** What a delivery keeps of a word, as the receivers of PagerDuty and Alertmanager have it. */
export function rememberedOf(notification: Notification): object {
  return { ...toldBy(notification, PAGERDUTY), ...rungOf(notification) };
}
