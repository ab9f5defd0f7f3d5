/** What people hear of one incident from its first alert until it is quiet. */

import { incidentKeyOf, roundKeyOf } from '../../../functions/core/incident/dedup-key.ts';
import { act, alert, type Scenario, want } from '../../support/scenario.ts';
import { CHAT_AND_PAGER, DROPPED, ONE, RECEIVERS, receivers, TIERS } from './pipelines.ts';

const DAY = 24 * 60;
const seldom = (minute: number): number => (minute % 15 === 0 ? 1 : 0);

export const LIFECYCLE: readonly Scenario[] = [
  {
    name: 'one alert pages once, and is quiet a day later',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()] },
    wants: [
      want([0, 0], 'oncall', 'page', { state: 'open', count: 1 }),
      want([DAY, DAY + 15], 'oncall', 'update', { state: 'quiet' }),
    ],
    sweeps: seldom,
    until: DAY + 20,
  },
  {
    name: 'what grows is told at growing intervals, exactly counted',
    pipeline: ONE,
    receivers,
    at: Object.fromEntries(Array.from({ length: 60 }, (_, minute) => [minute, [alert({}, 3)]])),
    wants: [
      want([0, 0], 'oncall', 'page', { count: 3 }),
      want([2, 3], 'oncall', 'update', { count: 9 }),
      want([6, 7], 'oncall', 'update', { count: 21 }),
      want([14, 15], 'oncall', 'update', { count: 45 }),
      want([30, 31], 'oncall', 'update', { count: 93 }),
      want([62, 63], 'oncall', 'update', { count: 180 }),
    ],
    until: 200,
  },
  {
    name: 'a rule that is new to an incident is told by the next sweep, and rings nobody',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()], 1: [alert({ rule: 'Clear Log Activities', priority: 'Warning' })] },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([1, 1], 'oncall', 'update', { others: [{ rule: 'Clear Log Activities' }] }),
    ],
    until: 30,
  },
  {
    name: 'the next tier is told until somebody acknowledges',
    pipeline: TIERS,
    receivers,
    at: { 0: [alert()], 20: [act({ kind: 'acknowledge' })] },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([15, 16], 'leads', 'page', { unheardMs: 15 * 60_000 }),
      want([15, 16], 'oncall', 'update'),
      want([20, 20], 'oncall', 'update', { state: 'acknowledged', by: { who: 'ana' } }),
      want([20, 20], 'leads', 'update', { state: 'acknowledged' }),
    ],
    until: 120,
  },
  {
    name: 'tiers reach the last one where nobody does',
    pipeline: TIERS,
    receivers,
    at: { 0: [alert()] },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([15, 16], 'leads', 'page'),
      want([15, 16], 'oncall', 'update'),
      want([45, 46], 'chief', 'page', { unheardMs: 45 * 60_000 }),
      want([45, 46], 'oncall', 'update'),
      want([45, 46], 'leads', 'update'),
    ],
    until: 120,
  },
  {
    name: 'a sweep that was away for an hour tells every tier that it missed, once',
    pipeline: TIERS,
    receivers,
    at: { 0: [alert()] },
    sweeps: (minute) => (minute > 0 && minute < 60 ? 0 : 2),
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([60, 60], 'leads', 'page'),
      want([60, 60], 'chief', 'page'),
      want([60, 60], 'oncall', 'update'),
    ],
    until: 90,
  },
  {
    name: 'what PagerDuty says late of an earlier round leaves the tiers of this one as they are',
    pipeline: TIERS,
    receivers,
    at: {
      0: [alert({ priority: 'Critical' })],
      5: [act({ kind: 'acknowledge' })],
      10: [alert({ priority: 'Alert' })],
      11: [
        async (stage) => {
          const incident = { dedupKey: roundKeyOf(incidentKeyOf(stage.groupKey, 1), 1) };
          for (const kind of ['acknowledge', 'resolve'] as const)
            await act({ kind, incident, via: 'pagerduty' }, { kind: 'unchanged', reason: 'stale' })(stage);
        },
      ],
    },
    wants: [
      want([0, 0], 'oncall', 'page', { round: 1 }),
      want([5, 5], 'oncall', 'update', { state: 'acknowledged' }),
      want([10, 10], 'oncall', 'page', { round: 2, state: 'open' }),
      want([25, 26], 'leads', 'page', { round: 2 }),
      want([25, 26], 'oncall', 'update', { state: 'open' }),
    ],
    until: 30,
  },
  {
    name: 'an acknowledged incident pages again for a higher severity, and not for more of the same',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert({ priority: 'Critical' })],
      5: [act({ kind: 'acknowledge' })],
      6: [alert({ priority: 'Critical' }, 5)],
      50: [alert({ priority: 'Alert' })],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([5, 5], 'oncall', 'update', { state: 'acknowledged' }),
      want([6, 6], 'oncall', 'update', { state: 'acknowledged', count: 6 }),
      want([50, 50], 'oncall', 'page', { round: 2, severity: 'Alert' }),
    ],
    until: 100,
  },
  {
    name: 'what began as chat pages the pager once it is critical, and the chat again',
    pipeline: CHAT_AND_PAGER,
    receivers,
    at: { 0: [alert({ priority: 'Warning' })], 3: [alert({ rule: DROPPED, priority: 'Critical' })] },
    wants: [
      want([0, 0], 'chat', 'page', { severity: 'Warning' }),
      want([3, 3], 'oncall', 'page', { severity: 'Critical', count: 2 }),
      want([3, 3], 'chat', 'page', { round: 2 }),
    ],
    until: 30,
  },
  {
    name: 'the tiers of a route that is reached later count from its page',
    pipeline: `
route:
  receiver: chat
  routes:
    - match: ['priority=~"Emergency|Alert|Critical"']
      receiver: oncall
      escalate_after: [{ after: 15m, receiver: leads }]
      continue: true
    - { match: [], receiver: chat }
${RECEIVERS}`,
    receivers,
    at: { 0: [alert({ priority: 'Warning' })], 30: [alert({ priority: 'Critical' })] },
    wants: [
      want([0, 0], 'chat', 'page'),
      want([30, 30], 'oncall', 'page'),
      want([30, 30], 'chat', 'page', { round: 2 }),
      want([45, 46], 'leads', 'page'),
      want([45, 46], 'oncall', 'update'),
      want([45, 46], 'chat', 'update'),
    ],
    until: 90,
  },
  {
    name: 'what was resolved opens anew with the next alert',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()], 5: [act({ kind: 'resolve' })], 6: [alert()] },
    wants: [
      want([0, 0], 'oncall', 'page', { generation: 1 }),
      want([5, 5], 'oncall', 'update', { state: 'resolved', by: { who: 'ana' } }),
      want([6, 6], 'oncall', 'page', { generation: 2, count: 1 }),
    ],
    until: 30,
  },
  {
    name: 'quiet is by the last alert, and what comes after it is a new generation that pages',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()], 600: [alert()], [620 + DAY]: [alert()] },
    wants: [
      want([0, 0], 'oncall', 'page', { generation: 1 }),
      want([600, 600], 'oncall', 'update', { count: 2 }),
      want([600 + DAY, 615 + DAY], 'oncall', 'update', { state: 'quiet' }),
      want([620 + DAY, 620 + DAY], 'oncall', 'page', { generation: 2 }),
    ],
    sweeps: seldom,
    until: 630 + DAY,
  },
  {
    name: 'a button of an earlier generation changes nothing and says so',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert()],
      5: [act({ kind: 'resolve' })],
      6: [alert()],
      7: [
        async (stage) => {
          const incident = { groupKey: stage.groupKey, generation: 1 };
          await act({ kind: 'acknowledge', incident }, { kind: 'unchanged', reason: 'stale' })(stage);
        },
      ],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([5, 5], 'oncall', 'update', { state: 'resolved' }),
      want([6, 6], 'oncall', 'page', { generation: 2 }),
    ],
    until: 30,
  },
  {
    name: 'a press that comes twice, and a second person’s, change nothing',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert()],
      1: [
        act({ kind: 'acknowledge', requestId: 'one' }),
        act({ kind: 'acknowledge', requestId: 'one' }, { kind: 'unchanged', reason: 'replayed' }),
        act({ kind: 'acknowledge', by: 'bo' }, { kind: 'unchanged', reason: 'already' }),
      ],
    },
    wants: [want([0, 0], 'oncall', 'page'), want([1, 1], 'oncall', 'update', { by: { who: 'ana' } })],
    until: 30,
  },
];
