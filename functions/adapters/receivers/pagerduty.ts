/** PagerDuty by its Events API v2: one alert an incident, held together by the dedup key. */

import { hash } from 'node:crypto';
import * as z from 'zod';
import { roundKeyOf } from '../../core/incident/dedup-key.ts';
import type { Notification } from '../../core/page/notification.ts';
import { isoTime, type LineName, lineText, namedLinksOf, pageOf } from '../../core/page/page.ts';
import { placeOf } from '../../core/page/phrase.ts';
import { bounded, plain } from '../../core/plain.ts';
import type { Clock, Receiver, SendOutcome } from '../../core/ports.ts';
import type { Priority } from '../../core/priority.ts';
import type { Http, HttpResponse } from '../http.ts';
import type { PagerDutyOptions } from './options.ts';
import { attempt, jsonOf, outcomeOfStatus } from './send-outcome.ts';

// https://developer.pagerduty.com/docs/events-api-v2/trigger-events/ and .../overview/#size-limits
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
        let outcome: SendOutcome = { kind: 'delivered' };
        const told = toldBy(notification, options);
        for (const event of eventsOf(notification, options)) {
          const body = JSON.stringify(event);
          const headers = { 'content-type': 'application/json' };
          const { url, allow_private: allowPrivate } = options;
          outcome = outcomeOf(await http.request({ method: 'POST', url, headers, body, signal, allowPrivate }), clock);
          if (outcome.kind !== 'delivered') return outcome;
        }
        return told ? { kind: 'delivered', reference: told } : outcome;
      }),
  };
}

/** Earlier rounds that are told of an acknowledgement or an end; older ones were when the next began. */
const ROUNDS_TOLD = 5;

type EventOptions = Pick<PagerDutyOptions, 'routing_key' | 'updates'>;

/**
 * What PagerDuty is sent, in order. A page triggers. Of updates alone what `newsOf` names does, unless `updates` is set:
 * PagerDuty takes a trigger for an alert that somebody resolved there as a new one, and would ring. What was acknowledged or
 * resolved elsewhere is so here, for each round that may still be open; what went quiet is left to people.
 */
export function eventsOf(notification: Notification, options: EventOptions): object[] {
  const { routing_key: routingKey } = options;
  const { state, round } = notification;
  const events: object[] = triggers(notification, options) ? [eventOf(notification, routingKey)] : [];
  if (state !== 'acknowledged' && state !== 'resolved') return events;
  const action = state === 'acknowledged' ? 'acknowledge' : 'resolve';
  for (let each = Math.max(1, round - ROUNDS_TOLD + 1); each <= round; each += 1) {
    events.push({ routing_key: routingKey, event_action: action, dedup_key: roundKeyOf(notification.dedupKey, each) });
  }
  return events;
}

/** What PagerDuty was last told that an update may bring news of: what a delivery keeps for the next word. */
const reference = z.object({
  /** How large a storm was. */
  stormSize: z.number().optional(),
  /** Who opened a shell, as a hash of the line that says so. */
  who: z.string().optional(),
});
type Told = z.output<typeof reference>;

/** What to keep of this word; undefined where it says nothing of that kind. */
export function toldBy(notification: Notification, options: Pick<EventOptions, 'updates'>): Told | undefined {
  const { storm } = notification;
  const who = whoOf(notification);
  if ((!storm && !who) || !triggers(notification, options)) return undefined;
  return { ...(storm && { stormSize: storm.size }), ...(who && { who }) };
}

function triggers(notification: Notification, { updates }: Pick<EventOptions, 'updates'>): boolean {
  const { type, state, unrung } = notification;
  if (type === 'page') return true;
  // A round has a key of its own, so that any other word of it would ring whom nobody meant to ring.
  return !unrung && ((updates && state === 'open') || newsOf(notification));
}

/**
 * What PagerDuty must hear though nobody is rung: it goes to the log of the alert. One is who opened a shell, or that no
 * audit record explains it, since that is known after the page as often as before it. The other is a storm that has
 * doubled while nobody acknowledged it: it rings at its first incident, and PagerDuty shows the count of then. Whoever
 * resolved the alert there is rung.
 */
function newsOf(notification: Notification): boolean {
  const { state, storm } = notification;
  const told: Told = reference.safeParse(notification.reference).data ?? {};
  if (storm) return state === 'open' && storm.size >= 2 * (told.stormSize ?? 0);
  const who = whoOf(notification);
  return who !== undefined && who !== told.who && (state === 'open' || state === 'acknowledged');
}

function whoOf(notification: Notification): string | undefined {
  const text = lineText(pageOf(notification), 'who');
  return text && hash('sha256', text, 'hex').slice(0, 16);
}

/** The event that triggers, or adds to, the alert of this round of the incident's generation. */
export function eventOf(notification: Notification, routingKey: string): object {
  const { lead, links, count, state, firstNs, lastNs, round, storm } = notification;
  const page = pageOf(notification);
  const details = {
    ...linesOf(notification),
    alerts: String(count),
    ...(storm && { incidents: String(storm.size) }),
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
    dedup_key: roundKeyOf(notification.dedupKey, round),
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
  who: 'who',
  evidence: 'evidence',
  where: 'where',
  when: 'when',
  others: 'others',
  technique: 'technique',
  state: 'state_text',
  first: 'first',
};

function linesOf(notification: Notification): Record<string, string> {
  const page = pageOf(notification);
  const texts = Object.entries(LINES).map(([line, key]) => [key, lineText(page, line as LineName)] as const);
  return Object.fromEntries(texts.filter((pair): pair is [string, string] => pair[1] !== undefined));
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
