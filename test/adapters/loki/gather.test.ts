/** When a push begins while much is in flight. */

import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createGathering } from '../../../functions/adapters/loki/gather.ts';
import { createGate } from '../../../functions/core/lane.ts';
import { manualTimers } from '../timers.ts';
import { closeAll, entryOf, STORED, writerFor } from './support.ts';

afterEach(closeAll);

function gathering(at: { inFlight: number; waiting: number }, limit = 4) {
  const timers = manualTimers();
  const begun: string[] = [];
  const gate = createGathering({
    gate: createGate(limit),
    inFlight: () => at.inFlight,
    waiting: () => at.waiting,
    after: timers.after,
  });
  return { at, begun, timers, gate, enter: (name: string) => gate.enter(() => begun.push(name)) };
}

describe('a push begins', () => {
  test.each([
    ['where few events are in flight', 63, 1],
    ['where half of them wait', 100, 50],
    ['where all of them wait', 1_000, 1_000],
  ])('at once %s', (_, inFlight, waiting) => {
    const { begun, timers, enter } = gathering({ inFlight, waiting });
    enter('a');
    expect(begun).toEqual(['a']);
    expect(timers.waiting()).toEqual([]);
  });

  test('once half of many wait, with all that are held', async () => {
    const { at, begun, timers, gate, enter } = gathering({ inFlight: 100, waiting: 1 });
    enter('a');
    enter('b');
    at.waiting = 49;
    gate.came();
    await turn();
    expect(begun).toEqual([]);
    at.waiting = 50;
    gate.came();
    // Whoever asks for it must not own it.
    expect(begun).toEqual([]);
    await turn();
    await turn();
    expect(begun).toEqual(['a', 'b']);
    expect(timers.waiting()).toEqual([]);
  });

  test('after 50 ms at the latest', () => {
    const { begun, timers, enter } = gathering({ inFlight: 100, waiting: 1 });
    enter('a');
    enter('b');
    expect([begun, timers.waiting()]).toEqual([[], [50]]);
    timers.fire();
    expect(begun).toEqual(['a', 'b']);
    enter('c');
    expect([begun.length, timers.waiting()]).toEqual([2, [50]]);
  });

  test('no more of them than are let in at once', () => {
    const { begun, timers, gate, enter } = gathering({ inFlight: 100, waiting: 1 }, 1);
    enter('a');
    const leaveB = enter('b');
    enter('c');
    timers.fire();
    expect(begun).toEqual(['a']);
    leaveB();
    gate.leave();
    expect(begun).toEqual(['a', 'c']);
  });

  test('never where nothing waits for it any more', () => {
    const { begun, timers, enter } = gathering({ inFlight: 100, waiting: 1 });
    enter('a')();
    expect(timers.waiting()).toEqual([]);
    const leave = enter('b');
    enter('c');
    leave();
    timers.fire();
    expect(begun).toEqual(['c']);
  });
});

test('a writer pushes half of what is in flight at once, in each stream, and the rest when it is less than many', async () => {
  let inFlight = 120;
  const { loki, writer } = await writerFor(
    { push: () => ({ status: 204 }) },
    {
      inFlight: () => inFlight,
      after: manualTimers().after,
    },
  );
  const push = async (index: number) => {
    const outcome = await writer.push(entryOf(`${index}`, { labels: { cluster: index % 2 ? 'odd' : 'even' } }));
    inFlight -= 1;
    return outcome;
  };
  const first = Array.from({ length: 59 }, (_, index) => push(index));
  await turn();
  await turn();
  expect(loki.pushes).toEqual([]);
  expect(await Promise.all([...first, push(59)])).toEqual(Array(60).fill(STORED));
  expect(loki.pushes.map(({ entries }) => entries.length)).toEqual([30, 30]);
  expect(await push(60)).toEqual(STORED);
  expect(inFlight).toBe(59);
});

test('a writer counts as waiting neither what is under way nor what is done', async () => {
  let answer = (): void => {};
  const held = new Promise<{ status: number }>((resolve) => {
    answer = () => resolve({ status: 204 });
  });
  const { loki, writer } = await writerFor(
    { push: ({ labels }) => (labels.includes('slow') ? held : { status: 204 }) },
    { inFlight: () => 100, after: manualTimers().after },
  );
  const push = (cluster: string, count: number) =>
    Array.from({ length: count }, (_, index) => writer.push(entryOf(`${cluster} ${index}`, { labels: { cluster } })));
  const slow = push('slow', 50);
  while (loki.pushes.length === 0) await turn();
  for (const cluster of ['a', 'b']) {
    const before = loki.pushes.length;
    const most = push(cluster, 49);
    for (let turns = 0; turns < 20; turns += 1) await turn();
    expect(loki.pushes).toHaveLength(before);
    await Promise.all([...most, writer.push(entryOf(`${cluster} 49`, { labels: { cluster } }))]);
    expect(loki.pushes.slice(before).map(({ entries }) => entries.length)).toEqual([50]);
    answer();
    await Promise.all(slow);
  }
});
