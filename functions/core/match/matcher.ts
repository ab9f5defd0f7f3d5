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

/** White space and `{}!=~,\"'` and the backtick end an unquoted name or value. */
const PLAIN = /[^\p{White_Space}{}!=~,\\"'`]+/uy;
const SPACE = /[\t\n\f\r ]*/y;
const OPERATOR = /=~|!~|!=|=/y;
/** A name that Alertmanager's classic syntax has too. */
const CLASSIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const CLASSIC_ESCAPE = /\\(["\\n])/y;
const ESCAPE = /\\(?:(["\\nrt])|x([0-7][0-9A-Fa-f])|u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/y;
/** Control characters and bytes to Go: whoever writes `\b` means a word boundary, and would never see a match. */
const MISLEADING = /\\(?:[abfv]|x[0-9A-Fa-f]{2}|[0-7]{3})/y;
const NAMED_ESCAPES: Readonly<Record<string, string>> = { '"': '"', '\\': '\\', n: '\n', r: '\r', t: '\t' };

/**
 * Reads one or several matchers, separated by commas, in braces or not: `namespace=~"payments|ledger", team!=""`.
 * Names and values may be quoted, and then hold anything. `{}` matches everything. Throws `MatcherSyntaxError`.
 *
 * Alertmanager has two syntaxes, and so have we. Where each name is plain the classic one holds: `\"`, `\\` and `\n` are
 * escapes, and every other backslash stands for itself, so that `"ledger\.api"` needs no doubling. What is not classic
 * is read by the other, which has Go's escapes as well; there Alertmanager refuses a line break, and a backslash that
 * escapes nothing, and we let them stand for themselves.
 */
export function parseMatchers(text: string): Matcher[] {
  let refused: unknown;
  try {
    const { matchers, classic } = readMatchers(text, CLASSIC_ESCAPE);
    if (classic) return matchers;
  } catch (error) {
    refused = error;
  }
  try {
    return readMatchers(text, ESCAPE).matchers;
  } catch (error) {
    throw refused ?? error;
  }
}

/** `classic`: each name is one that the classic syntax has. */
function readMatchers(text: string, escapes: RegExp): { matchers: Matcher[]; classic: boolean } {
  let at = 0;
  let classic = true;

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

  function word(what: string, spelling: RegExp): string {
    take(SPACE);
    if (text[at] === '"') return quoted(spelling);
    return take(PLAIN)?.[0] ?? fail(`expected ${what}`);
  }

  function quoted(spelling: RegExp): string {
    const start = at;
    let value = '';
    for (at += 1; text[at] !== '"'; ) {
      if (at >= text.length) fail('a quote that is never closed', start);
      const escaped = take(spelling);
      if (escaped) value += escaped[1] ? NAMED_ESCAPES[escaped[1]] : character(escaped);
      else {
        if (spelling === ESCAPE && take(MISLEADING)) fail('a character by its code (double the backslash to keep it)');
        value += text[at];
        at += 1;
      }
    }
    at += 1;
    return value;
  }

  function character([spelt, , ...hex]: RegExpExecArray): string {
    const codePoint = Number.parseInt(hex.find(Boolean) ?? '', 16);
    if (codePoint > 0x10ffff) fail('a code point past U+10FFFF', at - spelt.length);
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) fail('half a surrogate pair', at - spelt.length);
    return String.fromCodePoint(codePoint);
  }

  function matcher(): Matcher {
    take(SPACE);
    const isQuoted = text[at] === '"';
    const name = word('a name', ESCAPE);
    if (name === '') fail('an empty name');
    if (isQuoted || !CLASSIC_NAME.test(name)) classic = false;
    take(SPACE);
    const operator = (take(OPERATOR)?.[0] ?? fail('expected one of = != =~ !~')) as Operator;
    take(SPACE);
    const start = at;
    const value = word('a value', escapes);
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
  return { matchers, classic };

  function atEnd(): boolean {
    take(SPACE);
    return at >= text.length || text[at] === '}';
  }
}

/** The matcher as text that `parseMatchers` reads back, by either syntax. */
export function printMatcher({ name, operator, value }: Pick<Matcher, 'name' | 'operator' | 'value'>): string {
  return `${/^[^\p{White_Space}{}!=~,\\"'`]+$/u.test(name) ? name : quote(name)}${operator}${quote(value)}`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
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
