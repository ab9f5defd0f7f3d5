/** The commands that people type. */

import { execFileSync, spawnSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';

const ROOT = new URL('..', import.meta.url).pathname;
const PIPELINE = `${ROOT}functions/local/pipeline.yaml`;

function run(script: string, env: Record<string, string>, ...args: string[]) {
  return spawnSync(process.execPath, [`functions/cli/${script}.ts`, ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: process.env.PATH ?? '', ...env },
  });
}

describe('npm run silences', () => {
  test('lists what pipeline.yaml mutes, without the secrets that it names', () => {
    const { status, stdout } = run('silences', { PIPELINE, STORE_URL: 'memory:' });
    expect(status).toBe(0);
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'));
    expect(lines.map(([kind, , end, count, owner]) => [kind, end, count, owner])).toEqual([
      ['silence', 'until 2099-01-01T00:00:00.000Z', 'muted 0', 'ana@acme.example'],
      ['shadow', 'for good', 'would have muted 0', 'data-platform@acme.example'],
    ]);
  });

  test('says so where nothing is muted', () => {
    expect(run('silences', { STORE_URL: 'memory:' }).stdout).toBe('Nothing is muted.\n');
  });

  test('names what is wrong with pipeline.yaml', () => {
    const { status, stderr } = run('silences', { PIPELINE: `${ROOT}package-lock.json`, STORE_URL: 'memory:' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('pipeline')]);
  });
});

describe('npm run replay', () => {
  test.each<[string, string[], string]>([
    ['no project', [], '--project is missing'],
    ['a reason that there is not', ['--project=acme', '--reason=other'], '--reason=other: there is no such reason'],
    ['a limit that is none', ['--project=acme', '--limit=all'], '--limit is no number of messages'],
    ['an unknown option', ['--project=acme', '--force'], "Unknown option '--force'"],
  ])('refuses %s before it asks anybody', (_, args, problem) => {
    const { status, stderr } = run('replay', {}, ...args);
    expect(status).toBe(2);
    expect(stderr).toContain(problem);
    expect(stderr).toContain('usage: npm run replay');
  });
});

describe('npm run check:pipeline', () => {
  test.each(['functions/pipeline.yaml', 'functions/local/pipeline.yaml'])('finds %s right', (path) => {
    expect(execFileSync(process.execPath, ['functions/cli/check.ts', path], { cwd: ROOT, encoding: 'utf8' })).toBe(
      `${path} is right.\n`,
    );
  });
});
