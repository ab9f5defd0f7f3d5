import { describe, expect, test } from '@jest/globals';
import type { Snapshot } from '../../../functions/core/watch/falco-metrics.ts';
import {
  type Arrivals,
  counted,
  type Loss,
  type Losses,
  NO_LOSSES,
  type Slice,
} from '../../../functions/core/watch/losses.ts';

const MINUTE = 60_000;
const T0 = 28_000_000 * MINUTE;
const QUIET: Arrivals = { arrived: [], unsure: false, snapshots: [], drops: [], others: false };

const at = (minute: number): number => T0 + minute * MINUTE;
/** So many events at a time. */
const slice = (minute: number, n: number): Slice => [Math.floor(at(minute) / 10_000), n];

function snapshot(minute: number, matches: number, over: Partial<Snapshot> = {}): Snapshot {
  return { ms: at(minute), run: 'a', matches, queueDrops: 0, dropPercent: 0, late: false, ...over };
}

/** What each arrival leads to, in order; `now` is the minute in which it is recorded. */
function told(steps: readonly (Partial<Arrivals> & { now: number })[], from: Losses = NO_LOSSES): Loss[] {
  let losses = from;
  const found: Loss[] = [];
  for (const { now, ...arrivals } of steps) {
    const next = counted(losses, { ...QUIET, ...arrivals }, at(now));
    losses = next.losses;
    found.push(...next.found);
  }
  return found;
}

interface Interval {
  matched: number;
  arrived: number;
  over?: Partial<Snapshot>;
  unsure?: boolean;
}

/** Intervals of five minutes, and then enough quiet ones that all of them are decided. */
function intervals(...list: Interval[]): Loss[] {
  const quiet = Array.from({ length: 6 }, () => ({ matched: 0, arrived: 0 }));
  let matches = 100;
  const steps: (Partial<Arrivals> & { now: number })[] = [{ now: 0, snapshots: [snapshot(0, matches)] }];
  [...list, ...quiet].forEach(({ matched, arrived, over, unsure = false }: Interval, index) => {
    const end = (index + 1) * 5;
    matches = over?.matches ?? matches + matched;
    if (arrived > 0) steps.push({ now: end - 2, arrived: [slice(end - 2.5, arrived)] });
    steps.push({ now: end, snapshots: [snapshot(end, matches, over)], unsure });
  });
  return told(steps);
}

/** What was recorded first was recorded at the beginning, whatever time it claims. */
function inOrder<T extends { now: number }>(step: T, index: number): T {
  return index === 0 ? { ...step, now: 0 } : step;
}

const GAP = { matched: 100, arrived: 80 };

describe('a gap', () => {
  test('of two intervals in a row is told, with the numbers of the second', () => {
    expect(intervals(GAP, { matched: 200, arrived: 50 })).toMatchObject([{ kind: 'gap', expected: 200, arrived: 50 }]);
  });

  test('that lasts is told once an hour', () => {
    expect(intervals(...Array.from({ length: 13 }, () => GAP))).toHaveLength(1);
    expect(intervals(...Array.from({ length: 20 }, () => GAP))).toHaveLength(2);
  });

  test.each<{ name: string; list: Interval[] }>([
    { name: 'of one interval', list: [GAP] },
    { name: 'of two that are not in a row', list: [GAP, { matched: 5, arrived: 5 }, GAP] },
    {
      name: 'of ten events',
      list: [
        { matched: 20, arrived: 10 },
        { matched: 20, arrived: 10 },
      ],
    },
    {
      name: 'of five percent',
      list: [
        { matched: 1_000, arrived: 950 },
        { matched: 1_000, arrived: 950 },
      ],
    },
    {
      name: 'the other way round',
      list: [
        { matched: 10, arrived: 100 },
        { matched: 10, arrived: 100 },
      ],
    },
    {
      name: 'that Falco says it threw away itself',
      list: [
        { matched: 100, arrived: 80, over: { queueDrops: 20 } },
        { matched: 100, arrived: 80, over: { queueDrops: 40 } },
      ],
    },
    { name: 'over a start of Falco', list: [GAP, { ...GAP, over: { run: 'b' } }, { ...GAP, over: { run: 'c' } }] },
    { name: 'over a counter that fell', list: [GAP, { ...GAP, over: { matches: 40 } }, { matched: 0, arrived: 0 }] },
    { name: 'when Pub/Sub holds the second snapshot up', list: [GAP, { ...GAP, over: { late: true } }] },
    { name: 'when Pub/Sub holds messages up', list: [{ ...GAP, over: { late: true } }, GAP, GAP] },
    { name: 'when the store forgot to answer', list: [GAP, { ...GAP, unsure: true }, { matched: 0, arrived: 0 }] },
    {
      name: 'when Falco does not count matches',
      list: [
        { ...GAP, over: { matches: undefined } },
        { ...GAP, over: { matches: undefined } },
      ],
    },
  ])('$name is none', ({ list }) => {
    expect(intervals(...list).filter(({ kind }) => kind === 'gap')).toEqual([]);
  });

  test('is none when other sources count in the same counter', () => {
    const steps = [0, 5, 10, 15, 40].map((now) => ({ now, others: true, snapshots: [snapshot(now, now * 20)] }));
    expect(told(steps)).toEqual([]);
    expect(told(steps.map((step) => ({ ...step, others: false })))).toHaveLength(1);
  });

  test('is filled by what arrives late, from another instance or Pub/Sub', () => {
    const late = [
      { now: 0, snapshots: [snapshot(0, 0)] },
      { now: 5, snapshots: [snapshot(5, 100)] },
      { now: 10, snapshots: [snapshot(10, 200)] },
      { now: 22, arrived: [slice(2, 100), slice(7, 100)] },
      { now: 60, snapshots: [snapshot(60, 200)] },
    ];
    expect(told(late)).toEqual([]);
    expect(told(late.filter(({ now }) => now !== 22))).toHaveLength(1);
  });

  test('is not made by an event at the edge of two intervals, nor by one a little older than its match', () => {
    const bursts = [1_600, 400, 100, 25, 0, 0, 0];
    let matches = 0;
    const steps: (Partial<Arrivals> & { now: number })[] = [{ now: 0, snapshots: [snapshot(0, 0)] }];
    bursts.forEach((burst, index) => {
      const now = (index + 1) * 5;
      // Matched after the snapshot, though their own times are just before it.
      steps.push({ now, arrived: [slice(now - 0.1, burst)], snapshots: [snapshot(now, matches)] });
      matches += burst;
    });
    steps.push({ now: 90, snapshots: [snapshot(90, matches)] });
    expect(told(steps)).toEqual([]);
  });

  test('is found again after a clock that ran ahead was set right', () => {
    const steps = [snapshot(600, 0), ...[0, 5, 10, 15, 40].map((now) => snapshot(now, now * 20))];
    expect(told(steps.map((each) => ({ now: (each.ms - T0) / MINUTE, snapshots: [each] })).map(inOrder))).toHaveLength(
      1,
    );
  });

  test('that hostile times hide takes no more room', () => {
    let losses: Losses = NO_LOSSES;
    for (let index = 0; index < 2_000; index += 1) {
      const arrivals = { ...QUIET, arrived: [slice(index, 1)], snapshots: [snapshot(index / 100, 0)] };
      losses = counted(losses, arrivals, at(0)).losses;
    }
    expect(JSON.stringify(losses).length).toBeLessThan(12_000);
  });
});

describe('drops', () => {
  const lossy = (minute: number, percent: number): Partial<Arrivals> & { now: number } => ({
    now: minute,
    snapshots: [snapshot(minute, 0, { dropPercent: percent })],
  });

  test.each([
    { name: 'above 1 % twice in a row', percents: [1.5, 2], percent: 2 },
    { name: 'after a good snapshot', percents: [0, 3, 3], percent: 3 },
  ])('$name are told', ({ percents, percent }) => {
    expect(told(percents.map((each, index) => lossy(index * 5, each)))).toMatchObject([{ kind: 'drops', percent }]);
  });

  test.each([
    { name: 'once', percents: [1.5, 0.2] },
    { name: 'twice, but not in a row', percents: [1.5, 0, 1.5, 0] },
    { name: 'of 1 %', percents: [1, 1, 1] },
    { name: 'in one snapshot that is delivered twice', percents: [0, 2], again: 1 },
  ])('$name are not', ({ percents, again = 0 }) => {
    const steps = percents.map((each, index) => lossy(index * 5, each));
    expect(told([...steps, ...steps.slice(-1 * again, again === 0 ? 0 : undefined)])).toEqual([]);
  });

  test('are told once an hour', () => {
    expect(told(Array.from({ length: 13 }, (_, index) => lossy(index * 5, 2)))).toHaveLength(1);
    expect(told(Array.from({ length: 20 }, (_, index) => lossy(index * 5, 2)))).toHaveLength(2);
  });

  test("of Falco's own queue count against what it matched", () => {
    const steps = [0, 5, 10].map((now) => ({ now, snapshots: [snapshot(now, now * 20, { queueDrops: now })] }));
    expect(told(steps)).toMatchObject([{ kind: 'drops', percent: 5 }]);
  });

  test.each([
    { name: 'two events minutes apart', drops: [0, 2], found: 1 },
    { name: 'one event', drops: [0], found: 0 },
    { name: 'two events of one minute', drops: [0, 0.5], found: 0 },
    { name: 'two events of different hours', drops: [0, 60], found: 0 },
  ])('in $name: $found', ({ drops, found }) => {
    const steps = drops.map((minute) => ({ now: minute, drops: [[at(minute), 5] as const] }));
    expect(told(steps)).toHaveLength(found);
  });
});
