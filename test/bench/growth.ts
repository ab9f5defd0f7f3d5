/** How the time of a step grows with the size of what an attacker gives it: as much text, in one piece or in many; more names. */

import { FINGERPRINTS, type Hostile, REDACTIONS } from './hostile.ts';
import { measureInventedNodes } from './invented-nodes.ts';
import type { Result } from './result.ts';

const SMALL = 10_000;
const TIMES = 16;
/** One where it grows in line, sixteen with a square in it. */
const LIMIT = 8;
/** What measuring itself may add to the short run. */
const NOISE_MS = 0.5;
/** One slow run of something hostile is proof enough. */
const SLOW_MS = 2_000;

export interface GrowthSize {
  /** A square shows in every round; a collection of garbage, or a step back from compiled code, in one of them. */
  rounds: number;
  tries: number;
}

export function measureGrowth(size: GrowthSize): Result[] {
  return [
    worstOf('redaction', REDACTIONS, size),
    worstOf('fingerprint', FINGERPRINTS, size),
    measureInventedNodes(size.tries),
  ];
}

function worstOf(step: string, texts: readonly Hostile[], size: GrowthSize): Result {
  const measured = texts.map(([name, of]) => ({ name, growth: growth(of, size) }));
  const worst = measured.reduce((found, each) => (each.growth > found.growth ? each : found));
  return {
    name: `time of ${step} for a hostile text / for ${TIMES} parts of it, the worst`,
    value: worst.growth,
    limit: { atMost: LIMIT },
    raw: `${worst.name}, of ${texts.length} kinds`,
  };
}

function growth(of: Hostile[1], { rounds, tries }: GrowthSize): number {
  const [part, whole] = [of(SMALL), of(SMALL * TIMES)];
  const parts = (): void => {
    for (let time = 0; time < TIMES; time += 1) part();
  };
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < rounds && least >= LIMIT; round += 1) {
    least = Math.min(least, (fastest(whole, tries) + NOISE_MS) / (fastest(parts, tries) + NOISE_MS));
  }
  return least;
}

/** The best of several, in milliseconds. */
function fastest(run: () => unknown, tries: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
    if (best > SLOW_MS) break;
  }
  return best;
}
