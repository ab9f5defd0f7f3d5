/** Where a value in a text ends, and whether it is a secret at all: shared by everything that looks for secrets. */

import { endsValue, quoteAt, quoteEnd, quotesOf } from './redact-quotes.ts';

export interface Span {
  start: number;
  end: number;
}

/** A span and what replaces it. */
export interface Edit extends Span {
  by: string;
}

/** Takes a secret that was found. */
export type Add = (start: number, end: number) => void;

/** What replaces a secret. Eight digits of a keyed hash. */
const MARK = /\[redacted:[0-9a-f]{8}\]/y;

/** An unquoted value ends at a blank, or where a list, a query or a connection string goes on. */
export const ARGUMENT_END = /\s|["'`](?=\s?[,\]}]|\s|$)|$/g;
export const ASSIGNED_END =
  /\s|["'`](?=\s?[,\]}]|\s|$)|[&;,](?=\s|$|["']?[\w.-]{1,64}(?: \w{1,32}){0,2}["']?\s?[=:])|$/g;
const CLOSING = /[\\"'`;,)}\]>]/;

/** What stands where a secret could but is none: references, words, paths, digests. */
const NO_SECRET: readonly RegExp[] = [
  // A variable is all capitals or all letters: $ecret99 and $6$salt are what they are.
  /^\$(?:(?:[A-Z_][A-Z0-9_]*|[A-Za-z_]+|\d)(?![\w$])|[{(])/,
  // A file, as curl reads one.
  /^@(?:-$|[~.]{0,2}\/|[\w-]+\.[A-Za-z]{1,8}$|[A-Za-z_-]+$)/,
  /^(?:\{\{|%[({%]?\w?$|<[\w -]*>?$)/,
  /^(?:null|none|nil|true|false|yes|no|undefined|unset|required|optional|prompt|stdin|-|\*+|x{3,}|\.{3,})$/i,
  /^(?:file:|env[:.]|vault:|arn:aws|sm:\/\/|op:\/\/|ref\+[a-z0-9]+:\/\/|sha256:|projects\/[\w-]+\/secrets\/)/,
  // Options of docker build --secret and docker service create --secret.
  /^(?:(?:id|src|source|target)=|type=(?:file|env)(?![\w-]))/,
];
/** Linux takes no longer path. */
const LONGEST_PATH = 4_096;
const PATH = /^(?:file:\/\/)?(?:~|\.{1,2})?\/[\w.@%+-]+(?:\/[\w.@:%+-]+)*\/?$/;
/** One in 64 random secrets begins with a slash too: a path starts where paths do, names a file, or is plain words. */
const REAL_PATH =
  /^(?:file:|[~.])|^\/(?:apps?|bin|boot|builds?|certs?|conf(?:ig)?|creds?|credentials|data|dev|etc|home|host\w{0,8}|keys?|lib\d{0,2}|media|mnt|mounts?|nix|opt|private|proc|projects?|root\w{0,4}|run|sbin|secrets?|service|snap|srv|ssl|sys|tls|tmp|usr|Users|var|vault|volumes?|work\w{0,8})(?:\/|$)|\.[a-z]{2,8}$|^(?:\/[a-z-]+){3,}\/?$/;

/** Whether the whole value of a member named like a secret is one. */
export function isSecretValue(value: string): boolean {
  return (
    value !== '' &&
    afterMarks(value, 0) < value.length &&
    (value.length > LONGEST_PATH || !PATH.test(value) || !REAL_PATH.test(value)) &&
    !NO_SECRET.some((no) => no.test(value))
  );
}

/** The first position that is not within a mark of ours. */
export function afterMarks(text: string, start: number): number {
  let at = start;
  for (;;) {
    MARK.lastIndex = at;
    if (!MARK.test(text)) return at;
    at = MARK.lastIndex;
  }
}

/** The first `sign` from `start` to `end`, -1 without one. A mark of ours holds a colon too. */
export function indexOutsideMarks(text: string, sign: string, start: number, end: number): number {
  for (let at = start; at < end; at += 1) {
    if (text[at] !== sign) continue;
    MARK.lastIndex = at - 9;
    if (at < 9 || !MARK.test(text)) return at;
  }
  return -1;
}

/** Values of one text. Asked in order of their starts, all together cost one pass, however many share an end. */
export interface Values {
  /** Where the value from `start` ends. @param style one of the two patterns above */
  end(start: number, style: RegExp): number;
  /**
   * Adds the value at `at`, without the quotes around it. A quote that nothing closes ends where a value without quotes
   * would: no shell takes it, so the text was cut, or is written to hide a command. That the further words of a
   * passphrase stay where a text was cut is rarer, and less grave, than a command that nobody sees.
   * @param around a quote that opened before, around more than the value
   */
  add(at: number, style: RegExp, add: Add, around?: string | undefined): void;
}

/** From `start` on there is no end before `end`, and nothing but what closes from `trimmed` to `end`. */
interface Known extends Span {
  trimmed: number;
}

export function valuesOf(text: string): Values {
  const known = new Map<RegExp, Known>();
  const quotes = quotesOf(text);

  function end(start: number, style: RegExp): number {
    let last = known.get(style);
    if (!last || start < last.start || start > last.end) {
      last = measure(text, start, style);
      known.set(style, last);
    }
    return Math.max(start, last.trimmed);
  }

  function take(at: number, style: RegExp, add: Add, opening: string, around = ''): void {
    const start = at + opening.length;
    const closing = opening || around;
    const last = closing ? quoteEnd(text, start, closing) : -1;
    if (last < 0) {
      if (!opening || !endsValue(text, start)) add(start, end(start, style));
      return;
    }
    // With the quote before it, which may be what begins a command.
    const command = commandIn(text.slice(start - 1, last));
    add(start, command < 0 ? last : Math.max(start, start - 1 + command));
  }

  return {
    end,
    add(at, style, add, around) {
      const opening = quoteAt(text, at);
      if (!opening || !quotes.isClosing(at, opening)) return take(at, style, add, opening, around);
      const behind = at + opening.length;
      const second = quoteAt(text, behind);
      if (endsValue(text, behind) || (second && quotes.isClosing(behind, second))) return;
      take(behind, style, add, second);
    },
  };
}

const WORD = /(`\s*)?[^\s`)]+/g;

/** Where a shell runs a command with arguments, which is no secret, as in `x$(curl a | sh)`; -1 if it does not. */
export function commandIn(value: string): number {
  for (const { 0: word, 1: tick, index } of value.matchAll(WORD)) {
    if (!/\s/.test(value.charAt(index + word.length))) continue;
    const opening = tick ? 0 : word.indexOf('$(');
    if (opening >= 0) return index + opening;
  }
  return -1;
}

function measure(text: string, start: number, style: RegExp): Known {
  style.lastIndex = start;
  const end = style.exec(text)?.index ?? text.length;
  let trimmed = end;
  while (trimmed > start && CLOSING.test(text.charAt(trimmed - 1))) trimmed -= 1;
  return { start, end, trimmed };
}
