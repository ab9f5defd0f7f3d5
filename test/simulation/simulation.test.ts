/** The simulation runs, breaks no promise on seeds that once taught something, and does the same for the same seed. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { planOf } from './plan.ts';
import { run } from './run.ts';
import { shrink } from './shrink.ts';

const SEEDS = JSON.parse(readFileSync(new URL('seeds.json', import.meta.url), 'utf8')) as {
  seed: string;
  reason: string;
}[];

test.each(SEEDS)('seed $seed: $reason', async ({ seed }) => {
  const { failure, tail } = await run(planOf(seed));
  expect([failure, failure === undefined ? [] : tail]).toEqual([undefined, []]);
});

test.each(Array.from({ length: 12 }, (_, index) => `fixed-${index}`))('%s', async (seed) => {
  expect((await run(planOf(seed))).failure).toBeUndefined();
});

describe('a seed', () => {
  test('determines everything', async () => {
    const [one, other, another] = [await run(planOf('same')), await run(planOf('same')), await run(planOf('another'))];
    expect(other).toEqual(one);
    expect(another.trace).not.toBe(one.trace);
  });

  test('has traffic that reaches all parts, and faults that hit', async () => {
    const { faults, events, sends, summaries } = await run(planOf('fixed-1'));
    expect(Math.min(events, sends, summaries)).toBeGreaterThan(0);
    expect(Object.values(faults).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
  });
});

test('a plan shrinks to what matters', async () => {
  const plan = planOf('same');
  const [needed] = plan.events;
  const small = await shrink(
    plan,
    async ({ events }) => events.includes(needed as never),
    () => false,
  );
  expect(small).toMatchObject({ events: [needed], faults: [], acts: [], instances: 1, skewMs: 0 });
});
