/** `npm run check:pipeline -- PATH`: checks a pipeline.yaml, without the secrets it names, and lists every problem. */

import { readFileSync } from 'node:fs';
import { parsePipeline } from '../config.ts';

const path = process.argv[2];
if (path === undefined) {
  console.error('usage: npm run check:pipeline -- PATH');
  process.exit(2);
}
const problems: string[] = [];
try {
  parsePipeline(readFileSync(path, 'utf8'), problems);
} catch (error) {
  problems.push(`${path} can't be read: ${(error as NodeJS.ErrnoException).code}`);
}
for (const problem of problems) console.error(problem);
if (problems.length === 0) console.log(`${path} is right.`);
process.exit(problems.length === 0 ? 0 : 1);
