/** Five minutes of fresh seeds: whatever broke a promise is printed with its seed and the smallest plan that breaks it. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const SECONDS = 300;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-simulation-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('five minutes of fresh seeds break no promise', () => {
  const json = join(folder, 'figures.json');
  const args = ['--seconds', String(SECONDS), '--workers', '2', '--json', json];
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'simulate', '--', ...args], {
    cwd: new URL('../..', import.meta.url),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
  });
  process.stdout.write(stdout + stderr);
  expect(status).toBe(0);
  const { seeds, failed, lost } = JSON.parse(readFileSync(json, 'utf8')) as Record<string, number>;
  expect({ failed, lost }).toEqual({ failed: 0, lost: 0 });
  expect(seeds).toBeGreaterThan(0);
});
