/** `npm run torture` for five minutes with each store: nothing lost, nothing counted twice, everybody told, whatever breaks. */

import { execFile } from 'node:child_process';
import { expect, test } from '@jest/globals';

/** What two slow cores carry with all parts on them. */
const LOAD = ['--minutes', '5', '--rate', '6'];

test.each(['redis', 'firestore'])(
  'with %s under fire the equation holds',
  async (store) => {
    const { code, output } = await new Promise<{ code: unknown; output: string }>((resolve) => {
      execFile(
        process.execPath,
        ['test/torture/main.ts', ...LOAD, '--store', store],
        { maxBuffer: 2 ** 26 },
        (error, stdout, stderr) => resolve({ code: error?.code ?? 0, output: stdout + stderr }),
      );
    });
    process.stdout.write(output);
    expect({ code, problems: output.split('\n').filter((line) => line.startsWith('NOT AS PROMISED')) }).toEqual({
      code: 0,
      problems: [],
    });
    expect(output).toMatch(/^lost: 0$/m);
  },
  900_000,
);
