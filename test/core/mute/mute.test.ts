import { describe, expect, test } from '@jest/globals';
import { parsePipeline } from '../../../functions/config.ts';
import { type MuteOptions, type StoredSilence, verdictOf } from '../../../functions/core/mute/mute.ts';
import { factsOfView } from '../../../functions/core/page/alert-view.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NOW = Date.parse('2026-11-23T09:00:00Z');
const OWNER = 'owner: ana@acme.example, reason: drill';

function optionsOf(yaml: string): MuteOptions {
  const problems: string[] = [];
  const pipeline = parsePipeline(yaml, problems);
  if (!pipeline) throw new Error(problems.join('\n'));
  return pipeline;
}

const problemsOf = (yaml: string): string[] => {
  const problems: string[] = [];
  parsePipeline(yaml, problems);
  return problems;
};

const ask = (yaml: string, alert: AlertView = SHELL, stored: readonly StoredSilence[] = [], now = NOW) =>
  verdictOf({ facts: factsOfView(alert), groupKey: 'g' }, optionsOf(yaml), stored, now);

const silence = (match: string, more = ''): string =>
  `silences: [{ match: ['${match}'], until: 2026-11-24T00:00:00Z, ${OWNER}${more} }]`;
const exception = (match: string, mode: string): string =>
  `exceptions: [{ name: backup, match: ['${match}'], mode: ${mode}, ${OWNER} }]`;
const pressed = (over: Partial<StoredSilence> = {}): StoredSilence => ({
  id: 'button.1',
  kind: 'silence',
  groupKey: 'g',
  owner: 'ana',
  reason: 'expected',
  madeAt: NOW,
  until: NOW + 1_000,
  ...over,
});
const nowhere = alertLike(SHELL, { where: { enrichment: 'none' } });
const emergency = alertLike(SHELL, { priority: 'Emergency' });

describe('an alert', () => {
  test.each<[string, string, AlertView, StoredSilence[], boolean]>([
    ['that a silence matches', silence('namespace="payments"'), SHELL, [], true],
    ['that it does not', silence('namespace="shop"'), SHELL, [], false],
    ['of which the namespace is not known', silence('namespace="payments"'), nowhere, [], false],
    ['of which the team is not known', silence('team!="shop"'), nowhere, [], false],
    ['that is an Emergency', silence('namespace="payments"'), emergency, [], false],
    ['before the silence begins', silence('namespace="payments"', ', from: 2026-11-23T10:00:00Z'), SHELL, [], false],
    ['whose group a button muted', '', SHELL, [pressed()], true],
    ['whose group another button muted', '', SHELL, [pressed({ groupKey: 'other' })], false],
    ['after the button’s time', '', SHELL, [pressed({ until: NOW })], false],
    ['that is an Emergency of a muted group', '', emergency, [pressed()], false],
    ['that an exception matches', exception('namespace="payments"', 'mute'), SHELL, [], true],
    ['that an exception in shadow mode matches', exception('namespace="payments"', 'shadow'), SHELL, [], false],
  ])('%s is muted, or not', (_, yaml, alert, stored, muted) => {
    expect(ask(yaml, alert, stored).muted !== undefined).toBe(muted);
  });

  test('that a shadow matches says so, muted or not', () => {
    const yaml = exception('namespace="payments"', 'shadow');
    expect(ask(yaml).shadows).toMatchObject([{ id: 'exceptions.backup', kind: 'exception' }]);
    expect(ask(yaml, SHELL, [pressed()])).toMatchObject({
      muted: { id: 'button.1' },
      shadows: [{ id: 'exceptions.backup' }],
    });
    expect(ask(exception('namespace="shop"', 'shadow')).shadows).toEqual([]);
  });

  test('is muted until the very moment that the silence names', () => {
    const until = Date.parse('2026-11-24T00:00:00Z');
    expect(ask(silence('namespace="payments"'), SHELL, [], until - 1).muted).toBeDefined();
    expect(ask(silence('namespace="payments"'), SHELL, [], until).muted).toBeUndefined();
  });

  test('is muted under a name that does not depend on the silence’s place in the list', () => {
    const [one] = silence('namespace="payments"').match(/\{.*\}/) ?? [''];
    const other = one.replace('payments', 'shop');
    expect(ask(`silences: [${other}, ${one}]`).muted?.id).toBe(ask(`silences: [${one}]`).muted?.id);
  });
});

describe('pipeline.yaml is refused', () => {
  test.each([
    [
      'a silence of everything',
      `silences: [{ match: [], until: 2026-11-24T00:00:00Z, ${OWNER} }]`,
      'would mute everything',
    ],
    ['a silence without end', `silences: [{ match: ['namespace="a"'], ${OWNER} }]`, 'silences.0.until'],
    [
      'a day that is no moment',
      `silences: [{ match: ['namespace="a"'], until: 2026-11-24, ${OWNER} }]`,
      'a moment such as',
    ],
    [
      'a silence by nobody',
      `silences: [{ match: ['namespace="a"'], until: 2026-11-24T00:00:00Z, reason: x }]`,
      'owner',
    ],
    [
      'a silence that ends first',
      `silences: [{ match: ['namespace="a"'], from: 2026-11-25T00:00:00Z, until: 2026-11-24T00:00:00Z, ${OWNER} }]`,
      'ends before it begins',
    ],
    ['an exception of everything', `exceptions: [{ name: a, match: [], ${OWNER} }]`, 'would mute everything'],
    [
      'two exceptions of one name',
      `exceptions: [{ name: a, match: ['namespace="a"'], ${OWNER} }, { name: a, match: ['namespace="b"'], ${OWNER} }]`,
      'two exceptions are named "a"',
    ],
    ['an unknown receiver to announce to', 'announce: [nobody]', 'there is no receiver "nobody"'],
    ['an unknown receiver on call', 'oncall: nobody', 'there is no receiver "nobody"'],
  ])('with %s', (_, yaml, problem) => {
    expect(problemsOf(yaml).join('\n')).toContain(problem);
  });
});
