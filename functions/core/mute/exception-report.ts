/** What there is to tell of an exception: how much it muted since it was last told, and that it long matched nothing. Pure. */

import type { Said, Tally } from './mute-documents.ts';

const DAY_MS = 24 * 3_600_000;
/** The count of what matched is kept for a day longer. */
export const UNUSED_DAYS = 30;

export interface ExceptionReport {
  /** As it is once this was told. */
  said: Said;
  /** Alerts that it muted, or would have, since it was last told. */
  more: number;
  /** Nothing for so many days; told once in as many. */
  unused: boolean;
}

/** @param now milliseconds by the store's clock */
export function reportOf(said: Said | undefined, tally: Tally | undefined, now: number): ExceptionReport {
  const { n: told, at } = said ?? { n: 0, at: now };
  const n = tally?.n ?? 0;
  const unused = now - Math.max(at, tally?.lastAt ?? 0) >= UNUSED_DAYS * DAY_MS;
  return {
    said: { last: dayOf(now), n, at: unused ? now : at },
    // A count that ran out begins anew.
    more: n < told ? n : n - told,
    unused,
  };
}

/** Days by UTC. */
export const dayOf = (now: number): string => `day-${Math.floor(now / DAY_MS)}`;
