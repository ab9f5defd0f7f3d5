import { afterEach, describe, expect, test } from '@jest/globals';
import * as z from 'zod';
import { createHttp } from '../../../functions/adapters/http.ts';
import {
  ANNOTATION_LIMIT,
  alertOf,
  alertsOf,
  createAlertmanager,
  labelsOf,
  type PostableAlert,
} from '../../../functions/adapters/receivers/alertmanager.ts';
import type { AlertmanagerOptions } from '../../../functions/adapters/receivers/options.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { type Received, startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';
import { NOW, receiverContract } from './contract.ts';

const TOKEN = 'B34R3RT0KEN';
const PASSWORD = 'pässw0rd:S3CRET';
const never = new AbortController().signal;

receiverContract({
  kind: 'alertmanager',
  create: ({ url, http, clock, allowPrivate }) =>
    createAlertmanager({
      name: 'prometheus',
      options: { url: `${url}/T0PS3CRETPREFIX/`, bearer_token: TOKEN, allow_private: allowPrivate },
      http,
      clock,
    }),
  accept: (_request, response) => void response.writeHead(200).end(),
  // Alertmanager answers 200 without a word.
  denials: [
    ['an error in words', '{"error":"no"}', 'retry'],
    ["a proxy's page", '<html>Log in</html>', 'retry'],
  ],
  endless: 'retry',
  secrets: [TOKEN, 'T0PS3CRETPREFIX'],
  // A label set that fires already tells nobody, however often it is posted.
  ringsBy: ({ body }) => {
    const firing = (JSON.parse(body) as PostableAlert[]).filter(({ endsAt }) => Date.parse(endsAt) > NOW);
    return JSON.stringify(firing.map(({ labels }) => labels));
  },
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

interface Sent {
  request: Received;
  outcome: { kind: string };
}

async function send(options: Partial<AlertmanagerOptions> = {}, prefix = '', status = 200): Promise<Sent> {
  const server = await startLoopback((_request, response) => void response.writeHead(status).end());
  const http = createHttp({ after: manualTimers().after });
  open.push(server, http);
  const receiver = createAlertmanager({
    name: 'prometheus',
    options: { url: `${server.url}${prefix}`, allow_private: true, ...options },
    http,
    clock: () => NOW,
  });
  const outcome = await receiver.send(shellNotification, never);
  return { request: server.received[0] as Received, outcome };
}

// https://github.com/prometheus/alertmanager/blob/v0.34.2/api/v2/openapi.yaml, and what its handler checks besides.
const labelSet = z.record(z.string().regex(/^[a-zA-Z_][a-zA-Z0-9_]*$/), z.string().min(1));
const postableAlerts = z.array(
  z
    .strictObject({
      labels: labelSet,
      annotations: labelSet.optional(),
      startsAt: z.iso.datetime({ offset: true }).optional(),
      endsAt: z.iso.datetime({ offset: true }).optional(),
      generatorURL: z.url().optional(),
    })
    .refine(({ startsAt, endsAt }) => Date.parse(endsAt ?? '') >= Date.parse(startsAt ?? ''), 'ends before it starts'),
);

function checked(notification: Notification, now = NOW): PostableAlert {
  const alerts = JSON.parse(JSON.stringify([alertOf(notification, now)]));
  postableAlerts.parse(alerts);
  return alerts[0];
}

describe('alertOf', () => {
  test('a dropped binary', () => {
    expect(checked(binaryNotification)).toEqual({
      labels: {
        alertname: 'FalcoIncident',
        project: 'acme-prod',
        cluster: 'payments-eu1',
        namespace: 'payments',
        workload: 'ledger-api',
        generation: '1',
        group_key: expect.stringMatching(/^[0-9a-f]{64}$/),
      },
      annotations: {
        summary: 'CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker, not in image (1 pod)',
        description: [
          '/tmp/.x/kworker --token [redacted:3fa9] <- sh <- java · uid 1000',
          'pod ledger-api-7c9d-x2x8k · ledger-api:v41',
          'file changed 4 s before start · image v41@sha256:9f86d081884c…(+52)',
          'acme-prod/europe-west1/payments-eu1 · node ...g2q1',
          'Since 09:00:02, 3 times, last 09:01:40 UTC',
          'same incident: Terminal shell 09:00:02; API contact by curl 09:00:41',
          'persistence',
          "First: preserve the pod, isolate by NetworkPolicy, don't delete it",
        ].join('\n'),
        severity: 'critical',
        state: 'open',
        count: '3',
        first_seen: '2026-11-23T09:00:02.783Z',
        last_seen: '2026-11-23T09:01:40.003Z',
        first_step: "preserve the pod, isolate by NetworkPolicy, don't delete it",
        logs: binaryNotification.links.logs,
        dashboard: binaryNotification.links.dashboard,
        runbook: binaryNotification.links.runbook,
        console: binaryNotification.links.console,
      },
      startsAt: '2026-11-23T09:00:02.783Z',
      endsAt: '2026-11-24T09:05:00.000Z',
      generatorURL: binaryNotification.links.logs,
    });
  });

  test.each([
    ['open', NOW, '2026-11-24T09:05:00.000Z'],
    ['acknowledged', NOW, '2026-11-24T09:05:00.000Z'],
    ['resolved', NOW, '2026-11-23T09:05:00.000Z'],
    ['quiet', NOW, '2026-11-23T09:05:00.000Z'],
    ['resolved', NOW - 3_600_000, '2026-11-23T09:00:02.783Z'],
    ['open', NOW - 48 * 3_600_000, '2026-11-23T09:00:02.783Z'],
  ] as const)('an incident that is %s at %i ends at %s', (state, now, endsAt) => {
    expect(checked({ ...shellNotification, state }, now).endsAt).toBe(endsAt);
  });

  test.each([
    ['none', undefined, undefined],
    ['no address', 'not a link', undefined],
    ['an escape that Go refuses', 'https://grafana.acme.example/%zz', undefined],
    ['without bound', `https://grafana.acme.example/${'x'.repeat(10_000)}`, undefined],
    ['what hides', 'https://grafana.acme.example/\u202Ea\n', 'https://grafana.acme.example/%E2%80%AEa'],
  ])('a link to the logs: %s', (_name, logs, expected) => {
    const alert = checked({ ...shellNotification, links: { query: 'q', ...(logs && { logs }) } });
    expect([alert.generatorURL, alert.annotations.logs]).toEqual([expected, expected]);
  });

  test('a link too long for an annotation is still the generator', () => {
    const logs = `https://grafana.acme.example/${'x'.repeat(ANNOTATION_LIMIT)}`;
    const alert = checked({ ...shellNotification, links: { query: 'q', logs } });
    expect([alert.generatorURL, alert.annotations.logs]).toEqual([logs, undefined]);
  });

  test.each(HOSTILE)('is valid and bounded for %s', (_name, text) => {
    const alert = checked(
      notificationWith(
        { rule: text, output: text, fields: { 'proc.cmdline': text, 'proc.exepath': text }, where: { pod: text } },
        { group: { user: text, [text]: 'named' }, groupKey: text, firstStep: text },
      ),
    );
    expect(alert.labels.alertname).toBe('FalcoIncident');
    for (const value of [...Object.values(alert.labels), ...Object.values(alert.annotations)]) {
      expect(value.length).toBeLessThanOrEqual(ANNOTATION_LIMIT);
      expect(value.isWellFormed()).toBe(true);
      expect(value).not.toMatch(/[^\P{Cc}\n]|\p{Cf}|[\u2028\u2029]/u);
    }
    for (const value of Object.values(alert.labels)) expect(value).not.toContain('\n');
  });
});

describe('alertsOf', () => {
  const alertsAt = (change: Partial<Notification>): string[] => {
    const alerts = alertsOf({ ...shellNotification, ...change }, NOW);
    postableAlerts.parse(JSON.parse(JSON.stringify(alerts)));
    return alerts.map(({ labels, endsAt }) => `${labels.round ?? 1} ${Date.parse(endsAt) > NOW ? 'fires' : 'ends'}`);
  };

  test.each<[string, Partial<Notification>, string[]]>([
    ['the first page', { round: 1 }, ['1 fires']],
    ['a page that is sent again', { round: 2, reference: { round: 2 } }, ['2 fires']],
    ['the next round ends the one before', { round: 2, reference: { round: 1 } }, ['2 fires', '1 ends']],
    ['and those that may have been sent', { round: 4, reference: { round: 2 } }, ['4 fires', '2 ends', '3 ends']],
    [
      'but no more than five',
      { round: 9, reference: { round: 1 } },
      ['9 fires', '4 ends', '5 ends', '6 ends', '7 ends', '8 ends'],
    ],
    ['a later round that is the first one here', { round: 3 }, ['3 fires']],
    ['a round in which others were rung', { type: 'update', round: 3, reference: { round: 2 } }, ['2 fires']],
    ['the end', { type: 'update', round: 3, state: 'resolved', reference: { round: 2 } }, ['2 ends']],
    ['a reference that is none', { type: 'update', reference: { round: 'x' } }, ['1 fires']],
  ])('%s', (_name, change, expected) => {
    expect(alertsAt(change)).toEqual(expected);
  });

  test('whoever hears of the end of a round hears that the incident goes on', () => {
    const [, ended] = alertsOf({ ...shellNotification, round: 2, reference: { round: 1 } }, NOW);
    expect(ended?.annotations).toMatchObject({
      state: 'open',
      summary: expect.stringMatching(/^Paged again, goes on as round 2: .*ledger-api/),
    });
  });
});

describe('labelsOf', () => {
  test('are the same however the incident grows', () => {
    const grown: Notification = {
      ...binaryNotification,
      type: 'update',
      messageId: `${shellNotification.dedupKey}/7`,
      state: 'acknowledged',
      count: 900,
    };
    expect(grown.severity).not.toBe(shellNotification.severity);
    expect(labelsOf(grown)).toEqual(labelsOf(shellNotification));
    expect(labelsOf({ ...grown, state: 'resolved' })).toEqual(labelsOf(shellNotification));
  });

  test.each<[string, Partial<Notification>]>([
    ['another generation', { generation: 2 }],
    ['another round', { round: 2 }],
    ['another group of the same labels', { groupKey: '{cluster="payments-eu1", location="us-east1"}' }],
    ['another group', { group: { ...shellNotification.group, workload: 'other' } }],
  ])('differ for %s', (_name, change) => {
    expect(labelsOf({ ...shellNotification, ...change })).not.toEqual(labelsOf(shellNotification));
  });

  test('names are made Prometheus names, empty ones are left out, ours stay', () => {
    const group = { 'k8s.ns-name': 'a', '9lives': 'b', '': 'c', node: '', blank: ' ', alertname: 'd', group_key: 'e' };
    expect(labelsOf({ ...shellNotification, group })).toEqual({
      k8s_ns_name: 'a',
      _9lives: 'b',
      alertname: 'FalcoIncident',
      generation: '1',
      group_key: labelsOf(shellNotification).group_key,
    });
  });
});

describe('the request', () => {
  test.each([
    ['', '/api/v2/alerts'],
    ['/', '/api/v2/alerts'],
    ['/alertmanager', '/alertmanager/api/v2/alerts'],
    ['/team/alertmanager//', '/team/alertmanager/api/v2/alerts'],
  ])('under %p goes to %s', async (prefix, path) => {
    const { request } = await send({}, prefix);
    expect([request.method, request.path]).toEqual(['POST', path]);
    expect(JSON.parse(request.body)).toEqual([checked(shellNotification)]);
  });

  const basic = (text: string): string => `Basic ${Buffer.from(text, 'utf8').toString('base64')}`;
  test.each<[string, Partial<AlertmanagerOptions>, string | undefined]>([
    ['nothing', {}, undefined],
    ['a bearer token', { bearer_token: TOKEN }, `Bearer ${TOKEN}`],
    ['a user and a password', { username: 'falco', password: PASSWORD }, basic(`falco:${PASSWORD}`)],
    ['a user alone', { username: 'falco' }, basic('falco:')],
    ['all of them', { username: 'falco', password: PASSWORD, bearer_token: TOKEN }, `Bearer ${TOKEN}`],
  ])('authorizes by %s', async (_name, options, expected) => {
    const { request } = await send(options);
    expect(request.headers.authorization).toBe(expected);
    expect(request.body).not.toContain(TOKEN);
  });

  test.each([
    [200, 'delivered'],
    [400, 'refused'],
    [401, 'misconfigured'],
    [500, 'retry'],
  ])('HTTP %i means %s, and no detail shows the password', async (status, kind) => {
    const { outcome } = await send({ username: 'falco', password: PASSWORD }, '', status);
    expect(outcome.kind).toBe(kind);
    expect(JSON.stringify(outcome)).not.toMatch(/S3CRET|falco/);
  });
});
