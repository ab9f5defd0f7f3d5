/** Targets that read: a message, an event, what redaction finds, matchers, patterns, pipeline.yaml and callbacks. */

import { readFileSync } from 'node:fs';
import { parsePipeline } from '../../../functions/config.ts';
import { readMessage } from '../../../functions/core/event/message.ts';
import { MatcherSyntaxError, parseMatchers, printMatcher } from '../../../functions/core/match/matcher.ts';
import { compileRegex } from '../../../functions/core/match/regex.ts';
import { RegexSyntaxError } from '../../../functions/core/match/regex-syntax.ts';
import { REASONS } from '../../../functions/core/reasons.ts';
import { readEvent } from '../../../functions/ingest/event.ts';
import { createRedactor } from '../../../functions/ingest/redact.ts';
import { calling } from '../../callback/calling.ts';
import { event, form, pagerdutyRequest, posted, press, slackRequest } from '../../callback/support.ts';
import { fixtures, fixtureText } from '../../fixtures/load.ts';
import type { Target } from './loop.ts';
import { seeds } from './told.ts';

const fail = (problem: string): never => {
  throw new Error(problem);
};
const shipped = readFileSync(new URL('../../../functions/pipeline.yaml', import.meta.url), 'utf8');
const quotedIn = (text: string): string[] =>
  [...text.matchAll(/'((?:[^'\n]|'')+)'/g)].map(([, inner = '']) => inner.replaceAll("''", "'"));
const matcherSeeds = [...new Set(quotedIn(shipped).filter((text) => /[=~]/.test(text)))].slice(0, 60);

function refused({ reason, detail }: { reason: string; detail: string }, input: string): void {
  if (!Object.hasOwn(REASONS, reason)) fail(`an unknown reason ${reason}`);
  if (detail.length > 600) fail(`a detail of ${detail.length} characters`);
  for (const [word] of input.matchAll(/hunter2\w*/g)) if (detail.includes(word)) fail(`the detail quotes ${word}`);
}

function read(name: string, from: Target['seeds'], run: Target['run'], stepsPerCharacter = 150): Target {
  return { name, seeds: from, run, stepsPerCharacter };
}

const message = read(
  'message',
  () =>
    fixtures()
      .slice(0, 20)
      .flatMap((each) => [{ message: each, subscription: 's' }, { data: { message: each } }])
      .map((each) => JSON.stringify(each)),
  (input) => {
    let body: unknown = input;
    try {
      body = JSON.parse(input);
    } catch {
      // The framework hands over what is no JSON as text.
    }
    const result = readMessage(body);
    if (!result.ok) return refused(result, input);
    const { text, attributes } = result.message;
    const sent = body as { message?: { data?: string }; data?: { message?: { data?: string } } };
    // A list, or null, is no message, and the one below `data` is read.
    const isObject = typeof sent.message === 'object' && sent.message !== null && !Array.isArray(sent.message);
    const data = (isObject ? sent.message : sent.data?.message)?.data ?? '';
    if (!Buffer.from(text, 'utf8').equals(Buffer.from(data, 'base64')) && !data.startsWith('77u/')) fail('other bytes');
    if (Object.getPrototypeOf(attributes) !== null) fail('attributes with a prototype');
  },
);

interface WithSource {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
}

/** Numbers as they were written, by the engine's own parser. */
function written(raw: string): Record<string, unknown> {
  const keep = (_key: string, value: unknown, { source }: { source?: string }) =>
    typeof value === 'number' ? { source } : value;
  return ((JSON as WithSource).parse(raw, keep) as { output_fields?: Record<string, unknown> }).output_fields ?? {};
}

const readingEvent = read('event', seeds, (input) => {
  const result = readEvent(input);
  if (!result.ok) return refused(result, input);
  if (result.raw !== input) fail('the text was changed');
  for (const [name, value] of Object.entries(written(input))) {
    const { source = '' } = (value ?? {}) as { source?: string };
    const kept = result.event.fields[name];
    if (/^-?[1-9]\d{0,300}$/.test(source) && String(kept) !== source) fail(`${source} became ${kept}`);
  }
});

const redactor = createRedactor('a key of the tests');
const SECRET = 'Zx9-hunter2Zx9-hunter2';
/** Ways to say a secret that count wherever they stand between blanks. */
const SAID = [
  ` --password=${SECRET} `,
  ` PGPASSWORD=${SECRET} `,
  ` https://ana:${SECRET}@db.acme.example/x `,
  ` Authorization: Bearer ${SECRET} `,
  ` ghp_${SECRET.replaceAll('-', '')} `,
];

const redact = read(
  'redact',
  seeds,
  (input) => {
    let json: { output_fields?: Record<string, unknown> };
    try {
      json = JSON.parse(input);
    } catch {
      return;
    }
    if (!readEvent(input).ok || !json.output_fields) return;
    const command = json.output_fields['proc.cmdline'];
    const said = SAID[input.length % SAID.length] ?? '';
    json.output_fields['proc.cmdline'] = `${typeof command === 'string' ? command : ''}${said}`;
    const raw = JSON.stringify(json);
    const planted = readEvent(raw);
    if (!planted.ok) return;
    const once = redactor.redact(raw, planted.event);
    if (/hunter2Zx9-?hunter2/.test(once.line)) fail(`the secret is left: ${said}`);
    JSON.parse(once.line);
    const again = redactor.redact(once.line, once.event);
    if (again.line !== once.line) fail('redacting again changes it');
  },
  1_500,
);

const matcher = read(
  'matcher',
  () => matcherSeeds,
  (input) => {
    try {
      const matchers = parseMatchers(input);
      for (const each of matchers) for (const value of ['', input.slice(0, 500), 'bash']) each.test(value);
      const plain = ({ name, operator, value }: (typeof matchers)[number]): string =>
        JSON.stringify([name, operator, value]);
      const back = parseMatchers(matchers.map(printMatcher).join(', '));
      if (back.map(plain).join() !== matchers.map(plain).join()) fail('printed and read again it is another');
    } catch (error) {
      if (!(error instanceof MatcherSyntaxError)) throw error;
      if (error.position < 0 || error.position > input.length) fail(`an error at ${error.position}`);
    }
  },
  6_000,
);

const regex = read(
  'regex',
  () =>
    matcherSeeds
      .flatMap((text) => quotedBy(text))
      .concat(['(a|b)*a(a|b){20}', '(?:.*a){20}', '[[:alpha:]]+\\b', '(?i)\\pL+']),
  (input) => {
    try {
      const whole = compileRegex(input);
      for (const text of ['', input.repeat(4), 'ab'.repeat(500), 'aaaaaaab'.repeat(100)]) whole(text.slice(0, 1_000));
    } catch (error) {
      if (!(error instanceof RegexSyntaxError)) throw error;
    }
  },
  // At most so many instructions as a pattern may have, for each character.
  12_000,
);

function quotedBy(text: string): string[] {
  return [...text.matchAll(/~"((?:[^"\\]|\\.)*)"/g)].map(([, inner = '']) => inner);
}

const config = read(
  'config',
  () => [shipped.slice(0, 6_000), fixtureYaml()],
  (input) => {
    const problems: string[] = [];
    const parsed = parsePipeline(input, problems);
    if (!parsed && problems.length === 0) fail('neither a configuration nor a problem');
    for (const problem of problems)
      if (!/^pipeline[ .:]/.test(problem)) fail(`a problem without its place: ${problem}`);
    if (Object.hasOwn(Object.prototype, 'polluted')) fail('the prototype of all objects was changed');
  },
  20_000,
);

function fixtureYaml(): string {
  const documented = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');
  return /```yaml\n(.*?)```/s.exec(documented)?.[1] ?? '';
}

const callback = read(
  'callback',
  () => [form(press()), JSON.stringify(event()), fixtureText('shell-terminal')],
  async (input) => {
    const requests = [slackRequest(input), pagerdutyRequest(input), posted(input, {})];
    for (const [index, request] of requests.entries()) {
      const { call, acted, lines } = calling();
      const { status } = await call(request);
      const wanted = index === 2 ? [401] : [200, 400, 401];
      if (!wanted.includes(status)) fail(`answered ${status}`);
      if (status !== 200 && acted.length > 0) fail('refused, and acted');
      if (acted.some(({ by }) => /[\p{Cc}\p{Cf}]/u.test(by) || by.length > 80)) fail('a name that acts or hides');
      if (lines.some(({ message: said }) => said.length > 300)) fail('a long line in the log');
    }
  },
  2_000,
);

export const READ: readonly Target[] = [message, readingEvent, redact, matcher, regex, config, callback];
