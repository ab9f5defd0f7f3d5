/**
 * When a push begins while much is in flight: once half of it waits for a push. What came while the last push was under way would be a small
 * group where Loki is fast, and a push costs Loki ten times what an entry does (docs/decisions.md, 2026-11-30).
 */

import { type Gate, startOutsideOfAnyRequest } from '../../core/lane.ts';
import type { After } from '../../core/ports.ts';

/** Where fewer are in flight, a push begins at once. */
const MANY = 64;
/** And so it does after that time: the others may be held up by something else. */
const LONGEST_MS = 50;

export interface GatheringOptions {
  /** Bounds the pushes under way. */
  gate: Gate;
  /** How many events are in flight, those that wait for a push among them. */
  inFlight(): number;
  /** How many entries wait for a push to begin. */
  waiting(): number;
  after: After;
}

export interface Gathering extends Gate {
  /** To be called once one more waits. */
  came(): void;
}

interface Place {
  start(): void;
  withdraw(): void;
}

export function createGathering({ gate, inFlight, waiting, after }: GatheringOptions): Gathering {
  let held: Place[] = [];
  let cancel = (): void => {};
  let beginsSoon = false;

  function isEnough(): boolean {
    const all = inFlight();
    return all < MANY || 2 * waiting() >= all;
  }

  function begin(): void {
    cancel();
    const places = held;
    held = [];
    for (const place of places) place.withdraw = gate.enter(place.start);
  }

  return {
    enter(start) {
      const place: Place = {
        start,
        withdraw() {
          held = held.filter((other) => other !== place);
          if (held.length === 0) cancel();
        },
      };
      held.push(place);
      if (isEnough()) begin();
      else if (held.length === 1) cancel = after(LONGEST_MS, begin);
      return () => place.withdraw();
    },
    leave: () => gate.leave(),
    came() {
      if (held.length === 0 || beginsSoon || !isEnough()) return;
      beginsSoon = true;
      startOutsideOfAnyRequest(() => {
        beginsSoon = false;
        begin();
      });
    },
  };
}
