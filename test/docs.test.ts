/** The documents say what the code does: tables, schemas and commands are held against it. */

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { parsePipeline, pipelineOptions } from '../functions/config.ts';
import { REASONS } from '../functions/core/reasons.ts';
import { policyTables, shippedPolicy } from './support/policy.ts';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');
const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

test('docs/reasons.md lists every reason code as reasons.ts has it, and no other', () => {
  if (process.env.UPDATE_DOCS) writeFileSync(new URL('../docs/reasons.md', import.meta.url), reasonsPage());
  const rows = [...read('docs/reasons.md').matchAll(/^\| `([a-z0-9-]+)` \| (yes|no) \| (.+) \|$/gm)].map(
    ([, code, retry, help]) => [code, retry, help],
  );
  const table = Object.entries(REASONS).map(([code, { retryable, help }]) => [code, retryable ? 'yes' : 'no', help]);
  expect(rows).toEqual(table);
});

/** The page with its table made anew. */
function reasonsPage(): string {
  const rows = Object.entries(REASONS).map(
    ([code, { retryable, help }]) => `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${help} |`,
  );
  const [head = ''] = read('docs/reasons.md').split(/^\| `/m, 1);
  return `${head}${rows.join('\n')}\n`;
}

test('docs/policy.md shows where every rule goes, when and why, as functions/pipeline.yaml has it', () => {
  const tables = policyTables(shippedPolicy());
  const [head = ''] = read('docs/policy.md').split(/^### /m, 1);
  if (process.env.UPDATE_DOCS) writeFileSync(new URL('../docs/policy.md', import.meta.url), head + tables);
  expect(read('docs/policy.md')).toBe(head + tables);
});

test('docs/policy.md shows an entry that pipeline.yaml may have', () => {
  const examples = [...read('docs/policy.md').matchAll(/^```yaml\n(.+?)^```/gms)].map(([, yaml]) => yaml ?? '');
  expect(examples).toHaveLength(1);
  for (const example of examples) {
    const problems: string[] = [];
    parsePipeline(`severity:\n${example}`, problems);
    expect(problems).toEqual([]);
  }
});

test('docs/pipeline.schema.json is generated from the schemas that check pipeline.yaml', () => {
  const path = 'docs/pipeline.schema.json';
  const generated = `${JSON.stringify(z.toJSONSchema(pipelineOptions, { io: 'input' }), null, 2)}\n`;
  if (process.env.UPDATE_DOCS) writeFileSync(new URL(`../${path}`, import.meta.url), generated);
  expect(JSON.parse(read(path))).toEqual(JSON.parse(generated));
});

test('every dependency stands in docs/decisions.md, with why', () => {
  const decisions = read('docs/decisions.md');
  const missing = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }).filter(
    (name) => !decisions.includes(name) && !name.startsWith('@types/'),
  );
  expect(missing).toEqual([]);
});

test.each(['operate', 'performance'])('docs/%s.md names parts of the benchmark and suites that there are', (name) => {
  const commands = [...read(`docs/${name}.md`).matchAll(/npm run (?:bench -- --only|test:stack --) ([\w-]+)/g)];
  expect(commands.length).toBeGreaterThan(0);
  const main = read('test/bench/main.ts');
  for (const [command, part] of commands) {
    const exists = command.includes('bench')
      ? new RegExp(`^ {2}'?${part}'?: \\(`, 'm').test(main)
      : existsSync(new URL(`stack/${part}.stack.ts`, import.meta.url));
    expect([command, exists]).toEqual([command, true]);
  }
});

describe('README.md', () => {
  const readme = read('README.md');

  test('has the two commands that a fresh machine runs', () => {
    expect(readme).toContain('npm ci && npm start');
    expect(readme).toContain('npm ci && npm test');
  });

  test('names npm scripts that exist', () => {
    const named = [...readme.matchAll(/npm run ([\w:]+)/g)].map(([, name]) => name ?? '');
    expect(named.filter((name) => !(name in manifest.scripts))).toEqual([]);
    expect(named.length).toBeGreaterThan(0);
  });

  test.each([
    'README.md',
    ...readdirSync(new URL('../docs', import.meta.url))
      .filter((name) => name.endsWith('.md'))
      .map((name) => `docs/${name}`),
  ])('and %s link to files that exist', (file) => {
    const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path]) => path ?? '');
    const base = new URL(`../${file}`, import.meta.url);
    expect(links.filter((path) => !existsSync(new URL(path, base)))).toEqual([]);
  });
});
