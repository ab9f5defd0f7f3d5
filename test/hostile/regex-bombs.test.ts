/** Patterns of pipeline.yaml that make an engine which backtracks run for ever, against texts that bring it about. */

import { describe, expect, test } from '@jest/globals';
import { compileRegex } from '../../functions/core/match/regex.ts';
import { RegexSyntaxError } from '../../functions/core/match/regex-syntax.ts';

/** An engine that backtracks would be at most of these until the sun is cold. */
const CHARACTERS = 100_000;

describe('a pattern that would backtrack', () => {
  test.each([
    ['(a+)+b', 'a'],
    ['(a|aa)+b', 'a'],
    ['(a|a)*b', 'a'],
    ['(a*)*b', 'a'],
    ['(x+x+)+y', 'x'],
    ['(.*a){12}b', 'a'],
    ['.*a.*b.*cd', 'abc'],
    ['(?:[^,]*,)*x', ','],
    ['(?i)(?:\\w+\\s?)*!', 'ab '],
    ['[ab]*a[ab]{12}c', 'ab'],
  ])('%s is done with a hundred thousand characters of %j', (pattern, piece) => {
    const whole = compileRegex(pattern);
    const text = piece.repeat(CHARACTERS / piece.length);
    expect(whole(text)).toBe(false);
  });
});

describe('a pattern without measure is refused', () => {
  test.each([
    ['repetitions of repetitions', '(?:a{1000}){1000}'],
    ['a thousand of many', '(?:abcdefgh){1000}'],
    ['groups in groups', `${'('.repeat(2_000)}a${')'.repeat(2_000)}`],
    ['more than four thousand characters', 'a'.repeat(4_097)],
    ['a back-reference', '(a)\\1'],
    ['a look ahead', '(?=a)*'],
  ])('%s', (_name, pattern) => {
    expect(() => compileRegex(pattern)).toThrow(RegexSyntaxError);
  });
});
