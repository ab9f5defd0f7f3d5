/** Which blocks of the functions' code ran and how often, by the engine's own counters: the same for the same input. */

import { Session } from 'node:inspector';

export interface Taken {
  /** Blocks with how often each ran, in powers of two: a loop that runs much longer is new, one round more is not. */
  blocks: readonly string[];
  /** Of all blocks together. */
  steps: number;
}

export interface Coverage {
  /** What ran since it was last asked. */
  take(): Taken;
  close(): void;
}

interface Script {
  url: string;
  functions: { ranges: { startOffset: number; endOffset: number; count: number }[] }[];
}

export function startCoverage(): Coverage {
  const session = new Session();
  session.connect();
  const post = <T>(method: string, params: object = {}): T => {
    let result: unknown;
    // Answers come before `post` returns.
    session.post(method, params, (error, answer) => {
      if (error) throw error;
      result = answer;
    });
    return result as T;
  };
  post('Profiler.enable');
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  return {
    take() {
      const { result } = post<{ result: Script[] }>('Profiler.takePreciseCoverage');
      const blocks: string[] = [];
      let steps = 0;
      for (const { url, functions } of result) {
        const name = url.split('/functions/')[1];
        if (name === undefined || url.includes('/node_modules/')) continue;
        for (const { ranges } of functions) {
          for (const { startOffset, endOffset, count } of ranges) {
            if (count === 0) continue;
            blocks.push(`${name}:${startOffset}-${endOffset} ${Math.ceil(Math.log2(count + 1))}`);
            steps += count;
          }
        }
      }
      return { blocks, steps };
    },
    close() {
      session.disconnect();
    },
  };
}
