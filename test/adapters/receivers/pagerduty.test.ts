import { describe, expect, test } from '@jest/globals';
import type { HttpResponse } from '../../../functions/adapters/http.ts';
import {
  BODY_LIMIT,
  createPagerDuty,
  DEDUP_KEY_LIMIT,
  dedupKeyOf,
  eventOf,
  outcomeOf,
  SUMMARY_LIMIT,
} from '../../../functions/adapters/receivers/pagerduty.ts';
import type { Notification } from '../../../functions/core/notification.ts';
import { PRIORITIES } from '../../../functions/core/priority.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { receiverContract } from './contract.ts';

const KEY = 'R0UT1NGKEYR0UT1NGKEYR0UT1NGKEY00';

receiverContract({
  kind: 'pagerduty',
  create: ({ url, http, clock, allowPrivate }) =>
    createPagerDuty({
      name: 'oncall',
      options: { routing_key: KEY, url: `${url}/v2/enqueue`, allow_private: allowPrivate },
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
          when: 'Since 09:00:02, 3 times, last 09:01:40',
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

describe('dedupKeyOf', () => {
  test('keeps a key that fits', () => {
    expect(dedupKeyOf('k'.repeat(255))).toBe('k'.repeat(255));
  });

  test('two long keys stay two', () => {
    const [one, two] = [dedupKeyOf(`${'k'.repeat(255)}1`), dedupKeyOf(`${'k'.repeat(255)}2`)];
    expect(one).not.toBe(two);
    expect(one.length).toBeLessThanOrEqual(DEDUP_KEY_LIMIT);
    expect(one).toBe(dedupKeyOf(`${'k'.repeat(255)}1`));
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
