/** Prometheus Alertmanager by its API v2: one alert an incident's generation, held together by its labels. */

import { hash } from 'node:crypto';
import type { Notification } from '../../core/notification.ts';
import { descriptionOf, isoTime, pageOf } from '../../core/page.ts';
import { bounded, plain } from '../../core/plain.ts';
import type { Clock, Receiver, SendOutcome } from '../../core/ports.ts';
import { basicAuthorization, type Http, type HttpResponse } from '../http.ts';
import type { AlertmanagerOptions } from './options.ts';
import { attempt, outcomeOfStatus } from './send-outcome.ts';

const ALERT_NAME = 'FalcoIncident';
export const ANNOTATION_LIMIT = 2_048;
/** Alertmanager ends an alert by itself then; an incident that grows is posted anew and so stays open. */
const OPEN_MS = 24 * 3_600_000;
const LABEL_NAME_LIMIT = 64;
const LABEL_LIMIT = 256;
const URL_LIMIT = 8_192;

interface AlertmanagerDeps {
  name: string;
  options: AlertmanagerOptions;
  http: Http;
  clock: Clock;
}

/** A bearer token wins over a user name: a request has room for one of them. */
export function createAlertmanager({ name, options, http, clock }: AlertmanagerDeps): Receiver {
  const url = `${options.url.replace(/\/+$/, '')}/api/v2/alerts`;
  const headers = { 'content-type': 'application/json', ...authorization(options) };
  return {
    name,
    kind: 'alertmanager',
    // The label set is the alert's identity, and it stays however often an incident is told.
    idempotent: true,
    send: (notification, signal) =>
      attempt(async () => {
        const body = JSON.stringify([alertOf(notification, clock())]);
        const { allow_private: allowPrivate } = options;
        return outcomeOf(await http.request({ method: 'POST', url, headers, body, signal, allowPrivate }), clock);
      }),
  };
}

/** Alertmanager accepts without a word; a page that a proxy shows instead, to log in for instance, is no acceptance. */
function outcomeOf(response: HttpResponse, clock: Clock): SendOutcome {
  const outcome = outcomeOfStatus(response, clock);
  if (outcome.kind !== 'delivered' || response.body.trim() === '') return outcome;
  const detail = `HTTP ${response.status} with words, so something else than Alertmanager answered`;
  return { kind: 'retry', reason: 'receiver-unavailable', detail };
}

function authorization({ username, password, bearer_token: token }: AlertmanagerOptions): Record<string, string> {
  if (token) return { authorization: `Bearer ${token}` };
  if (!username) return {};
  return { authorization: basicAuthorization(username, password ?? '') };
}

export interface PostableAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL?: string;
}

/**
 * postableAlert of https://github.com/prometheus/alertmanager/blob/main/api/v2/openapi.yaml.
 * @param nowMs milliseconds since the epoch
 */
export function alertOf(notification: Notification, nowMs: number): PostableAlert {
  const { state, firstNs, links } = notification;
  const startsAt = isoTime(firstNs);
  const ended = state === 'resolved' || state === 'quiet';
  // Alertmanager refuses an end before the start, which a node whose clock is ahead would bring about.
  const endMs = Math.max(ended ? nowMs : nowMs + OPEN_MS, Date.parse(startsAt));
  const generatorURL = linkOf(links.logs, URL_LIMIT);
  return {
    labels: labelsOf(notification),
    annotations: annotationsOf(notification),
    startsAt,
    endsAt: new Date(endMs).toISOString(),
    ...(generatorURL && { generatorURL }),
  };
}

/** Identity alone: what changes while the incident grows would make another alert of it. */
export function labelsOf({ group, groupKey, generation }: Notification): Record<string, string> {
  const labels = Object.entries(group).map(([name, value]) => [labelName(name), plain(value, LABEL_LIMIT, 'both')]);
  return {
    ...Object.fromEntries(labels.filter(([name, value]) => name && value)),
    alertname: ALERT_NAME,
    generation: String(generation),
    // The labels above are cut and cleaned, so that two groups could look the same: the hash keeps them apart.
    group_key: hash('sha256', groupKey, 'hex'),
  };
}

/** https://prometheus.io/docs/concepts/data_model/#metric-names-and-labels, as every version of it accepts. */
function labelName(name: string): string {
  return name
    .replace(/[^a-zA-Z0-9_]/g, '_')
    .replace(/^(?=\d)/, '_')
    .slice(0, LABEL_NAME_LIMIT);
}

function annotationsOf(notification: Notification): Record<string, string> {
  const { severity, count, state, firstNs, lastNs, firstStep, links } = notification;
  const page = pageOf(notification);
  const annotations: Readonly<Record<string, string | undefined>> = {
    summary: bounded(page.summary, ANNOTATION_LIMIT),
    description: bounded(descriptionOf(page), ANNOTATION_LIMIT),
    severity: severity.toLowerCase(),
    state,
    count: String(count),
    first_seen: isoTime(firstNs),
    last_seen: isoTime(lastNs),
    first_step: plain(firstStep, ANNOTATION_LIMIT),
    logs: linkOf(links.logs, ANNOTATION_LIMIT),
    runbook: linkOf(links.runbook, ANNOTATION_LIMIT),
    console: linkOf(links.console, ANNOTATION_LIMIT),
  };
  return Object.fromEntries(Object.entries(annotations).filter((pair): pair is [string, string] => Boolean(pair[1])));
}

/** A link that is cut leads elsewhere, and one that Go can't parse has the whole alert refused: both are left out. */
function linkOf(link: string | undefined, max: number): string | undefined {
  const href = URL.parse(link ?? '')?.href;
  return href && href.length <= max && !/%(?![0-9a-f]{2})/i.test(href) ? href : undefined;
}
