/** What became of an incident, in words: who acted, why it rings and for whom, until when it is muted. */

import { plain } from '../plain.ts';
import type { ReasonCode } from '../reasons.ts';
import { millisecondsOf } from '../time.ts';
import type { AlertView, Notification } from './notification.ts';

const NAME_LIMIT = 80;

/** What there is to say, each part as text; empty for an incident that is open and was told once. */
export function stateOf(notification: Notification): string[] {
  const parts = [stateText, insteadText, withoutStoreText, muteText, ({ lead }: Notification) => shadowText(lead)];
  return parts.map((part) => part(notification)).filter((text) => text !== undefined);
}

/** What became of it, and why it rings where that is not plain. */
function stateText({
  state,
  by,
  round,
  type,
  unheardMs,
  calledBy,
  rang,
  unrung,
  firstNs,
}: Notification): string | undefined {
  const done = by && ` by ${plain(by.who, NAME_LIMIT)} at ${timeText(by.at, firstNs)}`;
  if (calledBy && type === 'page') return `${plain(calledBy, NAME_LIMIT)} asks for you`;
  if (state === 'quiet') return 'Quiet: nothing more for a while';
  if (state !== 'open') return `${state === 'resolved' ? 'Resolved' : 'Acknowledged'}${done ?? ''}`;
  if (unheardMs !== undefined) return `Nobody acknowledged it for ${durationText(unheardMs / 1_000)}`;
  if (rang && unrung) return `Open: ${rangText(rang)}; nobody acknowledged that`;
  if (rang && type === 'page') return 'Acknowledged by others before you were told';
  return round > 1 && type === 'page' ? 'Pages again: it got worse after people were told' : undefined;
}

function rangText({ receivers, askedBy }: NonNullable<Notification['rang']>): string {
  const names = plain(receivers.join(', '), NAME_LIMIT);
  return `${names} paged, ${askedBy ? `asked for by ${plain(askedBy, NAME_LIMIT)}` : 'not told before'}`;
}

/** As few words as whoever has to mend it needs. */
const TROUBLES: Readonly<Partial<Record<ReasonCode, string>>> = {
  'receiver-denied': 'its key or address is refused',
  'receiver-address-forbidden': 'its address is not allowed',
  'receiver-refused': 'it refuses this page',
  'receiver-unknown': 'pipeline.yaml no longer has it',
  'receiver-throttled': 'it takes no more for now',
  'receiver-timeout': 'it does not answer',
  'receiver-unavailable': 'it is down or failing',
  'receiver-left-alone': 'it fails again and again',
};

function insteadText({ insteadOf, insteadWhy, type }: Notification): string | undefined {
  if (!insteadOf || type !== 'page') return undefined;
  const why = insteadWhy && TROUBLES[insteadWhy];
  return `In the place of ${plain(insteadOf, NAME_LIMIT)}, who could not be told${why ? `: ${why}` : ''}`;
}

function withoutStoreText({ withoutStore }: Notification): string | undefined {
  return withoutStore
    ? "The relay's store is down: buttons do nothing until it is back, and this may be told once more"
    : undefined;
}

function muteText({ mute, firstNs }: Notification): string | undefined {
  if (!mute) return undefined;
  if (mute.n === undefined) return `Muted until ${timeText(mute.until, firstNs)} by ${plain(mute.who, NAME_LIMIT)}`;
  return `No longer muted since ${timeText(mute.until, firstNs)}; ${mute.n} ${mute.n === 1 ? 'alert' : 'alerts'} told nobody`;
}

function shadowText({ shadows = [] }: AlertView): string | undefined {
  const names = shadows.map(({ id }) => id.replace(/^exceptions\./, '')).join(', ');
  return names ? `An exception in shadow mode would have muted this: ${plain(names, NAME_LIMIT)}` : undefined;
}

/**
 * `09:00:02 UTC`, and with its day where that is another one than the page's.
 * @param ms milliseconds since the epoch
 * @param pageNs nanoseconds since the epoch, when what the page tells of began
 */
export function timeText(ms: number, pageNs?: string): string {
  const [day = '', clock = ''] = new Date(ms).toISOString().split('T');
  const elsewhen = pageNs !== undefined && !new Date(millisecondsOf(pageNs)).toISOString().startsWith(day);
  return `${elsewhen ? `${day} ` : ''}${clock.slice(0, 8)} UTC`;
}

/** `4 s`, `15 min`, `3 h`. */
export function durationText(seconds: number): string {
  if (seconds < 1) return 'less than a second';
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} days`;
}
