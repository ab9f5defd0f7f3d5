import { describe, expect, test } from '@jest/globals';
import {
  type Flow,
  flowed,
  isFlowing,
  lullOf,
  NO_FLOW,
  silenceSince,
  swept,
} from '../../../functions/core/watch/flow.ts';

const MINUTE = 60_000;
const LULL = 5.5 * MINUTE;
const T0 = 1_000_000 * MINUTE;

/** Something was recorded at each of these minutes. */
function recorded(...at: number[]): Flow {
  return at.reduce((flow, minute) => flowed(flow, T0 + minute * MINUTE, 0, LULL), NO_FLOW);
}

const silence = (flow: Flow, since: number): number => silenceSince(T0 + since * MINUTE, flow) / MINUTE;

describe('silence in recorded time', () => {
  test.each([
    { name: 'ends with the newest word of anybody', flow: recorded(0, 5, 10), since: 0, minutes: 10 },
    { name: 'is none after that', flow: recorded(0, 5, 10), since: 11, minutes: 0 },
    { name: 'counts a lull that healthy nodes may make', flow: recorded(0, 5, 10, 15), since: 2, minutes: 13 },
    { name: 'leaves a longer lull out', flow: recorded(0, 60, 65), since: 0, minutes: 5 },
    { name: 'leaves out the part of a lull that it saw', flow: recorded(0, 60, 65), since: 30, minutes: 5 },
    { name: 'leaves out several', flow: recorded(0, 20, 25, 60, 62), since: 0, minutes: 7 },
  ])('$name', ({ flow, since, minutes }) => {
    expect(silence(flow, since)).toBe(minutes);
  });

  test('leaves out what Pub/Sub held up, and joins what overlaps', () => {
    let flow = recorded(0, 5);
    for (const held of [10, 9, 8]) flow = flowed(flow, T0 + 10 * MINUTE, held * MINUTE, LULL);
    expect(flow.pauses).toEqual([[T0, T0 + 10 * MINUTE]]);
    expect(silence(flow, 0)).toBe(0);
  });

  test('is not bent by a message that was held for a moment', () => {
    expect(flowed(recorded(0), T0 + MINUTE, 119_000, LULL).pauses).toEqual([]);
  });

  test('keeps a bounded number of pauses, the latest', () => {
    const flow = recorded(...Array.from({ length: 300 }, (_, index) => [index * 10, index * 10 + 1]).flat());
    expect(flow.pauses).toHaveLength(100);
    expect(flow.pauses.at(-1)).toEqual([T0 + 2_981 * MINUTE, T0 + 2_990 * MINUTE]);
  });

  test('is not bent by an instance that records an older moment', () => {
    expect(flowed(recorded(0, 5), T0 + 3 * MINUTE, 0, LULL).newestAt).toBe(T0 + 5 * MINUTE);
  });
});

test('it flows while the newest word is younger than the longest lull', () => {
  expect(isFlowing(NO_FLOW, T0, LULL)).toBe(false);
  expect(isFlowing(recorded(0), T0 + LULL, LULL)).toBe(true);
  expect(isFlowing(recorded(0), T0 + LULL + 1, LULL)).toBe(false);
});

describe('a lull counts', () => {
  test('only while sweeps watched', () => {
    let flow = swept(recorded(0), T0);
    for (let minute = 1; minute <= 20; minute += 1) flow = swept(flow, T0 + minute * MINUTE);
    expect(lullOf(flow, T0 + 20 * MINUTE)).toBe(20 * MINUTE);
    flow = swept(flow, T0 + 60 * MINUTE);
    expect(lullOf(flow, T0 + 60 * MINUTE)).toBe(0);
  });

  test('never before the first word', () => {
    expect(lullOf(swept(NO_FLOW, T0), T0)).toBe(0);
  });
});
