/** What the relay itself has to say: silences that buttons made, exceptions, and the digest of the day. */

import { expect } from '@jest/globals';
import { act, alert, answers, type Scenario, type Want, want } from '../../support/scenario.ts';
import { ONE, receivers } from './pipelines.ts';

const HOUR = 60;
const DAY = 24 * HOUR;
const says = (at: readonly [number, number], receiver: string, ...words: string[]): Want =>
  want(at, receiver, 'page', {
    state: 'quiet',
    lead: { output: expect.stringMatching(new RegExp(words.map((each) => `(?=.*${each})`).join(''))) },
  });
const exception = (name: string) => ({
  id: `exceptions.${name}`,
  kind: 'exception' as const,
  owner: 'ana@acme.example',
  reason: 'it reads what it backs up',
});
const exceptions = (...modes: (readonly [name: string, mode: string])[]): string => {
  const each = modes.map(
    ([name, mode]) =>
      `{ name: ${name}, match: ['namespace="${name}"'], mode: ${mode}, owner: ana@acme.example, reason: it reads what it backs up }`,
  );
  return `exceptions: [${each.join(', ')}]`;
};

const BUTTONS: readonly Scenario[] = [
  {
    name: 'a silence by a button is announced when it begins, ends at another time, and ends, once each',
    pipeline: `announce: [chat]\n${ONE}`,
    receivers,
    sweeps: () => 2,
    at: {
      0: [alert()],
      2: [act({ kind: 'mute', forMs: HOUR * 60_000 })],
      10: [alert({}, 2)],
      30: [act({ kind: 'mute', forMs: HOUR * 60_000, by: 'bob' })],
      70: [alert({}, 3)],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', { mute: { who: 'ana' } }),
      says([2, 3], 'chat', 'silence by ana: expected: Shell', 'workload="ledger-api"', 'until 2026-11-23 10:02:05 UTC'),
      want([30, 30], 'oncall', 'update', { mute: { who: 'bob' } }),
      want([30, 31], 'chat', 'page', {
        lead: {
          rule: 'Falco Relay: a silence ends at another time',
          output: expect.stringContaining('until 2026-11-23 10:30:05 UTC'),
        },
      }),
      want([90, 91], 'oncall', 'update', { mute: { n: 5 } }),
      says([90, 91], 'chat', 'silence by bob', 'it ended at 2026-11-23 10:30:05 UTC; 5 alerts told nobody'),
    ],
    until: 120,
  },
  {
    name: 'a silence by a button that somebody ends is announced, however late sweep comes',
    pipeline: `announce: [chat]\n${ONE}`,
    receivers,
    sweeps: (minute) => (minute % 15 === 0 ? 1 : 0),
    at: {
      0: [alert()],
      2: [act({ kind: 'mute', forMs: HOUR * 60_000 })],
      10: [alert()],
      20: [act({ kind: 'unmute', by: 'bob' })],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', { mute: { who: 'ana' } }),
      says([15, 15], 'chat', 'silence by ana', 'until 2026-11-23 10:02:05 UTC'),
      want([20, 20], 'oncall', 'update'),
      want([30, 30], 'oncall', 'update', { mute: { n: 1 } }),
      says(
        [30, 30],
        'chat',
        'silence by ana: ended by bob',
        'it ended at 2026-11-23 09:20:05 UTC; 1 alert told nobody',
      ),
    ],
    until: 100,
  },
  {
    name: 'whoever is shown the incident reads there that it is muted, and hears it no second time',
    pipeline: `announce: [oncall, chat]\n${ONE}`,
    receivers,
    at: { 0: [alert()], 2: [act({ kind: 'mute', forMs: 600_000 })] },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', { mute: { who: 'ana' } }),
      says([2, 3], 'chat', 'silence by ana'),
      want([12, 13], 'oncall', 'update', { mute: { n: 0 } }),
      says([12, 13], 'chat', 'it ended at 2026-11-23 09:12:05 UTC; 0 alerts told nobody'),
    ],
    until: 30,
  },
];

const EXCEPTIONS: readonly Scenario[] = [
  {
    name: 'an exception that mutes is told on the next day, and again when there is more',
    pipeline: `${exceptions(['backup', 'mute'])}\nannounce: [chat]\ndigest: off\n${ONE}`,
    receivers,
    sweeps: (minute) => (minute % 15 === 0 ? 2 : 0),
    at: {
      10: [alert({ muted: exception('backup') }, 3)],
      [DAY]: [alert({ muted: exception('backup') })],
    },
    wants: [
      says([15 * HOUR, 15 * HOUR + 15], 'chat', 'Exception backup muted 3 alerts since the last report'),
      says([39 * HOUR, 39 * HOUR + 15], 'chat', 'Exception backup muted 1 alert since the last report'),
    ],
    until: 3 * DAY,
  },
  {
    name: 'an exception that matched nothing for 30 days is told once in as many',
    pipeline: `${exceptions(['backup', 'mute'], ['reports', 'shadow'])}\nannounce: [chat]\ndigest: off\n${ONE}`,
    receivers,
    sweeps: (minute) => (minute % (6 * HOUR) === 0 ? 2 : 0),
    at: { [20 * DAY]: [alert({ muted: exception('backup') })] },
    wants: [
      says([20 * DAY, 21 * DAY], 'chat', 'Exception backup muted 1 alert'),
      says([30 * DAY, 30 * DAY + 6 * HOUR], 'chat', 'Exception reports matched nothing for 30 days'),
      says([50 * DAY, 50 * DAY + 6 * HOUR], 'chat', 'Exception backup matched nothing for 30 days'),
    ],
    until: 55 * DAY,
  },
];

const at = (time: string): string => `announce: [chat]\ndigest: { at: '${time}', zone: Europe/Berlin }`;
/** 11:00 in Berlin. */
const FIRST = HOUR;

const DIGESTS: readonly Scenario[] = [
  {
    name: 'the digest says once what is open, what was muted and what will end',
    pipeline: `
silences: [{ match: ['namespace="sandbox"'], until: 2026-11-24T08:00:00Z, owner: ana@acme.example, reason: drill }]
${exceptions(['backup', 'mute'], ['reports', 'shadow'])}
${at('11:00')}
${ONE}`,
    receivers,
    sweeps: (minute) => (minute < 90 ? 2 : minute % HOUR === 0 ? 1 : 0),
    at: {
      5: [alert({}, 2), alert({ muted: exception('backup') }, 3)],
      6: [alert({ shadows: [exception('reports')], where: { namespace: 'shop', pod: 'cart-1' } })],
    },
    wants: [
      says([0, 1], 'chat', 'silence by ana@acme.example: drill. Until 2026-11-24 08:00:00 UTC'),
      want([5, 5], 'oncall', 'page'),
      want([6, 6], 'oncall', 'page'),
      want([7, 8], 'oncall', 'update'),
      want([FIRST, FIRST], 'chat', 'page', {
        lead: { rule: 'Falco Relay: the daily digest', priority: 'Informational' },
        report: [
          { text: '2 incidents open and unacknowledged, 3 alerts muted.' },
          { text: 'Open and unacknowledged: 2, 2 Critical' },
          {
            text: '1. Critical: Shell in payments/ledger-api; 2 alerts, open for 55 min',
            link: { name: '1', url: expect.stringContaining('https://console.cloud.google.com/') },
          },
          { text: expect.stringMatching(/^2\. Critical: Shell in shop/) },
          { text: 'Muted since the last digest: 3; exception backup: 3' },
          { text: 'Would have been muted, by exceptions in shadow mode: 1; exception reports: 1' },
          { text: 'Silences that end within a day: silence by ana@acme.example: drill, 2026-11-24 08:00 UTC' },
        ],
      }),
      says([DAY - HOUR, DAY - HOUR], 'chat', 'It ended at 2026-11-24 08:00:00 UTC'),
      want([DAY + HOUR, DAY + HOUR], 'oncall', 'update', { state: 'quiet' }),
      want([DAY + HOUR, DAY + HOUR], 'oncall', 'update', { state: 'quiet' }),
      // What was muted was told yesterday.
      want([DAY + FIRST, DAY + FIRST], 'chat', 'page', {
        lead: {
          rule: 'Falco Relay: the daily digest',
          output: expect.not.stringMatching(/Muted since|Would have been/),
        },
      }),
    ],
    until: DAY + 2 * HOUR,
  },
  {
    name: 'the digest of days on which no sweep came is one, and comes late; a day without anything is a line',
    pipeline: `${at('11:00')}\n${ONE}`,
    receivers,
    // The first sweep of all tells nothing of a day that it did not see.
    sweeps: (minute) => (minute < 2 || (minute > 2 * DAY + 3 * HOUR && minute % HOUR === 0) ? 2 : 0),
    at: {},
    wants: [
      says([2 * DAY + 4 * HOUR, 2 * DAY + 4 * HOUR], 'chat', 'Nothing is open, nothing was muted, nobody is silent'),
      says([3 * DAY + FIRST, 3 * DAY + FIRST], 'chat', 'Nothing is open'),
    ],
    until: 4 * DAY,
  },
  {
    name: 'the digest says once what a silence that goes on muted, and a day before that it ends',
    pipeline: `
silences: [{ match: ['namespace="payments"'], until: 2026-11-26T09:00:00Z, owner: ana@acme.example, reason: drill }]
escalate: { match: ['priority!="Debug"'] }
${at('11:00')}
${ONE}`,
    receivers,
    sweeps: (minute) => (minute % HOUR === 0 ? 2 : 0),
    at: {
      10: [
        async (stage) => {
          await stage.world.ingest();
          await stage.world.deliver('escalations', 'escalate');
        },
      ],
    },
    wants: [
      says([0, 0], 'chat', 'Until 2026-11-26 09:00:00 UTC'),
      says(
        [FIRST, FIRST],
        'chat',
        '1 alert muted',
        'Muted since the last digest: 1; silence by ana@acme.example: drill: 1',
      ),
      says([DAY + FIRST, DAY + FIRST], 'chat', 'Nothing is open, nothing was muted, nobody is silent.$'),
      says(
        [2 * DAY + FIRST, 2 * DAY + FIRST],
        'chat',
        'nothing was muted',
        'end within a day: silence by ana@acme.example',
      ),
      says([3 * DAY, 3 * DAY], 'chat', '1 alert told nobody'),
    ],
    until: 3 * DAY + 30,
  },
  {
    name: 'the digest names what is acknowledged and goes on, and who can not be told',
    pipeline: `${at('11:00')}\n${ONE}`,
    receivers,
    at: {
      0: [alert()],
      10: [act({ kind: 'acknowledge' })],
      20: [alert()],
      30: [
        answers('oncall', { kind: 'retry', reason: 'receiver-unavailable', detail: 'HTTP 503' }),
        answers('leads', { kind: 'retry', reason: 'receiver-unavailable', detail: 'HTTP 503' }),
        alert({ where: { namespace: 'shop', pod: 'cart-1' } }),
      ],
    },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([10, 10], 'oncall', 'update', { state: 'acknowledged' }),
      want([20, 22], 'oncall', 'update', { count: 2 }),
      says(
        [FIRST, FIRST],
        'chat',
        '1 incident open and unacknowledged, 1 acknowledged and growing, 2 receivers not told',
        '1. Critical: Shell in shop/cart-1; 1 alert, open for 30 min',
        'Acknowledged, and alerts still come: 1, 1 Critical',
        'Receivers that can.t be told: .*oncall, 1 page since 2026-11-23 09:30 UTC',
      ),
    ],
    until: 80,
  },
];

export const ANNOUNCEMENTS: readonly Scenario[] = [...BUTTONS, ...EXCEPTIONS, ...DIGESTS];
