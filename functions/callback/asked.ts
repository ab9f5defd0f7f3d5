/** What a verified request asks: an action of somebody's, or nothing that is ours. */

import type { Action } from '../core/incident/action.ts';
import { plain } from '../core/plain.ts';

/** Somebody's, who is still to be known as one who may. */
export interface Question {
  ok: true;
  action: Action;
  /** The vendor's id of whoever asks; undefined where it names nobody. */
  user: string | undefined;
  /** It is a program that asks, as ours does when it tells PagerDuty what was done elsewhere. */
  isProgram?: boolean | undefined;
  /** Where whoever pressed can be told what became of it. */
  replyTo?: string | undefined;
}

export type Asked =
  | Question
  /** `detail` holds nothing of the payload but words of a bounded kind. */
  | { ok: false; reason: 'callback-ignored' | 'callback-malformed' | 'callback-too-old'; detail: string };

export const ignored = (detail: string): Asked => ({ ok: false, reason: 'callback-ignored', detail });
export const malformed = (detail: string): Asked => ({ ok: false, reason: 'callback-malformed', detail });

const NAME_LIMIT = 80;

/** The first name of these that shows anything, on one line and bounded: people choose their names themselves. */
export function nameOf(...names: readonly (string | null | undefined)[]): string {
  return names.map((name) => plain(name ?? '', NAME_LIMIT)).find((name) => name !== '') ?? 'somebody';
}
