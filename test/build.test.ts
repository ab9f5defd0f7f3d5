/** The bundle: a small index, each heavy client a file of its own, and it runs as functions-framework runs it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { bundle, type Metafile } from '../build.mjs';
import { freePort } from './stack/programs/program.ts';
import { FRAMEWORK } from './support/framework.ts';

jest.setTimeout(60_000);

const ROOT = new URL('..', import.meta.url).pathname;
/** Inside the project, so that functions-framework is found from there. */
const OUT = join(ROOT, `node_modules/.cache/falco-relay-build-${process.pid}`);
const HEAVY = [
  '@google-cloud/pubsub',
  '@google-cloud/container',
  'google-auth-library',
  'google-gax',
  'ioredis',
  'undici',
];

const started: ChildProcess[] = [];

/** Gives the address of a bundled function that runs in a process of its own. */
async function run(source: string, target: string): Promise<string> {
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK, `--source=${source}`, `--target=${target}`, `--port=${port}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  started.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    output += data;
  });
  while (!output.includes('URL:')) await Promise.race([once(child.stdout, 'data'), failure(child)]);
  return `http://127.0.0.1:${port}/`;
}

async function failure(child: ChildProcess): Promise<never> {
  const [code] = await once(child, 'exit');
  throw new Error(`the function ended with ${code}`);
}

afterAll(async () => {
  for (const child of started) {
    if (child.exitCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await rm(OUT, { recursive: true, force: true });
});

describe('dist', () => {
  const out = join(OUT, 'dist');
  let metafile: Metafile;
  beforeAll(async () => {
    metafile = await bundle(out);
  });

  const outputs = () => Object.entries(metafile.outputs);
  const packageOf = (input: string): string | undefined => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(input)?.[1];

  /** What `main.js` loads at the start: itself, and what it and those import other than by import(). */
  function loadedAtStart(): string[] {
    const loaded = new Set(
      outputs()
        .filter(([path]) => basename(path) === 'main.js')
        .map(([path]) => path),
    );
    for (const path of loaded) {
      for (const { kind, path: imported, external } of metafile.outputs[path]?.imports ?? []) {
        if (kind === 'import-statement' && !external) loaded.add(imported);
      }
    }
    return [...loaded];
  }

  test('what loads at the start is small, and no heavy client is in it', () => {
    const loaded = loadedAtStart();
    const packages = new Set(
      loaded.flatMap((path) => Object.keys(metafile.outputs[path]?.inputs ?? {}).map(packageOf)),
    );
    const bytes = loaded.reduce((sum, path) => sum + (metafile.outputs[path]?.bytes ?? 0), 0);

    expect(packages).toContain('zod');
    expect([...packages].filter((name) => HEAVY.includes(name ?? ''))).toEqual([]);
    expect(bytes).toBeLessThan(500_000);
  });

  test('no module is there twice, so nothing with state is', () => {
    const seen = outputs().flatMap(([, { inputs }]) => Object.keys(inputs));
    expect(seen).toContain('functions/core/lane.ts');
    expect(seen.filter((input, index) => seen.indexOf(input) !== index)).toEqual([]);
  });

  test('holds CommonJS for nodejs24 and nothing else', async () => {
    expect((await readdir(out)).filter((name) => !name.endsWith('.js'))).toEqual(['package.json']);
    expect(JSON.parse(await readFile(join(out, 'package.json'), 'utf8'))).toMatchObject({
      type: 'commonjs',
      main: 'index.js',
      engines: { node: '24' },
      dependencies: { '@google-cloud/functions-framework': expect.stringMatching(/^\d+\.\d+\.\d+$/) },
    });
  });

  test.each([
    ['ingest', 405, ''],
    ['escalate', 405, ''],
    ['notify', 405, ''],
    ['sweep', 405, ''],
    // Without configuration there is none.
    ['callback', 404, '{"reason":"callback-not-configured"}'],
  ])('%s starts from it alone, and no request goes past us to functions-framework', async (target, status, said) => {
    const response = await fetch(await run(out, target));
    expect([response.status, await response.text()]).toEqual([status, said]);
  });
});

test('what was compiled for something else is passed by', async () => {
  const out = join(OUT, 'stale');
  await bundle(out);
  await writeFile(join(out, 'main.js.cache'), 'not compiled');
  expect((await fetch(await run(out, 'sweep'))).status).toBe(405);
});

test('a client that loads on first use has the exports that Node would give', async () => {
  const out = join(OUT, 'lazy');
  await bundle(out, 'test/fixtures/lazy-clients/index.js');
  const response = await fetch(await run(out, 'clients'));
  await expect(response.json()).resolves.toEqual({
    PubSub: 'function',
    ClusterManagerClient: 'function',
    GoogleAuth: 'function',
    PassThroughClient: 'function',
    Redis: 'function',
  });
});
