/** What pipeline.yaml says of the daily digest, and whose time has come. */

import * as z from 'zod';

const at = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, { error: 'a time of day such as 08:00' });
const zone = z.string().refine(isZone, 'a zone of the IANA list such as Europe/Berlin');

/** The schema of `digest`. */
export const digestOptions = z.union(
  [z.literal('off'), z.strictObject({ at: at.default('08:00'), zone: zone.default('UTC') })],
  { error: 'write off, or when: { at: "08:00", zone: Europe/Berlin }' },
);

export type DigestTime = Exclude<z.output<typeof digestOptions>, 'off'>;

export const USUAL_TIME: DigestTime = { at: '08:00', zone: 'UTC' };

/**
 * The latest day, `2026-11-24`, whose digest is due. Where clocks go forward over its time it is due after that, and where
 * they go back no day is due twice: its day is a later one only once.
 * @param now milliseconds since the epoch
 */
export function dueDay({ at: time, zone: timeZone }: DigestTime, now: number): string {
  const part = Object.fromEntries(
    formatOf(timeZone)
      .formatToParts(now)
      .map(({ type, value }) => [type, value]),
  );
  const midnight = Date.parse(`${part.year}-${part.month}-${part.day}T00:00:00Z`);
  const isPast = `${part.hour}:${part.minute}` >= time;
  return new Date(isPast ? midnight : midnight - 24 * 3_600_000).toISOString().slice(0, 10);
}

/** Making one takes longer than all else that a quiet sweep does. */
const formats = new Map<string, Intl.DateTimeFormat>();

function formatOf(timeZone: string): Intl.DateTimeFormat {
  const known = formats.get(timeZone);
  if (known) return known;
  const numeric = { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', calendar: 'iso8601', ...numeric });
  formats.set(timeZone, format);
  return format;
}

function isZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
