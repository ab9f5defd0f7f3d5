/** The planted faults fit the code, so that the list can't rot, and the page has a row for each. */

import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { FAULTS, needsPrograms } from './faults.ts';
import { planted } from './nursery.ts';
import { BY_SIMULATION, BY_SUITES, rowsOf, withSimulated, withVerdicts } from './page.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');
const page = read('docs/planted-bugs.md');

test.each(FAULTS)('$id changes its file in one place', (fault) => {
  const sound = read(fault.file);
  expect(planted(sound, fault)).not.toBe(sound);
});

test('a text that is not there exactly once is an error that names the fault', () => {
  const fault = { ...FAULTS[0], id: 'x', file: 'f.ts', from: 'a', to: 'b' } as (typeof FAULTS)[number];
  expect(() => planted('c', fault)).toThrow('x: f.ts has its text 0 times');
  expect(() => planted('aa', fault)).toThrow('x: f.ts has its text 2 times');
});

test('each fault has an id of its own and breaks a rule of docs/protocol.md', () => {
  expect(new Set(FAULTS.map(({ id }) => id)).size).toBe(FAULTS.length);
  const rules = new Set([...read('docs/protocol.md').matchAll(/^\| ([a-e]\d+) \|/gm)].map(([, rule]) => rule));
  expect(FAULTS.filter(({ rule }) => !rules.has(rule))).toEqual([]);
});

describe('docs/planted-bugs.md', () => {
  test('has a row for each fault, and for no other, in the words of the list', () => {
    const rows = rowsOf(page, BY_SUITES);
    expect([...rows.keys()].sort()).toEqual(FAULTS.map(({ id }) => id).sort());
    for (const { id, rule, does } of FAULTS) expect(rows.get(id)).toContain(`| ${rule} | ${does} | `);
  });

  test('names suites that there are', () => {
    const files = [...page.matchAll(/\| (test\/[\w./-]+): [^|]+ \|$/gm)].map(([, file = '']) => file);
    expect(files).toHaveLength(FAULTS.length);
    expect(files.filter((file) => !existsSync(new URL(`../../${file}`, import.meta.url)))).toEqual([]);
  });

  test('says of each fault that Node alone shows what the simulation makes of it', () => {
    const possible = FAULTS.filter((fault) => !needsPrograms(fault)).map(({ id }) => id);
    expect([...rowsOf(page, BY_SIMULATION).keys()].sort()).toEqual(possible.sort());
  });

  test('keeps the rows of what was not planted this time', () => {
    const [first] = FAULTS;
    if (!first) throw new Error('no fault');
    const failed = { file: 'test/x.test.ts', test: 'notices' };
    const next = withSimulated(
      withVerdicts(page, new Map([[first, { tests: 1, failed }]])),
      new Map([[first, { seeds: 3, promise: 'a | b' }]]),
    );
    expect(rowsOf(next, BY_SUITES).get(first.id)).toContain('test/x.test.ts: notices |');
    expect(rowsOf(next, BY_SUITES).size).toBe(rowsOf(page, BY_SUITES).size);
    expect(rowsOf(next, BY_SIMULATION).get(first.id)).toBe(`| \`${first.id}\` | 3 | a \\| b |`);
    expect(rowsOf(next, BY_SIMULATION).size).toBe(rowsOf(page, BY_SIMULATION).size);
  });
});
