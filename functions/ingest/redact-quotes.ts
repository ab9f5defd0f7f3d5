/** Quotes of a text: which one opens a value, and which one closes what was opened before. */

export interface Quotes {
  /**
   * Whether `quote`, at `at` and where a value could begin, closes one that was opened before: no value is in it, and a
   * command may go on behind it (`grep "password=" /etc`). Asked in order of places, all together cost one pass.
   */
  isClosing(at: number, quote: string): boolean;
}

/** With the backslashes before it; none of these is the apostrophe of "it's" and "don't". */
const QUOTE = /\\{0,8}(?:["`]|(?<![a-z])'|'(?!(?:[stdm]|re|ve|ll)(?![a-z])))/gi;
/** What stands behind a quote that closes, and hardly ever begins a secret. */
const GOES_ON = /^[\s;|&)<>,\]}]?$/;
/** `"password": "` and `"--password", "`: the name has its own quotes, so that the next one is the value's. */
const AFTER_QUOTED_NAME = /["'`]\]?\s{0,4}(?:=>|:=|[=:,]|%3d)\s{0,4}$/i;
/** `x="token="`: what was opened where a word or a value begins, with nothing but a name since. */
const AROUND_NAME = /(?:^|[\s=:,([{|;&>])(\\{0,8}["'`])[^\s"'`\\]{0,64}\s{0,4}$/;
/** More than either takes. */
const BEFORE = 100;

export function quotesOf(text: string): Quotes {
  let ahead = text.matchAll(QUOTE);
  let next = ahead.next();
  let past = 0;
  let open = '';
  let arePaired: boolean | undefined;

  function openBefore(at: number): string {
    if (at < past) {
      ahead = text.matchAll(QUOTE);
      next = ahead.next();
      open = '';
    }
    past = at;
    for (; !next.done && next.value.index < at; next = ahead.next()) open = openAfter(open, next.value[0]);
    return open;
  }

  /** Without that an earlier quote may be a stray one, and tells little. */
  function areAllPaired(): boolean {
    arePaired ??= areQuotesPaired(text);
    return arePaired;
  }

  return {
    isClosing(at, quote) {
      const before = text.slice(Math.max(0, at - BEFORE), at);
      if (AFTER_QUOTED_NAME.test(before)) return false;
      if (AROUND_NAME.exec(before)?.[1] === quote) return true;
      return closes(quote, openBefore(at)) && (endsValue(text, at + quote.length) || areAllPaired());
    },
  };
}

/** The quote at `at`, with the backslashes before it; empty where there is none. */
export function quoteAt(text: string, at: number): string {
  return /^\\{0,8}["'`]/.exec(text.slice(at, at + 9))?.[0] ?? '';
}

/** Whether the text ends at `at`, or a list or a command line goes on. */
export function endsValue(text: string, at: number): boolean {
  return GOES_ON.test(text.charAt(at));
}

/** Where what `opening` opened before `start` ends, -1 if it never does. */
export function quoteEnd(text: string, start: number, opening: string): number {
  const quote = opening.slice(-1);
  for (let end = text.indexOf(quote, start); end >= 0; end = text.indexOf(quote, end + 1)) {
    let backslashes = 0;
    while (end - 1 - backslashes >= start && text[end - 1 - backslashes] === '\\') backslashes += 1;
    if (backslashes <= opening.length - 1) return end - backslashes;
  }
  return -1;
}

function areQuotesPaired(text: string): boolean {
  let open = '';
  for (const [quote] of text.matchAll(QUOTE)) open = openAfter(open, quote);
  return open === '';
}

function openAfter(open: string, quote: string): string {
  if (open === '') return quote;
  return closes(quote, open) ? '' : open;
}

/** A quote that closes has at most as many backslashes before it as the one that opened; else it is part of the value. */
function closes(quote: string, open: string): boolean {
  return open.slice(-1) === quote.slice(-1) && quote.length <= open.length;
}
