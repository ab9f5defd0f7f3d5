/** The alert on functions that fail, played minute by minute against what each function is asked in fact. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { FUNCTIONS, type FunctionName } from '../../functions/wire.ts';
import { INFRA, quoted } from './hcl.ts';

const file = (name: string): string => readFileSync(join(INFRA, name), 'utf8');
const group = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? '';

interface Condition {
  functions: readonly string[];
  /** Of one of the two kinds. */
  share: number;
  count: number;
  /** Seconds. */
  window: number;
  duration: number;
}

const conditions = ['repeated', 'unrepeated'].map((name): Condition => {
  const body = group(new RegExp(`^ {4}${name} = \\{\\n([\\s\\S]*?)^ {4}\\}$`, 'm'), file('monitoring-functions.tf'));
  const number = (key: string): number => Number(group(new RegExp(`^ +${key} +=\\s([\\d.]+)$`, 'm'), body));
  return {
    functions: quoted(group(/functions = \[(.*)\]/, body)),
    share: number('share'),
    count: number('count'),
    window: number('window'),
    duration: number('duration'),
  };
});

interface Answer {
  /** In seconds. */
  at: number;
  failed: boolean;
}

/** How often the alert opens, as Cloud Monitoring looks at it: each minute, at the window that ends there. */
function alerts(name: FunctionName, answers: readonly Answer[]): number {
  const condition = conditions.find(({ functions }) => functions.includes(name));
  if (!condition) throw new Error(`no alert is on ${name}`);
  const { share, count, window, duration } = condition;
  let since: number | undefined;
  let open = false;
  let opened = 0;
  const end = (answers.at(-1)?.at ?? 0) + window;
  for (let now = 0; now <= end; now += 60) {
    const seen = answers.filter(({ at }) => at > now - window && at <= now);
    const failed = seen.filter((answer) => answer.failed).length;
    const holds = share ? failed / Math.max(seen.length, 1) > share : failed > count;
    since = holds ? (since ?? now) : undefined;
    const before = open;
    open = since !== undefined && now - since >= duration;
    if (open && !before) opened += 1;
  }
  return opened;
}

/** Every so many seconds for so long; `fails` says of the nth whether it fails. */
const every = (seconds: number, forSeconds: number, fails: (nth: number) => boolean): Answer[] =>
  Array.from({ length: Math.floor(forSeconds / seconds) }, (_, nth) => ({ at: nth * seconds + 1, failed: fails(nth) }));

/** One message that is refused until `until`, as Pub/Sub comes again with it by the subscription's backoff. */
function pushes(subscription: string, until: number): Answer[] {
  const [, least = '', most = ''] =
    new RegExp(`^ {6}${subscription} += \\{.*minimum = "(\\d+)s", maximum = "(\\d+)s"`, 'm').exec(file('topics.tf')) ??
    [];
  const answers: Answer[] = [];
  for (let at = 1, wait = Number(least); ; wait = Math.min(2 * wait, Number(most))) {
    answers.push({ at, failed: at < until });
    if (at >= until) return answers;
    at += wait;
  }
}

const HOUR = 3_600;
const always = (): boolean => true;
const never = (): boolean => false;
const first = (nth: number): boolean => nth === 0;

test('every function is in one of its conditions, by whether anybody repeats what fails', () => {
  expect(conditions.flatMap(({ functions }) => functions).sort()).toEqual([...FUNCTIONS].sort());
  const pushed = new Set([...file('topics.tf').matchAll(/function +=\s"(\w+)"/g)].map(([, name]) => name));
  expect(conditions.map(({ functions }) => functions.every((name) => pushed.has(name)))).toEqual([true, false]);
  expect(conditions[1]?.functions.filter((name) => pushed.has(name))).toEqual([]);
});

describe('it opens once, and once only', () => {
  test.each<[string, FunctionName, Answer[]]>([
    ['when sweep, once a minute, fails each time', 'sweep', every(60, HOUR, always)],
    ['when sweep fails every other time', 'sweep', every(60, HOUR, (nth) => nth % 2 === 0)],
    ['when sweep fails twice in an hour of runs', 'sweep', every(60, HOUR, (nth) => nth === 3 || nth === 6)],
    ['when the one who presses a button in chat is refused twice', 'callback', every(240, 480, always)],
    ['when one event is refused again and again, and nothing else comes', 'ingest', pushes('falco-events', HOUR)],
    ['when one event waits for Loki in vain', 'ingest', pushes('falco-retry', HOUR)],
    ['when one alert is refused again and again', 'escalate', pushes('escalations', HOUR)],
    ['when ingest is busy and fails for each tenth event', 'ingest', every(1, HOUR, (nth) => nth % 10 === 0)],
    ['when notify is quiet and fails for all', 'notify', every(120, HOUR, always)],
  ])('%s', (_, name, answers) => {
    expect(alerts(name, answers)).toBe(1);
  });
});

describe('it stays closed', () => {
  test.each<[string, FunctionName, Answer[]]>([
    ['when sweep fails once', 'sweep', every(60, HOUR, (nth) => nth === 7)],
    ['when a button in chat is refused once', 'callback', every(600, HOUR, first)],
    ['when an event is refused once, and taken a second later', 'ingest', pushes('falco-events', 2)],
    ['when the store is away for two minutes', 'ingest', pushes('falco-events', 120)],
    ['when one of a hundred events is refused', 'ingest', every(1, HOUR, (nth) => nth % 100 === 0)],
    ['when all goes well', 'escalate', every(10, HOUR, never)],
  ])('%s', (_, name, answers) => {
    expect(alerts(name, answers)).toBe(0);
  });
});
