/** The faults of a run follow from its seed, and no part is struck twice at once. */

import { expect, test } from '@jest/globals';
import { createRandom } from '../stack/support/random.ts';
import { scheduleOf } from './schedule.ts';

const TEN_MINUTES = 600_000;

test('the same seed gives the same faults, another one gives others', () => {
  const first = scheduleOf(TEN_MINUTES, createRandom(1), []);
  expect(scheduleOf(TEN_MINUTES, createRandom(1), [])).toEqual(first);
  expect(scheduleOf(TEN_MINUTES, createRandom(2), [])).not.toEqual(first);
});

test.each([1, 2, 3, 4, 5])('seed %d: no part is struck before it is well again, and every kind comes', (seed) => {
  const faults = scheduleOf(TEN_MINUTES, createRandom(seed), []);
  for (const sames of Map.groupBy(faults, ({ part }) => part).values()) {
    for (const [index, { at }] of sames.entries()) {
      const before = sames[index - 1];
      if (before) expect(at).toBeGreaterThan(before.at + before.lastsMs);
    }
  }
  expect(new Set(faults.map(({ kind }) => kind)).size).toBe(15);
});

test('what a store can not have is left out', () => {
  const kinds = scheduleOf(TEN_MINUTES, createRandom(1), ['store killed', 'loki disk full']).map(({ kind }) => kind);
  expect(kinds).not.toContain('store killed');
  expect(kinds).not.toContain('loki disk full');
  expect(kinds).toContain('store failed over');
});
