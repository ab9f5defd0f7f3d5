/** Calls sweep again and again, as the scheduler does once a minute. */

import { setTimeout as sleep } from 'node:timers/promises';

/** Sweep is called this long after it answered. */
const PAUSE_MS = 2_500;

export interface Sweeper {
  /** Resolves when the sweep that is under way, or the next one, was answered. */
  next(): Promise<void>;
  stop(): Promise<void>;
}

export function startSweeper(url: string): Sweeper {
  const stopping = new AbortController();
  let told: (() => void)[] = [];
  const running = (async () => {
    while (!stopping.signal.aborted) {
      await fetch(url, { method: 'POST', body: '{}' }).catch(() => {});
      for (const tell of told) tell();
      told = [];
      await sleep(PAUSE_MS, undefined, { signal: stopping.signal }).catch(() => {});
    }
  })();
  return {
    next: () =>
      new Promise((resolve) => {
        told.push(resolve);
      }),
    async stop() {
      stopping.abort();
      await running;
    },
  };
}
