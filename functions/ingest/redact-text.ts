/** Where a value in a text ends, and whether it is a secret at all: shared by everything that looks for secrets. */

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
  /** Adds the value at `at`, without the quotes around it. @param quote that opened before, around more than the value */
  add(at: number, style: RegExp, add: Add, quote?: string | undefined): void;
}

/** From `start` on there is no end before `end`, and nothing but what closes from `trimmed` to `end`. */
interface Known extends Span {
  trimmed: number;
}

export function valuesOf(text: string): Values {
  const known = new Map<RegExp, Known>();

  function end(start: number, style: RegExp): number {
    let last = known.get(style);
    if (!last || start < last.start || start > last.end) {
      last = measure(text, start, style);
      known.set(style, last);
    }
    return Math.max(start, last.trimmed);
  }

  return {
    end,
    add(at, style, add, quote) {
      const opening = /^\\{0,8}["'`]/.exec(text.slice(at, at + 9))?.[0];
      const start = at + (opening?.length ?? 0);
      const closing = opening ?? quote;
      add(start, closing ? quoteEnd(text, start, closing) : end(start, style));
    },
  };
}

function measure(text: string, start: number, style: RegExp): Known {
  style.lastIndex = start;
  const end = style.exec(text)?.index ?? text.length;
  let trimmed = end;
  while (trimmed > start && CLOSING.test(text.charAt(trimmed - 1))) trimmed -= 1;
  return { start, end, trimmed };
}

/** The quote that closes has at most as many backslashes before it as the one that opened; else it is part of the value. */
function quoteEnd(text: string, start: number, opening: string): number {
  const quote = opening.slice(-1);
  for (let end = text.indexOf(quote, start); end >= 0; end = text.indexOf(quote, end + 1)) {
    let backslashes = 0;
    while (end - 1 - backslashes >= start && text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes <= opening.length - 1) return end - backslashes;
  }
  return text.length;
}
