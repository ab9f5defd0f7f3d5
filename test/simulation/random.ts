/** Chance that a seed decides: the same seed, the same sequence; a stream for each part, so that one does not shift another. */

import { hash } from 'node:crypto';

export interface Random {
  /** From 0 up to, and without, 1. */
  next(): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** A whole number; both ends are possible. */
  between(least: number, most: number): number;
  pick<T>(list: readonly T[]): T;
  /** A stream of its own, which depends on the seed and this name alone. */
  fork(name: string): Random;
}

export function createRandom(seed: string): Random {
  let [a, b, c, d] = wordsOf(seed);

  /** sfc32: small, fast, and good enough for any test of chance (https://pracrand.sourceforge.net/). */
  function next(): number {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 2 ** 32;
  }

  return {
    next,
    chance: (probability) => next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick<T>(list: readonly T[]): T {
      if (list.length === 0) throw new Error('nothing to pick from');
      return list[Math.floor(next() * list.length)] as T;
    },
    fork: (name) => createRandom(`${seed}/${name}`),
  };
}

function wordsOf(seed: string): [number, number, number, number] {
  const bytes = hash('sha256', seed, 'buffer');
  return [bytes.readInt32LE(0), bytes.readInt32LE(4), bytes.readInt32LE(8), bytes.readInt32LE(12)];
}
