/** Rounds of load, and what each of them cost which process. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { LoadMessage, LoadOrder } from './load.ts';
import type { MixName } from './mix.ts';
import { cpuSeconds } from './process.ts';

const CONNECTIONS = 100;
/** What Cloud Run sends one instance at most: https://cloud.google.com/run/docs/about-concurrency */
export const MOST_CONNECTIONS = 1_000;

export interface Round {
  events: number;
  /** From the first request to the last answer. */
  seconds: number;
  /** CPU of each watched process, in seconds, in their order. */
  cpu: readonly number[];
}

export interface Load {
  /** Sends `events` new events to a function and gives what that cost. Throws unless each was answered 204. */
  round(options: {
    port: number;
    mix: MixName;
    events: number;
    watched: readonly number[];
    /** 100 unless told. */
    connections?: number;
  }): Promise<Round>;
  stop(): void;
}

export function startLoad(): Load {
  const child = fork(new URL('load.ts', import.meta.url), { stdio: 'inherit' });
  // Identities of earlier runs may still stand in a store that outlives this process.
  let run = Date.now() % 100_000_000;
  return {
    async round({ port, mix, events, watched, connections = CONNECTIONS }) {
      run += 1;
      await told(child, { port, mix, run, count: events, connections } satisfies LoadOrder);
      const before = watched.map(cpuSeconds);
      const done = await told(child, 'go');
      const cpu = watched.map((pid, index) => cpuSeconds(pid) - (before[index] ?? 0));
      if (done.kind !== 'done') throw new Error('the load generator is out of step');
      if (done.statuses[204] !== events) throw new Error(`not all was acknowledged: ${JSON.stringify(done.statuses)}`);
      return { events, seconds: done.seconds, cpu };
    },
    stop: () => void child.kill(),
  };
}

async function told(child: ChildProcess, message: LoadOrder | 'go'): Promise<LoadMessage> {
  const ended = new AbortController();
  const onExit = (): void => ended.abort(new Error('the load generator has ended'));
  child.once('exit', onExit);
  try {
    child.send(message);
    const [answer] = await once(child, 'message', { signal: ended.signal });
    return answer as LoadMessage;
  } finally {
    child.off('exit', onExit);
  }
}

/** The middle of the values, or of the two in the middle their mean. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const [low, high] = [sorted[Math.ceil(middle) - 1] ?? Number.NaN, sorted[Math.floor(middle)] ?? Number.NaN];
  return (low + high) / 2;
}
