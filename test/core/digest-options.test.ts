/** When a digest is due: by the clocks of its zone, once a day, whatever these do. */

import { describe, expect, test } from '@jest/globals';
import { parsePipeline } from '../../functions/config.ts';
import { type DigestTime, dueDay } from '../../functions/core/digest-options.ts';
import { digestTime } from '../../functions/roles.ts';

const BERLIN = 'Europe/Berlin';

test.each<[name: string, DigestTime, now: string, day: string]>([
  ['in winter before', { at: '08:00', zone: BERLIN }, '2026-11-24T06:59:59Z', '2026-11-23'],
  ['in winter', { at: '08:00', zone: BERLIN }, '2026-11-24T07:00:00Z', '2026-11-24'],
  ['in summer before', { at: '08:00', zone: BERLIN }, '2026-07-24T05:59:59Z', '2026-07-23'],
  ['in summer', { at: '08:00', zone: BERLIN }, '2026-07-24T06:00:00Z', '2026-07-24'],
  ['at midnight before', { at: '00:00', zone: BERLIN }, '2026-12-31T22:59:59Z', '2026-12-31'],
  ['at midnight', { at: '00:00', zone: BERLIN }, '2026-12-31T23:00:00Z', '2027-01-01'],
  ['a day ahead of UTC', { at: '08:00', zone: 'Pacific/Auckland' }, '2026-11-23T19:00:00Z', '2026-11-24'],
  ['a day behind UTC', { at: '20:00', zone: 'America/Los_Angeles' }, '2026-11-24T03:59:00Z', '2026-11-22'],
  // On 2026-03-29 clocks went from 02:00 to 03:00.
  ['before an hour that is left out', { at: '02:30', zone: BERLIN }, '2026-03-29T00:59:59Z', '2026-03-28'],
  ['after it', { at: '02:30', zone: BERLIN }, '2026-03-29T01:00:00Z', '2026-03-29'],
  // On 2026-10-25 they went from 03:00 back to 02:00.
  ['in the first of two equal hours', { at: '02:30', zone: BERLIN }, '2026-10-25T00:30:00Z', '2026-10-25'],
  [
    'in the second, before it, which is an earlier day',
    { at: '02:30', zone: BERLIN },
    '2026-10-25T01:10:00Z',
    '2026-10-24',
  ],
  ['in the second', { at: '02:30', zone: BERLIN }, '2026-10-25T01:30:00Z', '2026-10-25'],
])('%s', (_, time, now, day) => {
  expect(dueDay(time, Date.parse(now))).toBe(day);
});

test.each([
  [BERLIN, '2026-03-27'],
  [BERLIN, '2026-10-23'],
  ['America/New_York', '2026-03-06'],
  ['America/New_York', '2026-10-30'],
  ['Australia/Lord_Howe', '2026-04-03'],
  ['Australia/Lord_Howe', '2026-10-02'],
])(
  'in %s each of four days from %s is due once, though clocks are changed, whatever the minute of the sweep',
  (zone, day) => {
    const time = { at: '02:15', zone };
    const from = Date.parse(`${day}T20:00:00Z`);
    let last = dueDay(time, from);
    let told = 0;
    for (let tenth = 1; tenth <= 4 * 144; tenth += 1) {
      const due = dueDay(time, from + tenth * 600_000);
      if (due > last) {
        told += 1;
        last = due;
      }
    }
    expect(told).toBe(4);
  },
);

const CHAT = `
route: { receiver: chat }
receivers: [{ name: chat, slack: { channel: C0123456, token: { env: SLACK } } }]
`;
const HOOK = `
route: { receiver: hook }
receivers: [{ name: hook, webhook: { url: 'https://hook.acme.example/' } }]
`;

function parsed(text: string) {
  const problems: string[] = [];
  return { pipeline: parsePipeline(text, problems), problems };
}

describe('pipeline.yaml', () => {
  test.each([
    ['names who hears announcements', `announce: [hook]${HOOK}`, { at: '08:00', zone: 'UTC' }],
    ['names nobody', `announce: []${HOOK}`, undefined],
    ['says nothing: a chat of incidents did not ask for it', CHAT, undefined],
    ['says when', `digest: { at: 07:30, zone: ${BERLIN} }${CHAT}`, { at: '07:30', zone: BERLIN }],
    ['says where alone', `digest: { zone: ${BERLIN} }${CHAT}`, { at: '08:00', zone: BERLIN }],
    ['says off', `announce: [hook]\ndigest: off${HOOK}`, undefined],
  ])('%s', (_, text, time) => {
    const { pipeline, problems } = parsed(text);
    expect(problems).toEqual([]);
    expect(digestTime({ config: { pipeline } } as Parameters<typeof digestTime>[0])).toEqual(time);
  });

  test.each([
    ['a time that is none', "{ at: '24:00' }", 'pipeline.digest.at: a time of day such as 08:00'],
    ['a zone that is none', '{ zone: Berlin }', 'pipeline.digest.zone: a zone of the IANA list such as Europe/Berlin'],
    ['another word', 'daily', 'pipeline.digest: write off, or when: { at: "08:00", zone: Europe/Berlin }'],
    ['a number', '{ at: 8 }', 'pipeline.digest: write off, or when: { at: "08:00", zone: Europe/Berlin }'],
    ['another key', '{ time: 08:00 }', 'pipeline.digest: Unrecognized key: "time"'],
  ])('is refused with %s', (_, digest, problem) => {
    expect(parsed(`digest: ${digest}${CHAT}`).problems).toEqual([problem]);
  });

  test('is refused with a digest that nobody would hear', () => {
    expect(parsed(`digest: { at: '08:00' }${HOOK}`).problems).toEqual([
      'pipeline.digest: nobody hears it, name receivers in announce',
    ]);
  });
});
