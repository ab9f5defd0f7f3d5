/** A sample of the planted faults, another one each time: whatever tests are written or deleted, they still notice. */

import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('eight faults that are planted are noticed', () => {
  const { stdout, stderr, status } = spawnSync('npm', ['run', '--silent', 'planted', '--', '--sample', '8'], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
  });
  process.stdout.write(stdout);
  expect([status, stderr, stdout.trim().split('\n').at(-1)]).toEqual([0, '', '8 planted, 8 caught, 0 not']);
});
