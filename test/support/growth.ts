/** How the time of something grows with the size of what it is given: measured in one run, whatever the machine. */

const SMALL = 10_000;
const TIMES = 16;
const TRIES = 5;

/** Sixteen times the size takes sixteen times as long where it grows in line, 256 times with a square in it. */
export const LINEAR = 5 * TIMES;

/** What measuring itself may add to the short run. */
const NOISE_US = 500;

/** A square shows in every round; a collection of garbage or a step back from compiled code in one of them. */
const ROUNDS = 3;

/** @param prepare makes what is to be measured for about so many characters */
export function growth(prepare: (characters: number) => () => unknown): number {
  const small = prepare(SMALL);
  const large = prepare(SMALL * TIMES);
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS && least >= LINEAR; round += 1) {
    least = Math.min(least, (fastest(large) + NOISE_US) / (fastest(small) + NOISE_US));
  }
  return least;
}

/** The best of several, in microseconds of this thread's processor time: the machine's other work does not count. */
function fastest(run: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const start = process.threadCpuUsage();
    run();
    const { user, system } = process.threadCpuUsage(start);
    best = Math.min(best, user + system);
    // One slow run of something hostile is proof enough.
    if (best > 2_000_000) break;
  }
  return best;
}
