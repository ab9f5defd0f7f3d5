/**
 * escalate: an alert worth people's attention opens an incident or joins one, and its deliveries are woken.
 *
 * The steps: core/message, alert (the schema in core/alert-view), route, core/group, join, core/wake. What the
 * transaction in join wrote stays due until it was delivered; the wake-ups published here only make it fast.
 */

import { alertView, factsOfView } from '../core/alert-view.ts';
import { type Group, groupOf } from '../core/group.ts';
import { ACKNOWLEDGED, type Handler, nack } from '../core/http.ts';
import { lead } from '../core/incident.ts';
import { createLane, type Lane } from '../core/lane.ts';
import type { WriteLog } from '../core/log.ts';
import { readMessage } from '../core/message.ts';
import type { AlertView } from '../core/notification.ts';
import type { Observe } from '../core/observe.ts';
import { ok } from '../core/outcome.ts';
import { type Park, parkOrNack } from '../core/park.ts';
import type { After, Clock, DocumentStore, Topics } from '../core/ports.ts';
import { wake } from '../core/wake.ts';
import { type Arrival, type JoinResult, joinIncident } from './join.ts';
import { type Route, routeAlert } from './route.ts';

/** A transaction reads one document an alert: more would make it slow and likely to collide. */
const MAX_GROUP = 50;
const DEADLINE_MS = 20_000;

export interface EscalateDeps {
  store: DocumentStore;
  topics: Topics;
  route: Route;
  park: Park;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

export function createEscalate(deps: EscalateDeps): Handler {
  // One lane a group: a storm in one incident is one transaction after another, and delays no other incident.
  const lanes = new Map<string, Lane<Arrival, JoinResult>>();

  async function join(arrival: Arrival): Promise<JoinResult> {
    const { key } = arrival.group;
    const lane = lanes.get(key) ?? createJoinLane(deps);
    lanes.set(key, lane);
    try {
      return await lane.submit(arrival);
    } finally {
      if (lane.idle && lanes.get(key) === lane) lanes.delete(key);
    }
  }

  return async (request) => {
    const envelope = readMessage(request.body);
    if (!envelope.ok) return parkOrNack(deps.park, { from: 'escalate', ...envelope }, envelope.original);
    const { message } = envelope;
    const alert = readAlert(message.text);
    if (typeof alert === 'string') {
      const invalid = { from: 'escalate', reason: 'escalation-invalid', detail: alert } as const;
      return parkOrNack(deps.park, invalid, { ...message, data: message.text });
    }
    const routed = routeAlert(deps.route, factsOfView(alert));
    const group = groupOf(alert, routed[0]?.groupBy);
    // Without any receiver there is nobody to deliver to: the incident is counted and shown.
    const receivers = [...new Set(routed.map(({ receiver }) => receiver))].filter((name) => name !== '');

    let joined: JoinResult;
    try {
      joined = await join({ alert, group, receivers });
    } catch (error) {
      const labels = { uuid: alert.uuid };
      deps.writeLog({
        severity: 'ERROR',
        message: `incident: ${(error as Error).message}`,
        reason: 'store-unavailable',
        labels,
      });
      return nack('store-unavailable');
    }
    observe(deps, joined, group);
    return (await wake(deps.topics, joined.due)) ? ACKNOWLEDGED : nack('pubsub-unavailable');
  };
}

function createJoinLane(deps: EscalateDeps): Lane<Arrival, JoinResult> {
  return createLane({
    name: 'incident',
    flush: async (arrivals) => (await joinIncident(deps.store, arrivals)).map(ok),
    maxItems: MAX_GROUP,
    keyOf: ({ alert }) => alert.uuid,
    deadlineMs: DEADLINE_MS,
    after: deps.after,
  });
}

/** The alert, or one sentence that names what is wrong with it. */
function readAlert(text: string): AlertView | string {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return 'not JSON';
  }
  const parsed = alertView.safeParse(json);
  if (parsed.success) return parsed.data;
  // The outermost names are ours; what is below them may be the payload's.
  const wrong = new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'the alert')));
  return `wrong fields: ${[...wrong].join(', ')}`;
}

function observe(deps: EscalateDeps, { incident }: JoinResult, group: Group): void {
  if (!incident || !deps.observe) return;
  const { groupKey, generation, state, severity, count, firstNs, lastNs, receivers } = incident;
  deps.observe({
    kind: 'incident',
    at: deps.clock(),
    groupKey,
    generation,
    group: group.labels,
    state,
    severity,
    count,
    firstNs,
    lastNs,
    lead: lead(incident).alert,
    rules: incident.rules.map(({ rule }) => rule),
    receivers,
  });
}
