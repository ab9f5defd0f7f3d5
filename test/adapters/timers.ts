/** Timers that run when a test says so. */

import type { After } from '../../functions/core/ports.ts';

export interface Timers {
  after: After;
  /** The delays of those that wait, in milliseconds. */
  waiting(): number[];
  /** Runs every timer that waits. */
  fire(): void;
}

export function manualTimers(): Timers {
  const timers = new Set<{ ms: number; run: () => void }>();
  return {
    after(ms, run) {
      const timer = { ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    waiting: () => [...timers].map(({ ms }) => ms),
    fire() {
      for (const { run } of [...timers]) run();
    },
  };
}
