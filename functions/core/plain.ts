/** Makes text that an attacker may have written safe to show: no character acts, none hides, none is without end. */

/** Which part of a text that is too long stays: a path's end names the file, a command's two ends both matter. */
export type Keep = 'start' | 'end' | 'both';

// Control and format characters (escape sequences, newlines, bidirectional overrides, zero-width and tag characters),
// line separators, and the few blank letters and selectors that no font shows.
const INVISIBLE = /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\u{34f}|\u{115f}|\u{1160}|\u{3164}|\u{ffa0}|[\u{e0100}-\u{e01ef}]/gu;
const SPACES = /[\t\p{Zs}]+/gu;

/**
 * One line of at most `max` UTF-16 units: what can't be seen is spelt out (`␛`, `␊`, `⟨U+202E⟩`), and what is cut is
 * counted in a mark `…(+N)` where it was.
 */
export function plain(text: string, max: number, keep: Keep = 'start'): string {
  const visible = text.toWellFormed().replace(SPACES, ' ').replace(INVISIBLE, spell).trim();
  return bounded(visible, max, keep);
}

/** Cuts to `max` UTF-16 units with a mark, never inside a character. */
export function bounded(text: string, max: number, keep: Keep = 'start'): string {
  if (text.length <= max) return text;
  let cut = text.length - max;
  // The mark takes room itself, and its number may gain a digit by that.
  for (let round = 0; round < 3; round++) cut = text.length - (max - `…(+${cut})`.length);
  const room = text.length - cut;
  if (room <= 0) return text.slice(0, before(text, max));
  const start = keep === 'start' ? room : keep === 'end' ? 0 : Math.ceil(room * 0.6);
  const from = before(text, start);
  const to = after(text, start + cut);
  return `${text.slice(0, from)}…(+${to - from})${text.slice(to)}`;
}

/** Cuts to `max` by another measure than UTF-16 units, such as bytes. */
export function boundedBy(measure: (text: string) => number, text: string, max: number, keep: Keep = 'start'): string {
  let short = text;
  for (let units = text.length, size = measure(short); size > max && units > 0; size = measure(short)) {
    units = Math.max(0, Math.min(units - 1, Math.floor((units * max) / size)));
    short = bounded(text, units, keep);
  }
  return short;
}

function spell(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '␡';
  return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
}

function insidePair(text: string, index: number): boolean {
  const unit = text.charCodeAt(index);
  return index > 0 && unit >= 0xdc00 && unit <= 0xdfff;
}

function before(text: string, index: number): number {
  return insidePair(text, index) ? index - 1 : index;
}

function after(text: string, index: number): number {
  return insidePair(text, index) ? index + 1 : index;
}
