/** The bundle: a zip that others can read, and beside it what Terraform asks for at plan time. */

import { spawnSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Found, foundOf, pipelineFiles } from '../../infra/bundle.ts';
import { zip } from '../../infra/zip.ts';
import { unzip } from './unzip.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const BUNDLES = join(ROOT, 'infra/tests/bundles');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-bundle-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('zip', () => {
  const entries = [
    { path: 'b/ü.js', content: Buffer.from('x'.repeat(1_000)) },
    { path: 'a.txt', content: Buffer.from('a') },
    { path: 'empty', content: Buffer.alloc(0) },
  ];

  test('holds what it was given, in the order of paths', () => {
    expect([...unzip(zip(entries))].map(([path, content]) => [path, content.toString()])).toEqual([
      ['a.txt', 'a'],
      ['b/ü.js', 'x'.repeat(1_000)],
      ['empty', ''],
    ]);
  });

  test('is the same for the same files, in whatever order they come', () => {
    expect(zip([...entries].reverse())).toEqual(zip(entries));
    expect(zip(entries)).not.toEqual(zip([{ path: 'a.txt', content: Buffer.from('b') }, ...entries.slice(2)]));
  });
});

describe('pipeline.yaml', () => {
  const written = (text: string): string => {
    const path = join(folder, 'pipeline.yaml');
    writeFileSync(path, text);
    return path;
  };
  const cluster = (rest: string): string =>
    `clusters: [{ project: acme-prod, location: europe-west1, name: payments-eu1, ${rest} }]\n`;

  test('comes along with the files that it names', () => {
    writeFileSync(join(folder, 'clusters.yaml'), 'nodes: []\n');
    writeFileSync(join(folder, 'ca.pem'), 'PEM\n');
    const text = cluster('metadata: ./clusters.yaml, kubernetes: { endpoint: https://10.0.0.2, ca: ca.pem }');
    const { files, problems } = pipelineFiles(written(text));
    expect(problems).toEqual([]);
    expect(files.map(({ path, content }) => [path, Buffer.from(content).toString()])).toEqual([
      ['pipeline.yaml', text],
      ['clusters.yaml', 'nodes: []\n'],
      ['ca.pem', 'PEM\n'],
    ]);
  });

  test.each([
    ['metadata: /etc/clusters.yaml', '/etc/clusters.yaml: a bundle holds files beside pipeline.yaml or below it alone'],
    ['metadata: x/../../a.yaml', 'x/../../a.yaml: a bundle holds files beside pipeline.yaml or below it alone'],
    ['metadata: nowhere.yaml', "nowhere.yaml: can't be read (ENOENT)"],
    ['zone: b', expect.stringContaining('pipeline.clusters.0: ')],
  ])('with %s has a problem', (rest, problem) => {
    expect(pipelineFiles(written(cluster(rest))).problems).toEqual([problem]);
  });
});

describe('npm run bundle', () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, ['infra/bundle.ts', ...args], { cwd: ROOT, encoding: 'utf8' });

  test('makes no zip of a pipeline.yaml that is wrong, and leaves none that was there', () => {
    const target = join(folder, 'wrong.zip');
    writeFileSync(target, 'of yesterday');
    const { status, stderr } = run(join(BUNDLES, 'wrong/pipeline.yaml'), target);
    expect(status).toBe(1);
    expect(stderr).toContain('pager');
    const found = JSON.parse(readFileSync(join(folder, 'wrong.json'), 'utf8')) as Found;
    expect(found).toMatchObject({ bundle: '', problems: stderr.trimEnd().split('\n') });
    expect(readdirSync(folder)).not.toContain('wrong.zip');
  });

  test.each([[[]], [['pipeline.yaml', 'relay.tar']]])('says how it is called: %j', (args) => {
    const { status, stderr } = run(...args);
    expect([status, stderr]).toEqual([2, 'usage: npm run bundle -- PIPELINE [ZIP]\n']);
  });
});

describe('the bundles of the Terraform tests', () => {
  const names = readdirSync(BUNDLES, { withFileTypes: true }).flatMap((each) => (each.isDirectory() ? each.name : []));
  const ZIP = Buffer.from('not an archive: only its hash is asked for\n');

  test.each(names)('%s is what the check finds', (name) => {
    const path = join(BUNDLES, name, 'pipeline.yaml');
    const { problems: all, text } = pipelineFiles(path);
    // The files that a cluster names need not be there for what is tested.
    const problems = all.filter((each) => !each.includes('ENOENT'));
    const expected = foundOf(name === 'stale' ? 'changed' : text, problems, problems.length > 0 ? undefined : ZIP);
    const beside = join(BUNDLES, name, 'falco-relay.json');
    if (process.env.UPDATE_DOCS) {
      writeFileSync(beside, `${JSON.stringify(expected, null, 2)}\n`);
      if (problems.length === 0)
        writeFileSync(join(BUNDLES, name, 'falco-relay.zip'), name === 'swapped' ? 'other' : ZIP);
    }
    expect(JSON.parse(readFileSync(beside, 'utf8'))).toEqual(expected);
    if (expected.bundle) {
      const same = hash('sha256', readFileSync(join(BUNDLES, name, 'falco-relay.zip'))) === expected.bundle;
      expect(same).toBe(name !== 'swapped');
    }
    expect(problems.length > 0).toBe(name === 'wrong');
  });
});
