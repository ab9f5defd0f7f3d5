import { describe, expect, test } from '@jest/globals';
import {
  isNewRule,
  MAX_BEYOND,
  MAX_RULES,
  type RulesSeen,
  withRule,
} from '../../../functions/core/incident/rules-seen.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NONE: RulesSeen = { rules: [] };
const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, index) => `rule ${from + index}`);

function seeing(seen: RulesSeen, rules: readonly string[], priority: 'Warning' | 'Alert' = 'Warning'): RulesSeen {
  let so = seen;
  for (const rule of rules) so = withRule(so, alertLike(SHELL, { rule, priority }));
  return so;
}

describe('rules that an incident has seen', () => {
  test('are known past those that it describes, also the ones that made room for worse', () => {
    const seen = seeing(seeing(NONE, names(0, MAX_RULES + 10)), names(100, 105), 'Alert');
    expect(seen.rules).toHaveLength(MAX_RULES);
    expect(seen.rules.map(({ rule }) => rule)).toEqual(expect.arrayContaining(names(100, 105)));
    const known = [...names(0, MAX_RULES + 10), ...names(100, 105)];
    expect(known.filter((rule) => isNewRule(seen, rule))).toEqual([]);
    expect(isNewRule(seen, 'another')).toBe(true);
  });

  test('are forgotten past a bound, what came last never', () => {
    const seen = seeing(NONE, names(0, MAX_RULES + 1));
    const again = seeing(seeing(seen, names(MAX_RULES + 1, MAX_RULES + MAX_BEYOND)), names(MAX_RULES, MAX_RULES + 1));
    const full = seeing(again, names(1_000, 1_000 + MAX_BEYOND - 1));
    expect(full.rulesBeyond).toHaveLength(MAX_BEYOND);
    expect(isNewRule(full, `rule ${MAX_RULES}`)).toBe(false);
    expect(isNewRule(full, `rule ${MAX_RULES + 1}`)).toBe(true);
  });

  test('are no list where all of them are described', () => {
    expect(seeing(NONE, [...names(0, MAX_RULES), ...names(0, MAX_RULES)])).not.toHaveProperty('rulesBeyond');
  });
});
