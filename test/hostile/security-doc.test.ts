/** docs/security.md names tests: each exists, under that name. */

import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const ROOT = new URL('../..', import.meta.url).pathname;
const text = readFileSync(`${ROOT}docs/security.md`, 'utf8');
const rows = text.split('\n').filter((line) => line.startsWith('| ') && line.includes('`test/'));

/** A file, and the name of a test or of a group of them. */
const named = rows.flatMap((row) =>
  [...row.matchAll(/`(test\/[\w./-]+\.ts)`(?:: \*([^*]+)\*)?/g)].map(([, file = '', title = '']) => ({ file, title })),
);

test('each test that an attack names is there', () => {
  const missing = named.filter(({ file, title }) => {
    if (!existsSync(ROOT + file)) return true;
    const plain = readFileSync(ROOT + file, 'utf8').replaceAll("\\'", "'");
    return !plain.includes(title);
  });
  expect(missing).toEqual([]);
});

test('each attack names one, and enough of them do', () => {
  const attacks = text.slice(text.indexOf('## Attacks'), text.indexOf('## What was found'));
  const told = attacks.split('\n').filter((line) => /^\| (?!attack|-)/.test(line));
  expect(told.filter((row) => !row.includes('`test/'))).toEqual([]);
  expect(told.length).toBeGreaterThan(30);
});
