/**
 * A call from a process to the world: it takes a while each way, the process may be gone before the answer, and the call may
 * fail before its effect, after it, or have its effect when its caller has long given up.
 */

import type { Faults } from './faults.ts';
import type { Process } from './process.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';

/** After so long the clients of the real adapters give up. */
const TIMEOUT_MS = 5_000;

export interface Call<T> {
  port: string;
  /** What happens at the other end. `how` is a fault that the port's own file knows. */
  effect(how: string | undefined): Promise<T> | T;
  timeoutMs?: number | undefined;
  signal?: AbortSignal | undefined;
}

/** A round trip whose middle the caller runs itself. */
export interface Trip {
  /** Resolves when the request has arrived. */
  out(): Promise<void>;
  /** Resolves when the answer has; rejects where it was lost. */
  back(): Promise<void>;
}

export interface Link {
  call<T>(process: Process, call: Call<T>): Promise<T>;
  /** For what is more than one exchange: `run` has the trips, the limit of time covers all of it. */
  within<T>(process: Process, port: string, run: (trip: () => Trip) => Promise<T>): Promise<T>;
}

export function createLink({ time, random, faults }: { time: Time; random: Random; faults: Faults }): Link {
  const latency = (): number => (random.chance(0.02) ? random.between(20, 400) : random.between(0, 6) + random.next());

  /** Death at an await: before what is asked leaves, or as the answer comes. */
  function mayDie(process: Process): void {
    const port = process.name.split('/')[0] ?? '';
    if (process.alive && faults.roll(port) === 'crash-at-await') process.crash();
  }

  function tripOf(process: Process, port: string, how: string | undefined): Trip {
    const refused = how === 'refused';
    const isTrouble = port === 'store' && how !== undefined && how !== 'rerun';
    if (isTrouble) process.trouble();
    return {
      out: () =>
        new Promise((resolve, reject) => {
          mayDie(process);
          if (!process.alive || how === 'lost-before') return;
          const slow = how === 'slow' ? random.between(500, 15_000) : 0;
          time.after(latency() + slow, () => {
            if (isTrouble) process.trouble();
            if (refused) process.resume(() => reject(new Error(`${port}: the connection was refused`)));
            // What a process sent before it died may arrive all the same.
            else if (process.alive || random.chance(0.5)) resolve();
          });
        }),
      back: () =>
        new Promise((resolve) => {
          if (how === 'lost-after') return;
          time.after(latency(), () => {
            mayDie(process);
            process.resume(resolve);
          });
        }),
    };
  }

  /** Settles with `run`, or without it at the end of its time; to a process that is gone, never. */
  function limited<T>(
    process: Process,
    port: string,
    { timeoutMs = TIMEOUT_MS, signal }: Pick<Call<T>, 'timeoutMs' | 'signal'>,
    run: () => Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const giveUp = (why: string) => (): void => {
        if (port === 'store') process.trouble();
        reject(new Error(`${port}: ${why}`));
      };
      const cancel = process.after(timeoutMs, giveUp('no answer in time'));
      signal?.addEventListener('abort', giveUp('aborted'));
      const done = (settle: () => void) => (): void => {
        cancel();
        if (process.alive) settle();
      };
      run().then(
        (value) => done(() => resolve(value))(),
        (error: unknown) => done(() => reject(error))(),
      );
    });
  }

  return {
    call(process, { port, effect, ...limits }) {
      const how = faults.roll(port);
      const trip = tripOf(process, port, how);
      return limited(process, port, limits, async () => {
        await trip.out();
        const value = await effect(how);
        await trip.back();
        return value;
      });
    },
    within: (process, port, run) =>
      limited(process, port, { timeoutMs: 2 * TIMEOUT_MS }, () => run(() => tripOf(process, port, faults.roll(port)))),
  };
}
