/** A minute of fuzzing with a new seed, which it prints: `npm run fuzz -- --seed N --target NAME` has the same again. */

import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';

test('a minute of new texts finds nothing', () => {
  const args = ['test/hostile/fuzz/main.ts', '--seconds', '60'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  process.stdout.write(stdout);
  const [seed = '', ...lines] = stdout.trim().split('\n');
  expect(seed).toMatch(/^seed \d+$/);
  const found = lines.filter((line) => !line.endsWith(' 0 found'));
  expect({ seed, found, stderr, status }).toEqual({ seed, found: [], stderr, status: 0 });
  const counts = [...stdout.matchAll(/^[\w-]+: (\d+) texts/gm)].map(([, texts]) => Number(texts));
  expect(counts).toHaveLength(13);
  for (const texts of counts) expect(texts).toBeGreaterThan(10);
});
