/** Prometheus Alertmanager by its API v2: one alert a round of an incident, held together by its labels. */

import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Notification } from '../../core/page/notification.ts';
import { descriptionOf, isoTime, lineText, pageOf } from '../../core/page/page.ts';
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
/** So many earlier rounds are ended at once; Alertmanager ends older ones by itself. */
const ROUNDS_ENDED = 5;

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
    // The label set is the alert's identity, and it stays however often a round is told.
    idempotent: true,
    send: (notification, signal) =>
      attempt(async () => {
        const body = JSON.stringify(alertsOf(notification, clock()));
        const { allow_private: allowPrivate } = options;
        const response = await http.request({ method: 'POST', url, headers, body, signal, allowPrivate });
        const outcome = outcomeOf(response, clock);
        return outcome.kind === 'delivered' ? { ...outcome, reference: rungOf(notification) } : outcome;
      }),
  };
}

/** The last round that rang here: what a delivery keeps for the next word. */
const rung = z.object({ round: z.number().int().min(1) });

const earlierOf = ({ reference }: Notification): number | undefined => rung.safeParse(reference).data?.round;

/** A page rings in the incident's round; an update belongs to the one that rang here, or it would ring as a new alert. */
export function rungOf(notification: Notification): z.output<typeof rung> {
  return { round: notification.type === 'page' ? notification.round : (earlierOf(notification) ?? 1) };
}

/**
 * Alertmanager tells nobody of a label set that fires already, so each round is an alert of its own. The one before ends
 * with the post that begins the next: one incident is one alert that fires, here and with whoever is told by Alertmanager.
 * @param nowMs milliseconds since the epoch
 */
export function alertsOf(notification: Notification, nowMs: number): PostableAlert[] {
  const { round } = rungOf(notification);
  const alerts = [alertOf(notification, nowMs)];
  for (let each = Math.max(earlierOf(notification) ?? round, round - ROUNDS_ENDED); each < round; each += 1) {
    alerts.push(endedRound(notification, each, nowMs));
  }
  return alerts;
}

/** Whoever is told of its end must not take it for the incident's. */
function endedRound(notification: Notification, round: number, nowMs: number): PostableAlert {
  const ended = alertOf({ ...notification, type: 'page', round, state: 'resolved' }, nowMs);
  const { summary = '' } = ended.annotations;
  const goesOn = bounded(`Paged again, goes on as round ${notification.round}: ${summary}`, ANNOTATION_LIMIT);
  return { ...ended, annotations: { ...ended.annotations, summary: goesOn, state: notification.state } };
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

/** Identity alone: what changes while the incident grows would make another alert of it, and ring. */
export function labelsOf(notification: Notification): Record<string, string> {
  const { group, groupKey, generation } = notification;
  const { round } = rungOf(notification);
  const labels = Object.entries(group).map(([name, value]) => [labelName(name), plain(value, LABEL_LIMIT, 'both')]);
  return {
    ...Object.fromEntries(labels.filter(([name, value]) => name && value)),
    alertname: ALERT_NAME,
    generation: String(generation),
    ...(round > 1 && { round: String(round) }),
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
    who: bounded(lineText(page, 'who') ?? '', ANNOTATION_LIMIT),
    first_step: plain(firstStep, ANNOTATION_LIMIT),
    logs: linkOf(links.logs, ANNOTATION_LIMIT),
    dashboard: linkOf(links.dashboard, ANNOTATION_LIMIT),
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
