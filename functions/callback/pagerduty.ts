/** What was done in PagerDuty: https://developer.pagerduty.com/docs/webhooks-overview */

import * as z from 'zod';
import { type ActionKind, REQUEST_HORIZON_MS } from '../core/incident/action.ts';
import { isDownKey } from '../core/incident/dedup-key.ts';
import { jsonIn } from '../core/json.ts';
import { millisecondsOf, parseTime } from '../core/time.ts';
import { type Asked, ignored, malformed, nameOf } from './asked.ts';

/**
 * What is not here changes nothing: PagerDuty pages again by itself what is unacknowledged or reopened there, and our
 * incident is told of growth in any case.
 */
const EVENTS: ReadonlyMap<string, ActionKind> = new Map([
  ['incident.acknowledged', 'acknowledge'],
  ['incident.resolved', 'resolve'],
]);

/** For clocks that differ. */
const AHEAD_MS = 5 * 60_000;

/** As little as can be: what is taken for malformed three times turns the webhook off for a day. */
const webhook = z.object({
  event: z.object({
    id: z.string().min(1).max(200),
    event_type: z.string(),
    occurred_at: z.string(),
    /** A person, an integration, or null for what PagerDuty does by itself. */
    agent: z
      .object({
        id: z.string().regex(/^[A-Z0-9]{3,32}$/),
        summary: z.string().nullish().catch(null),
        type: z.string().nullish().catch(null),
      })
      .nullish()
      .catch(null),
    data: z.unknown(),
  }),
});

const incident = z.object({
  /** Our `dedup_key`. Incidents that other tools opened have another one, those opened by hand may have none. */
  incident_key: z.string().min(1).max(255),
  resolve_reason: z.object({ type: z.string() }).nullish().catch(null),
});

/**
 * @param body of a verified request
 * @param now milliseconds since the epoch
 */
export function readPagerDuty(body: Uint8Array, now: number): Asked {
  const { data } = webhook.safeParse(jsonIn(Buffer.from(body).toString('utf8')));
  if (!data) return malformed('the body is no event of webhooks v3');
  const { id, event_type, occurred_at, agent, data: subject } = data.event;
  const kind = EVENTS.get(event_type);
  const name = /^[a-z0-9_.]{1,60}$/.test(event_type) ? event_type : 'an unknown event';
  if (!kind) return ignored(`${name} changes nothing here`);
  const occurred = parseTime(occurred_at);
  if (occurred === undefined) return malformed('occurred_at is no time');
  // PagerDuty tries for 48 hours, and the signature holds no other time: within that, a repetition is known by its id.
  const age = now - millisecondsOf(occurred);
  if (age > REQUEST_HORIZON_MS || age < -AHEAD_MS)
    return { ok: false, reason: 'callback-too-old', detail: 'the event is older than PagerDuty tries, or yet to come' };
  const { data: resource } = incident.safeParse(subject);
  if (!resource) return ignored(`${name} of an incident without a key`);
  if (isDownKey(resource.incident_key)) return ignored(`${name} of a page that was told while the store was down`);
  // What was merged goes on under another name: nobody is done with it.
  if (resource.resolve_reason?.type === 'merge_resolve_reason') return ignored('the incident was merged into another');
  return {
    ok: true,
    action: {
      kind,
      incident: { dedupKey: resource.incident_key },
      by: nameOf(agent?.summary, agent?.id, 'PagerDuty'),
      via: 'pagerduty',
      requestId: `pagerduty:${id}`,
    },
    user: agent?.id,
    ...(agent?.type === 'inbound_integration_reference' && { isProgram: true }),
  };
}
