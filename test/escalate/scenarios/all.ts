/** What people hear of incidents, in scenarios that every store must play alike. */

import { describe, test } from '@jest/globals';
import type { Store } from '../../../functions/core/ports.ts';
import { play } from '../../support/scenario.ts';
import type { fakeAfter } from '../../support/time.ts';
import { ANNOUNCEMENTS } from './announcements.ts';
import { LIFECYCLE } from './lifecycle.ts';
import { ROUNDS } from './rounds.ts';
import { SILENT_NODES } from './silent.ts';
import { STAND_INS } from './stand-ins.ts';
import { SILENCES, STORMS } from './storms.ts';
import { WEEK } from './week.ts';
import { WHO } from './who.ts';

export function incidentScenarios(name: string, open: (time: ReturnType<typeof fakeAfter>) => Promise<Store>): void {
  describe(`incidents on ${name}`, () => {
    const scenarios = [
      ...LIFECYCLE,
      ...ROUNDS,
      ...STAND_INS,
      ...STORMS,
      ...SILENCES,
      ...ANNOUNCEMENTS,
      ...WHO,
      ...SILENT_NODES,
      WEEK,
    ];
    test.each(scenarios.map((scenario) => [scenario.name, scenario] as const))('%s', async (_, scenario) => {
      await play(scenario, open);
    });
  });
}
