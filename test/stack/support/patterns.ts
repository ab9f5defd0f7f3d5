/** Regular expressions as fast-check makes them up, and texts to match. */

import fc from 'fast-check';

/** Few enough that alerts and matchers meet, odd enough that quoting, anchors, dots and case are put to the test. */
export const VALUES: readonly string[] = [
  ...String.raw`a A ab ba aa payments ledger payments|ledger a.b axb a\tb a\nb \ " it's`.split(' '),
  ...'{a} a,b a=b $ ^ [a] (a) a+ 1 !'.split(' '),
  ...'é É e\u0301 日本 😀 a😀b ſ s K k ß ẞ ı i µ μ Σ ς ٣ α'.split(' '),
  ...['', ' a ', 'say "a"', '`', 'a\nb', 'a\tb', '\u00a0', '\u2028', '\u0085', '\ufeff'],
];

const PIECES = [
  ...'a b A . s k i é 日 😀 " , ^ $ payments ledger'.split(' '),
  ...String.raw`\. \\ \d \w \s \S \W [ab] [^a] [[:alpha:]] [a-y😀] [^\W] \pL \p{Greek} \P{Lu}`.split(' '),
  ...String.raw`\x61 \x{1F600} \101 \41 \n \t \Q.\E \b \B \A \z`.split(' '),
  ' ',
];

/** Patterns that RE2 takes. */
export const regex: fc.Arbitrary<string> = fc.letrec<{ regex: string }>((tie) => ({
  regex: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.constantFrom(...PIECES),
    fc.tuple(tie('regex'), tie('regex')).map(([one, other]) => `${one}${other}`),
    fc.tuple(tie('regex'), tie('regex')).map(([one, other]) => `${one}|${other}`),
    fc
      .tuple(fc.constantFrom('(', '(?:', '(?i:', '(?s:', '(?m:', '(?-s:', '(?P<name>', '(?U)('), tie('regex'))
      .map(([open, inner]) => `${open}${inner})`),
    fc
      .tuple(tie('regex'), fc.constantFrom('*', '+', '?', '*?', '{2}', '{0,2}', '{1,}', '{,2}', '{01}'))
      .map(([inner, times]) => `(?:${inner})${times}`),
    tie('regex').map((inner) => `(?i)${inner}`),
  ),
})).regex;

const SIGNS = [
  ...'a b A . ( ) [ ] ^ $ | * + ? { } - : é ß 1 {2} {1, {,2} {01} {1001} {1234567} && L 41'.split(' '),
  ...'{1F600} {d800} (? (?i) (?-i) (?is-m: (?U) (?P<n> (?<n> (?: (?= (?i-) (?)'.split(' '),
  ...String.raw`\ \d \D \w \W \s \b \B \A \z \Z \C \Q \E`.split(' '),
  ...String.raw`\p \P {Greek} {^L} {Letter} {Any} {Alphabetic} \x \0 \07 \18 \41 \123 \a \f \v \_ \é \u0041`.split(' '),
  ...String.raw`[:alpha:] [:^digit:] [^ [a-\d] [\d-a] [b-a] [a-] []a] [^]a] [a-b-c]`.split(' '),
  ...[' ', '\n', '\\ '],
];

/** Any signs in any order: many are no pattern, as RE2 sees it. */
export const anyPattern: fc.Arbitrary<string> = fc
  .array(fc.constantFrom(...SIGNS), { minLength: 1, maxLength: 5 })
  .map((signs) => signs.join(''));
