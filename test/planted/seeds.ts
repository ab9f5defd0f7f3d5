/** Runs seeds of the simulation until one breaks a promise, and says so as JSON: `node test/planted/seeds.ts N`. */

import { planOf } from '../simulation/plan.ts';
import { run } from '../simulation/run.ts';

const most = Number(process.argv[2]);

/** The seeds that were run, and what the last one broke. */
let seeds = 0;
let promise: string | undefined;
while (promise === undefined && seeds < most) {
  seeds += 1;
  promise = (await run(planOf(String(seeds)))).failure;
}
process.stdout.write(JSON.stringify({ seeds, promise }));
