/** Rules that an incident has seen: those that it describes, and which others came. Pure and bounded. */

import { hash } from 'node:crypto';
import type { AlertView } from '../page/notification.ts';
import { type Priority, rank, worse } from '../priority.ts';

/** Distinct rules an incident describes; of further ones it knows that they came. */
export const MAX_RULES = 20;
/** Of those, the ones that came last: many more than rule sets have that page. */
export const MAX_BEYOND = 200;
const HASH_LENGTH = 8;

export interface RuleSeen {
  rule: string;
  priority: Priority;
  count: number;
  firstNs: string;
  alert: AlertView;
}

export interface RulesSeen {
  /** In order of appearance. */
  rules: readonly RuleSeen[];
  /** By the beginning of their names' hashes, the latest last. */
  rulesBeyond?: readonly string[] | undefined;
}

/** Also what was forgotten is new: a rule past the bound rings again after so many others, and never less than once. */
export function isNewRule({ rules, rulesBeyond = [] }: RulesSeen, rule: string): boolean {
  return !rules.some((seen) => seen.rule === rule) && !rulesBeyond.includes(hashOf(rule));
}

/** Counts one alert. */
export function withRule({ rules, rulesBeyond = [] }: RulesSeen, alert: AlertView): RulesSeen {
  const known = rules.find((seen) => seen.rule === alert.rule);
  const after = known
    ? rules.map((each) => (each === known ? more(known, alert) : each))
    : described(rules, { rule: alert.rule, priority: alert.priority, count: 1, firstNs: alert.timeNs, alert });
  // One that made room, or found none, is known all the same.
  const beyond = [...rules.map(({ rule }) => rule), alert.rule].filter(
    (name) => !after.some(({ rule }) => rule === name),
  );
  const hashes = beyond.map(hashOf);
  const all = [...rulesBeyond.filter((each) => !hashes.includes(each)), ...hashes].slice(-MAX_BEYOND);
  return { rules: after, ...(all.length > 0 && { rulesBeyond: all }) };
}

function more(known: RuleSeen, alert: AlertView): RuleSeen {
  return {
    ...known,
    count: known.count + 1,
    priority: worse(known.priority, alert.priority),
    // A page shows the worst of them.
    alert: rank(alert.priority) < rank(known.priority) ? alert : known.alert,
    firstNs: BigInt(alert.timeNs) < BigInt(known.firstNs) ? alert.timeNs : known.firstNs,
  };
}

/** Where there is no room, the least severe makes it, the latest among equals: noise must not hide the worst. */
function described(rules: readonly RuleSeen[], seen: RuleSeen): readonly RuleSeen[] {
  if (rules.length < MAX_RULES) return [...rules, seen];
  const least = rules.reduce((found, each) => (rank(each.priority) >= rank(found.priority) ? each : found));
  if (rank(seen.priority) >= rank(least.priority)) return rules;
  return [...rules.filter((each) => each !== least), seen];
}

const hashOf = (rule: string): string => hash('sha256', rule, 'hex').slice(0, HASH_LENGTH);
