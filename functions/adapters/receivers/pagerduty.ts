/** PagerDuty by its Events API v2: one alert an incident, held together by the dedup key. */

import { hash } from 'node:crypto';
import * as z from 'zod';
import type { Notification } from '../../core/notification.ts';
import { isoTime, type LineName, lineText, namedLinksOf, pageOf } from '../../core/page.ts';
import { placeOf } from '../../core/phrase.ts';
import { bounded, plain } from '../../core/plain.ts';
import type { Clock, Receiver, SendOutcome } from '../../core/ports.ts';
import type { Priority } from '../../core/priority.ts';
import type { Http, HttpResponse } from '../http.ts';
import type { PagerDutyOptions } from './options.ts';
import { attempt, jsonOf, outcomeOfStatus } from './send-outcome.ts';

// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and .../overview/#size-limits
export const DEDUP_KEY_LIMIT = 255;
export const SUMMARY_LIMIT = 1_024;
export const BODY_LIMIT = 512 * 1_024;
const NAME_LIMIT = 255;
const OUTPUT_LIMIT = 2_048;

const SEVERITY: Readonly<Record<Priority, 'critical' | 'error' | 'warning' | 'info'>> = {
  Emergency: 'critical',
  Alert: 'critical',
  Critical: 'critical',
  Error: 'error',
  Warning: 'warning',
  Notice: 'warning',
  Informational: 'info',
  Debug: 'info',
};

export interface PagerDutyDeps {
  name: string;
  options: PagerDutyOptions;
  http: Http;
  clock: Clock;
}

export function createPagerDuty({ name, options, http, clock }: PagerDutyDeps): Receiver {
  return {
    name,
    kind: 'pagerduty',
    idempotent: true,
    send: (notification, signal) =>
      attempt(async () => {
        const body = JSON.stringify(eventOf(notification, options.routing_key));
        const headers = { 'content-type': 'application/json' };
        const { url, allow_private: allowPrivate } = options;
        return outcomeOf(await http.request({ method: 'POST', url, headers, body, signal, allowPrivate }), clock);
      }),
  };
}

/** The event that triggers, or adds to, the alert of this incident's generation. */
export function eventOf(notification: Notification, routingKey: string): object {
  const { lead, links, count, state, firstNs, lastNs } = notification;
  const page = pageOf(notification);
  const details = {
    ...linesOf(notification),
    alerts: String(count),
    first_seen: isoTime(firstNs),
    last_seen: isoTime(lastNs),
    state,
    rule: plain(lead.rule, NAME_LIMIT),
    output: plain(lead.output, OUTPUT_LIMIT, 'both'),
    query: bounded(links.query, OUTPUT_LIMIT),
  };
  const event = {
    routing_key: routingKey,
    event_action: 'trigger',
    dedup_key: dedupKeyOf(notification.dedupKey),
    client: 'Falco Relay',
    ...(links.logs && { client_url: links.logs }),
    links: namedLinksOf(notification).map(({ name, url }) => ({ href: url, text: name })),
    payload: {
      summary: bounded(page.summary, SUMMARY_LIMIT),
      source: plain(lead.where.cluster?.name ?? (lead.hostname || 'unknown'), NAME_LIMIT),
      severity: SEVERITY[notification.severity],
      timestamp: isoTime(firstNs),
      component: placeOf(lead),
      ...(lead.where.namespace && { group: plain(lead.where.namespace, NAME_LIMIT) }),
      class: plain(lead.rule, NAME_LIMIT),
      custom_details: details,
    },
  };
  if (Buffer.byteLength(JSON.stringify(event)) <= BODY_LIMIT) return event;
  // Only links without bound can grow this far: the page goes without them.
  const { client_url: _, ...rest } = event;
  return { ...rest, links: [] };
}

const LINES: Readonly<Partial<Record<LineName, string>>> = {
  what: 'what',
  subject: 'pod',
  evidence: 'evidence',
  where: 'where',
  when: 'when',
  others: 'others',
  technique: 'technique',
  first: 'first',
};

function linesOf(notification: Notification): Record<string, string> {
  const page = pageOf(notification);
  const texts = Object.entries(LINES).map(([line, key]) => [key, lineText(page, line as LineName)] as const);
  return Object.fromEntries(texts.filter((pair): pair is [string, string] => pair[1] !== undefined));
}

/** The key itself while it fits, so that people can search for it; else its hash. */
export function dedupKeyOf(key: string): string {
  return key.length <= DEDUP_KEY_LIMIT ? key : `falco-relay:${hash('sha256', key, 'hex')}`;
}

const accepted = z.object({ status: z.literal('success') });
const FIELDS = [
  'routing_key',
  'routing key',
  'dedup_key',
  'summary',
  'source',
  'severity',
  'timestamp',
  'links',
] as const;

/** 202 means accepted; any other 2xx must say so, or something other than PagerDuty answered. */
export function outcomeOf(response: HttpResponse, clock: Clock): SendOutcome {
  const { status, body } = response;
  const outcome = outcomeOfStatus(response, clock);
  if (status === 202) return outcome;
  if (outcome.kind === 'delivered') {
    if (accepted.safeParse(jsonOf(response)).success) return outcome;
    return { kind: 'retry', reason: 'receiver-unavailable', detail: `HTTP ${status} that does not say success` };
  }
  if (status !== 400) return outcome;
  // Only the names of fields are taken from the answer: it may quote what was sent.
  const named = FIELDS.filter((field) => body.toLowerCase().includes(field));
  if (named.some((field) => field.startsWith('routing'))) {
    return { kind: 'misconfigured', reason: 'receiver-denied', detail: 'HTTP 400, the routing key is not valid' };
  }
  const detail = named.length > 0 ? `HTTP 400, PagerDuty names: ${named.join(', ')}` : 'HTTP 400';
  return { kind: 'refused', reason: 'receiver-refused', detail };
}
