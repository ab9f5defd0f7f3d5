/** RFC 3339 times (https://www.rfc-editor.org/rfc/rfc3339#section-5.6) with 0 to 9 fraction digits, as nanoseconds. */

const RFC_3339 = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d)$/;

const NS_PER_MS = 1_000_000n;
const NS_PER_SECOND = 1_000_000_000n;

/** @param ns nanoseconds since the epoch, as text in decimal too */
export function millisecondsOf(ns: bigint | string): number {
  return Number(BigInt(ns) / NS_PER_MS);
}

/** @param ms milliseconds since the epoch; a part of one is left out */
export function nanosecondsOf(ms: number): bigint {
  return BigInt(Math.floor(ms)) * NS_PER_MS;
}

/** Nanoseconds since the epoch, or undefined for what is no such time. Leap seconds are refused, as Go does. */
export function parseTime(text: string): bigint | undefined {
  if (!RFC_3339.test(text)) return undefined;
  // Each event has a time, and the groups of a match cost more than the rest: all but fraction and zone have their place.
  const [hour, minute, second] = [twoDigits(text, 11), twoDigits(text, 14), twoDigits(text, 17)];
  const isUtc = text.endsWith('Z') || text.endsWith('z');
  const zone = text.length - (isUtc ? 'Z' : '+00:00').length;
  const [offsetHour, offsetMinute] = isUtc ? [0, 0] : [twoDigits(text, zone + 1), twoDigits(text, zone + 4)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const day = startOfDay(twoDigits(text, 0) * 100 + twoDigits(text, 2), twoDigits(text, 5), twoDigits(text, 8));
  if (day === undefined) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * (text[zone] === '-' ? -1 : 1);
  const ms = day + ((hour * 60 + minute - offset) * 60 + second) * 1000;
  return BigInt(ms) * NS_PER_MS + BigInt(text.slice(20, zone).padEnd(9, '0'));
}

function twoDigits(text: string, at: number): number {
  return (text.charCodeAt(at) - 48) * 10 + text.charCodeAt(at + 1) - 48;
}

/** The calendar repeats itself after so long, which spares Date.UTC the years 0 to 99: it would read them as 1900 to 1999. */
const YEARS_400_MS = 12_622_780_800_000;

/** Milliseconds since the epoch, undefined for a day that no month has. */
function startOfDay(year: number, month: number, day: number): number | undefined {
  if (month < 1 || month > 12 || day < 1 || (day > 28 && day > new Date(Date.UTC(year + 400, month, 0)).getUTCDate()))
    return undefined;
  return Date.UTC(year + 400, month - 1, day) - YEARS_400_MS;
}

/** Nanoseconds since the epoch in UTC with all nine fraction digits. Years 0000 to 9999. */
export function formatTimeInFull(ns: bigint): string {
  // Bigint division rounds towards zero; before the epoch the fraction must still count upwards.
  const fraction = ((ns % NS_PER_SECOND) + NS_PER_SECOND) % NS_PER_SECOND;
  const seconds = new Date(Number((ns - fraction) / NS_PER_MS)).toISOString().slice(0, 19);
  return `${seconds}.${fraction.toString().padStart(9, '0')}Z`;
}

/** The same as Go writes it: trailing zeros of the fraction dropped. */
export function formatTime(ns: bigint): string {
  return formatTimeInFull(ns).replace(/\.?0*Z$/, 'Z');
}
