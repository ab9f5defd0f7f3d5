/** Durations as pipeline.yaml writes them: 30s, 10m, 1h, 2d, or several together (1h30m). */

import * as z from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, or undefined for what is no duration. */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,9}(?:ms|s|m|h|d))+$/.test(text)) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g))
    total += Number(amount) * (UNIT_MS[unit ?? ''] ?? 0);
  return total;
}

/**
 * A positive duration of at most `most`; the parsed value is milliseconds. Each has a bound: a window that outlives the
 * records of its events counts too few of them, a timer past 24 days fires at once, and a number past 2^53 is no number.
 * @param says what it is, for the JSON schema
 */
export function duration(most: string, says = '') {
  const mostMs = parseDuration(most) ?? 0;
  return z
    .string()
    .transform((text, context) => {
      const ms = parseDuration(text);
      if (ms !== undefined && ms > 0 && ms <= mostMs) return ms;
      const message =
        ms !== undefined && ms > 0
          ? `longer than ${most}, the most there is`
          : 'not a duration: write 30s, 10m, 1h or 2d';
      context.issues.push({ code: 'custom', message, input: text });
      return z.NEVER;
    })
    .describe(`${says} At most ${most}.`.trim());
}
