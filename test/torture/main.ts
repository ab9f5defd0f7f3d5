/**
 * `npm run torture`: the relay on real parts while these are killed, stopped, cut off and filled, and the equation at the
 * end. Exits 1 if anything is lost, counted twice, or told to nobody.
 *
 * `--minutes 10` or `--hours 3` of load, `--store redis|firestore`, `--seed N` to have the same faults again, `--rate 8`
 * messages a second, `--json FILE` for the figures. Needs what `npm run test:stack` needs.
 */

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { createRandom } from '../stack/support/random.ts';
import { run, STORES } from './run.ts';

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    hours: { type: 'string' },
    store: { type: 'string', default: 'redis' },
    seed: { type: 'string' },
    rate: { type: 'string', default: '8' },
    json: { type: 'string' },
  },
});

const minutes = options.hours === undefined ? positive('minutes') : positive('hours') * 60;
const rate = positive('rate');
const seed = options.seed === undefined ? createRandom().seed : positive('seed');
const store = options.store as keyof typeof STORES;
if (!Object.hasOwn(STORES, store)) throw new Error(`--store takes one of ${Object.keys(STORES).join(', ')}`);

function positive(name: 'minutes' | 'hours' | 'rate' | 'seed'): number {
  const value = Number(options[name]);
  if (!(value > 0)) throw new Error(`--${name} takes a number above 0, not ${options[name]}`);
  return value;
}

const how = `--minutes ${minutes} --store ${store} --rate ${rate} --seed ${seed}`;
console.log(`npm run torture -- ${how}`);
const { figures, problems, schedule, diskFills } = await run({ store, seed, minutes, rate, print: console.log });
const faults = Object.fromEntries(
  [...Map.groupBy(schedule, ({ kind }) => kind)].map(([kind, all]) => [kind, all.length]),
);
for (const [what, value] of Object.entries({ ...figures, faults: schedule.length, 'faults by kind': faults })) {
  console.log(`${what}: ${typeof value === 'number' ? value : JSON.stringify(value)}`);
}
if (options.json !== undefined) {
  const report = { store, seed, minutes, rate, diskFills, figures, faults, problems, schedule };
  await writeFile(options.json, `${JSON.stringify(report, undefined, 2)}\n`);
}
for (const problem of problems) console.error(`NOT AS PROMISED: ${problem}`);
if (problems.length > 0) console.error(`The same faults again: npm run torture -- ${how}`);
// Not left to whatever a part that was struck still holds open.
process.exit(problems.length === 0 ? 0 : 1);
