/** The SBOM: what esbuild put into the bundle, what the lockfile says and what npm says are the same. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { bundle, type Metafile } from '../../build.mjs';
import { closureOf, type Locked, lockfileFor, nameOf, packagePathOf, readLockfile } from '../../infra/lockfile.ts';
import { type Sbom, sbomOf } from '../../infra/sbom.ts';

jest.setTimeout(60_000);

const ROOT = new URL('../..', import.meta.url).pathname;
const FRAMEWORK = '@google-cloud/functions-framework';
const HASH = `sha512-${'A'.repeat(86)}==`;

interface FromNpm {
  components: readonly { 'bom-ref': string; name: string; version: string; hashes: readonly { content: string }[] }[];
  dependencies: readonly { ref: string; dependsOn: readonly string[] }[];
}

describe('of this project', () => {
  const locked = readLockfile(join(ROOT, 'package-lock.json'));
  let folder: string;
  let metafile: Metafile;
  let sbom: Sbom;
  let npm: FromNpm;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'falco-relay-sbom-'));
    metafile = await bundle(join(folder, 'dist'));
    sbom = sbomOf(metafile, locked, '1.2.3');
    const args = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only', '--offline'];
    npm = JSON.parse(spawnSync('npm', args, { cwd: ROOT, encoding: 'utf8' }).stdout) as FromNpm;
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const names = (comes: string): string[] =>
    sbom.components.filter(({ properties: [{ value }] }) => value === comes).map(({ name }) => name);
  const inputs = (): string[] => Object.values(metafile.outputs).flatMap((output) => Object.keys(output.inputs));

  test('has each package that esbuild read from, in the version that was there', () => {
    const paths = new Set(inputs().flatMap((input) => packagePathOf(input) ?? []));
    const there = [...paths].map((path) => {
      const { version } = JSON.parse(readFileSync(join(ROOT, path, 'package.json'), 'utf8')) as { version: string };
      return `${nameOf(path)}@${version}`;
    });
    expect(names('bundled')).toEqual(expect.arrayContaining(['zod', 'undici', 'ioredis', 'protobufjs']));
    const bundled = sbom.components.filter(({ properties: [{ value }] }) => value === 'bundled');
    expect(bundled.map((each) => each['bom-ref'])).toEqual([...new Set(there)].sort());
  });

  test('has what npm says of it: the same hashes', () => {
    const known = new Map(
      npm.components.map(({ name, version, hashes }) => [`${name}@${version}`, hashes[0]?.content]),
    );
    const other = sbom.components.filter(({ 'bom-ref': ref, hashes: [{ content }] }) => known.get(ref) !== content);
    expect(sbom.components.length).toBeGreaterThan(100);
    expect(other).toEqual([]);
  });

  test('has what npm says that the framework brings along', () => {
    const next = new Map(npm.dependencies.map(({ ref, dependsOn }) => [ref, dependsOn]));
    const brought = new Set([...next.keys()].filter((ref) => ref.startsWith(`${FRAMEWORK}@`)));
    for (const ref of brought) for (const each of next.get(ref) ?? []) brought.add(each);
    expect(
      closureOf(locked, `node_modules/${FRAMEWORK}`)
        .map((path) => nameOf(path))
        .sort(),
    ).toEqual([...brought].map((ref) => ref.slice(0, ref.lastIndexOf('@'))).sort());
    expect(names('installed')).toContain('express');
  });

  test('nothing that only development needs is in the bundle', () => {
    const paths = inputs().flatMap((input) => packagePathOf(input) ?? []);
    expect(paths.filter((path) => locked[path]?.dev)).toEqual([]);
  });

  test('the lockfile in the zip is one that npm takes for its package.json, and names all that is installed', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'dist/package.json'), 'utf8'));
    writeFileSync(join(folder, 'dist/package-lock.json'), lockfileFor(manifest, locked));
    const args = ['ls', '--package-lock-only', '--all', '--parseable', '--offline'];
    const { status, stdout } = spawnSync('npm', args, { cwd: join(folder, 'dist'), encoding: 'utf8' });
    const listed = stdout.split('\n').flatMap((line) => line.split('/dist/')[1] ?? []);
    expect(status).toBe(0);
    expect(listed.sort()).toEqual(closureOf(locked, `node_modules/${FRAMEWORK}`).sort());
  });
});

describe('of a small one', () => {
  const of = (rest: object = {}) => ({ version: '1.0.0', integrity: HASH, license: 'MIT', ...rest });
  const locked: Locked = {
    'node_modules/a': of({ dependencies: { b: '^2.0.0' }, optionalDependencies: { absent: '1.0.0' } }),
    'node_modules/a/node_modules/b': of({ version: '2.0.0', dependencies: { c: '1.0.0' } }),
    'node_modules/b': of(),
    'node_modules/c': of({ dependencies: { b: '1.0.0' } }),
    'node_modules/d': of({ dev: true }),
  };
  const made = (inputs: readonly string[], external: readonly string[]): Metafile => ({
    inputs: {},
    outputs: {
      'dist/index.js': {
        bytes: 1,
        exports: [],
        inputs: Object.fromEntries(inputs.map((input) => [input, { bytesInOutput: 1 }])),
        imports: external.map((path) => ({ path, kind: 'require-call', external: true })),
      },
    },
  });
  const refs = (inputs: readonly string[], external: readonly string[] = []): string[] =>
    sbomOf(made(inputs, external), locked, '1.0.0').components.map(
      ({ 'bom-ref': ref, properties: [{ value }] }) => `${ref} ${value}`,
    );

  test.each([
    ['the nearest version is the one that is found', [], ['a'], ['a@1.0.0', 'b@1.0.0', 'b@2.0.0', 'c@1.0.0']],
    ['what Node itself has is no package', [], ['node:fs', 'tls'], []],
    ['what only development has is not installed', [], ['d'], []],
  ])('%s', (_name, inputs, external, expected) => {
    expect(refs(inputs, external)).toEqual(expected.map((ref) => `${ref} installed`));
  });

  test('what comes both ways is bundled', () => {
    expect(refs(['functions/index.ts', 'node_modules/b/x.js'], ['c'])).toEqual([
      'b@1.0.0 bundled',
      'c@1.0.0 installed',
    ]);
  });

  test('what is not locked is an error that names it', () => {
    expect(() => refs(['node_modules/@x/y/index.js'])).toThrow('node_modules/@x/y is not locked');
    expect(() => refs([], ['z'])).toThrow('node_modules/z is not locked');
    const { 'node_modules/c': _, ...rest } = locked;
    expect(() => closureOf(rest, 'node_modules/a')).toThrow('node_modules/a/node_modules/b needs c');
  });
});
