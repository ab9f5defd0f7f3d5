/** `npm run silences`: what is muted now, by whom, why and until when, and how many alerts told nobody. */

import { readFileSync } from 'node:fs';
import { loadConfig, parsePipeline } from '../config.ts';
import type { MuteView } from '../core/mute/mute-list.ts';
import { readMutes } from '../core/mute/mute-list.ts';
import { plain } from '../core/plain.ts';
import { openStore } from '../open.ts';

const LONGEST_PART = 1_024;

const { PIPELINE: path, ...environment } = process.env;
const problems: string[] = [];
// The secrets that pipeline.yaml names need not be here: nothing is sent.
const pipeline = parsePipeline(path ? readFileSync(path, 'utf8') : '', problems);
if (!pipeline || problems.length > 0) {
  for (const problem of problems) console.error(problem);
  process.exit(1);
}
const store = await openStore({
  config: { ...loadConfig(environment), pipeline },
  clock: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  writeLog: ({ message }) => console.error(message),
});
const mutes = await readMutes(store, pipeline, Date.now());
for (const mute of mutes) console.log(lineOf(mute));
if (mutes.length === 0) console.log('Nothing is muted.');
await store.close();

function lineOf({ kind, id, owner, reason, covers, until, n }: MuteView): string {
  const end = until === undefined ? 'for good' : `until ${new Date(until).toISOString()}`;
  const count = kind === 'shadow' ? `would have muted ${n}` : `muted ${n}`;
  // A button mutes a group whose names came with an event, and names people as they call themselves.
  return [kind, id, end, count, owner, reason, covers].map((part) => plain(part, LONGEST_PART)).join('\t');
}
