/** `clusters.ts PIPELINE`: prints the clusters of a pipeline.yaml for shell scripts, a line each: project, location, name. */

import { readFileSync } from 'node:fs';
import { parsePipeline } from '../../functions/config.ts';

const [path] = process.argv.slice(2);
const problems: string[] = [];
const pipeline = parsePipeline(readFileSync(path ?? '', 'utf8'), problems);
for (const problem of problems) console.error(problem);
if (problems.length > 0) process.exitCode = 1;
for (const { project, location, name } of pipeline?.clusters ?? []) console.log([project, location, name].join('\t'));
