/** What happened, in order: a hash over all of it, which two runs of one seed must share, and the last lines as text. */

import { createHash } from 'node:crypto';

const KEPT = 400;

export interface Trace {
  /** `said` names what happened; `at` in milliseconds since the run began. */
  say(at: number, said: string): void;
  tail(lines: number): readonly string[];
  /** Of everything so far, in hexadecimal. */
  digest(): string;
}

/** @param onLine hears each line as it comes */
export function createTrace(onLine?: (line: string) => void): Trace {
  const hash = createHash('sha256');
  let buffered = '';
  let kept: string[] = [];

  function flush(): void {
    hash.update(buffered);
    buffered = '';
  }

  return {
    say(at, said) {
      const line = `${(at / 1_000).toFixed(3).padStart(10)} ${said}`;
      onLine?.(line);
      buffered += `${line}\n`;
      if (buffered.length > 65_536) flush();
      kept.push(line);
      if (kept.length > 2 * KEPT) kept = kept.slice(-KEPT);
    },
    tail: (lines) => kept.slice(-lines),
    digest() {
      flush();
      return hash.copy().digest('hex').slice(0, 16);
    },
  };
}
