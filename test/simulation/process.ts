/** One process of the cloud: it can die at any await, stand still and come back late, and have a wrong clock. */

import type { After, Clock } from '../../functions/core/ports.ts';
import type { Time } from './time.ts';

export interface Process {
  readonly name: string;
  readonly alive: boolean;
  /** Timers that neither ran nor were cancelled: what it still waits for. */
  readonly timers: number;
  /** Whether it stood still, died, or had a call to the store fail at any time between: what excuses that it sends twice. */
  wasTroubled(from: number, to: number): boolean;
  clock: Clock;
  /** Its timers: they die with it, and wait while it stands still. */
  after: After;
  /** Runs what reaches it from outside: now, once it goes on, or never. */
  resume(run: () => void): void;
  /** A call of its own to the store goes wrong now. */
  trouble(): void;
  stall(ms: number): void;
  crash(): void;
  /** Called at its death. */
  onCrash(run: () => void): void;
}

export function createProcess(name: string, time: Time, skewMs: number): Process {
  let alive = true;
  let frozenUntil = 0;
  let timers = 0;
  const troubles: { from: number; to: number }[] = [];
  const mourners: (() => void)[] = [];

  function resume(run: () => void): void {
    if (!alive) return;
    if (frozenUntil > time.now()) time.after(frozenUntil - time.now(), () => resume(run));
    else run();
  }

  return {
    name,
    get alive() {
      return alive;
    },
    get timers() {
      return alive ? timers : 0;
    },
    wasTroubled: (from, to) => troubles.some((each) => each.from <= to && each.to >= from),
    clock: () => time.now() + skewMs,
    after(ms, run) {
      let isOver = false;
      const end = (): void => {
        if (!isOver) timers -= 1;
        isOver = true;
      };
      timers += 1;
      const cancel = time.after(ms, () =>
        resume(() => {
          end();
          run();
        }),
      );
      return () => {
        end();
        cancel();
      };
    },
    resume,
    trouble() {
      troubles.push({ from: time.now(), to: time.now() });
    },
    stall(ms) {
      frozenUntil = Math.max(frozenUntil, time.now() + ms);
      troubles.push({ from: time.now(), to: frozenUntil });
    },
    crash() {
      if (!alive) return;
      alive = false;
      troubles.push({ from: time.now(), to: Number.POSITIVE_INFINITY });
      for (const mourn of mourners) mourn();
    },
    onCrash: (run) => void mourners.push(run),
  };
}
