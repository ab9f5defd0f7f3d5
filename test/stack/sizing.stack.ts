/** What docs/sizing.md was made of is what the whole relay still asks for. It needs no program, but half a minute. */

import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { measureAll } from '../bench/sizing-rates.ts';

/** A name that is a letter longer is no other cost. */
const TOLERANCE = 0.01;

/** Numbers by where they stand. */
function numbersOf(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, each]) => numbersOf(each, `${path}/${name}`));
}

test('all rates are those that the tables were made of', async () => {
  const kept = new Map(
    numbersOf(JSON.parse(readFileSync(new URL('../fixtures/sizing-rates.json', import.meta.url), 'utf8'))),
  );
  const measured = new Map(numbersOf(await measureAll()));
  expect([...measured.keys()].sort()).toEqual([...kept.keys()].sort());
  const others = [...measured].filter(([path, value]) => {
    const before = kept.get(path) ?? 0;
    return Math.abs(value - before) > TOLERANCE * Math.abs(before);
  });
  expect(others.map(([path, value]) => `${path}: ${value}, not ${kept.get(path)}`)).toEqual([]);
}, 300_000);
