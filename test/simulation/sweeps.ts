/** Cloud Scheduler: sweep once a minute; now and then twice at once, late, or not at all. */

import type { Faults } from './faults.ts';
import type { Fleet } from './fleet.ts';
import type { Time } from './time.ts';

const MINUTE = 60_000;

export interface Sweeps {
  /** Once an hour, for days in which nothing happens. */
  slow(): void;
  usual(): void;
  /** When the last one began that did all its work. */
  readonly doneAt: number;
}

export function startSweeps(deps: { fleet: Fleet; faults: Faults; time: Time; say(text: string): void }): Sweeps {
  const { fleet, faults, time, say } = deps;
  let everyMs = MINUTE;
  let doneAt = 0;
  let cancel = (): void => {};

  function sweep(): void {
    const began = time.now();
    fleet.call('sweep', {}).then(
      (status) => {
        say(`sweep answers ${status}`);
        if (status === 204) doneAt = Math.max(doneAt, began);
      },
      () => say('sweep does not answer'),
    );
  }

  function tick(): void {
    plan();
    const how = faults.roll('sweep');
    if (how === 'skipped') return;
    if (how === 'late') time.after(MINUTE / 2, sweep);
    else sweep();
    if (how === 'twice') sweep();
  }

  /** At full minutes, or full hours. */
  function plan(): void {
    cancel();
    cancel = time.after(everyMs - (time.now() % everyMs), tick);
  }

  tick();
  return {
    slow() {
      everyMs = 60 * MINUTE;
    },
    usual() {
      everyMs = MINUTE;
      plan();
    },
    get doneAt() {
      return doneAt;
    },
  };
}
