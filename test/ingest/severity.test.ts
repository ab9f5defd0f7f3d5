/** Severity against its definition, entry by entry, which knows of no shortcut. */

import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Facts } from '../../functions/core/match/facts.ts';
import { matches } from '../../functions/core/match/matcher.ts';
import { PRIORITIES, type Priority, worse } from '../../functions/core/priority.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { severityOf, severityOptions } from '../../functions/ingest/severity.ts';
import { eventText, shellEvent } from '../support/events.ts';

function eventOf(rule: string, priority: Priority = 'Notice') {
  const read = readEvent(eventText(shellEvent({ rule, priority })));
  if (!read.ok) throw new Error(read.detail);
  return read.event;
}

const overridesOf = (...entries: [match: string[], priority: Priority, reason?: string][]) =>
  severityOptions.parse(entries.map(([match, priority, reason]) => ({ match, priority, ...(reason && { reason }) })));

/** What is known of an alert in these tests; the team is not. */
const factsOf =
  (rule: string): Facts =>
  (name) =>
    ({ rule, namespace: 'payments' })[name];

describe('what is not known', () => {
  const tables: [string, Parameters<typeof overridesOf>, Priority, Priority, string][] = [
    [
      'does not hide a louder entry below it',
      [
        [['team="x"'], 'Warning'],
        [['namespace="payments"'], 'Critical', 'money'],
      ],
      'Notice',
      'Critical',
      'money',
    ],
    [
      'does not let a quieter entry below it lower what it may have kept loud',
      [
        [['team="x"'], 'Warning', 'theirs'],
        [['namespace="payments"'], 'Debug'],
      ],
      'Critical',
      'Warning',
      'theirs (unknown here, so the louder)',
    ],
    ['changes nothing where Falco is louder', [[['team="x"'], 'Warning']], 'Critical', 'Critical', 'as Falco says'],
    [
      'is as loud as the loudest of several',
      [
        [['team="x"'], 'Warning'],
        [['team="y"'], 'Error', 'y'],
        [['team="z"'], 'Warning'],
      ],
      'Notice',
      'Error',
      'y (unknown here, so the louder)',
    ],
    [
      'is not asked below what is certain',
      [
        [['namespace="payments"'], 'Notice', 'certain'],
        [['team="x"'], 'Critical'],
      ],
      'Warning',
      'Notice',
      'certain',
    ],
  ];
  test.each(tables)('%s', (_, entries, falco, priority, severityReason) => {
    const severity = severityOf(eventOf('Shell', falco), factsOf('Shell'), overridesOf(...entries));
    expect(severity).toEqual({ priority, severityReason });
  });
});

test('the entries that a rule leaves over decide as all of them would, in order', () => {
  const RULES = ['A', 'B', 'A or B', '', 'x'.repeat(5_000)];
  const matcher = fc.oneof(
    fc.tuple(fc.constantFrom('=', '!='), fc.constantFrom('A', 'B')).map(([is, rule]) => `rule${is}"${rule}"`),
    fc.tuple(fc.constantFrom('=~', '!~'), fc.constantFrom('A|B', 'A.*', '')).map(([is, rule]) => `rule${is}"${rule}"`),
    fc.constantFrom('namespace="payments"', 'namespace!="payments"', 'team="x"', 'team!="x"'),
  );
  const entry = fc.tuple(fc.array(matcher, { maxLength: 3 }), fc.constantFrom(...PRIORITIES));
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), fc.constantFrom(...PRIORITIES), (entries, falco) => {
      const overrides = overridesOf(...entries);
      const decided = (rule: string, index = 0): Priority => {
        const override = overrides[index];
        if (!override) return falco;
        const answer = matches(override.match, factsOf(rule));
        if (answer === 'yes') return override.priority;
        const without = decided(rule, index + 1);
        return answer === 'no' ? without : worse(override.priority, without);
      };
      // Twice: the second time what was left over is remembered.
      for (const rule of [...RULES, ...RULES])
        expect(severityOf(eventOf(rule || 'none', falco), factsOf(rule || 'none'), overrides).priority).toBe(
          decided(rule || 'none'),
        );
    }),
    { numRuns: 500 },
  );
});

test('rules that a publisher invents are judged without end', () => {
  const overrides = overridesOf([['rule=~"Rule .*7"'], 'Alert', 'seven']);
  const loud = Array.from({ length: 2_500 }, (_, index) => `Rule ${index}`).filter(
    (rule) => severityOf(eventOf(rule), factsOf(rule), overrides).priority === 'Alert',
  );
  expect(loud).toHaveLength(250);
});
