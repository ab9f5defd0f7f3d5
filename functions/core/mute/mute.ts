/** Muting: which alerts tell nobody, and why. Silences end, exceptions stay; both leave the alert in Loki, marked. Pure. */

import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Facts } from '../match/facts.ts';
import { type Matcher, matchersSchema, matches, printMatcher } from '../match/matcher.ts';

/** Why an alert tells nobody, or would not: what Loki's entry, the page and the count carry. */
export interface Mute {
  /** Names the silence or exception in counts and lists. */
  id: string;
  kind: 'silence' | 'exception';
  reason: string;
  owner: string;
}

export interface MuteVerdict {
  muted?: Mute | undefined;
  /** Exceptions in shadow mode that would have muted it. */
  shadows: readonly Mute[];
}

/** A silence as the store keeps it: made by a button, for one group of alerts. */
export interface StoredSilence extends Mute {
  kind: 'silence';
  groupKey: string;
  /** Milliseconds since the epoch by the store's clock. */
  madeAt: number;
  until: number;
}

const owner = z.string().min(1).max(120);
const reason = z.string().min(1).max(240);
const moment = z
  .string()
  .refine((text) => /T/.test(text) && !Number.isNaN(Date.parse(text)), 'a moment such as 2027-01-31T00:00:00Z')
  .transform((text) => Date.parse(text));
const some = matchersSchema.refine((matchers) => matchers.length > 0, 'without a matcher it would mute everything');

/** The schema of `silences` in pipeline.yaml: for a while, by somebody, for a reason. */
export const silenceOptions = z.array(
  z.strictObject({ match: some, from: moment.optional(), until: moment, owner, reason }).check(({ value, issues }) => {
    if (value.from !== undefined && value.from >= value.until)
      issues.push({ code: 'custom', message: 'ends before it begins', path: ['until'], input: value });
  }),
);

/** The schema of `exceptions`: known-good behaviour. `shadow` only reports what it would have muted. */
export const exceptionOptions = z.array(
  z.strictObject({
    name: z.string().regex(/^[\w.-]{1,63}$/, { error: 'letters, digits, "_", "." and "-", at most 63' }),
    match: some,
    mode: z.enum(['shadow', 'mute']).default('shadow'),
    owner,
    reason,
  }),
);

export interface MuteOptions {
  silences: z.output<typeof silenceOptions>;
  exceptions: z.output<typeof exceptionOptions>;
}

type ConfiguredSilence = MuteOptions['silences'][number];
type Exception = MuteOptions['exceptions'][number];

/** Named by what it says: its place in the list changes when another one is removed. */
export function silenceOf({ match, until, owner: by, reason: why }: ConfiguredSilence): Mute {
  const said = JSON.stringify([match.map(printMatcher), until, by, why]);
  return { id: `silence.${hash('sha256', said, 'hex').slice(0, 12)}`, kind: 'silence', owner: by, reason: why };
}

export const exceptionOf = ({ name, owner: by, reason: why }: Exception): Mute => ({
  id: `exceptions.${name}`,
  kind: 'exception',
  owner: by,
  reason: why,
});

/**
 * Whether an alert tells somebody. Nothing is muted by what is not known, and nothing mutes an Emergency: whoever controls
 * a workload could else choose to look like what is muted.
 * @param groupKey the alert's group, by which buttons mute
 * @param now milliseconds since the epoch
 */
export function verdictOf(
  { facts, groupKey }: { facts: Facts; groupKey: string },
  { silences, exceptions }: MuteOptions,
  stored: readonly StoredSilence[],
  now: number,
): MuteVerdict {
  const fits = ({ match }: { match: readonly Matcher[] }): boolean => matches(match, facts) === 'yes';
  const fitting = exceptions.filter(fits);
  const shadows = fitting.filter(({ mode }) => mode === 'shadow').map(exceptionOf);
  if (facts('priority') === 'Emergency') return { shadows };
  const pressed = stored.find((each) => each.groupKey === groupKey && now < each.until);
  if (pressed) return { muted: muteOf(pressed), shadows };
  const silence = silences.find((each) => now < each.until && now >= (each.from ?? 0) && fits(each));
  if (silence) return { muted: silenceOf(silence), shadows };
  const exception = fitting.find(({ mode }) => mode === 'mute');
  return { ...(exception && { muted: exceptionOf(exception) }), shadows };
}

function muteOf({ id, kind, owner: by, reason: why }: StoredSilence): Mute {
  return { id, kind, owner: by, reason: why };
}

/** In Loki's metadata and in lists: `silence by ana@acme.example: red-team week`. */
export function muteText({ kind, owner: by, reason: why }: Mute): string {
  return `${kind} by ${by}: ${why}`;
}
