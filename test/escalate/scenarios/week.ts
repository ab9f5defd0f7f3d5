/** A week: a shell that goes on for a day, a night on which nobody wakes up, a storm, and a silence. */

import { expect } from '@jest/globals';
import { act, alert, alertsOf, type Scenario, type Want, want } from '../../support/scenario.ts';
import { receivers, TIERS } from './pipelines.ts';

const HOUR = 60;
const DAY = 24 * HOUR;
/** Sweep comes every quarter of an hour, which is late for all that it does. */
const LATE = 15;

/** Nobody acknowledges what `like` tells apart, that pages at `minute`: both tiers, who was told before kept up to date. */
function unheard(minute: number, quiet: number, like: object): Want[] {
  const told = (from: number, ...pairs: [string, Want['type']][]): Want[] =>
    pairs.map(([receiver, type]) => want([from, from + LATE], receiver, type, like));
  return [
    ...told(minute, ['oncall', 'page']),
    ...told(minute + 15, ['leads', 'page'], ['oncall', 'update']),
    ...told(minute + 45, ['chief', 'page'], ['oncall', 'update'], ['leads', 'update']),
    ...told(quiet, ['oncall', 'update'], ['leads', 'update'], ['chief', 'update']),
  ];
}

const [NIGHT, STORM, SILENCE] = [2 * DAY, 4 * DAY, 6 * DAY];
const WORKLOADS = Array.from({ length: 15 }, (_, index) => `workload-${index + 1}`);

export const WEEK: Scenario = {
  name: 'a week',
  pipeline: `
silences:
  - { match: ['namespace="payments"'], from: 2026-11-29T09:00:05Z, until: 2026-11-29T10:00:05Z, owner: ana@acme.example, reason: drill }
announce: [chat]
escalate: { match: ['priority!="Debug"'] }
${TIERS}`,
  receivers,
  sweeps: (minute) => (minute % LATE === 0 ? 1 : 0),
  at: {
    0: [alert()],
    10: [act({ kind: 'acknowledge' })],
    ...Object.fromEntries(Array.from({ length: 10 }, (_, hour) => [(hour + 1) * HOUR, [alert()]])),
    [NIGHT]: [alert()],
    [STORM]: [alertsOf(WORKLOADS)],
    [SILENCE + 10]: [
      async (stage) => {
        await stage.world.ingest();
        await stage.world.deliver('escalations', 'escalate');
      },
    ],
  },
  wants: [
    want([0, 0], 'oncall', 'page', { generation: 1 }),
    want([10, 10], 'oncall', 'update', { state: 'acknowledged' }),
    ...Array.from({ length: 10 }, (_, hour) =>
      want([(hour + 1) * HOUR, (hour + 1) * HOUR + LATE], 'oncall', 'update', { count: hour + 2 }),
    ),
    want([10 * HOUR + DAY, 10 * HOUR + DAY + LATE], 'oncall', 'update', { state: 'quiet' }),
    ...unheard(NIGHT, NIGHT + DAY, { generation: 2, group: { workload: 'ledger-api' } }),
    ...WORKLOADS.slice(0, 10).flatMap((workload) => unheard(STORM, STORM + DAY, { group: { workload } })),
    ...unheard(STORM, STORM + HOUR, { storm: { size: 5 } }),
    // At 08:00 UTC, which is an hour before the week began.
    ...[
      '1 acknowledged and growing',
      'Nothing is open',
      '1 incident open and unacknowledged',
      'Nothing is open',
      '10 incidents open and unacknowledged',
      'Nothing is open',
      'Nothing is open',
    ].map((text, day) =>
      want([(day + 1) * DAY - HOUR, (day + 1) * DAY - HOUR + LATE], 'chat', 'page', {
        lead: { rule: 'Falco Relay: the daily digest', output: expect.stringContaining(text) },
      }),
    ),
    want([SILENCE, SILENCE + LATE], 'chat', 'page', { lead: { rule: 'Falco Relay: a silence begins' } }),
    want([SILENCE + HOUR, SILENCE + HOUR + LATE], 'chat', 'page', {
      lead: { output: expect.stringContaining('1 alert told nobody') },
    }),
  ],
  until: 7 * DAY,
};
