/** Any endpoint: Alertmanager's webhook body, version 4, signed the Standard Webhooks way. */

import { createHmac, hash } from 'node:crypto';
import { attackOf } from '../../core/page/mitre.ts';
import type { AlertView, Notification } from '../../core/page/notification.ts';
import { descriptionOf, isoTime, lineText, pageOf } from '../../core/page/page.ts';
import { phraseOf, placeOf } from '../../core/page/phrase.ts';
import { plain } from '../../core/plain.ts';
import type { Clock, Receiver } from '../../core/ports.ts';
import type { Http } from '../http.ts';
import { SIGNING_SECRET, type WebhookOptions } from './options.ts';
import { attempt, outcomeOfStatus } from './send-outcome.ts';

const LABEL_LIMIT = 256;
const OUTPUT_LIMIT = 2_048;
/** Alertmanager's word for "has not ended". */
const NOT_ENDED = '0001-01-01T00:00:00Z';

export interface WebhookDeps {
  name: string;
  options: WebhookOptions;
  http: Http;
  clock: Clock;
}

/** @throws Error when the secret is not base64, which the standard's verifiers expect. */
export function createWebhook({ name, options, http, clock }: WebhookDeps): Receiver {
  const key = options.secret === undefined ? undefined : signingKey(options.secret, name);
  return {
    name,
    kind: 'webhook',
    // The standard makes webhook-id an idempotency key, and a page keeps its id however often it is sent.
    idempotent: true,
    send: (notification, signal) =>
      attempt(async () => {
        const body = JSON.stringify(bodyOf(notification));
        const headers = {
          'content-type': 'application/json',
          ...(key && signature(key, notification.messageId, Math.floor(clock() / 1_000), body)),
        };
        const { url, allow_private: allowPrivate } = options;
        return outcomeOfStatus(await http.request({ method: 'POST', url, headers, body, signal, allowPrivate }), clock);
      }),
  };
}

function signingKey(secret: string, name: string): Buffer {
  if (!SIGNING_SECRET.test(secret)) throw new Error(`receiver ${name}: the secret is not base64`);
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/**
 * The three headers of https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
 * @param timestamp seconds since the epoch
 */
export function signature(key: Buffer, messageId: string, timestamp: number, body: string): Record<string, string> {
  // Group keys hold quotes, spaces and anything an attacker chose: what is no header value is replaced by its hash.
  const id = /^[\x21-\x7e]{1,255}$/.test(messageId) ? messageId : `msg_${hash('sha256', messageId, 'hex')}`;
  const signed = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(timestamp), 'webhook-signature': `v1,${signed}` };
}

interface WebhookAlert {
  status: 'firing' | 'resolved';
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  fingerprint: string;
}

/** https://prometheus.io/docs/alerting/latest/configuration/#webhook_config; the leading alert comes first. */
export function bodyOf(notification: Notification): object {
  const { lead, others, links, state, lastNs, receiver, groupKey, group, firstStep } = notification;
  const status = state === 'open' || state === 'acknowledged' ? 'firing' : 'resolved';
  const page = pageOf(notification);
  const who = lineText(page, 'who');
  const leading = {
    summary: page.summary,
    description: descriptionOf(page),
    ...(who && { who }),
    first_step: plain(firstStep, OUTPUT_LIMIT),
    ...(links.logs && { logs_url: links.logs }),
    ...(links.dashboard && { dashboard_url: links.dashboard }),
    ...(links.console && { console_url: links.console }),
    ...(links.runbook && { runbook_url: links.runbook }),
  };
  const told = [
    { alert: lead, startNs: notification.firstNs, annotations: leading },
    ...others.map(({ alert, timeNs }) => ({ alert, startNs: timeNs, annotations: {} })),
  ];
  const alerts = told.map(({ alert, startNs, annotations }): WebhookAlert => {
    return {
      status,
      labels: labelsOf(alert),
      annotations: {
        summary: `${placeOf(alert)}: ${phraseOf(alert)}`,
        output: plain(alert.output, OUTPUT_LIMIT, 'both'),
        ...annotations,
      },
      startsAt: isoTime(startNs),
      endsAt: status === 'firing' ? NOT_ENDED : isoTime(lastNs),
      generatorURL: links.logs ?? '',
      fingerprint: alert.fingerprint,
    };
  });
  return {
    version: '4',
    groupKey,
    truncatedAlerts: 0,
    status,
    receiver,
    groupLabels: Object.fromEntries(Object.entries(group).map(([name, value]) => [name, plain(value, LABEL_LIMIT)])),
    commonLabels: common(alerts.map(({ labels }) => labels)),
    commonAnnotations: common(alerts.map(({ annotations }) => annotations)),
    externalURL: '',
    alerts,
    notification: wordOf(notification),
  };
}

/** What Alertmanager's body has no room for: whether this rings, and how the incident stands. Times in RFC 3339. */
function wordOf(notification: Notification): object {
  const { type, generation, round, state, severity, count, by, storm, withoutStore, report } = notification;
  return {
    type,
    generation,
    round,
    state,
    severity: severity.toLowerCase(),
    count,
    ...(by && { by: plain(by.who, LABEL_LIMIT), at: new Date(by.at).toISOString() }),
    ...(storm && { incidents: storm.size }),
    ...(withoutStore && { store_down: true }),
    ...(report && { report }),
  };
}

function labelsOf(alert: AlertView): Record<string, string> {
  const { where } = alert;
  const labels: Readonly<Record<string, string | undefined>> = {
    alertname: alert.rule,
    severity: alert.priority.toLowerCase(),
    falco_priority: alert.falcoPriority,
    source: alert.source,
    project: where.cluster?.project,
    location: where.cluster?.location,
    cluster: where.cluster?.name,
    namespace: where.namespace,
    workload: where.workload?.name ?? where.derivedWorkload,
    pod: where.pod,
    container: where.container,
    node: where.node,
    team: where.team,
    technique: attackOf(alert.tags).techniques[0]?.id,
  };
  const known = Object.entries(labels).filter((pair): pair is [string, string] => Boolean(pair[1]));
  return Object.fromEntries(known.map(([name, value]) => [name, plain(value, LABEL_LIMIT, 'both')]));
}

function common(all: readonly Record<string, string>[]): Record<string, string> {
  const [first = {}, ...rest] = all;
  return Object.fromEntries(
    Object.entries(first).filter(([name, value]) => rest.every((each) => each[name] === value)),
  );
}
