/** What people see in a terminal acts on none, whoever named what is shown. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { createTerminalLog } from '../../functions/local/terminal-log.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const ACTING = 'a\u009b31mb\u202ec\u007fd\u200be';
const PLAIN = /^[^\p{Cc}\p{Cf}]+$/u;

test('a silence that somebody named', () => {
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-'));
  try {
    const pipeline = join(folder, 'pipeline.yaml');
    const silence = `{ match: ['namespace="x"'], until: 2099-01-01T00:00:00Z, owner: ana, reason: ${JSON.stringify(ACTING)} }`;
    writeFileSync(pipeline, `silences: [${silence}]\n`);
    const env = { PATH: process.env.PATH, PIPELINE: pipeline, STORE_URL: 'memory:' };
    const said = execFileSync(process.execPath, ['functions/cli/silences.ts'], { cwd: ROOT, env, encoding: 'utf8' });
    expect(said.trim().split('\t')).toHaveLength(7);
    for (const part of said.trim().split('\t')) expect(part).toMatch(PLAIN);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the log of npm start', () => {
  const said: string[] = [];
  createTerminalLog(
    (line) => said.push(line),
    () => 0,
  )({ severity: 'ERROR', message: `Loki: ${ACTING}` });
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(PLAIN);
});
