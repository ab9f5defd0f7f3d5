/**
 * `npm run planted`: plants each fault in a copy of the project and demands that a test notices it.
 *
 * `--only ID` for one, `--sample N` for some by chance (`--seed N` for the same ones again), `--write` makes
 * docs/planted-bugs.md anew. Faults that only real programs show are planted with `--stack`. `--simulate N` asks up to N
 * seeds of the simulation, and no suite.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { createRandom } from '../stack/support/random.ts';
import type { Fault } from './fault.ts';
import { FAULTS, needsPrograms } from './faults.ts';
import { type Nursery, openNursery, type Simulated, type Verdict } from './nursery.ts';
import { withSimulated, withVerdicts } from './page.ts';

const PAGE = new URL('../../docs/planted-bugs.md', import.meta.url);

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    sample: { type: 'string' },
    seed: { type: 'string' },
    stack: { type: 'boolean', default: false },
    simulate: { type: 'string' },
    write: { type: 'boolean', default: false },
  },
});

function chosen(): readonly Fault[] {
  if (values.only !== undefined) {
    const found = FAULTS.filter(({ id }) => id === values.only);
    if (found.length === 0) throw new Error(`no fault is named ${values.only}`);
    return found;
  }
  const possible = FAULTS.filter((fault) => values.stack || !needsPrograms(fault));
  if (values.sample === undefined) return possible;
  const random = createRandom(values.seed === undefined ? undefined : Number(values.seed));
  process.stdout.write(`SEED=${random.seed}\n`);
  return random.shuffle([...possible]).slice(0, Number(values.sample));
}

function say(fault: Fault, { failed, broken }: Verdict): void {
  const word = failed ? `caught by ${failed.file}: ${failed.test}` : broken ? `BROKEN: ${broken}` : 'SURVIVED';
  process.stdout.write(`${fault.id} (${fault.rule}): ${word}\n`);
}

/** How many were not noticed, of those that were planted. */
async function bySuites(nursery: Nursery, faults: readonly Fault[]): Promise<number> {
  const suites = [...new Set(faults.flatMap((fault) => fault.suites))].filter(
    (suite) => values.stack || !suite.startsWith('test/stack/'),
  );
  const sound = await nursery.run(suites);
  if (sound.failed || sound.broken || sound.tests === 0) {
    throw new Error(`the code as it is does not pass: ${JSON.stringify(sound)}`);
  }
  const verdicts = new Map<Fault, Verdict>();
  for (const fault of faults) {
    const verdict = await nursery.plant(fault);
    say(fault, verdict);
    verdicts.set(fault, verdict);
  }
  const missed = [...verdicts].filter(([, { failed }]) => !failed).length;
  process.stdout.write(`${faults.length} planted, ${faults.length - missed} caught, ${missed} not\n`);
  if (values.write) writeFileSync(PAGE, withVerdicts(readFileSync(PAGE, 'utf8'), verdicts));
  return missed;
}

/** What the simulation sees and what it can't is for people to judge: nothing fails by it. */
async function bySimulation(nursery: Nursery, faults: readonly Fault[], most: number): Promise<void> {
  const simulated = new Map<Fault, Simulated>();
  for (const fault of faults) {
    const { seeds, promise, broken } = await nursery.simulate(fault, most);
    process.stdout.write(
      `${fault.id} (${fault.rule}): ${promise ? `seed ${seeds}: ${promise}` : (broken ?? 'not noticed')}\n`,
    );
    simulated.set(fault, { seeds, ...((promise ?? broken) ? { promise: promise ?? broken ?? '' } : {}) });
  }
  const noticed = [...simulated].filter(([, { promise }]) => promise !== undefined).length;
  process.stdout.write(`${faults.length} planted, ${noticed} noticed by up to ${most} seeds\n`);
  if (values.write) writeFileSync(PAGE, withSimulated(readFileSync(PAGE, 'utf8'), simulated));
}

async function main(): Promise<number> {
  const faults = chosen();
  const nursery = await openNursery();
  try {
    if (values.simulate === undefined) return (await bySuites(nursery, faults)) === 0 ? 0 : 1;
    await bySimulation(nursery, faults, Number(values.simulate));
    return 0;
  } finally {
    await nursery.close();
  }
}

process.exitCode = await main();
