/** Time that a test owns. */

import type { After } from '../../functions/core/ports.ts';

interface Timer {
  at: number;
  run(): void;
}

/** A clock and timers that move only by `pass`. */
export function fakeAfter(start = 1_000_000_000_000) {
  let now = start;
  const timers = new Set<Timer>();
  let onArm: () => void = () => {};
  const after: After = (ms, run) => {
    const timer = { at: now + ms, run };
    timers.add(timer);
    onArm();
    return () => void timers.delete(timer);
  };
  return {
    after,
    clock: () => now,
    /** Milliseconds until each pending timer. */
    pending: () => [...timers].map(({ at }) => at - now).sort((a, b) => a - b),
    /** Resolves once `count` timers are pending. */
    async armed(count: number): Promise<void> {
      while (timers.size < count) {
        await new Promise<void>((resolve) => {
          onArm = resolve;
        });
      }
    },
    /** Moves the clock and runs what is due, in order. */
    pass(ms: number): void {
      const end = now + ms;
      for (;;) {
        const next = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        timers.delete(next);
        now = Math.max(now, next.at);
        next.run();
      }
      now = end;
    },
  };
}
