/** RFC 3339 times (https://www.rfc-editor.org/rfc/rfc3339#section-5.6) with 0 to 9 fraction digits, as nanoseconds. */

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

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
  const parts = RFC_3339.exec(text);
  if (!parts) return undefined;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const [offsetHour, offsetMinute] = [Number(parts[9] ?? 0), Number(parts[10] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59 || offsetHour > 23 || offsetMinute > 59) return undefined;
  const date = new Date(0);
  // Date.UTC would read the years 0 to 99 as 1900 to 1999.
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  const offset = (offsetHour * 60 + offsetMinute) * (parts[8] === '-' ? -1 : 1);
  const ms = date.getTime() + ((hour * 60 + minute - offset) * 60 + second) * 1000;
  return BigInt(ms) * NS_PER_MS + BigInt((parts[7] ?? '').padEnd(9, '0'));
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
