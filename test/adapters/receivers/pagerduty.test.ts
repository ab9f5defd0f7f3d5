import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { createHttp, type HttpResponse } from '../../../functions/adapters/http.ts';
import {
  BODY_LIMIT,
  createPagerDuty,
  eventOf,
  eventsOf,
  outcomeOf,
  SUMMARY_LIMIT,
} from '../../../functions/adapters/receivers/pagerduty.ts';
import { DEDUP_KEY_LIMIT } from '../../../functions/core/incident/dedup-key.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { PRIORITIES } from '../../../functions/core/priority.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { notRun } from '../../not-run.ts';
import { startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';
import { receiverContract } from './contract.ts';

const KEY = 'R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00';

receiverContract({
  kind: 'pagerduty',
  create: ({ url, http, clock, allowPrivate }) =>
    createPagerDuty({
      name: 'oncall',
      options: { routing_key: KEY, updates: false, url: `${url}/v2/enqueue`, allow_private: allowPrivate },
      http,
      clock,
    }),
  accept: (_request, response) =>
    void response.writeHead(202).end('{"status":"success","message":"Event processed","dedup_key":"k"}'),
  denials: [
    ['a login page', '<html>Sign in</html>', 'retry'],
    ['another status', '{"status":"invalid event"}', 'retry'],
    ['nothing', '', 'retry'],
  ],
  endless: 'delivered',
  secrets: [KEY, 'R0UT1NGKEY'],
  // A trigger of a key that is known, acknowledged or not, rings nobody.
  ringsBy: ({ body }) => {
    const { event_action: action, dedup_key: key } = JSON.parse(body) as { event_action: string; dedup_key: string };
    return action === 'trigger' ? key : undefined;
  },
});

interface Event {
  dedup_key: string;
  links: { href: string; text: string }[];
  payload: { summary: string; severity: string; custom_details: Record<string, string> };
}

function rendered(notification: Notification): Event {
  return JSON.parse(JSON.stringify(eventOf(notification, KEY)));
}

function answer(status: number, body: string): HttpResponse {
  return { status, body, headers: {}, truncated: false };
}

describe('eventOf', () => {
  test('a dropped binary', () => {
    expect(rendered(binaryNotification)).toEqual({
      routing_key: KEY,
      event_action: 'trigger',
      dedup_key: binaryNotification.dedupKey,
      client: 'Falco Relay',
      client_url: binaryNotification.links.logs,
      links: [
        { href: binaryNotification.links.logs, text: 'Logs' },
        { href: binaryNotification.links.dashboard, text: 'Dashboard' },
        { href: binaryNotification.links.console, text: 'Pod' },
        { href: binaryNotification.links.runbook, text: 'Runbook' },
      ],
      payload: {
        summary: 'CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker, not in image (1 pod)',
        source: 'payments-eu1',
        severity: 'critical',
        timestamp: '2026-11-23T09:00:02.783Z',
        component: 'payments/ledger-api',
        group: 'payments',
        class: 'Drop and execute new binary in container',
        custom_details: {
          what: '/tmp/.x/kworker --token [redacted:3fa9] <- sh <- java · uid 1000',
          pod: 'pod ledger-api-7c9d-x2x8k · ledger-api:v41',
          evidence: 'file changed 4 s before start · image v41@sha256:9f86d081884c…(+52)',
          where: 'acme-prod/europe-west1/payments-eu1 · node ...g2q1',
          when: 'Since 09:00:02, 3 times, last 09:01:40 UTC',
          others: 'same incident: Terminal shell 09:00:02; API contact by curl 09:00:41',
          technique: 'persistence',
          first: "First: preserve the pod, isolate by NetworkPolicy, don't delete it",
          alerts: '3',
          first_seen: '2026-11-23T09:00:02.783Z',
          last_seen: '2026-11-23T09:01:40.003Z',
          state: 'open',
          rule: 'Drop and execute new binary in container',
          output:
            'Executing binary not part of base image | process=kworker command=/tmp/.x/kworker --token [redacted:3fa9]',
          query: binaryNotification.links.query,
        },
      },
    });
  });

  test('every priority has a severity', () => {
    const severities = PRIORITIES.map((severity) => rendered({ ...shellNotification, severity }).payload.severity);
    expect(severities).toEqual(['critical', 'critical', 'critical', 'error', 'warning', 'warning', 'info', 'info']);
  });

  test.each(HOSTILE)('stays within the limits for %s', (_name, text) => {
    const event = rendered(
      notificationWith({ rule: text, output: text, fields: { 'proc.cmdline': text, 'proc.exepath': text } }),
    );
    expect(event.payload.summary.length).toBeLessThanOrEqual(SUMMARY_LIMIT);
    expect(event.dedup_key.length).toBeLessThanOrEqual(DEDUP_KEY_LIMIT);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThanOrEqual(BODY_LIMIT);
  });

  test('links without bound are left out before the page is', () => {
    const links = { query: 'q', logs: `https://grafana.acme.example/${'x'.repeat(BODY_LIMIT)}` };
    const event = rendered({ ...shellNotification, links });
    expect(event.links).toEqual([]);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(BODY_LIMIT);
    expect(event.payload.summary).toContain('payments/ledger-api');
  });
});

describe('eventsOf', () => {
  type Said = [action: string, key: string];
  const said = (over: Partial<Notification>, updates = false): Said[] =>
    eventsOf({ ...shellNotification, dedupKey: 'k', ...over }, { routing_key: KEY, updates }).map((event) => {
      const { event_action, dedup_key } = event as { event_action: string; dedup_key: string };
      return [event_action, dedup_key];
    });
  const update = { type: 'update' } as const;

  test.each<[string, Partial<Notification>, Said[]]>([
    ['a page triggers', {}, [['trigger', 'k']]],
    ['an update rings nobody', update, []],
    ['quiet is left to people', { ...update, state: 'quiet' }, []],
    ['acknowledged elsewhere', { ...update, state: 'acknowledged' }, [['acknowledge', 'k']]],
    ['resolved elsewhere', { ...update, state: 'resolved' }, [['resolve', 'k']]],
    ['what pages again is an alert of its own', { round: 2 }, [['trigger', 'k/2']]],
    [
      'all rounds are resolved',
      { ...update, state: 'resolved', round: 2 },
      [
        ['resolve', 'k'],
        ['resolve', 'k/2'],
      ],
    ],
    [
      'a page that was resolved meanwhile is told, and ended',
      { state: 'resolved' },
      [
        ['trigger', 'k'],
        ['resolve', 'k'],
      ],
    ],
  ])('%s', (_, over, expected) => {
    expect(said(over)).toEqual(expected);
  });

  test('with `updates` an open incident is told of its growth', () => {
    expect(said(update, true)).toEqual([['trigger', 'k']]);
    expect(said({ ...update, state: 'acknowledged' }, true)).toEqual([['acknowledge', 'k']]);
  });

  test('of a round that rang others alone nothing triggers: its key would ring', () => {
    const others = { ...update, round: 2, unrung: true, rang: { receivers: ['leads'] } } as const;
    expect(said(others, true)).toEqual([]);
    expect(said({ ...others, storm: { size: 20, members: [] }, reference: { stormSize: 10 } })).toEqual([]);
  });

  test.each<[string, Partial<Notification>, Said[]]>([
    ['has doubled since PagerDuty was told: its log says so', {}, [['trigger', 'k']]],
    ['has grown by less', { storm: { size: 19, members: [] } }, []],
    ['is acknowledged', { state: 'acknowledged' }, [['acknowledge', 'k']]],
    ['is quiet', { state: 'quiet' }, []],
  ])('a storm that %s', (_, over, expected) => {
    const storm = { size: 20, members: [] };
    expect(said({ ...update, storm, reference: { stormSize: 10 }, ...over })).toEqual(expected);
  });

  test('of a hundred rounds the last are told', () => {
    expect(said({ ...update, state: 'resolved', round: 100 }).map(([, key]) => key)).toEqual([
      'k/96',
      'k/97',
      'k/98',
      'k/99',
      'k/100',
    ]);
  });

  test('is sent in order, and stops at the first that is not taken', async () => {
    const actions: string[] = [];
    const server = await startLoopback((request, response) => {
      actions.push((JSON.parse(request.body) as { event_action: string }).event_action);
      response.writeHead(actions.length === 1 ? 202 : 503).end();
    });
    const http = createHttp({ after: manualTimers().after });
    try {
      const options = { routing_key: KEY, updates: false, url: server.url, allow_private: true };
      const receiver = createPagerDuty({ name: 'oncall', options, http, clock: () => 0 });
      const outcome = await receiver.send({ ...shellNotification, state: 'resolved' }, new AbortController().signal);
      expect(outcome.kind).toBe('retry');
      expect(actions).toEqual(['trigger', 'resolve']);
    } finally {
      await Promise.all([server.close(), http.close()]);
    }
  });
});

describe('outcomeOf', () => {
  test.each([
    ['202', 202, '', 'delivered'],
    ['200 that says success', 200, '{"status":"success"}', 'delivered'],
    ['an invalid routing key', 400, '{"status":"invalid event","errors":["Invalid routing key"]}', 'misconfigured'],
    [
      'a routing_key of the wrong length',
      400,
      '{"errors":["Length of \'routing_key\' is incorrect"]}',
      'misconfigured',
    ],
    ['content', 400, '{"errors":["\'payload.severity\' is invalid"]}', 'refused'],
    ['400 without words', 400, '', 'refused'],
  ])('%s', (_name, status, body, kind) => {
    expect(outcomeOf(answer(status, body), () => 0).kind).toBe(kind);
  });

  test('names the field and quotes nothing', () => {
    const outcome = outcomeOf(answer(400, '{"errors":["summary \'secret words\' is too long"]}'), () => 0);
    expect(outcome).toMatchObject({ detail: 'HTTP 400, PagerDuty names: summary' });
  });
});

// reference/events-v2/openapiv3.json of https://github.com/PagerDuty/api-schema. No package has it, so it is asked where
// PAGERDUTY_SCHEMA names a copy.
const { PAGERDUTY_SCHEMA } = process.env;
if (PAGERDUTY_SCHEMA) {
  // What it does not name is no field of an event.
  const closed = (_key: string, value: unknown): unknown =>
    value !== null && typeof value === 'object' && 'properties' in value && !('additionalProperties' in value)
      ? { ...value, additionalProperties: false }
      : value;
  const text = readFileSync(PAGERDUTY_SCHEMA, 'utf8').replaceAll('#/components/schemas/', '#/definitions/');
  const { paths, components } = JSON.parse(text, closed);
  const event = z.fromJSONSchema(
    { ...paths['/enqueue'].post.requestBody.content['application/json'].schema, definitions: components.schemas },
    { defaultTarget: 'draft-7' },
  );

  test.each<[string, Notification]>([
    ['a shell', shellNotification],
    ['a dropped binary', binaryNotification],
    ...HOSTILE.map(([name, words]): [string, Notification] => [
      name,
      notificationWith({ rule: words, output: words, fields: { 'proc.cmdline': words }, where: { pod: words } }),
    ]),
  ])("PagerDuty's own schema takes %s", (_name, notification) => {
    expect(event.safeParse(rendered(notification)).error).toBeUndefined();
    const { routing_key: _, ...without } = rendered(notification) as Event & { routing_key: string };
    expect(event.safeParse(without).success).toBe(false);
    expect(event.safeParse({ ...rendered(notification), severity: 'critical' }).success).toBe(false);
  });
} else {
  notRun("PagerDuty's own schema", 'PAGERDUTY_SCHEMA names no copy of it');
}
