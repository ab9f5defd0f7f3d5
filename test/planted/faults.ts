/** All faults that are planted. */

import { DELIVERY_FAULTS } from './deliveries.ts';
import { EVENT_FAULTS } from './events.ts';
import type { Fault } from './fault.ts';
import { GROUP_FAULTS } from './groups.ts';
import { INCIDENT_FAULTS } from './incidents.ts';
import { STORE_FAULTS } from './stores.ts';
import { WATCH_FAULTS } from './watch.ts';

export const FAULTS: readonly Fault[] = [
  ...EVENT_FAULTS,
  ...GROUP_FAULTS,
  ...INCIDENT_FAULTS,
  ...DELIVERY_FAULTS,
  ...WATCH_FAULTS,
  ...STORE_FAULTS,
];

/** Whether it needs real programs to be noticed. */
export const needsPrograms = ({ suites }: Fault): boolean => suites.every((suite) => suite.startsWith('test/stack/'));
