/** What people hear when an incident rings again: whom that rings, who only hears of it, and whose word counts. */

import { act, alert, type Scenario, want } from '../../support/scenario.ts';
import { DROPPED, ONE, RECEIVERS, ROUTED_FURTHER, receivers, TIERS } from './pipelines.ts';

export const ROUNDS: readonly Scenario[] = [
  {
    name: 'an acknowledged incident pages again for a new critical rule, and its tiers begin anew',
    pipeline: TIERS,
    receivers,
    at: {
      0: [alert({ priority: 'Critical' })],
      20: [act({ kind: 'acknowledge' })],
      30: [alert({ priority: 'Critical' }), alert({ rule: DROPPED, priority: 'Critical' })],
      32: [alert({ rule: DROPPED, priority: 'Critical' })],
    },
    wants: [
      want([0, 0], 'oncall', 'page', { round: 1 }),
      want([15, 15], 'leads', 'page', { round: 1 }),
      want([15, 15], 'oncall', 'update'),
      want([20, 20], 'oncall', 'update', { state: 'acknowledged' }),
      want([20, 20], 'leads', 'update', { state: 'acknowledged' }),
      want([30, 30], 'oncall', 'page', { round: 2, state: 'open', count: 3 }),
      want([30, 30], 'leads', 'page', { round: 2 }),
      want([32, 33], 'oncall', 'update', { count: 4 }),
      want([32, 33], 'leads', 'update', { count: 4 }),
      want([45, 46], 'leads', 'page', { round: 2, unheardMs: 15 * 60_000 }),
      want([45, 46], 'oncall', 'update'),
    ],
    until: 60,
  },
  {
    name: '"Page on-call" rings who was not told, and rings anew who was',
    pipeline: `route: { receiver: chat }${RECEIVERS}`,
    receivers,
    at: { 0: [alert()], 5: [act({ kind: 'page' })], 6: [act({ kind: 'acknowledge' })], 8: [act({ kind: 'page' })] },
    wants: [
      want([0, 0], 'chat', 'page'),
      want([5, 5], 'oncall', 'page', { calledBy: 'ana' }),
      want([5, 5], 'chat', 'update'),
      want([6, 6], 'chat', 'update', { state: 'acknowledged' }),
      want([6, 6], 'oncall', 'update', { state: 'acknowledged' }),
      want([8, 8], 'oncall', 'page', { round: 2, state: 'open' }),
      want([8, 8], 'chat', 'update'),
    ],
    until: 30,
  },
  {
    name: '"Page on-call" of who was not told opens again what was acknowledged, and its tiers run from there',
    pipeline: `route: { receiver: chat, escalate_after: [{ after: 15m, receiver: leads }] }${RECEIVERS}`,
    receivers,
    at: { 0: [alert()], 1: [act({ kind: 'acknowledge' })], 5: [act({ kind: 'page' })] },
    wants: [
      want([0, 0], 'chat', 'page'),
      want([1, 1], 'chat', 'update', { state: 'acknowledged' }),
      want([5, 5], 'oncall', 'page', { calledBy: 'ana', round: 2, state: 'open' }),
      want([5, 5], 'chat', 'update', { unrung: true, rang: { receivers: ['oncall'], askedBy: 'ana' }, state: 'open' }),
      want([20, 21], 'leads', 'page', { unheardMs: 15 * 60_000 }),
      want([20, 21], 'chat', 'update'),
      want([20, 21], 'oncall', 'update'),
    ],
    until: 60,
  },
  {
    name: 'an alert that is routed further opens again what was acknowledged: who had not been told rings, the others hear',
    pipeline: ROUTED_FURTHER,
    receivers,
    at: {
      0: [alert({ priority: 'Warning' })],
      1: [act({ kind: 'acknowledge' })],
      5: [alert({ rule: DROPPED, priority: 'Warning' })],
      10: [act({ kind: 'acknowledge', by: 'bo' })],
      11: [alert({ rule: DROPPED, priority: 'Warning' })],
    },
    wants: [
      want([0, 0], 'chat', 'page'),
      want([1, 1], 'chat', 'update', { state: 'acknowledged', by: { who: 'ana' } }),
      want([5, 5], 'oncall', 'page', { round: 2, state: 'open', count: 2 }),
      want([5, 5], 'chat', 'update', { round: 2, state: 'open', unrung: true, rang: { receivers: ['oncall'] } }),
      ...['chat', 'oncall'].flatMap((receiver) => [
        want([10, 10], receiver, 'update', { state: 'acknowledged', by: { who: 'bo' } }),
        want([11, 12], receiver, 'update', { state: 'acknowledged', count: 3 }),
      ]),
    ],
    until: 60,
  },
  {
    name: 'a new critical rule rings on what was acknowledged, however many rules came before, and the same one once',
    pipeline: ONE,
    receivers,
    at: {
      0: Array.from({ length: 25 }, (_, index) =>
        alert({ rule: `rule ${index}`, priority: index === 0 ? 'Critical' : 'Error' }),
      ),
      1: [act({ kind: 'acknowledge' })],
      5: [alert({ rule: DROPPED, priority: 'Critical' })],
      10: [act({ kind: 'acknowledge' })],
      15: [alert({ rule: DROPPED, priority: 'Critical' }), alert({ rule: 'rule 24', priority: 'Critical' })],
    },
    wants: [
      want([0, 0], 'oncall', 'page', { severity: 'Critical' }),
      want([0, 1], 'oncall', 'update', { count: 25 }),
      want([1, 1], 'oncall', 'update', { state: 'acknowledged' }),
      want([5, 5], 'oncall', 'page', { round: 2, count: 26 }),
      want([10, 10], 'oncall', 'update', { state: 'acknowledged' }),
      want([15, 17], 'oncall', 'update', { state: 'acknowledged', count: 28 }),
    ],
    until: 60,
  },
];
