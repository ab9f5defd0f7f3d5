/** What people hear while many incidents open at once, and while something is muted. */

import { expect } from '@jest/globals';
import type { IncidentObservation } from '../../../functions/core/observe.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';
import { act, alert, alertsOf, type Doing, type Scenario, want } from '../../support/scenario.ts';
import { CHAT_AND_PAGER, DROPPED, ONE, ROUTED_FURTHER, receivers } from './pipelines.ts';

const workloads = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `workload-${from + index}`);

const ESCAPE = 'Detect release_agent File Container Escapes';

/** A press on the first generation of the incident that was last seen to be so. */
const onIncident =
  (isIt: (seen: IncidentObservation) => boolean, ...[action, expected]: Parameters<typeof act>): Doing =>
  async (stage) => {
    const its = stage.world.observations.filter((each) => each.kind === 'incident').findLast(isIt);
    if (!its) throw new Error('no such incident');
    await act({ ...action, incident: { groupKey: its.groupKey, generation: 1 } }, expected)(stage);
  };
const onStorm = (...pressed: Parameters<typeof act>): Doing =>
  onIncident(({ storm }) => storm !== undefined, ...pressed);
const onWorkload = (workload: string, ...pressed: Parameters<typeof act>): Doing =>
  onIncident(({ groupKey }) => groupKey.includes(`workload="${workload}"`), ...pressed);

/** One alert of a workload, as often as Pub/Sub delivers it. */
const redelivered =
  (workload: string, changes: Partial<typeof SHELL>, times: number): Doing =>
  async ({ world: w }) => {
    const same = alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: workload }, ...changes });
    for (let index = 0; index < times; index += 1) expect((await w.escalate(same)).status).toBe(204);
  };

/** What ten of twelve workloads and the storm of the other two say, to the chat. */
const TWELVE_IN_CHAT = [
  ...workloads(1, 10).map((workload) => want([0, 0], 'chat', 'page', { group: { workload } })),
  want([0, 0], 'chat', 'page', { storm: { size: 2 }, severity: 'Warning' }),
  want([2, 3], 'chat', 'update', { storm: { size: 2 } }),
];

export const STORMS: readonly Scenario[] = [
  {
    name: 'a storm: ten incidents page, the others are one that lists them, and an Emergency pierces it',
    pipeline: ONE,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 40))],
      3: [alertsOf(['escapee'], { priority: 'Emergency', rule: 'Detect release_agent File Container Escapes' })],
      4: [alertsOf(['workload-40'], { priority: 'Emergency', rule: 'Detect release_agent File Container Escapes' })],
    },
    wants: [
      ...workloads(1, 10).map((workload) => want([0, 0], 'oncall', 'page', { group: { workload } })),
      want([0, 0], 'oncall', 'page', { storm: { size: 30 } }),
      want([2, 3], 'oncall', 'update', { storm: { size: 30, traits: { user: { root: 30 } } } }),
      want([3, 3], 'oncall', 'page', { group: { workload: 'escapee' }, severity: 'Emergency' }),
      want([4, 4], 'oncall', 'page', { group: { workload: 'workload-40' }, severity: 'Emergency', count: 2 }),
      want([60, 65], 'oncall', 'update', { storm: { size: 30 }, state: 'quiet' }),
    ],
    until: 100,
  },
  {
    name: 'an Emergency rings once more whom a button rang for what a storm holds',
    pipeline: ONE,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 12))],
      3: [onWorkload('workload-12', { kind: 'page' })],
      4: [alertsOf(['workload-12'], { priority: 'Emergency', rule: ESCAPE })],
    },
    wants: [
      ...workloads(1, 10).map((workload) => want([0, 0], 'oncall', 'page', { group: { workload } })),
      want([0, 0], 'oncall', 'page', { storm: { size: 2 } }),
      want([2, 3], 'oncall', 'update', { storm: { size: 2 } }),
      want([3, 3], 'oncall', 'page', { messageId: expect.stringMatching(/"workload-12".*\/1$/), count: 1 }),
      want([4, 4], 'oncall', 'page', {
        messageId: expect.stringMatching(/"workload-12".*\/2$/),
        severity: 'Emergency',
      }),
    ],
    until: 5,
  },
  {
    name: 'a storm that somebody acknowledged pages again when it has doubled',
    pipeline: ONE,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 12))],
      3: [onStorm({ kind: 'acknowledge' })],
      6: [alertsOf(['workload-13'])],
      7: [alertsOf(['workload-14'])],
    },
    wants: [
      ...workloads(1, 10).map((workload) => want([0, 0], 'oncall', 'page', { group: { workload } })),
      want([0, 0], 'oncall', 'page', { storm: { size: 2 } }),
      want([2, 2], 'oncall', 'update', { storm: { size: 2 } }),
      want([3, 3], 'oncall', 'update', { state: 'acknowledged' }),
      want([6, 6], 'oncall', 'update', { storm: { size: 3 }, state: 'acknowledged' }),
      want([7, 7], 'oncall', 'page', { storm: { size: 4 }, round: 2, state: 'open' }),
    ],
    until: 50,
  },
  {
    name: 'what a storm holds and gets worse rings by the storm, once, and more of the same is silent',
    pipeline: CHAT_AND_PAGER,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 12), { priority: 'Warning' })],
      5: [redelivered('workload-12', { rule: ESCAPE, priority: 'Critical' }, 3)],
      9: [alertsOf(['workload-12'], { rule: ESCAPE, priority: 'Critical' })],
      10: [onStorm({ kind: 'acknowledge' })],
      12: [alertsOf(['workload-11', 'workload-12'], { rule: ESCAPE, priority: 'Critical' })],
      30: [alertsOf(['workload-12'], { rule: DROPPED, priority: 'Critical' })],
    },
    wants: [
      ...TWELVE_IN_CHAT,
      ...['chat', 'oncall'].flatMap((receiver) => [
        want([5, 5], receiver, 'page', {
          storm: {
            size: 2,
            members: [
              { place: 'payments/workload-11', priority: 'Warning' },
              { place: 'payments/workload-12', priority: 'Critical' },
            ],
            traits: { user: { root: 2 } },
          },
          severity: 'Critical',
          lead: { rule: ESCAPE },
          count: 3,
          round: 2,
        }),
        want([10, 10], receiver, 'update', { state: 'acknowledged', count: 3 }),
        // That the other one escaped as well is news, and not another kind of news.
        want([12, 13], receiver, 'update', { state: 'acknowledged', count: 4, storm: { size: 2 } }),
        want([30, 30], receiver, 'page', { state: 'open', round: 3, count: 5 }),
      ]),
    ],
    until: 80,
  },
  {
    name: 'what a storm holds and is routed further rings whom the storm had not told, and opens it again',
    pipeline: ROUTED_FURTHER,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 12), { priority: 'Warning' })],
      5: [onStorm({ kind: 'acknowledge' })],
      10: [redelivered('workload-12', { rule: DROPPED, priority: 'Notice' }, 2)],
    },
    wants: [
      ...TWELVE_IN_CHAT,
      want([5, 5], 'chat', 'update', { state: 'acknowledged' }),
      want([10, 10], 'oncall', 'page', { round: 2, state: 'open', storm: { size: 2 }, count: 3 }),
      want([10, 10], 'chat', 'update', { round: 2, state: 'open', unrung: true }),
      want([25, 26], 'leads', 'page', { unheardMs: 15 * 60_000 }),
      want([25, 26], 'chat', 'update'),
      want([25, 26], 'oncall', 'update'),
    ],
    until: 60,
  },
  {
    name: 'a storm is not muted, and says so',
    pipeline: ONE,
    receivers,
    at: {
      0: [alertsOf(workloads(1, 11))],
      5: [
        onStorm(
          { kind: 'mute' },
          { kind: 'unchanged', reason: 'impossible', text: expect.stringContaining("can't") as never },
        ),
      ],
      6: [alertsOf(['workload-12'])],
    },
    wants: [
      ...workloads(1, 10).map((workload) => want([0, 0], 'oncall', 'page', { group: { workload } })),
      want([0, 0], 'oncall', 'page', { storm: { size: 1 } }),
      want([6, 8], 'oncall', 'update', { storm: { size: 2 }, state: 'open' }),
    ],
    until: 50,
  },
  {
    name: 'what a storm held opens on its own once the storm is over',
    pipeline: ONE,
    receivers,
    at: { 0: [alertsOf(workloads(1, 11))], 90: [alertsOf(['workload-11'])] },
    wants: [
      ...workloads(1, 10).map((workload) => want([0, 0], 'oncall', 'page', { group: { workload } })),
      want([0, 0], 'oncall', 'page', { storm: { size: 1 } }),
      want([60, 61], 'oncall', 'update', { state: 'quiet', storm: { size: 1 } }),
      want([90, 90], 'oncall', 'page', { group: { workload: 'workload-11' }, generation: 2 }),
    ],
    until: 100,
  },
];

export const SILENCES: readonly Scenario[] = [
  {
    name: 'a muted group tells nobody for an hour, an Emergency does, and the end says how many were kept quiet',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert()],
      2: [act({ kind: 'mute', forMs: 3_600_000 })],
      10: [alert({}, 4)],
      20: [alert({ rule: 'Detect release_agent File Container Escapes', priority: 'Emergency' })],
      70: [alert()],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', { state: 'acknowledged', mute: { who: 'ana' } }),
      want([20, 20], 'oncall', 'page', { severity: 'Emergency', count: 2, round: 2 }),
      want([62, 63], 'oncall', 'update', { mute: { n: 4 } }),
      want([70, 71], 'oncall', 'update', { count: 3 }),
    ],
    until: 100,
  },
  {
    name: 'what somebody resolves is no longer muted: the next alert is a new incident, and pages',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert()],
      2: [act({ kind: 'mute', forMs: 3_600_000 })],
      3: [alert()],
      4: [act({ kind: 'resolve' }, { kind: 'done', text: expect.stringContaining('no longer muted') as never })],
      6: [alert()],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', { state: 'acknowledged', mute: { who: 'ana' } }),
      want([4, 4], 'oncall', 'update', { state: 'resolved' }),
      want([4, 5], 'oncall', 'update', { state: 'resolved', mute: { n: 1 } }),
      want([6, 6], 'oncall', 'page', { generation: 2 }),
    ],
    until: 80,
  },
  {
    name: 'an exception in shadow mode mutes nothing, and says on the next day what it would have',
    pipeline: `
exceptions: [{ name: backup, match: ['namespace="payments"'], owner: ana@acme.example, reason: it reads what it backs up }]
announce: [chat]
digest: off
${ONE}`,
    receivers,
    at: {
      0: [
        alert({ shadows: [{ id: 'exceptions.backup', kind: 'exception', owner: 'ana@acme.example', reason: 'x' }] }, 3),
      ],
    },
    sweeps: (minute) => (minute % 15 === 0 ? 2 : 0),
    wants: [
      want([0, 0], 'oncall', 'page', { lead: { shadows: [{ id: 'exceptions.backup' }] } }),
      want([15, 15], 'oncall', 'update'),
      // From nine in the morning until midnight.
      want([15 * 60, 15 * 60 + 15], 'chat', 'page', {
        lead: { output: expect.stringContaining('would have muted 3 alerts') },
      }),
    ],
    until: 20 * 60,
  },
  {
    name: 'a silence of pipeline.yaml is told when it begins and when it ends, once',
    pipeline: `
silences: [{ match: ['namespace="sandbox"'], from: 2026-11-23T09:05:05Z, until: 2026-11-23T10:00:05Z, owner: ana@acme.example, reason: red-team week }]
announce: [chat]
${ONE}`,
    receivers,
    at: {},
    sweeps: () => 2,
    wants: [
      want([5, 6], 'chat', 'page', {
        lead: { rule: 'Falco Relay: a silence begins', source: 'relay' },
        state: 'quiet',
      }),
      want([60, 61], 'chat', 'page', { lead: { rule: 'Falco Relay: a silence ended' } }),
    ],
    until: 120,
  },
];
