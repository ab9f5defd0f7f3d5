/** A limit for what is waited for. */

import type { After } from '../core/ports.ts';

/** Waits for `work` up to `ms`, then aborts the signal it was given and throws, whatever it does. */
export function within<T>(after: After, ms: number, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = new AbortController();
    const cancel = after(ms, () => {
      abort.abort();
      reject(new Error(`no answer within ${ms} ms`));
    });
    work(abort.signal).then(resolve, reject).finally(cancel);
  });
}
