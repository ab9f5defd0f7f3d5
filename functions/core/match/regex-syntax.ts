/** Reads a regular expression in Go's RE2 syntax (https://github.com/google/re2/wiki/Syntax) into a tree. */

import { type Class, foldCase, PERL, POSIX } from './regex-classes.ts';

export type Assertion = 'text-start' | 'text-end' | 'line-start' | 'line-end' | 'word' | 'not-word';

export type RegexNode =
  /** `literal` is the code point where the class holds just one. */
  | { kind: 'class'; test: Class; literal?: number }
  | { kind: 'assert'; assertion: Assertion }
  | { kind: 'sequence'; nodes: readonly RegexNode[] }
  | { kind: 'either'; nodes: readonly RegexNode[] }
  | { kind: 'repeat'; node: RegexNode; min: number; max: number };

/** A pattern that Go would refuse too, or that is past our bounds. `position` counts UTF-16 units from 0. */
export class RegexSyntaxError extends Error {
  override readonly name = 'RegexSyntaxError';
  readonly position: number;
  constructor(what: string, position: number) {
    super(`${what} at position ${position + 1} of the regular expression`);
    this.position = position;
  }
}

/** RE2's own bound on a counted repetition. */
const MOST_REPEATS = 1000;
const DEEPEST = 100;

interface Flags {
  /** i: without regard to case. m: ^ and $ at lines. s: the dot takes a newline. */
  i: boolean;
  m: boolean;
  s: boolean;
}

/** Throws `RegexSyntaxError`. Greediness and groups are read and forgotten: they do not change whether a text matches. */
export function parseRegex(pattern: string): RegexNode {
  let at = 0;
  let depth = 0;
  let flags: Flags = { i: false, m: false, s: false };

  const rest = (): string => pattern.slice(at);
  const fail = (what: string, position = at): never => {
    throw new RegexSyntaxError(what, position);
  };
  const eat = (text: string): boolean => {
    if (!pattern.startsWith(text, at)) return false;
    at += text.length;
    return true;
  };

  function alternatives(): RegexNode {
    const outer = flags;
    const nodes = [sequence()];
    while (eat('|')) nodes.push(sequence());
    flags = outer;
    return nodes.length === 1 && nodes[0] ? nodes[0] : { kind: 'either', nodes };
  }

  function sequence(): RegexNode {
    const nodes: RegexNode[] = [];
    while (at < pattern.length && pattern[at] !== '|' && pattern[at] !== ')') nodes.push(...repeated(atom()));
    return { kind: 'sequence', nodes };
  }

  function repeated(nodes: RegexNode[]): RegexNode[] {
    const start = at;
    const times = quantifier();
    if (!times) return nodes;
    const node = nodes.pop();
    if (!node) return fail('nothing to repeat', start);
    eat('?');
    if (quantifier()) fail('a repetition of a repetition (write a group)', start);
    return [...nodes, { kind: 'repeat', node, ...times }];
  }

  function quantifier(): { min: number; max: number } | undefined {
    if (eat('*')) return { min: 0, max: Infinity };
    if (eat('+')) return { min: 1, max: Infinity };
    if (eat('?')) return { min: 0, max: 1 };
    const counted = /^\{(0|[1-9]\d*)(,?)(0|[1-9]\d*|)\}/.exec(rest());
    if (!counted || (counted[2] === '' && counted[3] !== '')) return undefined;
    const min = Number(counted[1]);
    const max = counted[2] === '' ? min : counted[3] === '' ? Infinity : Number(counted[3]);
    if (min > MOST_REPEATS || (max !== Infinity && max > MOST_REPEATS)) fail(`more than ${MOST_REPEATS} repetitions`);
    if (max < min) fail('a repetition with its bounds the wrong way round');
    at += counted[0].length;
    return { min, max };
  }

  /** Usually one node; none for flags alone, several for \Q...\E. */
  function atom(): RegexNode[] {
    const start = at;
    if (quantifier()) fail('nothing to repeat', start);
    if (eat('(')) return group(start);
    if (eat('[')) return [{ kind: 'class', test: bracket(start) }];
    if (eat('.')) return [{ kind: 'class', test: flags.s ? () => true : (c) => c !== 10 }];
    if (eat('^')) return [{ kind: 'assert', assertion: flags.m ? 'line-start' : 'text-start' }];
    if (eat('$')) return [{ kind: 'assert', assertion: flags.m ? 'line-end' : 'text-end' }];
    if (eat('\\Q')) {
      const end = pattern.indexOf('\\E', at);
      const text = pattern.slice(at, end < 0 ? pattern.length : end);
      at = end < 0 ? pattern.length : end + 2;
      return [...text].map((character) => literal(character.codePointAt(0) ?? 0));
    }
    const assertion = ASSERTIONS[pattern.slice(at, at + 2)];
    if (assertion) {
      at += 2;
      return [{ kind: 'assert', assertion }];
    }
    const one = single(false);
    return [typeof one === 'number' ? literal(one) : { kind: 'class', test: one }];
  }

  function group(start: number): RegexNode[] {
    depth += 1;
    if (depth > DEEPEST) fail(`more than ${DEEPEST} groups inside each other`, start);
    const outer = flags;
    if (/^\?<?[=!]/.test(rest())) fail('lookaround, which RE2 does not have,', start);
    const opening = /^\?(?:P?<[A-Za-z_][A-Za-z0-9_]*>|([imsU]*)(?:-([imsU]+))?([:)]))/.exec(rest());
    if (pattern[at] === '?' && !opening) fail('an unknown group', start);
    if (opening) {
      at += opening[0].length;
      flags = { ...flags };
      for (const flag of opening[1] ?? '') if (flag !== 'U') flags[flag as keyof Flags] = true;
      for (const flag of opening[2] ?? '') if (flag !== 'U') flags[flag as keyof Flags] = false;
      if (opening[3] === ')') {
        // Flags on their own hold until the group around them ends.
        depth -= 1;
        return [];
      }
    }
    const node = alternatives();
    if (!eat(')')) fail('a group that is never closed', start);
    flags = outer;
    depth -= 1;
    return [node];
  }

  function literal(codePoint: number): RegexNode {
    const test = cased((c) => c === codePoint);
    return flags.i ? { kind: 'class', test } : { kind: 'class', test, literal: codePoint };
  }

  /** What does not belong to a class in any case is what its negation holds. */
  function cased(test: Class, negated = false): Class {
    const folded = flags.i ? foldCase(test) : test;
    return negated ? (c) => !folded(c) : folded;
  }

  function bracket(start: number): Class {
    const negated = eat('^');
    const parts: Class[] = [];
    for (let first = true; first || pattern[at] !== ']'; first = false) {
      if (at >= pattern.length) fail('a class that is never closed', start);
      const named = /^\[:(\^?)(\w+):\]/.exec(rest());
      if (named) {
        const test = POSIX[named[2] ?? ''] ?? fail('an unknown class name');
        at += named[0].length;
        parts.push(cased(test, named[1] === '^'));
        continue;
      }
      const low = single(true);
      if (typeof low !== 'number') parts.push(low);
      else if (pattern[at] === '-' && at + 1 < pattern.length && pattern[at + 1] !== ']') {
        at += 1;
        const high = single(true);
        if (typeof high !== 'number' || high < low) fail('a range with its ends the wrong way round');
        else parts.push(cased((c) => c >= low && c <= high));
      } else parts.push(cased((c) => c === low));
    }
    at += 1;
    const any: Class = (c) => parts.some((test) => test(c));
    return negated ? (c) => !any(c) : any;
  }

  /** One character, plain or escaped, or a class such as \d. */
  function single(inClass: boolean): number | Class {
    const codePoint = pattern.codePointAt(at) ?? fail('the end');
    if (codePoint !== 92) {
      at += codePoint > 0xffff ? 2 : 1;
      return codePoint;
    }
    const start = at;
    const escaped = ESCAPE.exec(rest());
    if (!escaped) return fail(at + 1 === pattern.length ? 'a trailing backslash' : 'an unknown escape', start);
    at += escaped[0].length;
    const { octal, hex, unicode, perl, control, mark } = escaped.groups ?? {};
    if (octal) return Number.parseInt(octal, 8);
    if (hex) {
      const value = Number.parseInt(hex.replace(/[{}]/g, ''), 16);
      return value <= 0x10ffff ? value : fail('a code point past U+10FFFF', start);
    }
    if (unicode) return property(escaped[0], unicode, start);
    if (perl) return cased(PERL[perl.toLowerCase()] ?? fail('an unknown escape', start), /[DSW]/.test(perl));
    if (control) return CONTROL[control] ?? fail('an unknown escape', start);
    if (mark) return mark.charCodeAt(0);
    return fail(
      /^\\[1-9]/.test(escaped[0]) && !inClass ? 'a back-reference, which RE2 does not have,' : 'an unknown escape',
      start,
    );
  }

  function property(spelt: string, name: string, start: number): Class {
    const plain = name.replace(/[{}^]/g, '');
    const negated = spelt.startsWith('\\P') !== name.includes('^');
    for (const spelling of WIDE.includes(plain) ? [plain] : [`gc=${plain}`, `Script=${plain}`]) {
      try {
        const tester = new RegExp(`^\\p{${spelling}}$`, 'u');
        return cased((c) => tester.test(String.fromCodePoint(c)), negated);
      } catch {
        // The next spelling may do.
      }
    }
    return fail('an unknown Unicode class', start);
  }

  const tree = alternatives();
  if (at < pattern.length) fail('a closing bracket without an opening one');
  return tree;
}

/** What Go knows of Unicode's properties beside categories and scripts. */
const WIDE = ['Any', 'ASCII', 'Assigned'];

const ESCAPE =
  /^\\(?:(?<octal>0[0-7]{0,2}|[1-7][0-7]{1,2})|x(?<hex>[0-9A-Fa-f]{2}|\{[0-9A-Fa-f]{1,6}\})|[pP](?<unicode>[A-Z]|\{\^?\w{1,40}\})|(?<perl>[dDsSwW])|(?<control>[aftnrv])|(?<mark>[\0-/:-@[-`{-\x7f])|[0-9])/;

const ASSERTIONS: Readonly<Record<string, Assertion>> = {
  '\\A': 'text-start',
  '\\z': 'text-end',
  '\\b': 'word',
  '\\B': 'not-word',
};

const CONTROL: Readonly<Record<string, number>> = { a: 7, f: 12, t: 9, n: 10, r: 13, v: 11 };
