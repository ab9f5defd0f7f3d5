/**
 * Virtual time. What is planned runs in the order of its moment, and between two of them every promise that can go on has
 * gone on: so a run is a sequence that depends on nothing but its seed.
 */

import type { After } from '../../functions/core/ports.ts';
import type { Random } from './random.ts';

/** A run that takes more steps than this goes in circles. */
const MOST_STEPS = 3_000_000;

interface Planned {
  at: number;
  /** Of two at one moment the one that was planned first runs first. */
  order: number;
  run: (() => void) | undefined;
}

export interface Time {
  now(): number;
  after: After;
  /** Runs what is planned until `isOver` says so, or until nothing is planned up to `end`. */
  run(end: number, isOver?: () => boolean): Promise<void>;
  /** Steps taken so far. */
  readonly steps: number;
}

export function createTime(start: number): Time {
  const heap: Planned[] = [];
  let now = start;
  let order = 0;
  let steps = 0;

  const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

  function push(planned: Planned): void {
    let place = heap.push(planned) - 1;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = heap[above] as Planned;
      if (!isBefore(planned, parent)) break;
      heap[place] = parent;
      place = above;
    }
    heap[place] = planned;
  }

  function pop(): Planned | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Planned, heap[below] as Planned)) below += 1;
      const child = heap[below] as Planned;
      if (!isBefore(child, last)) break;
      heap[place] = child;
      place = below;
    }
    heap[place] = last;
    return first;
  }

  /** One step; false where nothing is left to do. */
  function step(end: number, isOver: () => boolean): boolean {
    let next = heap[0];
    while (next && !next.run) {
      pop();
      next = heap[0];
    }
    if (!next || next.at > end || isOver()) return false;
    pop();
    steps += 1;
    if (steps > MOST_STEPS) throw new Error(`more than ${MOST_STEPS} steps: something goes in circles`);
    now = Math.max(now, next.at);
    next.run?.();
    return true;
  }

  return {
    // A clock has whole milliseconds, though what happens may lie between two of them.
    now: () => Math.floor(now),
    after(ms, run) {
      const planned: Planned = { at: now + Math.max(0, ms), order: order++, run };
      push(planned);
      return () => {
        planned.run = undefined;
      };
    },
    async run(end, isOver = () => false) {
      await new Promise<void>((resolve, reject) => {
        // A tick begins when no promise can go on; asked for from within one, it would begin too early.
        const next = (): void => {
          try {
            if (step(end, isOver)) queueMicrotask(() => process.nextTick(next));
            else resolve();
          } catch (error) {
            reject(error);
          }
        };
        process.nextTick(next);
      });
      if (heap.length === 0 || (heap[0]?.at ?? 0) > end) now = Math.max(now, Math.min(end, Number.MAX_SAFE_INTEGER));
    },
    get steps() {
      return steps;
    },
  };
}

/**
 * Gives what code reads from its surroundings into the hands of a run: chance, the clock, and the turn of the event loop by
 * which group commit gathers. Gives it back by the returned function.
 */
export function ownSurroundings(time: Time, random: Random): () => Promise<void> {
  const { setImmediate: turn, setTimeout: timer } = globalThis;
  const { random: chance } = Math;
  const { now } = Date;
  const waiting = new Set<() => void>();
  Math.random = () => random.next();
  Date.now = () => time.now();
  const refused = (): never => {
    throw new Error('a real timer in a simulation');
  };
  globalThis.setTimeout = refused as unknown as typeof globalThis.setTimeout;
  globalThis.setImmediate = ((run: (...args: unknown[]) => void, ...args: unknown[]) => {
    const go = (): void => {
      waiting.delete(go);
      run(...args);
    };
    waiting.add(go);
    time.after(0, go);
  }) as unknown as typeof globalThis.setImmediate;
  return async () => {
    Math.random = chance;
    Date.now = now;
    globalThis.setTimeout = timer;
    globalThis.setImmediate = turn;
    // The loop of group commit lives as long as the process: whatever it still waits for must come.
    for (const go of [...waiting]) go();
    await new Promise<void>((resolve) => {
      turn(resolve);
    });
  };
}
