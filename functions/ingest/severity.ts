/** Severity: how severe an event is here. The first override that matches decides; what is not known decides for the louder side. */

import * as z from 'zod';
import type { FalcoEvent } from '../core/event/alert.ts';
import type { Facts } from '../core/match/facts.ts';
import { matchersSchema, matches, printMatcher } from '../core/match/matcher.ts';
import { type Priority, parsePriority, rank } from '../core/priority.ts';

const priority = z.string().transform((text, context): Priority => {
  const found = parsePriority(text);
  if (found) return found;
  context.issues.push({ code: 'custom', message: 'not a Falco priority', input: text });
  return z.NEVER;
});

/** The schema of `severity` in pipeline.yaml: the first entry that matches wins. */
export const severityOptions = z.array(
  z.strictObject({ match: matchersSchema, priority, reason: z.string().optional() }),
);

type Overrides = z.output<typeof severityOptions>;

export interface Severity {
  priority: Priority;
  /** In words: 'as Falco says', or the override that decided. */
  severityReason: string;
}

/**
 * An override that may match, since it asks for what enrichment could not fill, is followed both ways, and the louder
 * end counts: unknown may raise, never lower, whichever override it stands before.
 */
export function severityOf(event: FalcoEvent, facts: Facts, overrides: Overrides): Severity {
  let possible: Severity | undefined;
  for (const { match, priority: to, why } of overridesFor(event.rule, overrides)) {
    const answer = matches(match, facts);
    if (answer === 'no') continue;
    if (answer === 'yes') return louder({ priority: to, severityReason: why }, possible);
    const unsure = { priority: to, severityReason: `${why} (unknown here, so the louder)` };
    possible = possible ? louder(possible, unsure) : unsure;
  }
  return louder({ priority: event.priority, severityReason: 'as Falco says' }, possible);
}

/** The first where both are as loud. */
function louder(one: Severity, other: Severity | undefined): Severity {
  return other && rank(other.priority) < rank(one.priority) ? other : one;
}

/** An override as it is asked. */
interface Override {
  match: Overrides[number]['match'];
  priority: Priority;
  /** In words. */
  why: string;
}

/** A policy names a hundred rules and more, and an event has one: what is left of the list is remembered by the rule's name. */
const remembered = new WeakMap<Overrides, Map<string, readonly Override[]>>();
/** A publisher may invent names: so many are remembered, and none that is longer than rules' names are. */
const MOST_RULES = 1_000;
const LONGEST_RULE = 256;

/** The overrides, in order, that an event of this rule does not rule out by its name alone. */
function overridesFor(rule: string, overrides: Overrides): readonly Override[] {
  const known = remembered.get(overrides) ?? new Map<string, readonly Override[]>();
  remembered.set(overrides, known);
  const before = known.get(rule);
  if (before) return before;
  const left = overrides
    .filter(
      ({ match }) =>
        matches(
          match.filter(({ name }) => name === 'rule'),
          () => rule,
        ) !== 'no',
    )
    .map(({ match, priority: to, reason }) => ({
      match,
      priority: to,
      why: reason ?? match.map(printMatcher).join(', '),
    }));
  if (rule.length > LONGEST_RULE) return left;
  if (known.size >= MOST_RULES) known.clear();
  known.set(rule, left);
  return left;
}
