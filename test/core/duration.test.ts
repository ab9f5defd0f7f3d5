import { describe, expect, test } from '@jest/globals';
import { duration, parseDuration } from '../../functions/core/duration.ts';

describe('a duration', () => {
  test.each([
    ['250ms', 250],
    ['30s', 30_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['0s', 0],
  ])('%s is read', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each(['', 'soon', '10', '-1s', '1w', '1h 30m', '1.5h'])('%j is none', (text) => {
    expect(parseDuration(text)).toBeUndefined();
    expect(duration('1h').safeParse(text).error?.issues[0]?.message).toMatch(/^not a duration/);
  });

  test.each([
    ['1h', true],
    ['60m', true],
    ['1h1ms', false],
    ['999999999d999999999d', false],
    ['0s', false],
  ])('%s is taken up to an hour: %s', (text, taken) => {
    expect(duration('1h').safeParse(text).success).toBe(taken);
  });

  test('says its bound in the message and in the schema', () => {
    const { error } = duration('1h').safeParse('2h');
    expect(error?.issues[0]?.message).toBe('longer than 1h, the most there is');
    expect(duration('1h', 'How long.').description).toBe('How long. At most 1h.');
  });
});
