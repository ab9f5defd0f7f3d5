import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { compileRegex } from '../../../functions/core/match/regex.ts';
import { RegexSyntaxError } from '../../../functions/core/match/regex-syntax.ts';

describe('compileRegex', () => {
  test.each([
    ['a', ['a'], ['', 'b', 'aa', 'ba']],
    ['', [''], ['a']],
    ['payments|ledger', ['payments', 'ledger'], ['payment', 'payments|ledger', '']],
    ['pay(ments)?|', ['pay', 'payments', ''], ['paym']],
    ['.*', ['', 'abc', 'é\u{1f600}'], ['a\nb']],
    ['(?s).*', ['a\nb'], []],
    ['.+-prod', ['eu-prod'], ['-prod', 'eu-prod1']],
    ['a{2}b{1,}c{0,2}', ['aab', 'aabbbcc'], ['ab', 'aac', 'aabccc']],
    ['a{,2}', ['a{,2}'], ['aa']],
    ['x{', ['x{'], ['x']],
    ['(?i)Payments', ['payments', 'PAYMENTS'], ['payment']],
    ['(?i:A)b', ['ab', 'Ab'], ['aB']],
    ['(?i)ä[x-z]', ['äX', 'Äy'], ['a']],
    ['(?P<name>a)|(?<other>b)', ['a', 'b'], ['ab']],
    ['[a-c_-]+', ['abc_-'], ['d', '']],
    ['[^a-c]', ['d', '\n'], ['a', 'dd']],
    ['[]a]+', [']a'], ['b']],
    ['[[:alpha:]\\d]+', ['a1'], ['_']],
    ['[[:^digit:]]', ['a'], ['1']],
    ['\\d+\\.\\w\\s\\S\\D\\W', ['12._ ab-'], ['12x_ ab-']],
    ['\\Qa.b*\\E+', ['a.b*', 'a.b**'], ['axb*']],
    ['^a$', ['a'], ['a\n']],
    ['\\Aa\\z', ['a'], ['ba']],
    ['(?m)a$\n^b', ['a\nb'], ['ab']],
    ['.*\\bfoo\\b.*', ['a foo b', 'foo'], ['afoo', 'foo1']],
    ['a\\Bb', ['ab'], ['a b']],
    ['\\x41\\x{1F600}\\101', ['A\u{1f600}A'], ['AA']],
    ['\\p{Greek}\\pL\\PL', ['αa1'], ['aa1']],
    ['\\/\\-\\"', ['/-"'], ['/']],
    ['(a+)+b', ['aaab'], ['aaac']],
    ['a*?b+?', ['aabb'], ['a']],
    ['(?:)*a', ['a'], ['b']],
    ['(?i)k', ['k', 'K', '\u212a'], ['x']],
    ['(?i)\u212a[ſ]', ['ks', 'KS', '\u212aſ'], ['k']],
    ['(?i)i', ['i', 'I'], ['ı', 'İ']],
    ['(?i)ẞ', ['ß', 'ẞ'], ['ss']],
    ['(?i)\\w[\\W]', ['ſ-'], ['as', 'aſ']],
    ['(?i)\\p{Lu}\\P{Lu}', ['a1'], ['aa']],
    ['(?i)[^s]', ['a'], ['s', 'ſ']],
    ['a{01}', ['a{01}'], ['a']],
    ['\\41\\ \\\n', ['! \n'], ['41']],
    ['\\p{Any}\\p{Letter}', ['1a'], ['11']],
  ])('%s', (pattern, yes, no) => {
    const whole = compileRegex(pattern);
    for (const text of yes) expect([text, whole(text)]).toEqual([text, true]);
    for (const text of no) expect([text, whole(text)]).toEqual([text, false]);
  });

  test.each([
    ['(a', 'a group that is never closed at position 1'],
    ['a)', 'a closing bracket without an opening one at position 2'],
    ['[a', 'a class that is never closed at position 1'],
    ['*a', 'nothing to repeat at position 1'],
    ['a|+', 'nothing to repeat at position 3'],
    ['a**', 'a repetition of a repetition'],
    ['a{1001}', 'more than 1000 repetitions'],
    ['a{1234567}', 'more than 1000 repetitions'],
    ['a{3,2}', 'bounds the wrong way round'],
    ['(a{1000}){1000}', 'too many repetitions'],
    ['(?=a)', 'lookaround'],
    ['(?<!a)b', 'lookaround'],
    ['(a)\\1', 'a back-reference, which RE2 does not have, at position 4'],
    ['\\', 'a trailing backslash'],
    ['\\y', 'an unknown escape'],
    ['\\p{Nothing}', 'an unknown Unicode class'],
    ['\\p{Alphabetic}', 'an unknown Unicode class'],
    ['[z-a]', 'a range with its ends the wrong way round'],
    ['[[:nothing:]]', 'an unknown class name'],
    ['(?x)a', 'an unknown group'],
    ['('.repeat(200), 'groups inside each other'],
    ['a'.repeat(5000), 'over 4096 characters'],
  ])('refuses %s', (pattern, message) => {
    expect(() => compileRegex(pattern)).toThrow(RegexSyntaxError);
    expect(() => compileRegex(pattern)).toThrow(message);
  });

  test.each([
    ['nested quantifiers', '(a+)+b', 'a'],
    ['alternatives that overlap', '(a|aa|a*)*b', 'a'],
    ['several stars', '.*a.*a.*a.*a.*a.*b', 'a'],
    ['counted repetitions', '(a?){500}a{500}b', 'a'],
  ])('%s take linear time on a text made against them', (_name, pattern, piece) => {
    const whole = compileRegex(pattern);
    const start = performance.now();
    expect(whole(piece.repeat(4096))).toBe(false);
    expect(performance.now() - start).toBeLessThan(5_000);
  });

  test('agrees with the engine of JavaScript on what both can say', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\d', '\\w', '\\b', 'é');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 3 },
        atom,
        fc.tuple(tie('pattern'), tie('pattern')).map(([x, y]) => x + y),
        fc.tuple(tie('pattern'), tie('pattern')).map(([x, y]) => `(?:${x}|${y})`),
        fc.tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{0,2}')).map(([x, q]) => `(?:${x})${q}`),
      ),
    }));
    fc.assert(
      fc.property(
        pattern,
        fc.string({ unit: fc.constantFrom('a', 'b', '1', ' ', 'é', '\n'), maxLength: 8 }),
        (source, text) => {
          expect(compileRegex(source)(text)).toBe(new RegExp(`^(?:${source})$`).test(text));
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('many different texts are matched alike, whatever was forgotten between them', () => {
    const whole = compileRegex('(?:[a-z]{1,20}-){1,20}[0-9]{1,20}');
    for (let i = 0; i < 3000; i += 1) {
      const name = `${'abcdefghij'.slice(i % 10)}-`.repeat((i % 17) + 1);
      expect(whole(`${name}${i}`)).toBe(true);
      expect(whole(`${name}x`)).toBe(false);
    }
  });
});
