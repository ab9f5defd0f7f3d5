/**
 * Group commit: concurrent requests of one instance share a round trip.
 *
 * A lane is self-clocking: a flush starts at once when none of its lane is under way, and what arrives meanwhile forms
 * the next one. There is no timer, so an idle instance adds no delay and a loaded one gets large groups.
 */

import { failed, type Outcome } from './outcome.ts';
import type { After } from './ports.ts';

export interface LaneOptions<I, O> {
  /** Named in the error that a waiter gets when a flush misses its deadline. */
  name: string;
  /** Gives one outcome per item, in order. `signal` aborts at the deadline. */
  flush(items: readonly I[], signal: AbortSignal): Promise<readonly Outcome<O>[]>;
  maxItems: number;
  /** With `sizeOf`: a group's bytes; a single larger item still goes, alone. */
  maxBytes?: number;
  sizeOf?(item: I): number;
  /** Two waiting items with one key are one item: both get its outcome. */
  keyOf?(item: I): string;
  /** A flush that is not done by then has failed, and the lane goes on. */
  deadlineMs: number;
  /** An item whose flush has not begun by then fails with a LaneWaitError and is never flushed. No limit unless told. */
  waitMs?: number;
  after: After;
  /** Bounds the flushes under way over several lanes. */
  gate?: Gate;
}

export interface Lane<I, O> {
  submit(item: I): Promise<O>;
  /** Nothing waits and nothing is under way: the lane may be dropped. */
  readonly idle: boolean;
}

export class LaneDeadlineError extends Error {
  override readonly name = 'LaneDeadlineError';
  constructor(lane: string, deadlineMs: number) {
    super(`${lane}: no answer within ${deadlineMs} ms`);
  }
}

export class LaneWaitError extends Error {
  override readonly name = 'LaneWaitError';
  constructor(lane: string, waitMs: number) {
    super(`${lane}: not begun within ${waitMs} ms`);
  }
}

/** Lets `limit` flushes run at once; the lane that has waited longest goes next. */
export interface Gate {
  /** Calls `start` at once or later, unless the returned function is called before. */
  enter(start: () => void): () => void;
  leave(): void;
}

export function createGate(limit: number): Gate {
  const queue: (() => void)[] = [];
  let open = limit;
  return {
    enter(start) {
      if (open > 0) {
        open -= 1;
        start();
      } else queue.push(start);
      return () => {
        const place = queue.indexOf(start);
        if (place >= 0) queue.splice(place, 1);
      };
    },
    leave() {
      const next = queue.shift();
      if (next) next();
      else open += 1;
    },
  };
}

// A flush that several requests share must belong to none of them: whatever follows a request through its calls (a `domain`,
// a tracer's AsyncLocalStorage) would ascribe all of it, and its errors, to the first. A loop that starts when this
// module loads is outside every request, and so is all that it starts.
let starts: (() => void)[] = [];
let wake: () => void = () => {};

/** Runs `start` soon, owned by no request: for work that several of them share. */
export function startOutsideOfAnyRequest(start: () => void): void {
  starts.push(start);
  wake();
}

async function runStarts(): Promise<never> {
  for (;;) {
    if (starts.length === 0) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    // Whatever else arrived in this turn of the event loop joins in: larger groups, and work of one kind in a row, which
    // processors do much faster. An idle loop comes here at once.
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    for (let at = 0; at < starts.length; at += 1) {
      try {
        starts[at]?.();
      } catch (error) {
        // A defect of ours must end this instance, as any other does, and never this loop, or the instance would hang.
        void Promise.reject(error);
      }
    }
    starts = [];
  }
}
void runStarts();

interface Waiter<O> {
  resolve(value: O): void;
  reject(error: Error): void;
}

interface Slot<I, O> {
  item: I;
  waiters: Waiter<O>[];
  /** Ends the limit of its wait. */
  begun(): void;
}

export function createLane<I, O>(options: LaneOptions<I, O>): Lane<I, O> {
  let waiting: Slot<I, O>[] = [];
  let byKey = new Map<string, Slot<I, O>>();
  let busy = false;
  /** Gives up the place at the gate. */
  let leaveQueue: (() => void) | undefined;

  function next(): void {
    busy = waiting.length > 0;
    if (!busy) return;
    startOutsideOfAnyRequest(() => {
      busy = waiting.length > 0;
      if (!busy) return;
      let begun = false;
      const start = (): void => {
        begun = true;
        leaveQueue = undefined;
        void run();
      };
      if (!options.gate) return start();
      const leave = options.gate.enter(start);
      if (!begun) leaveQueue = leave;
    });
  }

  /** Takes a slot that has waited too long out of its group: what was told that it failed is never flushed. */
  function withdraw(slot: Slot<I, O>, waitMs: number): void {
    waiting = waiting.filter((other) => other !== slot);
    if (options.keyOf) byKey.delete(options.keyOf(slot.item));
    if (waiting.length === 0 && leaveQueue) {
      leaveQueue();
      leaveQueue = undefined;
      busy = false;
    }
    for (const waiter of slot.waiters) waiter.reject(new LaneWaitError(options.name, waitMs));
  }

  function limitWait(slot: Slot<I, O>): void {
    const { waitMs, after } = options;
    if (waitMs !== undefined) slot.begun = after(waitMs, () => withdraw(slot, waitMs));
  }

  function take(): Slot<I, O>[] {
    let bytes = 0;
    let count = 0;
    for (const { item } of waiting) {
      bytes += options.sizeOf?.(item) ?? 0;
      if (count > 0 && (count >= options.maxItems || bytes > (options.maxBytes ?? Infinity))) break;
      count += 1;
    }
    const group = waiting.slice(0, count);
    waiting = waiting.slice(count);
    for (const { begun } of group) begun();
    // A map that is emptied one by one keeps what it held in tables it no longer uses.
    if (waiting.length === 0) byKey = new Map();
    else if (options.keyOf) for (const { item } of group) byKey.delete(options.keyOf(item));
    return group;
  }

  async function run(): Promise<void> {
    const group = take();
    const outcomes = await flushWithin(
      options,
      group.map((slot) => slot.item),
    );
    options.gate?.leave();
    next();
    group.forEach(({ waiters }, index) => {
      const outcome = outcomes[index] ?? failed<O>(new Error(`${options.name}: the flush gave no outcome for an item`));
      for (const waiter of waiters) outcome.ok ? waiter.resolve(outcome.value) : waiter.reject(outcome.error);
    });
  }

  return {
    submit(item) {
      return new Promise<O>((resolve, reject) => {
        const key = options.keyOf?.(item);
        const twin = key === undefined ? undefined : byKey.get(key);
        if (twin) {
          twin.waiters.push({ resolve, reject });
          return;
        }
        const slot: Slot<I, O> = { item, waiters: [{ resolve, reject }], begun() {} };
        limitWait(slot);
        waiting.push(slot);
        if (key !== undefined) byKey.set(key, slot);
        if (!busy) next();
      });
    },
    get idle() {
      return !busy && waiting.length === 0;
    },
  };
}

/** Never throws: whatever a flush does, each item gets an outcome by the deadline. */
function flushWithin<I, O>(options: LaneOptions<I, O>, items: readonly I[]): Promise<readonly Outcome<O>[]> {
  return new Promise((resolve) => {
    const abort = new AbortController();
    const failAll = (error: unknown): void => resolve(items.map(() => failed<O>(error)));
    const cancel = options.after(options.deadlineMs, () => {
      const late = new LaneDeadlineError(options.name, options.deadlineMs);
      failAll(late);
      abort.abort(late);
    });
    try {
      options.flush(items, abort.signal).then(resolve, failAll).finally(cancel);
    } catch (error) {
      cancel();
      failAll(error);
    }
  });
}
