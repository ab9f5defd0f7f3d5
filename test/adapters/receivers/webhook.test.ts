import { afterEach, describe, expect, test } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { createHttp } from '../../../functions/adapters/http.ts';
import { bodyOf, createWebhook, signature } from '../../../functions/adapters/receivers/webhook.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { binaryNotification, shellNotification } from '../../fixtures/notifications.ts';
import { type Loopback, type Received, startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';
import { receiverContract } from './contract.ts';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const never = new AbortController().signal;

receiverContract({
  kind: 'webhook',
  create: ({ url, http, clock, allowPrivate }) =>
    createWebhook({
      name: 'leads',
      options: { url: `${url}/hooks/T0PS3CRETPATH`, secret: SECRET, allow_private: allowPrivate },
      http,
      clock,
    }),
  accept: (_request, response) => void response.end('ok'),
  // The standard knows the status alone.
  denials: [['an error in words', '{"error":"no"}', 'delivered']],
  endless: 'delivered',
  secrets: [SECRET, SECRET.slice(6), 'T0PS3CRETPATH'],
  // Whoever takes it looks at the type, and at the id for what came twice.
  ringsBy: ({ headers, body }) =>
    JSON.parse(body).notification.type === 'page' ? String(headers['webhook-id']) : undefined,
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function sent(notification: Notification, secret: string | undefined = SECRET): Promise<Received> {
  const server: Loopback = await startLoopback((_request, response) => void response.end());
  const http = createHttp({ after: manualTimers().after });
  open.push(server, http);
  const options = { url: server.url, allow_private: true, ...(secret === '' ? {} : { secret }) };
  const receiver = createWebhook({ name: 'leads', options, http, clock: Date.now });
  expect((await receiver.send(notification, never)).kind).toBe('delivered');
  return server.received[0] as Received;
}

describe('the signature', () => {
  test.each([
    ['with its prefix', SECRET],
    ['without', SECRET.slice(6)],
  ])('is accepted by the standard verifier, secret %s', async (_name, secret) => {
    const { body, headers } = await sent(binaryNotification, secret);
    const verified = new Webhook(secret).verify(body, headers as Record<string, string>);
    expect(verified).toMatchObject({ version: '4', groupKey: binaryNotification.groupKey });
  });

  test('is refused for another body, id, time or secret', async () => {
    const { body, headers } = await sent(shellNotification);
    const verify = (text: string, changed: Record<string, string> = {}, secret = SECRET): unknown =>
      new Webhook(secret).verify(text, { ...(headers as Record<string, string>), ...changed });
    expect(() => verify(body)).not.toThrow();
    expect(() => verify(`${body} `)).toThrow();
    expect(() => verify(body, { 'webhook-id': 'another' })).toThrow();
    expect(() => verify(body, { 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) })).toThrow();
    expect(() => verify(body, {}, 'whsec_AAAA9r8GKYqrTwjUPD8ILPZIo2LaLaSw')).toThrow();
  });

  test('the id is the message id where that is a header value, else its hash; the same whenever it is sent', async () => {
    const first = await sent({ ...shellNotification, messageId: 'k/1/1' });
    expect(first.headers['webhook-id']).toBe('k/1/1');
    const hashed = await sent({ ...shellNotification, messageId: '{namespace="ü\n"}/1/1' });
    const again = await sent({ ...shellNotification, messageId: '{namespace="ü\n"}/1/1' });
    expect(hashed.headers['webhook-id']).toMatch(/^msg_[0-9a-f]{64}$/);
    expect(again.headers['webhook-id']).toBe(hashed.headers['webhook-id']);
  });

  test('is left out without a secret', async () => {
    expect((await sent(shellNotification, '')).headers['webhook-signature']).toBeUndefined();
  });

  test('a secret that is not base64 is told at once, and not shown', () => {
    const http = createHttp({ after: manualTimers().after });
    open.push(http);
    const options = { url: 'https://example.com', secret: 'hunter2!', allow_private: false };
    expect(() => createWebhook({ name: 'leads', options, http, clock: () => 0 })).toThrow(
      'receiver leads: the secret is not base64',
    );
  });

  test('is the example of the standard', () => {
    const key = Buffer.from(SECRET.slice(6), 'base64');
    expect(signature(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, '{"test": 2432232314}')).toEqual({
      'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
      'webhook-timestamp': '1614265330',
      'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    });
  });
});

interface Body {
  status: string;
  commonLabels: Record<string, string>;
  alerts: {
    status: string;
    labels: Record<string, string>;
    annotations: Record<string, string>;
    startsAt: string;
    endsAt: string;
  }[];
}

const parsed = (notification: Notification): Body => JSON.parse(JSON.stringify(bodyOf(notification)));

describe('bodyOf', () => {
  test.each<[string, Partial<Notification>, object]>([
    ['a page', {}, { type: 'page', generation: 1, round: 1, state: 'open', severity: 'warning', count: 1 }],
    [
      'an acknowledgement',
      { type: 'update', state: 'acknowledged', by: { who: '\u202eana', at: Date.parse('2026-11-23T09:05:00Z') } },
      { type: 'update', state: 'acknowledged', by: '⟨U+202E⟩ana', at: '2026-11-23T09:05:00.000Z' },
    ],
    ['a storm', { storm: { size: 7, members: [] } }, { incidents: 7 }],
    ['a page without the store', { withoutStore: true }, { type: 'page', store_down: true }],
  ])('says of %s whether it rings and how the incident stands', (_, over, expected) => {
    expect(bodyOf({ ...shellNotification, ...over })).toMatchObject({ notification: expected });
  });

  test('has the keys of Alertmanager, version 4, and a word on itself', () => {
    const body = parsed(binaryNotification);
    expect(Object.keys(body).sort()).toEqual(
      [
        'alerts',
        'commonAnnotations',
        'commonLabels',
        'externalURL',
        'groupKey',
        'groupLabels',
        'notification',
        'receiver',
        'status',
        'truncatedAlerts',
        'version',
      ].sort(),
    );
    for (const alert of body.alerts) {
      expect(Object.keys(alert).sort()).toEqual(
        ['annotations', 'endsAt', 'fingerprint', 'generatorURL', 'labels', 'startsAt', 'status'].sort(),
      );
    }
  });

  test('tells the leading alert first, then each further rule', () => {
    const { alerts, commonLabels } = parsed(binaryNotification);
    expect(alerts.map(({ labels }) => labels.alertname)).toEqual([
      'Drop and execute new binary in container',
      'Terminal shell in container',
      'Contact K8S API Server From Container',
    ]);
    expect(alerts[0]).toMatchObject({
      labels: { severity: 'critical', cluster: 'payments-eu1', namespace: 'payments', workload: 'ledger-api' },
      annotations: {
        summary: 'CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker, not in image (1 pod)',
        dashboard_url: binaryNotification.links.dashboard,
        runbook_url: 'https://runbooks.acme.example/falco/terminal-shell-in-container',
      },
      endsAt: '0001-01-01T00:00:00Z',
    });
    expect(commonLabels).toMatchObject({ cluster: 'payments-eu1', pod: 'ledger-api-7c9d-x2x8k' });
    expect(commonLabels).not.toHaveProperty('alertname');
  });

  test.each([
    ['open', 'firing', '0001-01-01T00:00:00Z'],
    ['acknowledged', 'firing', '0001-01-01T00:00:00Z'],
    ['resolved', 'resolved', '2026-11-23T09:00:02.783Z'],
    ['quiet', 'resolved', '2026-11-23T09:00:02.783Z'],
  ] as const)('an incident that is %s is %s', (state, status, endsAt) => {
    const body = parsed({ ...shellNotification, state });
    expect([body.status, body.alerts[0]?.status, body.alerts[0]?.endsAt]).toEqual([status, status, endsAt]);
  });
});
