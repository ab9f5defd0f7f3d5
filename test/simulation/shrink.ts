/** Makes a failing plan smaller while it still fails: fewer faults, acts, events and instances, so that a person can read it. */

import type { Plan } from './plan.ts';

/** Whether a plan fails. */
export type Fails = (plan: Plan) => Promise<boolean>;

const LISTS = ['faults', 'acts', 'events', 'nodes'] as const;

/** @param isTimeOver asked before each run */
export async function shrink(plan: Plan, fails: Fails, isTimeOver: () => boolean): Promise<Plan> {
  let smallest = plan;
  async function keep(smaller: Plan): Promise<boolean> {
    if (isTimeOver() || !(await fails(smaller))) return false;
    smallest = smaller;
    return true;
  }
  for (let before: Plan | undefined; before !== smallest && !isTimeOver(); ) {
    before = smallest;
    for (const list of LISTS) {
      // Halves, then quarters, down to each on its own.
      for (let size = Math.ceil(smallest[list].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
        for (let from = 0; from < smallest[list].length; ) {
          const left = smallest[list].toSpliced(from, size);
          if (!(await keep({ ...smallest, [list]: left } as Plan))) from += size;
        }
      }
    }
    if (smallest.instances > 1) await keep({ ...smallest, instances: 1 });
    if (smallest.skewMs > 0) await keep({ ...smallest, skewMs: 0 });
    if (smallest.duplicates > 0) await keep({ ...smallest, duplicates: 0 });
    if (smallest.replayAfterMs > 0) await keep({ ...smallest, replayAfterMs: 0 });
  }
  return smallest;
}
