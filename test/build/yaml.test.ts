/** The two files of Cloud Build: what it takes, and rules of our own. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { cloudbuild_v1 } from '@googleapis/cloudbuild';
import { describe, expect, test } from '@jest/globals';
import { cloudBuildTypes, misfits } from './schema.ts';
import { ROOT, readBuild } from './support.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const FILES = ['cloudbuild.yaml', 'infra/build/apply.yaml'] as const;
const SCRIPTS = readdirSync(join(ROOT, 'infra/build')).filter((name) => name.endsWith('.sh'));
const DEPLOY = read('docs/deploy.md');
const types = cloudBuildTypes();

/** https://cloud.google.com/build/docs/configuring-builds/substitute-variable-values */
const OF_CLOUD_BUILD = ['PROJECT_ID', 'BUILD_ID', 'COMMIT_SHA'];

describe.each(FILES)('%s', (path) => {
  const text = read(path);
  const build = readBuild(path);
  const seconds = (duration: string): number => Number(/^(\d+)s$/.exec(duration)?.[1]);

  test("has what Cloud Build's published schema knows, and nothing else", () => {
    expect(misfits(types, build satisfies cloudbuild_v1.Schema$Build, 'Schema$Build')).toEqual([]);
  });

  test('uses every substitution that it declares, and declares every one that it uses', () => {
    const [, body = ''] = text.split(/^(?=steps:|availableSecrets:)/m);
    const rest = text.slice(text.indexOf(body));
    const used = new Set([...rest.matchAll(/\$\{?([A-Z_0-9]+)/g)].map(([, name = '']) => name));
    expect([...used].filter((name) => name.startsWith('_')).sort()).toEqual(Object.keys(build.substitutions).sort());
    expect([...used].filter((name) => !name.startsWith('_') && !OF_CLOUD_BUILD.includes(name))).toEqual([]);
  });

  test('has each of its substitutions in docs/deploy.md', () => {
    expect(Object.keys(build.substitutions).filter((name) => !DEPLOY.includes(`| \`${name}\` |`))).toEqual([]);
  });

  test('has steps with ids that wait for steps before them', () => {
    const ids = build.steps.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    build.steps.forEach(({ id, waitFor = [] }, index) => {
      expect(id).toMatch(/^[a-z]+$/);
      for (const other of waitFor) expect(['-', ...ids.slice(0, index)]).toContain(other);
    });
  });

  test('has images of exact versions, and Node of the version that package.json has', () => {
    for (const { name } of build.steps) expect(name).toMatch(/^[a-z/-]+:\d+\.\d+\.\d+(-bookworm)?$/);
    const { devDependencies } = JSON.parse(read('package.json'));
    const nodes = build.steps.map(({ name }) => name).filter((name) => name.startsWith('node:'));
    expect(new Set(nodes)).toEqual(new Set([`node:${devDependencies.node}-bookworm`]));
  });

  test('calls one script a step', () => {
    for (const { entrypoint, args } of build.steps) {
      expect(args[0]).toMatch(/^infra\/build\/[a-z]+\.sh$/);
      expect(SCRIPTS).toContain(args[0]?.slice('infra/build/'.length));
      const [shebang = ''] = read(args[0] ?? '').split('\n');
      expect(shebang.split(/[ /]/).at(-1)).toBe(entrypoint);
    }
  });

  test('has the variables that its scripts ask for, and gives none that they do not', () => {
    for (const { id, args, env = [], secretEnv = [] } of build.steps) {
      const given = [...env.map((each) => each.split('=')[0] ?? ''), ...secretEnv];
      const library = /^\. infra\/build\/lib\.sh$/m.test(read(args[0] ?? '')) ? libraryUses(read(args[0] ?? '')) : [];
      const programs =
        id === 'loki' ? [...read('infra/build/ask-loki.ts').matchAll(/\b(LOKI_[A-Z]+|SMOKE_SECONDS)\b/g)] : [];
      const asked = [...variablesOf(read(args[0] ?? '')), ...library, ...programs.map(([name]) => name)];
      expect({ id, names: [...new Set(asked)].sort() }).toEqual({ id, names: given.sort() });
    }
  });

  test('has time for all of its steps, or its last one would not run', () => {
    const sum = build.steps.reduce((total, { timeout = '0s' }) => total + seconds(timeout), 0);
    expect(sum).toBeLessThanOrEqual(seconds(build.timeout));
    expect(seconds(build.timeout)).toBeLessThanOrEqual(86_400);
  });
});

/** Variables in capitals that a script reads and does not set. */
function variablesOf(script: string): string[] {
  const set = [...script.matchAll(/^(?:export )?([A-Z_]+)=/gm)].map(([, name]) => name);
  const code = script.replaceAll(/^\s*#.*$/gm, '');
  return [...code.matchAll(/\$\{?([A-Z][A-Z0-9_]+)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !set.includes(name) && !['PATH', 'PWD', 'KUBECONFIG'].includes(name));
}

/** Those of the functions of lib.sh that a script calls. */
function libraryUses(script: string): string[] {
  const functions = [...read('infra/build/lib.sh').matchAll(/^(\w+)\(\) \{([\s\S]*?)\}\n(?=\n|\w|#|$)/gm)];
  return functions
    .filter(([, name]) => new RegExp(`(^|[\\s(])${name}\\b`, 'm').test(script))
    .flatMap(([, , body = '']) => variablesOf(body));
}

describe('infra/build/apply.yaml', () => {
  const { steps, availableSecrets } = readBuild('infra/build/apply.yaml');

  test('goes back after whatever changes something, by a last step that may not fail', () => {
    const may = steps.filter(({ allowFailure }) => allowFailure).map(({ id }) => id);
    expect(may).toEqual(['apply', 'upgrade', 'canary', 'loki']);
    expect(steps.at(-1)?.id).toBe('finish');
    expect(read('infra/build/finish.sh')).toContain(`for step in ${may.join(' ')}; do`);
    expect(steps.filter(({ waitFor }) => waitFor)).toEqual([]);
  });

  test('gives its one secret to the one step that asks Loki', () => {
    expect(availableSecrets?.secretManager.map(({ env }) => env)).toEqual(['LOKI_SECRET']);
    expect(steps.filter(({ secretEnv }) => secretEnv).map(({ id }) => id)).toEqual(['loki']);
  });
});

test('both files have the same programs in the same versions', () => {
  const [plan, apply] = FILES.map((path) => readBuild(path).steps.map(({ name }) => name));
  expect(new Set(plan)).toEqual(new Set(apply));
});

test('no script shows what it runs, and each stops at the first failure or says why not', () => {
  expect(SCRIPTS.length).toBeGreaterThan(10);
  for (const name of SCRIPTS) {
    const script = read(`infra/build/${name}`);
    expect(script).not.toMatch(/set -\w*[xv]|set -o (xtrace|verbose)/);
    if (name !== 'lib.sh') expect(script).toMatch(/^set -(euo pipefail|uo pipefail|eu)$/m);
  }
});

test.each<[string, unknown, string]>([
  ['a misspelt option', { options: { loging: 'CLOUD_LOGGING_ONLY' } }, '.options.loging is unknown'],
  ['a step with a misspelt name', { steps: [{ id: 'a', waitfor: [] }] }, '.steps.0.waitfor is unknown'],
  ['arguments that are no list', { steps: [{ args: 'a b' }] }, '.steps.0.args is no list'],
  ['a number for a duration', { timeout: 3_600 }, '.timeout is number, not string'],
  ['a bare no', { substitutions: { _SAVE: false } }, '.substitutions._SAVE is boolean, not string'],
])('%s is found', (_, value, problem) => {
  expect(misfits(types, value, 'Schema$Build')).toEqual([problem]);
});
