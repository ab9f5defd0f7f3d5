/** .ci/run says what happened: run here with an npm of our own that only pretends. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';

const RUN = new URL('../.ci/run', import.meta.url).pathname;

const GOOD = {
  numPassedTests: 5,
  numFailedTests: 0,
  numPendingTests: 0,
  numTodoTests: 0,
  numRuntimeErrorTestSuites: 0,
};

interface Jest {
  json?: object | null;
  code?: number;
  /** What its files leave out, as they write it. */
  notRun?: string;
}

interface Pretend {
  ci?: number;
  check?: number;
  /** jest's numbers and exit code; null writes no numbers. */
  unit?: Jest;
  stack?: Jest;
}

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-ci-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function run({ ci = 0, check = 0, unit = {}, stack = {} }: Pretend): {
  last: string | undefined;
  lines: string[];
  code: number | null;
} {
  // Its last argument is --outputFile=FILE.
  const jest = ({ json = GOOD, code = 0, notRun }: Jest): string =>
    `${notRun ? `echo 'not run: ${notRun}' >>"$NOT_RUN"; ` : ''}${json === null ? '' : `echo '${JSON.stringify(json)}' >"\${last#--outputFile=}"; `}exit ${code}`;
  const npm = `#!/usr/bin/env bash
last=\${!#}
case "$1 \${2:-}" in
  'ci ') exit ${ci} ;;
  'test --') ${jest(unit)} ;;
  'run check') exit ${check} ;;
  'run test:stack') ${jest(stack)} ;;
esac
exit 99
`;
  writeFileSync(join(folder, 'npm'), npm, { mode: 0o755 });
  const { stdout, status } = spawnSync('bash', [RUN], {
    encoding: 'utf8',
    env: { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` },
  });
  const lines = stdout.trimEnd().split('\n');
  return { last: lines.at(-1), lines, code: status };
}

test.each<{ name: string; pretend: Pretend; last: string; code: number }>([
  { name: 'all is well', pretend: {}, last: '10 passed, 0 failed', code: 0 },
  { name: 'the installation fails', pretend: { ci: 1 }, last: '10 passed, 1 failed', code: 1 },
  { name: 'the check fails', pretend: { check: 1 }, last: '10 passed, 1 failed', code: 1 },
  {
    name: 'tests fail',
    pretend: { unit: { json: { ...GOOD, numPassedTests: 3, numFailedTests: 2 }, code: 1 } },
    last: '8 passed, 2 failed',
    code: 1,
  },
  {
    name: 'a suite does not load',
    pretend: { stack: { json: { ...GOOD, numRuntimeErrorTestSuites: 1 }, code: 1 } },
    last: '10 passed, 1 failed',
    code: 1,
  },
  {
    name: 'a test is skipped',
    pretend: { unit: { json: { ...GOOD, numPendingTests: 1 } } },
    last: '10 passed, 1 failed',
    code: 1,
  },
  {
    name: 'no test runs',
    pretend: { stack: { json: { ...GOOD, numPassedTests: 0 } } },
    last: '5 passed, 1 failed',
    code: 1,
  },
  { name: 'jest gives no numbers', pretend: { unit: { json: null } }, last: '5 passed, 1 failed', code: 1 },
  {
    name: 'the tests pass and their process fails',
    pretend: { stack: { code: 1 } },
    last: '10 passed, 1 failed',
    code: 1,
  },
])('when $name: $last', ({ pretend, last, code }) => {
  expect(run(pretend)).toMatchObject({ last, code });
});

test('what was left out stands above the sum, each once, whichever step left it out', () => {
  const { lines, code } = run({ unit: { notRun: 'a, because b' }, stack: { notRun: 'c, because d' } });
  expect(lines.slice(-3)).toEqual(['not run: a, because b', 'not run: c, because d', '10 passed, 0 failed']);
  expect(code).toBe(0);
  const twice = run({ unit: { notRun: 'a, because b' }, stack: { notRun: 'a, because b' } }).lines;
  expect(twice.filter((line) => line.startsWith('not run'))).toHaveLength(1);
});
