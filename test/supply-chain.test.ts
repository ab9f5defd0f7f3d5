/** Others' code: few packages, each with its reason, locked by hash, under licences that we may use, none known to be open. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type LockedPackage, nameOf, readLockfile } from '../infra/lockfile.ts';

const ROOT = new URL('..', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
  allowScripts: Record<string, boolean>;
};
const locked = readLockfile(new URL('package-lock.json', ROOT));
const page = read('docs/dependencies.md');

const LICENCES: ReadonlySet<string> = new Set([
  ...['MIT', 'Apache-2.0', 'ISC', 'BSD-2-Clause', 'BSD-3-Clause', 'BlueOak-1.0.0', 'CC0-1.0', '(MIT OR CC0-1.0)'],
  // Of spdx-exceptions, a list and no code.
  'CC-BY-3.0',
]);

/** Paths of locked packages of which something holds. */
const pathsWhere = (holds: (each: LockedPackage, path: string) => boolean): string[] =>
  Object.entries(locked).flatMap(([path, each]) => (holds(each, path) ? path : []));

const rowsOf = (text: string, columns: number): string[][] =>
  [...text.matchAll(/^\| (.+) \|$/gm)]
    .map(([, row = '']) => row.split(' | '))
    .filter((row) => row.length === columns && /\d/.test(row[columns === 3 ? 2 : 1] ?? ''));

/** Negative where `a` is older than `b`; both of three numbers. */
function compared(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  const index = left?.findIndex((number, at) => number !== right?.[at]) ?? -1;
  return index < 0 ? 0 : (left?.[index] ?? 0) - (right?.[index] ?? 0);
}

describe('the lockfile', () => {
  test('has a SHA-512 of every package', () => {
    expect(Object.keys(locked).length).toBeGreaterThan(100);
    expect(pathsWhere(({ integrity }) => !/^sha512-[\w+/]{86}==$/.test(integrity))).toEqual([]);
  });

  test('has no package from a place of its own: no address, no folder, no repository', () => {
    expect(pathsWhere((each) => 'resolved' in each || 'link' in each || 'inBundle' in each)).toEqual([]);
  });

  test('is of this package.json', () => {
    const root = (JSON.parse(read('package-lock.json')) as { packages: Record<string, typeof manifest> }).packages[''];
    expect(root?.dependencies).toEqual(manifest.dependencies);
    expect(root?.devDependencies).toEqual(manifest.devDependencies);
  });

  test('is what is installed', () => {
    const there = readLockfile(new URL('node_modules/.package-lock.json', ROOT));
    const both = pathsWhere((_, path) => path in there);
    expect(both.length).toBeGreaterThan(100);
    expect(both.filter((path) => there[path]?.integrity !== locked[path]?.integrity)).toEqual([]);
  });
});

test('no install script runs but that of node, and each other one is refused by name', () => {
  const scripts = new Set(pathsWhere(({ hasInstallScript = false }) => hasInstallScript).map(nameOf));
  const allowed = Object.entries(manifest.allowScripts).flatMap(([name, allow]) => (allow ? name : []));
  expect(allowed).toEqual(['node']);
  expect([...scripts].filter((name) => !(name in manifest.allowScripts))).toEqual([]);
});

test('CI installs what is locked', () => {
  expect(read('.ci/run')).toMatch(/^plain install npm ci$/m);
});

test('licences are permissive', () => {
  expect(pathsWhere(({ license, dev = false }) => !dev && !LICENCES.has(license))).toEqual([]);
});

describe('docs/dependencies.md', () => {
  test('has each package that runs, its version and licence as they are, and why', () => {
    const rows = rowsOf(page, 5);
    expect(rows.map(([name, version, licence]) => [name, version, licence])).toEqual(
      Object.entries(manifest.dependencies).map(([name, version]) => [
        name,
        version,
        locked[`node_modules/${name}`]?.license,
      ]),
    );
    for (const [, , , why, without] of rows) expect([why, without]).not.toContain('');
  });

  test.each(rowsOf(page, 3))(
    '%s of %s is mended in all that runs: at least %s',
    (_advisory, name = '', mended = '') => {
      const versions = pathsWhere(({ dev = false }, path) => !dev && nameOf(path) === name).map(
        (path) => locked[path]?.version ?? '',
      );
      expect(versions).not.toEqual([]);
      expect(versions.filter((version) => compared(version, mended) < 0)).toEqual([]);
    },
  );

  test('lists advisories', () => {
    expect(rowsOf(page, 3).length).toBeGreaterThan(5);
  });

  test('cloudevents, which alone brings uuid, asks it for nothing but v4 without a buffer', () => {
    const brings = pathsWhere(({ dev = false, dependencies = {} }) => !dev && 'uuid' in dependencies);
    expect(brings).toEqual(['node_modules/cloudevents']);
    const code = read('node_modules/cloudevents/dist/event/cloudevent.js');
    expect(code.match(/uuid_1\.\w+\)?\([^)]*\)/g)).toEqual(['uuid_1.v4)()']);
  });
});

test.each([
  ['1.2.3', '1.2.3', 0],
  ['1.10.0', '1.9.9', 1],
  ['2.0.0', '10.0.0', -8],
])('%s compared with %s is %d', (a, b, expected) => {
  expect(compared(a, b)).toBe(expected);
});
