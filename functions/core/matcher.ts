/** Alertmanager's matchers (https://prometheus.io/docs/alerting/latest/configuration/#matcher), three-valued. */

import * as z from 'zod';
import { type Facts, isFactName } from './facts.ts';
import { compileRegex } from './regex.ts';
import { RegexSyntaxError } from './regex-syntax.ts';

/** `unknown`: a matcher asks for what enrichment could not fill. It may raise, never lower or mute. */
export type Verdict = 'yes' | 'no' | 'unknown';

export type Operator = '=' | '!=' | '=~' | '!~';

export interface Matcher {
  name: string;
  operator: Operator;
  value: string;
  /** Whether a known value fits, the operator's negation included. */
  test(value: string): boolean;
}

/** `position` counts UTF-16 units from 0 into the text that was parsed. */
export class MatcherSyntaxError extends Error {
  override readonly name = 'MatcherSyntaxError';
  readonly position: number;
  constructor(what: string, position: number) {
    super(`${what} at position ${position + 1}`);
    this.position = position;
  }
}

/** Falcosidekick cuts what is longer than this in a large event; a regular expression on more is `unknown`. */
const LONGEST_VALUE = 4096;

/** All must fit: one no is no, else one unknown is unknown. No matchers at all is yes. */
export function matches(matchers: readonly Matcher[], facts: Facts): Verdict {
  let verdict: Verdict = 'yes';
  for (const matcher of matchers) {
    const value = facts(matcher.name);
    const regex = matcher.operator === '=~' || matcher.operator === '!~';
    if (value === undefined || (regex && value.length > LONGEST_VALUE)) verdict = 'unknown';
    else if (!matcher.test(value)) return 'no';
  }
  return verdict;
}

/** Throws `RegexSyntaxError` for =~ and !~ with a pattern that RE2 does not take. */
export function createMatcher(name: string, operator: Operator, value: string): Matcher {
  return { name, operator, value, test: tester(operator, value) };
}

function tester(operator: Operator, value: string): (text: string) => boolean {
  if (operator === '=') return (text) => text === value;
  if (operator === '!=') return (text) => text !== value;
  const whole = compileRegex(value);
  return operator === '=~' ? whole : (text) => !whole(text);
}

/** Whitespace and `{}!=~,\"'` and the backtick end an unquoted name or value. */
const PLAIN = /[^\s{}!=~,\\"'`]+/uy;
const SPACE = /\s*/uy;
const OPERATOR = /=~|!~|!=|=/y;
const ESCAPE = /\\(?:x([0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(["\\nrt]))/y;
const NAMED_ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t' };

/**
 * Reads one or several matchers, separated by commas, in braces or not: `namespace=~"payments|ledger", team!=""`.
 * Names and values may be quoted, and then hold anything. A backslash before a character that is no escape stands for
 * itself, as in Alertmanager's classic syntax, so that `"ledger\.api"` needs no doubling. `{}` matches everything.
 * Throws `MatcherSyntaxError`.
 */
export function parseMatchers(text: string): Matcher[] {
  let at = 0;

  function take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found) at += found[0].length;
    return found;
  }
  const eat = (mark: string): boolean => {
    take(SPACE);
    if (text[at] !== mark) return false;
    at += 1;
    return true;
  };
  const fail = (what: string, position = at): never => {
    throw new MatcherSyntaxError(what, position);
  };

  function word(what: string): string {
    take(SPACE);
    if (text[at] === '"') return quoted();
    return take(PLAIN)?.[0] ?? fail(`expected ${what}`);
  }

  function quoted(): string {
    const start = at;
    let value = '';
    for (at += 1; text[at] !== '"'; ) {
      if (at >= text.length) fail('a quote that is never closed', start);
      const escaped = take(ESCAPE);
      if (escaped) {
        const hex = escaped[1] ?? escaped[2] ?? escaped[3];
        const codePoint = hex ? Number.parseInt(hex, 16) : 0;
        if (codePoint > 0x10ffff) fail('a code point past U+10FFFF', at - escaped[0].length);
        value += hex ? String.fromCodePoint(codePoint) : NAMED_ESCAPES[escaped[4] ?? ''];
      } else {
        value += text[at];
        at += 1;
      }
    }
    at += 1;
    return value;
  }

  function matcher(): Matcher {
    const name = word('a name');
    if (name === '') fail('an empty name');
    take(SPACE);
    const operator = (take(OPERATOR)?.[0] ?? fail('expected one of = != =~ !~')) as Operator;
    take(SPACE);
    const start = at;
    const value = word('a value');
    try {
      return createMatcher(name, operator, value);
    } catch (error) {
      if (error instanceof RegexSyntaxError) fail(`${error.message}, which begins`, start);
      throw error;
    }
  }

  const matchers: Matcher[] = [];
  const braces = eat('{');
  const closed = (): boolean => {
    if (braces) return eat('}');
    take(SPACE);
    return at >= text.length;
  };
  if (!braces && closed()) fail('expected a matcher');
  if (!braces || !closed()) {
    do matchers.push(matcher());
    while (eat(',') && !atEnd());
    if (!closed()) fail(braces ? 'expected a comma or }' : 'expected a comma or the end');
  }
  take(SPACE);
  if (at < text.length) fail('expected the end');
  return matchers;

  function atEnd(): boolean {
    take(SPACE);
    return at >= text.length || text[at] === '}';
  }
}

/** The matcher as text that `parseMatchers` reads back. */
export function printMatcher({ name, operator, value }: Pick<Matcher, 'name' | 'operator' | 'value'>): string {
  const bare = /^[^\s{}!=~,\\"'`]+$/u.test(name);
  return `${bare ? name : quote(name)}${operator}${quote(value)}`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}"`;
}

/** A list of strings, each one or several matchers, all of which must fit. Names that no alert can have are refused. */
export const matchersSchema = z.array(z.string()).transform((texts, context): Matcher[] =>
  texts.flatMap((text, index) => {
    const complain = (message: string): Matcher[] => {
      context.addIssue({ code: 'custom', message, path: [index], input: text });
      return [];
    };
    try {
      const matchers = parseMatchers(text);
      const wrong = matchers.find(({ name }) => !isFactName(name));
      return wrong ? complain(`no alert has "${wrong.name}": it is neither a fact nor a Falco field`) : matchers;
    } catch (error) {
      if (error instanceof MatcherSyntaxError) return complain(error.message);
      throw error;
    }
  }),
);
