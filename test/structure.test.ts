/** The rules of the tree: who may import whom, how long a file may be, what lies at the top. */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readSource } from './imports.ts';

const ROOT = new URL('..', import.meta.url).pathname;

interface Rule {
  /** Beginnings of paths below functions/. */
  files: readonly string[];
  /** Packages, and Node's own modules; `node:*` for all of those. */
  packages: readonly string[];
  /** No clock, no randomness, no timers, no console, no environment. */
  pure?: boolean;
}

/** Node's modules that do no I/O. */
const PURE_NODE = ['node:buffer', 'node:crypto', 'node:util'];
/** A step decides and acts through ports. lru-cache is a bounded map. */
const step = (folder: string): Rule => ({
  files: [`${folder}/`, 'core/'],
  packages: ['zod', 'lru-cache', ...PURE_NODE],
  pure: true,
});
const adapter = (files: readonly string[], packages: readonly string[]): Rule => ({
  files: ['core/', 'adapters/http', ...files],
  packages: [...packages, 'node:*'],
});

/** By where the importing file is, the longest match; design.md, "Folders, and who may import whom". */
const RULES: Readonly<Record<string, Rule>> = {
  'core/': { files: ['core/'], packages: ['zod', ...PURE_NODE], pure: true },
  'ingest/': step('ingest'),
  'escalate/': step('escalate'),
  'notify/': step('notify'),
  'sweep/': step('sweep'),
  'callback/': step('callback'),
  'adapters/http': adapter([], ['undici']),
  'adapters/undici-pool.d.ts': adapter([], ['undici']),
  'adapters/loki/': adapter(['adapters/loki/'], []),
  'adapters/pubsub': adapter(['adapters/pubsub'], ['@google-cloud/pubsub']),
  'adapters/gke': adapter([], ['@google-cloud/container', 'google-auth-library']),
  'adapters/kubernetes': adapter(['adapters/kubernetes'], ['lru-cache', 'zod']),
  'adapters/google-token.ts': adapter([], ['google-auth-library']),
  'adapters/heartbeat.ts': adapter([], []),
  'adapters/static-metadata.ts': adapter([], ['yaml', 'zod']),
  'adapters/metadata.ts': adapter(
    ['adapters/gke', 'adapters/google-token.ts', 'adapters/kubernetes', 'adapters/static-metadata.ts'],
    [],
  ),
  'adapters/store/': adapter(['adapters/store/'], ['zod']),
  'adapters/store/redis': adapter(['adapters/store/'], ['ioredis', 'zod']),
  'adapters/store/firestore': adapter(['adapters/store/', 'adapters/google-token.ts'], ['zod']),
  'adapters/receivers/': adapter(['adapters/receivers/'], ['zod']),
  'config.ts': {
    files: [
      'core/',
      'adapters/receivers/options.ts',
      'callback/options.ts',
      'escalate/route.ts',
      'ingest/enrich/options.ts',
      'ingest/judge.ts',
      'ingest/severity.ts',
    ],
    packages: ['zod', 'yaml', 'node:fs', 'node:path'],
  },
  'roles.ts': { files: ['core/', 'config.ts', 'escalate/route.ts', 'adapters/receivers/options.ts'], packages: [] },
  'log.ts': { files: ['core/'], packages: ['node:*'] },
  'drain.ts': { files: [], packages: ['node:*'] },
  'serve.ts': { files: ['core/', 'drain.ts'], packages: ['node:*'] },
  'open.ts': { files: ['core/', 'ingest/', 'sweep/', 'adapters/', 'config.ts'], packages: ['node:*'] },
  'wire.ts': {
    files: [
      'core/',
      'ingest/',
      'escalate/',
      'notify/',
      'sweep/',
      'callback/',
      'adapters/',
      'config.ts',
      'log.ts',
      'open.ts',
      'roles.ts',
      'serve.ts',
    ],
    packages: ['node:*'],
  },
  'index.ts': {
    files: ['config.ts', 'log.ts', 'drain.ts', 'serve.ts', 'wire.ts'],
    packages: ['@google-cloud/functions-framework', 'node:*'],
  },
  'local/': {
    files: ['local/', 'index.ts', 'wire.ts', 'config.ts', 'log.ts', 'core/', 'adapters/'],
    packages: ['yaml', 'zod', 'node:*'],
  },
  'cli/': {
    files: ['cli/', 'wire.ts', 'open.ts', 'config.ts', 'core/', 'adapters/pubsub-parked.ts'],
    packages: ['yaml', 'zod', 'node:*'],
  },
};

/** The one exception: group commit gathers what arrives in one turn of the event loop, which no argument can say. */
const TURN_OF_THE_LOOP = { path: 'core/lane.ts', name: 'setImmediate' };

/** What is wrong with a file below functions/, in words; `path` is relative to functions/. */
function violations(path: string, code: string): string[] {
  const key = Object.keys(RULES)
    .filter((prefix) => path.startsWith(prefix))
    .sort((a, b) => b.length - a.length)[0];
  const rule = key === undefined ? undefined : RULES[key];
  if (!rule) return [`${path} lies where no file belongs`];
  const { imports, ambient } = readSource(code);
  return [
    ...imports
      .filter((specifier) => !allowed(rule, path, specifier))
      .map((specifier) => `${path} imports ${specifier}`),
    ...(rule.pure ? ambient : [])
      .filter((name) => path !== TURN_OF_THE_LOOP.path || name !== TURN_OF_THE_LOOP.name)
      .map((name) => `${path} uses ${name}`),
  ];
}

function allowed(rule: Rule, path: string, specifier: string): boolean {
  if (specifier.startsWith('.')) {
    const target = join(dirname(path), specifier);
    return rule.files.some((prefix) => target.startsWith(prefix));
  }
  return rule.packages.some((name) =>
    name === 'node:*' ? specifier.startsWith('node:') : specifier === name || specifier.startsWith(`${name}/`),
  );
}

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], {
  cwd: ROOT,
  encoding: 'utf8',
})
  .split('\n')
  .filter((path) => path !== '' && existsSync(join(ROOT, path)));
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

describe('imports', () => {
  const sources = files.filter((path) => path.startsWith('functions/') && path.endsWith('.ts'));

  test('follow the table', () => {
    expect(sources.length).toBeGreaterThan(5);
    expect(sources.flatMap((path) => violations(path.slice('functions/'.length), read(path)))).toEqual([]);
  });

  test.each([
    {
      name: 'a step that imports an adapter',
      path: 'ingest/a.ts',
      code: "import { x } from '../adapters/loki/push.ts';",
    },
    { name: 'a type', path: 'ingest/a.ts', code: "import type { X } from '../notify/claim.ts';" },
    { name: 'a type in place', path: 'core/a.ts', code: "export type X = import('../config.ts').Config;" },
    { name: 'a re-export', path: 'core/a.ts', code: "export * from '../ingest/judge.ts';" },
    { name: 'a named re-export', path: 'core/a.ts', code: "export { x } from 'yaml';" },
    { name: 'an import for its effect', path: 'core/a.ts', code: "import '../wire.ts';" },
    { name: 'import()', path: 'sweep/a.ts', code: "const { x } = await import('../local/start.ts');" },
    { name: 'import() of what is computed', path: 'adapters/http.ts', code: 'await import(name);' },
    { name: 'another client', path: 'adapters/pubsub.ts', code: "import { Redis } from 'ioredis';" },
    { name: 'another adapter', path: 'adapters/loki/a.ts', code: "import { x } from '../store/keys.ts';" },
    { name: 'I/O in core', path: 'core/a.ts', code: "import { readFile } from 'node:fs/promises';" },
    { name: 'a package by a similar name', path: 'core/a.ts', code: "import { z } from 'zod-extras';" },
    { name: 'index that does more', path: 'index.ts', code: "import { x } from './core/lane.ts';" },
    { name: 'the clock in core', path: 'core/a.ts', code: 'export const at = () => Date.now();' },
    { name: 'the date in a step', path: 'escalate/a.ts', code: 'export const at = () => new Date();' },
    { name: 'randomness in core', path: 'core/a.ts', code: 'export const n = Math.random();' },
    { name: 'a timer in a step', path: 'notify/a.ts', code: 'setTimeout(() => {}, 1);' },
    { name: 'the environment in a step', path: 'notify/a.ts', code: 'export const { A } = process.env;' },
    { name: 'a folder of its own', path: 'utils/a.ts', code: 'export const a = 1;' },
  ])('$name is found', ({ path, code }) => {
    expect(violations(path, code)).toHaveLength(1);
  });

  test.each([
    {
      name: 'its own folder and core',
      path: 'ingest/enrich/a.ts',
      code: "import '../judge.ts'; import '../../core/lane.ts';",
    },
    {
      name: 'a given moment',
      path: 'core/a.ts',
      code: 'export const at = (ms: number) => new Date(ms).toISOString();',
    },
  ])('$name is fine', ({ path, code }) => {
    expect(violations(path, code)).toEqual([]);
  });
});

test('no file is longer than 300 lines', () => {
  const written = files.filter((path) => /\.(ts|mts|mjs|js)$/.test(path) && !path.startsWith('test/fixtures/'));
  const long = written
    .map((path) => ({ path, lines: read(path).split('\n').length - 1 }))
    .filter(({ lines }) => lines > 300);
  expect(long).toEqual([]);
});

test('nothing else lies at the top', () => {
  const known = [
    ...['functions', 'infra', 'helm', 'test', 'docs'],
    ...[
      'README.md',
      'CHANGELOG.md',
      'LICENSE',
      'package.json',
      'package-lock.json',
      'tsconfig.json',
      'cloudbuild.yaml',
    ],
    ...['build.mjs', 'build.d.mts', 'biome.json', 'jest.config.mjs', 'knip.json'],
  ];
  const top = new Set(files.map((path) => path.split('/')[0] ?? ''));
  expect([...top].filter((name) => !known.includes(name) && !name.startsWith('.'))).toEqual([]);
});

describe('packages', () => {
  const manifest = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;

  test('have exact versions', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies, ...manifest.overrides });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test('come from whatever registry npm is told: the lockfile names none', () => {
    expect(read('package-lock.json')).not.toContain('"resolved": "http');
    expect(read('.npmrc')).not.toMatch(/^\s*(@[^=]*:)?registry\s*=/m);
  });
});
