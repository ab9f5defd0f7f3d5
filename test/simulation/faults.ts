/** Which fault hits a call, as the plan has it, and how many there were of each kind. */

import type { Plan, PlannedFault } from './plan.ts';
import type { Random } from './random.ts';
import type { Time } from './time.ts';

export interface Faults {
  /** What goes wrong with this call, if anything does; it is counted. */
  roll(port: string): string | undefined;
  /** What is not rolled for, such as a crash, is counted by its name. */
  count(name: string): void;
  /** From now on nothing goes wrong. */
  stop(): void;
  /** How often each kind hit. */
  readonly counts: Readonly<Record<string, number>>;
}

export function createFaults(plan: Plan, time: Time, random: Random): Faults {
  const start = time.now();
  const byPort = Map.groupBy(
    plan.faults.filter(({ forMs }) => forMs > 0),
    ({ port }) => port,
  );
  const counts: Record<string, number> = {};
  let stopped = false;

  function count(name: string): void {
    counts[name] = (counts[name] ?? 0) + 1;
  }

  return {
    roll(port) {
      const planned = stopped ? undefined : byPort.get(port);
      if (!planned) return undefined;
      const now = time.now() - start;
      const isOn = ({ at, forMs, chance }: PlannedFault): boolean =>
        now >= at && now < at + forMs && random.chance(chance);
      const how = planned.find(isOn)?.how;
      // What a whole part of the world undergoes is no fault of one call.
      if (how === undefined || how === 'failover' || how === 'replica-away' || how === 'stall') return undefined;
      count(`${port.split('/')[0]} ${how}`);
      return how;
    },
    count,
    stop() {
      stopped = true;
    },
    counts,
  };
}
