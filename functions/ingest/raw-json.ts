/** Finds the strings and numbers of a JSON text, so that some can be changed while every other byte stays as it was. */

export interface Literal {
  /** Of the literal, a string's with its quotes: `raw.slice(start, end)`. */
  start: number;
  end: number;
  /** Decoded. */
  text: string;
  /** Whether it is a number, without quotes. */
  isNumber: boolean;
  /** Whether it names a member rather than being a value. */
  isKey: boolean;
  /** The root's depth is 0, its members' 1. */
  depth: number;
  /** The member of the root that it is, or is within. */
  top: string;
  /** Within `output_fields`, the field that it is, or is within. */
  field: string;
  /** The nearest member's name; an element of a list has the list's. */
  key: string;
}

const QUOTE = 34;
const BACKSLASH = 92;
const COMMA = 44;
const OPENING_BRACKET = 91;
const OPENING_BRACE = 123;
const MINUS = 45;
const NUMBER = /[-+.eE\d]+/y;

/** @param raw valid JSON, which is not checked again. Never recursive, whatever the nesting. */
export function literalsOf(raw: string): Literal[] {
  const literals: Literal[] = [];
  const keys: string[] = [''];
  let depth = 0;
  const add = (literal: Pick<Literal, 'start' | 'end' | 'text' | 'isNumber' | 'isKey'>): void => {
    const top = keys[1] ?? '';
    const field = top === 'output_fields' && depth > 1 ? (keys[2] ?? '') : '';
    literals.push({ ...literal, depth, top, field, key: keys[depth] ?? '' });
  };
  for (let at = 0; at < raw.length; at += 1) {
    const character = raw.charCodeAt(at);
    if (character === QUOTE) {
      const end = endOfLiteral(raw, at);
      const inner = raw.slice(at + 1, end - 1);
      const text = inner.includes('\\') ? (JSON.parse(raw.slice(at, end)) as string) : inner;
      const isKey = isFollowedByColon(raw, end);
      if (isKey) keys[depth] = text;
      add({ start: at, end, text, isNumber: false, isKey });
      at = end - 1;
    } else if (character === MINUS || (character >= 48 && character <= 57)) {
      const end = endOfNumber(raw, at);
      add({ start: at, end, text: raw.slice(at, end), isNumber: true, isKey: false });
      at = end - 1;
    } else if (character === OPENING_BRACE || character === OPENING_BRACKET) {
      depth += 1;
      keys[depth] = character === OPENING_BRACKET ? (keys[depth - 1] ?? '') : '';
    } else if (character === 125 || character === 93) depth -= 1;
  }
  return literals;
}

/**
 * Whether a text has more values than `most`, told before it is parsed: parsed, the two bytes that a value may take are a
 * hundred. Right for valid JSON; of any other text it says either.
 */
export function hasMoreValuesThan(most: number, raw: string): boolean {
  if (raw.length <= 2 * most) return false;
  let values = 1;
  for (let at = 0; at < raw.length; at += 1) {
    const character = raw.charCodeAt(at);
    if (character === QUOTE) at = endOfLiteral(raw, at) - 1;
    else if (character === COMMA || character === OPENING_BRACE || character === OPENING_BRACKET) {
      values += 1;
      if (values > most) return true;
    }
  }
  return false;
}

function endOfLiteral(raw: string, start: number): number {
  for (let end = raw.indexOf('"', start + 1); end >= 0; end = raw.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (raw.charCodeAt(end - 1 - backslashes) === BACKSLASH) backslashes += 1;
    if (backslashes % 2 === 0) return end + 1;
  }
  return raw.length;
}

function endOfNumber(raw: string, start: number): number {
  NUMBER.lastIndex = start;
  return NUMBER.test(raw) ? NUMBER.lastIndex : start + 1;
}

function isFollowedByColon(raw: string, end: number): boolean {
  let at = end;
  for (let c = raw.charCodeAt(at); c === 32 || c === 10 || c === 13 || c === 9; c = raw.charCodeAt(at)) at += 1;
  return raw[at] === ':';
}
