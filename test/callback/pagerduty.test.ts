/** What an event of PagerDuty's asks, and what it leaves as it is. */

import { describe, expect, test } from '@jest/globals';
import { readPagerDuty } from '../../functions/callback/pagerduty.ts';
import { roundKeyOf } from '../../functions/core/incident/dedup-key.ts';
import { event, INCIDENT, NOW } from './support.ts';

const read = (payload: unknown, now = NOW) => readPagerDuty(Buffer.from(JSON.stringify(payload) ?? ''), now);
const HOUR = 3_600_000;
const at = (ms: number) => ({ occurred_at: new Date(ms).toISOString() });

test.each([
  ['incident.acknowledged', 'acknowledge'],
  ['incident.resolved', 'resolve'],
])('%s asks to %s, by its key', (event_type, kind) => {
  expect(read(event({ event_type }))).toEqual({
    ok: true,
    action: {
      kind,
      incident: { dedupKey: `${INCIDENT.groupKey}/2` },
      by: 'Ana Duarte',
      via: 'pagerduty',
      requestId: 'pagerduty:5ac64822-4adc-4fda-ade0-410becf0de4f',
    },
    user: 'PLH1HKV',
  });
});

test.each(['#down/1"}/2', '"}/2', '#down"}/1'])('a name that ends like such a page is no such page: %s', (end) => {
  expect(read(event({}, { incident_key: `{pod="a}${end}` }))).toMatchObject({ ok: true });
});

test('a resolution for any reason but a merge is taken, with members to come', () => {
  for (const resolve_reason of [{ type: 'a reason to come' }, 'words', undefined]) {
    const data = { resolve_reason, body: { any: ['thing'] } };
    expect(read(event({ event_type: 'incident.resolved', further: {} }, data))).toMatchObject({ ok: true });
  }
});

describe('ignored is', () => {
  const merged = { type: 'merge_resolve_reason', incident: { id: 'PGR0VU3', type: 'incident_reference' } };
  const cases: [string, object][] = [
    ...[
      ...['triggered', 'unacknowledged', 'reopened', 'annotated', 'escalated', 'reassigned', 'priority_updated'],
      ...['responder.added', 'status_update_published', 'a_type_to_come', 'a type\nwith a line break'],
    ].map((name): [string, object] => [`incident.${name}`, event({ event_type: `incident.${name}` })]),
    [
      'the ping of a new subscription',
      event({
        event_type: 'pagey.ping',
        resource_type: 'pagey',
        agent: null,
        client: null,
        data: { message: 'Hello from your friend Pagey!', type: 'ping' },
      }),
    ],
    ['a service', event({ event_type: 'service.updated', agent: null, data: { id: 'PF9KMXH', type: 'service' } })],
    ['an incident without a key', event({}, { incident_key: null })],
    ['an incident with an empty key', event({}, { incident_key: '' })],
    ['an incident with a key that we never give', event({}, { incident_key: 'k'.repeat(256) })],
    ['an incident that is none', event({ data: null })],
    ...[
      `${INCIDENT.groupKey}#down/2026112306`,
      `{pod="a}#down/1"}#down/2026112306`,
      roundKeyOf(`{pod="${'x'.repeat(300)}"}#down/2026112306`, 1),
    ].map((incident_key): [string, object] => [
      `a page that was told while the store was down, ${incident_key.slice(0, 20)}`,
      event({}, { incident_key }),
    ]),
    ['a merge, which solves nothing', event({ event_type: 'incident.resolved' }, { resolve_reason: merged })],
  ];
  test.each(cases)('%s', (_, payload) => {
    expect(read(payload)).toMatchObject({ ok: false, reason: 'callback-ignored' });
  });
});

describe('malformed is', () => {
  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a list', []],
    ['an event of webhooks v2', { messages: [{ event: 'incident.acknowledge' }] }],
    ['an event without an id', event({ id: undefined })],
    ['an event with an empty id', event({ id: '' })],
    ['an event with an endless id', event({ id: '1'.repeat(201) })],
    ['an event of a type that is none', event({ event_type: 7 })],
    ['an event at no time', event({ occurred_at: 'yesterday' })],
  ])('%s', (_, payload) => {
    expect(read(payload)).toMatchObject({ ok: false, reason: 'callback-malformed' });
  });

  test('or ignored, and what is said of it holds nothing of it', () => {
    const secret = 'S3CRET';
    for (const payload of [secret, { event: secret }, event({ event_type: secret }), event({ occurred_at: secret })]) {
      expect(JSON.stringify(read(payload))).not.toContain(secret);
    }
  });
});

describe('an event', () => {
  test.each([
    ["of PagerDuty's last try, two days later", NOW - 48 * HOUR, true],
    ['older than that', NOW - 49 * HOUR - 1, false],
    ['by a clock a little ahead', NOW + 60_000, true],
    ['yet to come', NOW + HOUR, false],
  ])('%s', (_, occurred, taken) => {
    expect(read(event(at(occurred)))).toMatchObject(taken ? { ok: true } : { ok: false, reason: 'callback-too-old' });
  });

  test.each([
    [
      'by an integration names it',
      { id: 'PXMQRWJ', summary: 'Events API V2', type: 'inbound_integration_reference' },
      'Events API V2',
      'PXMQRWJ',
    ],
    ["by nobody is PagerDuty's own", null, 'PagerDuty', undefined],
    ["by an id that is a name is nobody's", { id: 'Ana Duarte', summary: 'Ana Duarte' }, 'PagerDuty', undefined],
    ["by a number is nobody's", 7, 'PagerDuty', undefined],
    ['by a name that is none', { id: 'PLH1HKV', summary: ['Ana'] }, 'PLH1HKV', 'PLH1HKV'],
    ['by somebody without a name', { id: 'PLH1HKV', type: 'user_reference' }, 'PLH1HKV', 'PLH1HKV'],
    ['by a name that would hide', { id: 'PLH1HKV', summary: '\u202eana\u0000' }, '⟨U+202E⟩ana␀', 'PLH1HKV'],
  ])('%s', (_, agent, by, user) => {
    expect(read(event({ agent }))).toMatchObject({ ok: true, user, action: { by } });
  });
});

test('a prototype in the payload reaches nobody', () => {
  const text = JSON.stringify(event()).replace('"data":{', '"data":{"__proto__":{"incident_key":"x","polluted":true},');
  const asked = readPagerDuty(Buffer.from(text), NOW);
  expect(asked).toMatchObject({ ok: true, action: { incident: { dedupKey: `${INCIDENT.groupKey}/2` } } });
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
