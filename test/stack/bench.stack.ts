/** `npm run bench` runs and prints each of its figures. Whether they are within their limits it says itself, on a quiet machine. */

import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('the benchmark runs through and prints a value for each limit', async () => {
  const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
    execFile(process.execPath, ['test/bench/main.ts', '--quick'], (error, stdout, stderr) =>
      resolve({ code: error?.code ?? 0, output: stdout + stderr }),
    );
  });

  const figures = output.split('\n').filter((line) => / {2}(?:<=|>=) \d/.test(line));
  expect({ figures: figures.length, code, output }).toMatchObject({ figures: 9 });
  for (const line of figures) expect(line).toMatch(/ \d+\.\d{3} +(?:<=|>=) [\d.]+ +(?:ok|NO) {2}/);
  // 1 where a limit was missed, which so short a run is free to do.
  expect([0, 1]).toContain(code);
}, 300_000);
