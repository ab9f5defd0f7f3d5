/** What a run leaves out is said at its end. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const ROOT = new URL('..', import.meta.url).pathname;

/** The unit tests of PagerDuty, of which none is run: its file says when it is read what it leaves out. */
function run(env: Readonly<Record<string, string>>): string {
  const { PAGERDUTY_SCHEMA: _, NOT_RUN: __, TEST_STACK: ___, ...rest } = process.env;
  const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js'];
  const file = ['test/adapters/receivers/pagerduty.test.ts', '--testNamePattern=^$', '--passWithNoTests'];
  const { stderr } = spawnSync(process.execPath, [...jest, ...file], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { ...rest, ...env },
  });
  return stderr;
}

const LINE = "not run: PagerDuty's own schema, because PAGERDUTY_SCHEMA names no copy of it";

test('by the run itself, below its sum, or by whoever named a file for it', () => {
  const lines = run({}).trimEnd().split('\n');
  expect(lines.at(-1)).toBe(LINE);
  expect(lines.filter((line) => line === LINE)).toHaveLength(1);

  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-not-run-test-'));
  const NOT_RUN = join(folder, 'lines');
  expect(run({ NOT_RUN })).not.toContain('not run: ');
  expect(readFileSync(NOT_RUN, 'utf8')).toBe(`${LINE}\n`);
  rmSync(folder, { recursive: true });
}, 120_000);

test('and in no other way', () => {
  const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.(test|stack)\.ts$/.test(name),
  );
  expect(files.length).toBeGreaterThan(100);
  const warning = /^\s*(?:else )?console\.warn\(/m;
  expect(files.filter((name) => warning.test(readFileSync(join(ROOT, 'test', name), 'utf8')))).toEqual([]);
});
