/**
 * A page as a Slack message. All that an event says goes into rich text elements, which Slack shows as they are: unlike
 * mrkdwn they know no markup, so no text can mention, link or format.
 */

import type { Notification } from '../../core/page/notification.ts';
import { lineText, namedLinksOf, type Page, type PageLine, pageOf, type Span } from '../../core/page/page.ts';
import { phraseOf, placeOf } from '../../core/page/phrase.ts';
import { bounded } from '../../core/plain.ts';

// https://docs.slack.dev/reference/block-kit/blocks and .../block-elements/button-element
export const BLOCKS_LIMIT = 50;
export const BUTTON_VALUE_LIMIT = 2_000;
export const BUTTON_URL_LIMIT = 3_000;
/** Of an element's text; documented for a section, observed in about the same size for rich text. */
export const TEXT_LIMIT = 3_000;
/** https://docs.slack.dev/reference/methods/chat.postMessage#truncating */
export const FALLBACK_LIMIT = 4_000;
/** Beyond that a command has its own box. */
const INLINE_CODE = 120;

type Element = { type: 'text'; text: string; style?: { bold?: true; code?: true } };
type RichText = { type: 'rich_text_section' | 'rich_text_preformatted'; elements: Element[] };
interface Button {
  type: 'button';
  action_id: string;
  text: { type: 'plain_text'; text: string; emoji: false };
  value?: string;
  url?: string;
  style?: 'primary' | 'danger';
}
export type Block = { type: 'rich_text'; elements: RichText[] } | { type: 'actions'; elements: Button[] };

export interface SlackMessage {
  /** For notifications and screen readers; mrkdwn, hence escaped. */
  text: string;
  blocks: Block[];
  metadata: { event_type: string; event_payload: Record<string, string | number> };
}

/** @param buttons also those that act, not only links */
export function messageOf(notification: Notification, buttons = false): SlackMessage {
  const page = pageOf(notification);
  const headline: Element[] = [text(`${page.symbol} `), { ...text(page.headline), style: { bold: true } }];
  const actions = [...(buttons ? actionsOf(notification) : []), ...linksOf(notification)];
  return {
    text: escaped(page.summary),
    blocks: [
      { type: 'rich_text', elements: bodyOf(headline, page) },
      ...(actions.length > 0 ? [{ type: 'actions' as const, elements: actions }] : []),
    ],
    metadata: {
      event_type: 'falco_relay_notification',
      event_payload: { message_id: notification.messageId, dedup_key: notification.dedupKey },
    },
  };
}

/** The page without blocks. That there are none is said: Slack may keep those that the message had before. */
export function plainMessageOf(notification: Notification): Pick<SlackMessage, 'text'> & { blocks: [] } {
  const page = pageOf(notification);
  const lines = page.lines.map(({ spans }) => spans.map((span) => span.text).join(''));
  // Escaping may multiply an ampersand by five.
  const text = bounded(escaped(bounded([page.summary, ...lines].join('\n'), FALLBACK_LIMIT / 5)), FALLBACK_LIMIT);
  return { text, blocks: [] };
}

/** The rules that a message tells of. */
export function rulesOf({ lead, others }: Notification): string[] {
  return [lead.rule, ...others.map(({ rule }) => rule)];
}

/**
 * What the thread is told beside the message's own change: that it rings anew, for the whole channel, or which rules are
 * new since its readers were last told. Undefined where there is nothing.
 */
export function replyOf(
  notification: Notification,
  known: readonly string[],
): (Pick<SlackMessage, 'text' | 'blocks'> & { reply_broadcast?: true }) | undefined {
  const page = pageOf(notification);
  const { lead, others, type } = notification;
  const fresh = [lead, ...others.map(({ alert }) => alert)].filter(({ rule }) => !known.includes(rule));
  const named = fresh.map((alert) => `${placeOf(alert)}: ${phraseOf(alert)}`).join('; ');
  if (type === 'page') {
    const why = lineText(page, 'state') ?? 'Pages again';
    const words = `${page.symbol} ${[why, named && `new: ${named}`, page.headline].filter(Boolean).join(' · ')}`;
    return { ...replyWith(words), reply_broadcast: true };
  }
  return named ? replyWith(`New here: ${named}`) : undefined;
}

function replyWith(words: string): Pick<SlackMessage, 'text' | 'blocks'> {
  const elements: RichText[] = [{ type: 'rich_text_section', elements: [text(words)] }];
  return {
    text: bounded(escaped(bounded(words, FALLBACK_LIMIT / 5)), FALLBACK_LIMIT),
    blocks: [{ type: 'rich_text', elements }],
  };
}

/**
 * The headline, one line for what and on what, the rest a line each. Slack begins each section on a line of its own, so
 * that all lines share one, but for a box between them.
 */
function bodyOf(headline: Element[], { lines }: Page): RichText[] {
  const spans = (name: PageLine['name']): readonly Span[] => lines.find((line) => line.name === name)?.spans ?? [];
  const what = spans('what');
  const [command] = what;
  const boxed = command?.code && command.text.length > INLINE_CODE ? command : undefined;
  const first = [...(boxed ? what.slice(1) : what), ...after(spans('subject'))];
  const rest = lines.filter(({ name }) => name !== 'what' && name !== 'subject').map((line) => line.spans);
  const elements = [first, ...rest]
    .filter((line) => line.length > 0)
    .flatMap((line) => [text('\n'), ...line.map(element)]);
  if (!boxed) return [{ type: 'rich_text_section', elements: [...headline, ...elements] }];
  return [
    { type: 'rich_text_section', elements: headline },
    { type: 'rich_text_preformatted', elements: [text(boxed.text)] },
    { type: 'rich_text_section', elements: elements.slice(1) },
  ];
}

function after(spans: readonly Span[]): Span[] {
  return spans.length > 0 ? [{ text: ' · ' }, ...spans] : [];
}

function element(span: Span): Element {
  return span.code ? { ...text(span.text), style: { code: true } } : text(span.text);
}

function text(words: string): Element {
  return { type: 'text', text: bounded(words, TEXT_LIMIT) };
}

/**
 * Each carries the generation and the round that it was drawn for: a press on older ones must change nothing. A storm is not
 * muted as a whole: that would hide what is new in its cluster.
 */
function actionsOf({ groupKey, generation, round, state, by, mute, storm }: Notification): Button[] {
  const value = JSON.stringify({ groupKey, generation, round });
  if (value.length > BUTTON_VALUE_LIMIT) return [];
  // Resolving ends what a button muted, at the same moment.
  const muted = mute !== undefined && mute.n === undefined && (state !== 'resolved' || mute.until > (by?.at ?? 0));
  const unmute: Button[] = muted ? [{ ...button('unmute', 'Unmute'), value }] : [];
  const why: Button = { ...button('why', 'Why?'), value };
  const acting: Button[] = [
    ...unmute,
    ...(muted || storm ? [] : [{ ...button('mute_1h', 'Expected, mute 1 h'), value }]),
    { ...button('page_oncall', 'Page on-call'), value },
    why,
  ];
  if (state === 'open') return [{ ...button('acknowledge', 'Acknowledge'), value, style: 'primary' }, ...acting];
  return state === 'acknowledged' ? [{ ...button('resolve', 'Resolve'), value }, ...acting] : [...unmute, why];
}

function linksOf(notification: Notification): Button[] {
  return namedLinksOf(notification)
    .filter(({ url }) => url.length <= BUTTON_URL_LIMIT)
    .map(({ id, name, url }) => ({ ...button(`open_${id}`, name), url }));
}

function button(action: string, name: string): Button {
  return { type: 'button', action_id: action, text: { type: 'plain_text', text: name, emoji: false } };
}

const LOOKALIKES: Readonly<Record<string, string>> = { '*': '∗', _: 'ˍ', '~': '∼', '`': 'ˋ' };

/** https://docs.slack.dev/messaging/formatting-message-text#escaping; marks that would format become their look-alikes. */
export function escaped(words: string): string {
  return words
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replace(/[*_~`]/g, (mark) => LOOKALIKES[mark] ?? mark);
}
