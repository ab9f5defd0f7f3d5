/** Routing trees, alerts for them, and texts of matchers, as fast-check makes them up. */

import fc from 'fast-check';
import { stringify } from 'yaml';
import { GROUP_NAMES } from '../../../functions/core/incident/group.ts';
import type { Labels } from '../programs/routes.ts';
import { regex, VALUES } from './patterns.ts';

interface Node {
  receiver?: string;
  /** Entries as they stand in the file: each one or several matchers. */
  match: string[];
  continue: boolean;
  group_by?: string[];
  routes: Node[];
}

const RECEIVERS = ['oncall', 'leads', 'chat', 'archive', 'payments'] as const;

/** Facts, a Falco field with signs in its name, and labels with characters that a name needs quotes for. */
const NAMES = ['namespace', 'team', 'rule', 'proc.name', 'proc.aname[2]', 'pod_label_é', 'pod_label_a "b"'] as const;

const value = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...VALUES) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme-ascii', maxLength: 4 }) },
);

interface Written {
  name: string;
  operator: string;
  text: string;
}

const written: fc.Arbitrary<Written> = fc
  .tuple(
    fc.constantFrom(...NAMES),
    fc.oneof(
      fc.tuple(fc.constantFrom('=', '!='), value),
      fc.tuple(fc.constantFrom('=~', '!~'), fc.oneof(regex, value.map(escapeRegex))),
    ),
  )
  .map(([name, [operator, text]]) => ({ name, operator, text }));

interface Style {
  quoteNames: boolean;
  quoteValues: boolean;
  /** Single backslashes, as the classic syntax has them, where each name is plain and none of them would escape. */
  singly: boolean;
  space: string;
  comma: string;
  trailing: boolean;
  braces: boolean;
}

const style: fc.Arbitrary<Style> = fc.record({
  quoteNames: fc.boolean(),
  quoteValues: fc.boolean(),
  singly: fc.boolean(),
  space: fc.constantFrom('', ' '),
  comma: fc.constantFrom(',', ', ', ' , '),
  trailing: fc.boolean(),
  braces: fc.boolean(),
});

/** One entry of the list: a matcher, several with commas, or any of these in braces; `{}` takes everything. */
const entry: fc.Arbitrary<string> = fc.tuple(fc.array(written, { maxLength: 2 }), style).map(([matchers, how]) => {
  const singly = how.singly && !how.quoteNames && matchers.every(({ name }) => /^[a-z]+$/.test(name));
  const parts = matchers.map(({ name, operator, text }) => {
    const plainName = !how.quoteNames && !/[\s{}!=~,\\"'`]/u.test(name);
    const plainValue = !how.quoteValues && /^[\w.|*+-]+$/.test(text);
    const spelt =
      singly && !/\\["\\n]|\\$/.test(text) ? `"${withoutBreaks(text.replaceAll('"', '\\"'))}"` : quote(text);
    return [plainName ? name : quote(name), operator, plainValue ? text : spelt].join(how.space);
  });
  const list = `${parts.join(how.comma)}${how.trailing && parts.length > 0 ? ',' : ''}`;
  return how.braces || parts.length === 0 ? `{${list}}` : list;
});

function quote(text: string): string {
  return `"${withoutBreaks(text.replace(/[\\"]/g, '\\$&'))}"`;
}

function withoutBreaks(text: string): string {
  return text.replaceAll('\n', '\\n');
}

function escapeRegex(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

const OPERATORS = ['=', '!=', '=~', '!~', '=', '=~', '==', ''];
const CALLED = [...String.raw`team a:b proc.name é "team" "proc.name" "a\n\"b" "\x61" "a\.b"`.split(' '), '"a b"', ''];
const SIGNS = [
  ...`a b . | ( ) é 😀 { } , = ' "`.split(' '),
  ...String.raw`\ \\ \" \n \r \t \b \v \d \. \x2e \xe9 \056 \u00e9 \ud800 \U0001F600 \u12`.split(' '),
  ...[' ', '\n', '\t'],
];

/** What may or may not be matchers, near enough to the syntax that many are. */
export const matcherText: fc.Arbitrary<string> = (() => {
  const signs = fc.array(fc.constantFrom(...SIGNS), { maxLength: 4 }).map((each) => each.join(''));
  const text = fc.oneof({ weight: 6, arbitrary: signs.map((each) => `"${each}"`) }, { weight: 1, arbitrary: signs });
  const space = fc.oneof({ weight: 9, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\n', '\u00a0', '\u0085'));
  const one = fc.tuple(fc.constantFrom(...CALLED), space, fc.constantFrom(...OPERATORS), space, text);
  return fc
    .tuple(
      fc.array(
        one.map((each) => each.join('')),
        { maxLength: 3 },
      ),
      fc.constantFrom('', '', ','),
      fc.constantFrom(['', ''], ['', ''], ['{', '}'], ['{', '}'], ['{', ''], ['', '}']),
    )
    .map(([list, trailing, [open, close]]) => `${open}${list.join(',')}${trailing}${close}`);
})();

const receiver = fc.constantFrom(...RECEIVERS);
const groupBy = fc.uniqueArray(fc.constantFrom(...GROUP_NAMES), { minLength: 1, maxLength: 3 });

const nodeAt = (depth: number): fc.Arbitrary<Node> =>
  fc.record(
    {
      receiver,
      match: fc.array(entry, { maxLength: 2 }),
      continue: fc.boolean(),
      group_by: groupBy,
      routes: depth === 0 ? fc.constant([]) : fc.array(nodeAt(depth - 1), { maxLength: 3 }),
    },
    { requiredKeys: ['match', 'continue', 'routes'] },
  );

/** The root takes everything, as Alertmanager wants it; below it up to four levels. */
export const tree: fc.Arbitrary<Node> = fc.record(
  {
    receiver,
    match: fc.constant([]),
    continue: fc.constant(false),
    group_by: groupBy,
    routes: fc.array(nodeAt(3), { minLength: 1, maxLength: 4 }),
  },
  { requiredKeys: ['receiver', 'match', 'continue', 'routes'] },
);

export const alert: fc.Arbitrary<Labels> = fc.dictionary(fc.constantFrom(...NAMES), value);

/** As pipeline.yaml, the way people write it. */
export function ourYaml(root: Node): string {
  const receivers = RECEIVERS.map((name) => ({ name, webhook: { url: `https://${name}.example/` } }));
  return stringify({ route: root, receivers });
}

/** As Alertmanager's file. Its YAML reader is an older one, so everything but ASCII is escaped. */
export function theirYaml(root: Node): string {
  const theirs = ({ match, routes, ...rest }: Node): object => ({
    ...rest,
    ...(match.length > 0 && { matchers: match }),
    routes: routes.map(theirs),
  });
  const json = JSON.stringify({ route: theirs(root), receivers: RECEIVERS.map((name) => ({ name })) });
  return json.replace(/[^ -~]/gu, (character) => `\\U${character.codePointAt(0)?.toString(16).padStart(8, '0')}`);
}
