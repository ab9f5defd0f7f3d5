import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bounded, boundedBy, type Keep, plain } from '../../functions/core/plain.ts';
import { HOSTILE } from '../fixtures/notifications.ts';

describe('plain', () => {
  test.each([
    ['plain text', 'bash -i', 'bash -i'],
    ['a new line', 'a\nb\r\nc', 'a␊b␍␊c'],
    ['an escape sequence', '\u001b[31mred\u001b[0m', '␛[31mred␛[0m'],
    ['NUL, bell and delete', 'a\u0000\u0007\u007f', 'a␀␇␡'],
    ['a C1 control', 'a\u009bb', 'a⟨U+009B⟩b'],
    ['a bidirectional override', 'invoice\u202Efdp.sh', 'invoice⟨U+202E⟩fdp.sh'],
    ['isolates', '\u2066x\u2069', '⟨U+2066⟩x⟨U+2069⟩'],
    ['zero width', 'a\u200Bb\u200Dc\uFEFF', 'a⟨U+200B⟩b⟨U+200D⟩c⟨U+FEFF⟩'],
    ['line separators', 'a\u2028b\u2029c', 'a⟨U+2028⟩b⟨U+2029⟩c'],
    ['tag characters', 'a\u{e0041}', 'a⟨U+E0041⟩'],
    ['variation selectors beyond those of emoji', 'a\u{e0101}', 'a⟨U+E0101⟩'],
    ['blank letters', 'a\u3164b', 'a⟨U+3164⟩b'],
    ['half a pair', 'a\ud83d', 'a\ufffd'],
    ['spaces of all kinds', ' a\u00a0\u2003\t b ', 'a b'],
    ['emoji', '🔥 ok ❤️', '🔥 ok ❤️'],
    ['letters of other scripts', 'naïve Grüße 日本 עברית', 'naïve Grüße 日本 עברית'],
  ])('%s', (_name, text, expected) => {
    expect(plain(text, 100)).toBe(expected);
  });

  test.each(HOSTILE)('leaves nothing that acts or hides of %s', (_name, text) => {
    const shown = plain(text, 200, 'both');
    expect(shown).not.toMatch(/\p{Cc}|\p{Cf}|[\u2028\u2029]/u);
    expect(shown.length).toBeLessThanOrEqual(200);
    expect(shown.isWellFormed()).toBe(true);
  });
});

describe('bounded', () => {
  const text = 'abcdefghijklmnopqrstuvwxyz';

  test.each([
    ['start', 'abcdefghi…(+17)'],
    ['end', '…(+17)rstuvwxyz'],
    ['both', 'abcdef…(+17)xyz'],
  ] as const)('keeps the %s and counts the rest', (keep, expected) => {
    expect(bounded(text, 15, keep)).toBe(expected);
  });

  test('what fits stays', () => {
    expect(bounded(text, 26)).toBe(text);
    expect(bounded(text, 25)).not.toBe(text);
  });

  test('a path keeps the name of its file', () => {
    expect(bounded(`/tmp/${'x/'.repeat(200)}kworker`, 40, 'end')).toMatch(/^…\(\+\d+\)[x/]+kworker$/);
  });

  test('never exceeds its bound, never breaks a character, and counts what is missing', () => {
    const keep = fc.constantFrom<Keep>('start', 'end', 'both');
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.integer({ min: 12, max: 120 }),
        keep,
        (any, max, kept) => {
          const cut = bounded(any, max, kept);
          expect(cut.length).toBeLessThanOrEqual(max);
          expect(cut.isWellFormed()).toBe(true);
          if (any.length <= max) expect(cut).toBe(any);
          else {
            const mark = /…\(\+(\d+)\)/.exec(cut);
            expect(cut.length - (mark?.[0].length ?? 0) + Number(mark?.[1])).toBe(any.length);
          }
        },
      ),
    );
  });

  test('a bound too small for the mark cuts without it', () => {
    expect(bounded(text, 3)).toBe('abc');
    expect(bounded('🔥🔥🔥🔥', 3)).toBe('🔥');
  });
});

describe('boundedBy', () => {
  const bytes = (text: string) => Buffer.byteLength(text);
  test.each<[string, string, number]>([
    ['what fits', 'ab', 2],
    ['letters of one byte', 'a'.repeat(5_000), 100],
    ['letters of three', '€'.repeat(5_000), 100],
    ['letters of four', '😀'.repeat(5_000), 100],
    ['a mix', `${'a'.repeat(500)}${'😀'.repeat(500)}`, 64],
    ['less room than a mark', '€'.repeat(50), 7],
    ['no room', 'abc', 0],
  ])('%s', (_, text, max) => {
    const cut = boundedBy(bytes, text, max, 'both');
    expect(bytes(cut)).toBeLessThanOrEqual(max);
    expect(cut.isWellFormed()).toBe(true);
    if (bytes(text) <= max) expect(cut).toBe(text);
    // Little of the room is left empty.
    else if (max >= 64) expect(bytes(cut)).toBeGreaterThan(0.6 * max);
  });
});
