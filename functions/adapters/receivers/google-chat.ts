/** Google Chat by a space's incoming webhook: a card for each word of an incident, all in the incident's own thread. */

import { hash } from 'node:crypto';
import type { Notification } from '../../core/page/notification.ts';
import { type LineName, namedLinksOf, type Page, pageOf, textOf } from '../../core/page/page.ts';
import { bounded } from '../../core/plain.ts';
import type { Clock, Receiver } from '../../core/ports.ts';
import type { Http } from '../http.ts';
import type { GoogleChatOptions } from './options.ts';
import { attempt, outcomeOfStatus } from './send-outcome.ts';

/** https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages/create: bytes, text and cards. */
export const BODY_LIMIT = 32_000;
/** https://developers.google.com/workspace/chat/api/reference/rest/v1/spaces.messages#Thread: characters; bytes here. */
export const THREAD_KEY_LIMIT = 4_000;
/** Four links of that many bytes leave room for the page that is cut the most. */
export const CUT_LINK_LIMIT = 3_750;
export const CUT_MARK = 'Cut to what Google Chat takes; the logs have the rest.';

/** UTF-16 units of a line, tried in turn. At the last a body fits whatever was said: escaping makes five bytes of a unit. */
const CUT_ROOMS = [1_000, 600, 300, 80] as const;

export interface GoogleChatDeps {
  name: string;
  options: GoogleChatOptions;
  http: Http;
  clock: Clock;
}

/** https://developers.google.com/workspace/chat/quickstart/webhooks */
export function createGoogleChat({ name, options, http, clock }: GoogleChatDeps): Receiver {
  const url = threaded(options.url);
  return {
    name,
    kind: 'google-chat',
    // Each post is a message of its own: a webhook can neither look for an earlier one nor change it.
    idempotent: false,
    send: (notification, signal) =>
      attempt(async () => {
        const body = JSON.stringify(chatMessageOf(notification));
        const headers = { 'content-type': 'application/json; charset=utf-8' };
        const { allow_private: allowPrivate } = options;
        // By the status alone: what Chat says about a message may quote it.
        return outcomeOfStatus(await http.request({ method: 'POST', url, headers, body, signal, allowPrivate }), clock);
      }),
  };
}

/** Without the option Chat ignores the thread's key. The rest of the query, key and token, stays as it was written. */
export function threaded(address: string): string {
  const url = URL.parse(address);
  // The request itself will say that it is none, without quoting it.
  if (!url) return address;
  const kept = url.search
    .slice(1)
    .split('&')
    .filter((part) => part !== '' && !part.startsWith('messageReplyOption='));
  url.search = [...kept, 'messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD'].join('&');
  return url.href;
}

interface Button {
  text: string;
  onClick: { openLink: { url: string } };
}

export type Widget =
  | { textParagraph: { text: string } }
  | { decoratedText: { topLabel: string; text: string; wrapText: true } }
  | { buttonList: { buttons: Button[] } };

export interface ChatMessage {
  /** What a phone's notification shows, as plain text; `text` would be formatted and searched for mentions. */
  fallbackText: string;
  cardsV2: { cardId: string; card: { sections: { widgets: Widget[] }[] } }[];
  thread: { threadKey: string };
}

/** The page as a card, at most `BODY_LIMIT` bytes as JSON; headline and where are never cut. */
export function chatMessageOf(notification: Notification): ChatMessage {
  const page = pageOf(notification);
  let message = messageWith(notification, page);
  for (const room of CUT_ROOMS) {
    if (bytesOf(message) <= BODY_LIMIT) break;
    message = messageWith(notification, page, room);
  }
  return message;
}

/** @param room as much as a line may have; undefined where nothing is cut */
function messageWith(notification: Notification, page: Page, room?: number): ChatMessage {
  const { severity, dedupKey } = notification;
  const links = linksOf(notification, room === undefined ? Number.POSITIVE_INFINITY : CUT_LINK_LIMIT);
  const widgets: Widget[] = [
    { textParagraph: { text: `${page.symbol} <b>${cardText(page.headline)}</b>` } },
    ...page.lines.map((line): Widget => {
      const { name } = line;
      const whole = textOf(line);
      return lineWidget(name, room === undefined || name === 'where' ? whole : bounded(whole, room));
    }),
    ...(room === undefined ? [] : [{ textParagraph: { text: `<i>${CUT_MARK}</i>` } }]),
    ...(links.length > 0 ? [{ buttonList: { buttons: links } }] : []),
  ];
  return {
    fallbackText: `${page.symbol} ${severity}${wordOf(notification)}: ${withoutMentions(page.headline)}`,
    cardsV2: [{ cardId: 'incident', card: { sections: [{ widgets }] } }],
    thread: { threadKey: threadKeyOf(dedupKey) },
  };
}

/** What a phone shows beside the severity: that it is no news to ring for, or that it rings anew. */
function wordOf({ type, state, round }: Notification): string {
  if (type === 'page') return round > 1 ? ' again' : '';
  return state === 'open' ? ', grown' : `, ${state}`;
}

/** A line that is not here says itself what it is. */
const LABELS: Readonly<Partial<Record<LineName, string>>> = {
  what: 'What',
  subject: 'On',
  who: 'Who',
  evidence: 'Evidence',
  where: 'Where',
  when: 'When',
  technique: 'Technique',
};

function lineWidget(name: LineName, words: string): Widget {
  const text = cardText(words);
  const topLabel = LABELS[name];
  return topLabel ? { decoratedText: { topLabel, text, wrapText: true } } : { textParagraph: { text } };
}

function linksOf(notification: Notification, limit: number): Button[] {
  return namedLinksOf(notification)
    .filter(({ url }) => bytesOf(url) <= limit)
    .map(({ name, url }) => ({ text: name, onClick: { openLink: { url } } }));
}

/** The same for every word of an incident's generation: the key itself while Chat surely takes it, else its hash. */
export function threadKeyOf(key: string): string {
  const usable = bytesOf(key) <= THREAD_KEY_LIMIT && !/\p{C}/u.test(key);
  return usable ? key : `falco-relay:${hash('sha256', key, 'hex')}`;
}

/**
 * Cards know a few HTML tags and no Markdown (https://developers.google.com/workspace/chat/format-messages#card-formatting).
 * A mention, `<users/all>`, is no tag: it also gets a slash that only looks like one, should Chat unescape, even twice, before it looks.
 */
export function cardText(words: string): string {
  return withoutMentions(words).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function withoutMentions(words: string): string {
  return words.replace(/(<|lt;)(\s*users)\//gi, '$1$2∕');
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
