/** Classes of characters as RE2 has them (https://github.com/google/re2/wiki/Syntax), and letters that differ in case alone. */

/** Says yes or no to one code point. */
export type Class = (codePoint: number) => boolean;

function inRanges(...ranges: readonly (readonly [number, number])[]): Class {
  return (c) => ranges.some(([low, high]) => c >= low && c <= high);
}

const digit = inRanges([48, 57]);
const upper = inRanges([65, 90]);
const lower = inRanges([97, 122]);
const alpha: Class = (c) => upper(c) || lower(c);
const alnum: Class = (c) => alpha(c) || digit(c);
const space: Class = (c) => c === 32 || (c >= 9 && c <= 13 && c !== 11);

/** RE2's word characters: ASCII only. */
export const isWord: Class = (c) => alnum(c) || c === 95;

export const PERL: Readonly<Record<string, Class>> = {
  d: digit,
  s: space,
  w: isWord,
};

export const POSIX: Readonly<Record<string, Class>> = {
  alnum,
  alpha,
  ascii: inRanges([0, 127]),
  blank: (c) => c === 9 || c === 32,
  cntrl: inRanges([0, 31], [127, 127]),
  digit,
  graph: inRanges([33, 126]),
  lower,
  print: inRanges([32, 126]),
  punct: inRanges([33, 47], [58, 64], [91, 96], [123, 126]),
  space: inRanges([9, 13], [32, 32]),
  upper,
  word: isWord,
  xdigit: inRanges([48, 57], [65, 70], [97, 102]),
};

/** Whose lower and upper case lead elsewhere, so that no other letter leads to them: the long s, Kelvin's sign and such. */
const APART = Map.groupBy(
  [
    0xb5, 0x17f, 0x1c5, 0x1c8, 0x1cb, 0x1f2, 0x345, 0x3c2, 0x3d0, 0x3d1, 0x3d5, 0x3d6, 0x3f0, 0x3f1, 0x3f4, 0x3f5,
    0x1c80, 0x1c81, 0x1c82, 0x1c83, 0x1c84, 0x1c85, 0x1c86, 0x1c87, 0x1c88, 0x1e9b, 0x1e9e, 0x1f88, 0x1f89, 0x1f8a,
    0x1f8b, 0x1f8c, 0x1f8d, 0x1f8e, 0x1f8f, 0x1f98, 0x1f99, 0x1f9a, 0x1f9b, 0x1f9c, 0x1f9d, 0x1f9e, 0x1f9f, 0x1fa8,
    0x1fa9, 0x1faa, 0x1fab, 0x1fac, 0x1fad, 0x1fae, 0x1faf, 0x1fbc, 0x1fbe, 0x1fcc, 0x1ffc, 0x2126, 0x212a, 0x212b,
  ],
  fold,
);

/** Unicode's simple case folding, as Go has it: letters that fold to the same are the same but for case. */
export function foldCase(test: Class): Class {
  return (c) => {
    if (test(c)) return true;
    const folded = fold(c);
    return [folded, upperOf(folded), ...(APART.get(folded) ?? [])].some(
      (other) => fold(other) === folded && test(other),
    );
  };
}

function fold(c: number): number {
  // The dotless i has no other case: its upper one is that of i.
  return c === 0x131 ? c : lowerOf(upperOf(c));
}

function upperOf(c: number): number {
  return single(String.fromCodePoint(c).toUpperCase(), c);
}

function lowerOf(c: number): number {
  return single(String.fromCodePoint(c).toLowerCase(), c);
}

/** A letter that becomes two, as the sharp s does, keeps its case. */
function single(text: string, otherwise: number): number {
  const codePoint = codePointOf(text);
  return String.fromCodePoint(codePoint) === text ? codePoint : otherwise;
}

function codePointOf(text: string): number {
  return text.codePointAt(0) ?? 0;
}
