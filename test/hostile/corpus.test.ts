/** What fuzzing ever found, and the texts that it begins with, by each target's oracle; a few changed ones with them. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../stack/support/random.ts';
import { mutated } from './fuzz/mutate.ts';
import { TARGETS } from './fuzz/targets.ts';

const CORPUS = new URL('./corpus/', import.meta.url);
const CHANGED = 40;

/** By name. */
function findings(target: string): [name: string, text: string][] {
  const folder = new URL(`${target}/`, CORPUS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]);
}

describe.each(TARGETS.map((target) => [target.name, target] as const))('%s', (name, target) => {
  test('takes what it begins with, and what is like it', async () => {
    const seeds = target.seeds();
    const random = createRandom(1);
    const pick = (): string => seeds[random.below(seeds.length)] ?? '';
    const texts = [...seeds, ...Array.from({ length: CHANGED }, () => mutated(pick(), pick(), random))];
    for (const text of texts) await target.run(text);
    expect(texts.length).toBeGreaterThan(CHANGED);
  });

  for (const [file, text] of findings(name)) {
    test(`takes ${file}`, async () => {
      await target.run(text);
    });
  }
});

test('each folder of findings belongs to a target', () => {
  const names = TARGETS.map(({ name }) => name);
  expect(readdirSync(CORPUS).filter((folder) => !names.includes(folder))).toEqual([]);
});
