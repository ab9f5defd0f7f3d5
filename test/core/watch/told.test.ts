import { describe, expect, test } from '@jest/globals';
import { followed, isPast, type Told } from '../../../functions/core/watch/told.ts';

const TOLD: Told = { uuid: 'u1', since: 1_000, owed: false, why: 'because' };

describe('what was told', () => {
  test('stays while it is true', () => {
    expect(followed(TOLD, true, 5_000, 4_000)).toEqual({ ...TOLD, overAt: undefined });
  });

  test('is over once it is not', () => {
    expect(followed(TOLD, false, 5_000, 4_000).overAt).toBe(5_000);
    expect(followed({ ...TOLD, overAt: 5_000 }, false, 9_000, 8_000).overAt).toBe(5_000);
  });

  test('is not over by a look that is older than itself', () => {
    expect(followed({ ...TOLD, since: 4_500 }, false, 5_000, 4_000).overAt).toBeUndefined();
  });

  test('is not over when it is true again', () => {
    expect(followed({ ...TOLD, overAt: 5_000 }, true, 9_000, 8_000).overAt).toBeUndefined();
  });

  test('is past ten minutes after its end', () => {
    expect(isPast(TOLD, 10_000_000)).toBe(false);
    expect(isPast({ ...TOLD, overAt: 5_000 }, 604_999)).toBe(false);
    expect(isPast({ ...TOLD, overAt: 5_000 }, 605_000)).toBe(true);
  });
});
