/** What people hear who are told in the place of a receiver that can't be. */

import { act, alert, answers, type Scenario, want } from '../../support/scenario.ts';
import { ONE, receivers } from './pipelines.ts';

const DOWN = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' } as const;
const DENIED = { kind: 'misconfigured', reason: 'receiver-denied', detail: 'HTTP 401' } as const;

export const STAND_INS: readonly Scenario[] = [
  {
    name: 'a receiver that is down has its fallback told after ten minutes, and of each page once',
    pipeline: ONE,
    receivers,
    at: {
      0: [answers('oncall', DOWN), alert({ priority: 'Critical' })],
      20: [act({ kind: 'acknowledge' })],
      30: [alert({ priority: 'Alert' })],
      60: [answers('oncall')],
    },
    wants: [
      want([10, 11], 'leads', 'page', { round: 1, insteadOf: 'oncall' }),
      want([20, 20], 'leads', 'update', { state: 'acknowledged' }),
      want([30, 30], 'leads', 'update', { round: 2, state: 'open' }),
      want([40, 41], 'leads', 'page', { round: 2 }),
      want([60, 71], 'oncall', 'page', { round: 2, severity: 'Alert' }),
    ],
    until: 120,
  },
  {
    name: 'who stands in is kept up to date, and hears how it ends, though the other one is back',
    pipeline: ONE,
    receivers,
    at: {
      0: [answers('oncall', DENIED), alert()],
      2: [answers('oncall')],
      20: [alert({ rule: 'Clear Log Activities' })],
      30: [act({ kind: 'acknowledge' })],
      40: [act({ kind: 'resolve' })],
    },
    wants: [
      want([0, 0], 'leads', 'page', { insteadOf: 'oncall' }),
      want([10, 10], 'oncall', 'page'),
      ...['oncall', 'leads'].flatMap((receiver) => [
        want([20, 20], receiver, 'update', { others: [{ rule: 'Clear Log Activities' }] }),
        want([30, 30], receiver, 'update', { state: 'acknowledged' }),
        want([40, 40], receiver, 'update', { state: 'resolved' }),
      ]),
    ],
    until: 60,
  },
  {
    name: 'who stands in for two is rung for whichever page they have not heard, and nobody stands in for them',
    pipeline: `
route:
  receiver: oncall
  routes: [{ match: [], receiver: oncall, continue: true }, { match: [], receiver: chat }]
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: chat, fallback: leads, webhook: { url: 'https://chat.acme.example/' } }
  - { name: leads, fallback: chief, webhook: { url: 'https://leads.acme.example/' } }
  - { name: chief, webhook: { url: 'https://chief.acme.example/' } }
`,
    receivers,
    at: {
      0: [answers('oncall', DENIED), answers('chat', DENIED), alert({ priority: 'Critical' })],
      5: [answers('oncall')],
      20: [act({ kind: 'acknowledge' })],
      30: [alert({ priority: 'Alert' })],
      31: [answers('leads', DENIED)],
    },
    wants: [
      want([0, 0], 'leads', 'page', { insteadOf: 'oncall' }),
      want([10, 10], 'oncall', 'page'),
      ...['oncall', 'leads'].map((receiver) => want([20, 20], receiver, 'update', { state: 'acknowledged' })),
      want([30, 30], 'oncall', 'page', { round: 2 }),
      want([30, 30], 'leads', 'page', { round: 2, insteadOf: 'chat' }),
    ],
    until: 60,
  },
];
