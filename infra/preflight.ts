/** `preflight.ts PIPELINE`: prints what infra/preflight.sh asks for, a line each: clusters, and whether there are callbacks. */

import { readFileSync } from 'node:fs';
import { parsePipeline } from '../functions/config.ts';

const [path = ''] = process.argv.slice(2);
const problems: string[] = [];
const pipeline = parsePipeline(readFileSync(path, 'utf8'), problems);
if (problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
for (const { project, location, name } of pipeline?.clusters ?? [])
  console.log(['cluster', project, location, name].join('\t'));
if (pipeline?.callbacks) console.log('callbacks');
