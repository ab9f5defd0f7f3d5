/** Our alertmanager receiver against a real Alertmanager: what it takes, what it makes of it, and what it says no to. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type * as z from 'zod';
import { createHttp, type Http } from '../../functions/adapters/http.ts';
import { alertOf, createAlertmanager, labelsOf } from '../../functions/adapters/receivers/alertmanager.ts';
import type { AlertmanagerOptions } from '../../functions/adapters/receivers/options.ts';
import type { Notification } from '../../functions/core/page/notification.ts';
import type { SendOutcome } from '../../functions/core/ports.ts';
import { type Loopback, startLoopback } from '../adapters/loopback.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../fixtures/notifications.ts';
import { type Alertmanager, postableAlerts, startAlertmanager } from './programs/alertmanager.ts';
import { type Changes, createChanges } from './support/changes.ts';

const never = new AbortController().signal;
const PASSWORD = 'pässw0rd:S3CRET';
const PASSWORD_HASH = '$2a$04$DtJwADak/BaEJk7ps7i7nOoVeP.oNAHQ.7l4SS2H9cgD6Prg3JkQ.';

interface Told {
  status: 'firing' | 'resolved';
  alerts: { status: string; labels: Record<string, string>; annotations: Record<string, string> }[];
}

let schema: z.ZodType;
let http: Http;
let changes: Changes;
let hook: Loopback;
let alertmanager: Alertmanager;
let guarded: Alertmanager;

/** What Alertmanager told its webhook of an incident. */
const told = ({ groupKey }: Notification): Told[] => {
  const key = labelsOf({ ...shellNotification, groupKey }).group_key;
  const all = hook.received.map(({ body }) => JSON.parse(body) as Told);
  return all.filter(({ alerts }) => alerts[0]?.labels.group_key === key);
};

beforeAll(async () => {
  schema = await postableAlerts();
  changes = createChanges();
  hook = await startLoopback((_request, response) => {
    response.writeHead(200, { connection: 'close' }).end();
    changes.tell();
  });
  http = createHttp({
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  [alertmanager, guarded] = await Promise.all([
    startAlertmanager({ webhook: hook.url }),
    startAlertmanager({ webhook: hook.url, users: { falco: PASSWORD_HASH }, prefix: '/team/alertmanager' }),
  ]);
});

afterAll(async () => {
  await Promise.all([alertmanager?.stop(), guarded?.stop(), http?.close(), hook?.close()]);
});

let count = 0;

/** An incident of its own, a minute old, so that tests don't meet. */
function incident(of: Notification, change: Partial<Notification> = {}): Notification {
  count += 1;
  const firstNs = `${Date.now() - 60_000}000000`;
  return { ...of, groupKey: `{namespace="${count}"}`, firstNs, lastNs: firstNs, ...change };
}

/** Sends, and holds what was posted against Alertmanager's OpenAPI. */
async function send(
  notification: Notification,
  options: Partial<AlertmanagerOptions> = {},
  now = Date.now(),
): Promise<SendOutcome> {
  const receiver = createAlertmanager({
    name: 'prometheus',
    options: { url: alertmanager.url, allow_private: true, ...options },
    http: {
      ...http,
      request: (request) => {
        schema.parse(JSON.parse(request.body ?? ''));
        return http.request(request);
      },
    },
    clock: () => now,
  });
  return receiver.send(notification, never);
}

const shown = ({ groupKey }: Notification) =>
  alertmanager.alerts('group_key', labelsOf({ ...shellNotification, groupKey }).group_key ?? '');

const DELIVERED: SendOutcome = { kind: 'delivered', reference: { round: 1 } };

test('a page is taken as it was sent, and told on', async () => {
  const page = incident(shellNotification);
  const now = Date.now();
  expect(await send(page, {}, now)).toEqual(DELIVERED);
  expect(await shown(page)).toEqual([expect.objectContaining(alertOf(page, now))]);
  await changes.until(() => told(page).length > 0);
  const { labels, annotations } = alertOf(page, now);
  expect(told(page)).toEqual([
    expect.objectContaining({ status: 'firing', alerts: [expect.objectContaining({ labels, annotations })] }),
  ]);
});

test('an incident is one alert, however it grows, and ends with its last word', async () => {
  const page = incident(shellNotification);
  const grown = {
    ...binaryNotification,
    groupKey: page.groupKey,
    firstNs: page.firstNs,
    type: 'update' as const,
    count: 900,
  };
  expect(grown.severity).not.toBe(page.severity);
  expect([await send(page), await send(grown)]).toEqual([DELIVERED, DELIVERED]);
  const alerts = await shown(page);
  expect(alerts).toHaveLength(1);
  expect(alerts[0]?.annotations).toMatchObject({ severity: 'critical', count: '900' });
  await changes.until(() => told(page).length > 0);

  expect(await send({ ...grown, state: 'resolved' })).toEqual(DELIVERED);
  await changes.until(() => told(page).some(({ status }) => status === 'resolved'));
  expect(await shown(page)).toEqual([]);
});

test('the next generation is an alert of its own', async () => {
  const page = incident(shellNotification);
  expect([await send(page), await send({ ...page, generation: 2 })]).toEqual([DELIVERED, DELIVERED]);
  expect((await shown(page)).map(({ labels }) => labels.generation).sort()).toEqual(['1', '2']);
});

test('the next round rings, though the first fires already, and an update of either does not', async () => {
  const page = incident(shellNotification);
  const again: Notification = { ...page, round: 2, reference: { round: 1 } };
  const firings = () => told(page).filter(({ status }) => status === 'firing');
  expect(await send(page)).toEqual(DELIVERED);
  await changes.until(() => firings().length === 1);
  expect(await send({ ...page, type: 'update', count: 9, reference: { round: 1 } })).toEqual(DELIVERED);

  expect(await send(again)).toEqual({ kind: 'delivered', reference: { round: 2 } });
  await changes.until(() => firings().length === 2 && told(page).some(({ status }) => status === 'resolved'));
  expect(firings().map(({ alerts }) => alerts[0]?.labels.round)).toEqual([undefined, '2']);
  const ended = told(page).find(({ status }) => status === 'resolved');
  expect(ended?.alerts[0]?.annotations.summary).toMatch(/^Paged again, goes on as round 2: /);
  expect((await shown(page)).map(({ labels }) => labels.round)).toEqual(['2']);

  const update = { type: 'update', reference: { round: 2 } } as const;
  expect(await send({ ...again, ...update, count: 10 })).toEqual({ kind: 'delivered', reference: { round: 2 } });
  await send({ ...again, ...update, state: 'resolved' });
  await changes.until(() => told(page).filter(({ status }) => status === 'resolved').length === 2);
  expect(firings()).toHaveLength(2);
  expect(await shown(page)).toEqual([]);
});

test('an incident from a node whose clock is a day ahead is taken', async () => {
  const ahead = `${Date.now() + 48 * 3_600_000}000000`;
  expect(await send(incident(shellNotification, { firstNs: ahead, lastNs: ahead }))).toEqual(DELIVERED);
});

test.each(HOSTILE)('%s is taken as it was sent', async (_name, text) => {
  const hostile = notificationWith(
    { rule: text, output: text, fields: { 'proc.cmdline': text, 'proc.exepath': text }, where: { pod: text } },
    { group: { user: text, [text]: 'named' }, firstStep: text, links: { query: text, logs: text, runbook: text } },
  );
  const page = incident(hostile, { groupKey: `${text} ${count}` });
  const now = Date.now();
  expect(await send(page, {}, now)).toEqual(DELIVERED);
  const { labels, annotations } = alertOf(page, now);
  expect(await shown(page)).toEqual([expect.objectContaining({ labels, annotations })]);
});

test('what Alertmanager silences is taken and told to nobody', async () => {
  const page = incident(shellNotification);
  const silence = await alertmanager.silence('group_key', labelsOf(page).group_key ?? '');
  const later = incident(shellNotification);
  expect([await send(page), await send(later)]).toEqual([DELIVERED, DELIVERED]);
  await changes.until(() => told(later).length > 0);
  expect(told(page)).toEqual([]);
  expect((await shown(page))[0]?.status).toMatchObject({ state: 'suppressed', silencedBy: [silence] });
});

describe('an address that', () => {
  const denied = (status: number): SendOutcome => ({
    kind: 'misconfigured',
    reason: 'receiver-denied',
    detail: `HTTP ${status}`,
  });

  test.each<[string, Partial<AlertmanagerOptions>, SendOutcome]>([
    ['wants a password takes the right one', { username: 'falco', password: PASSWORD }, DELIVERED],
    ['wants a password takes no other', { username: 'falco', password: 'guess' }, denied(401)],
    ['wants a password takes no other user', { username: 'relay', password: PASSWORD }, denied(401)],
    ['wants a password takes nobody without', {}, denied(401)],
  ])('%s', async (_name, options, outcome) => {
    expect(await send(incident(shellNotification), { url: `${guarded.url}/`, ...options })).toEqual(outcome);
  });

  test("is not Alertmanager's is a fault of configuration", async () => {
    expect(await send(incident(shellNotification), { url: `${alertmanager.url}/elsewhere` })).toEqual(denied(404));
  });

  test('is down for now is tried again', async () => {
    await guarded.stop();
    const outcome = await send(incident(shellNotification), { url: guarded.url });
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'receiver-unavailable' });
  });
});
