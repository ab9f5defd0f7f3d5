/**
 * `npm run fuzz -- --seconds 60 [--target NAME] [--seed N]`: measures our regular expressions (the target `patterns`), then
 * changes real messages, settings and callbacks, keeps what reaches new code, and says what each target's oracle found.
 * Exits 1 if anything was. What is found goes to test/hostile/corpus/NAME/ as a file, where `npm test` reads it.
 */

import { parseArgs } from 'node:util';
import { createRandom } from '../../stack/support/random.ts';
import { slowPatterns } from '../slow-patterns.ts';
import { startCoverage } from './coverage.ts';
import { fuzz } from './loop.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '60' }, target: { type: 'string' }, seed: { type: 'string' } },
});
const isChosen = (name: string): boolean => options.target === undefined || name === options.target;
const { seed } = createRandom(options.seed === undefined ? undefined : Number(options.seed));
console.log(`seed ${seed}`);
let failed = false;

const PATTERNS = 'patterns';
if (isChosen(PATTERNS)) {
  const slow = await slowPatterns();
  console.log(`${PATTERNS}: ${slow.length} found`);
  for (const problem of slow) console.log(`  ${problem}`);
  failed ||= slow.length > 0;
}

// Code is counted block by block only if it is loaded after this.
const coverage = startCoverage();
const { TARGETS } = await import('./targets.ts');
const names = TARGETS.map(({ name }) => name);
const chosen = TARGETS.filter(({ name }) => isChosen(name));
if (chosen.length === 0 && !isChosen(PATTERNS))
  throw new Error(`--target takes one of ${[PATTERNS, ...names].join(', ')}`);

for (const target of chosen) {
  const end = Date.now() + (Number(options.seconds) * 1_000) / chosen.length;
  const { runs, kept, blocks, found } = await fuzz(target, createRandom(seed), coverage, () => Date.now() < end);
  console.log(`${target.name}: ${runs} texts, ${kept} kept, ${blocks} blocks, ${found.length} found`);
  for (const { input, problem } of found) console.log(`  ${problem}\n  ${JSON.stringify(input)}`);
  failed ||= found.length > 0;
}
coverage.close();
process.exit(failed ? 1 : 0);
