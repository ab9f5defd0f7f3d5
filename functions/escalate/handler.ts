/**
 * escalate: an alert worth people's attention opens an incident or joins one, and its deliveries are woken.
 *
 * The steps: message, alert (the schema in core/page/alert-view), route, group, mute, join, wake. What the transaction in
 * join wrote stays due until it was delivered; the wake-ups published here only make it fast.
 */

import { ContentionError } from '../core/contention.ts';
import { readMessage } from '../core/event/message.ts';
import { ACKNOWLEDGED, type Handler, nack } from '../core/http.ts';
import { groupOf } from '../core/incident/group.ts';
import type { Routing, StormLimits } from '../core/incident/incident.ts';
import { stormGroupOf } from '../core/incident/storm.ts';
import { mergedTiers } from '../core/incident/tiers.ts';
import { wake } from '../core/incident/wake.ts';
import { createKeyedLanes } from '../core/keyed-lanes.ts';
import { createLane, type Lane } from '../core/lane.ts';
import type { WriteLog } from '../core/log.ts';
import type { Facts } from '../core/match/facts.ts';
import { incidentObservation, type Observe } from '../core/observe.ts';
import { ok } from '../core/outcome.ts';
import { alertView, factsOfView } from '../core/page/alert-view.ts';
import type { AlertView } from '../core/page/notification.ts';
import { type Park, parkOrNack } from '../core/park.ts';
import type { After, Clock, DocumentStore, Topics } from '../core/ports.ts';
import { createDownPages } from './down.ts';
import { type Arrival, type JoinResult, joinIncident, openIncidents } from './join.ts';
import type { Muting } from './mute.ts';
import { countMuted } from './muted.ts';
import { type Route, routeAlert } from './route.ts';

/** A transaction reads one document an alert: more would make it slow and likely to collide. */
const MAX_GROUP = 50;
const DEADLINE_MS = 20_000;

export interface EscalateDeps {
  store: DocumentStore;
  topics: Topics;
  route: Route;
  muting: Muting;
  /** When a cluster's further incidents are one storm. */
  storm: StormLimits;
  /** Whether this receiver drops a second send of the same page. */
  idempotent(receiver: string): boolean;
  /** `observe`: decide, count and say who would be told, and tell nobody. */
  mode: 'page' | 'observe';
  park: Park;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

export function createEscalate(deps: EscalateDeps): Handler {
  // A storm in one incident delays no other one that is open; what opens goes by cluster, as the storm valve does.
  const join = createKeyedLanes<Arrival, JoinResult | undefined>(() => createJoinLane(deps, joinIncident));
  const open = createKeyedLanes<Arrival, JoinResult>(() => createJoinLane(deps, openIncidents));
  const pageWithoutStore = createDownPages(deps);
  const count = createKeyedLanes<string, void>((id) => createMutedLane(deps, id));

  return async (request) => {
    const envelope = readMessage(request.body, request.rawBody);
    if (!envelope.ok) return parkOrNack(deps.park, { from: 'escalate', ...envelope }, envelope.original);
    const { message } = envelope;
    const alert = readAlert(message.text);
    if (typeof alert === 'string') {
      const invalid = { from: 'escalate', reason: 'escalation-invalid', detail: alert } as const;
      return parkOrNack(deps.park, invalid, { ...message, data: message.text });
    }
    const facts = factsOfView(alert);
    const arrival = arrivalOf(deps, alert, facts);
    const { muted, shadows } = await deps.muting.ofAlert(alert, facts, arrival.group.key);
    let joined: JoinResult | undefined;
    try {
      if (muted) await count(muted.id, alert.uuid);
      else joined = (await join(arrival.group.key, arrival)) ?? (await open(stormGroupOf(alert).key, arrival));
      for (const { id } of shadows) await count(id, `${alert.uuid}/${id}`);
    } catch (error) {
      const labels = { uuid: alert.uuid };
      const message = `incident: ${(error as Error).message}`;
      deps.writeLog({ severity: 'ERROR', message, reason: 'store-unavailable', labels });
      // In a storm a message comes again a moment later; a page without an incident would be one too many.
      if (!muted && !(error instanceof ContentionError)) await pageWithoutStore(arrival);
      return nack('store-unavailable');
    }
    if (!joined) {
      const labels = { uuid: alert.uuid, by: muted?.id ?? '' };
      deps.writeLog({ severity: 'INFO', message: 'an alert told nobody', reason: 'alert-muted', labels });
      return ACKNOWLEDGED;
    }
    for (const incident of joined.incidents) deps.observe?.(incidentObservation(incident, deps.clock()));
    if (arrival.routing.observed) observed(deps, joined, arrival.routing);
    return (await wake(deps.topics, joined.due)) ? ACKNOWLEDGED : nack('pubsub-unavailable');
  };
}

function arrivalOf({ route, mode, storm }: EscalateDeps, alert: AlertView, facts: Facts): Arrival {
  const routed = routeAlert(route, facts);
  return {
    alert,
    group: groupOf(alert, routed[0]?.groupBy),
    routing: {
      // Without any receiver there is nobody to deliver to: the incident is counted and shown.
      receivers: [...new Set(routed.map(({ receiver }) => receiver))].filter((name) => name !== ''),
      tiers: mergedTiers(...routed.map(({ tiers }) => tiers)),
      valve: storm,
      observed: mode === 'observe',
    },
  };
}

function createMutedLane({ store, after }: EscalateDeps, id: string): Lane<string, void> {
  return createLane({
    name: 'muted',
    flush: async (marks) => {
      await countMuted(store, id, marks);
      return marks.map(() => ok(undefined));
    },
    maxItems: MAX_GROUP,
    keyOf: (mark) => mark,
    deadlineMs: DEADLINE_MS,
    after,
  });
}

function createJoinLane<Result>(
  { store, after }: EscalateDeps,
  join: (store: DocumentStore, arrivals: readonly Arrival[]) => Promise<Result[]>,
): Lane<Arrival, Result> {
  return createLane({
    name: 'incident',
    flush: async (arrivals) => (await join(store, arrivals)).map(ok),
    maxItems: MAX_GROUP,
    keyOf: ({ alert }) => alert.uuid,
    deadlineMs: DEADLINE_MS,
    after,
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

/** What a first week under `mode: observe` is judged by: each incident once, and whom it would have told. */
function observed({ writeLog }: EscalateDeps, { reason, incidents }: JoinResult, { receivers }: Routing): void {
  const [incident] = incidents;
  if (!incident || reason === 'incident-joined' || reason === 'alert-counted-before') return;
  const message = `observed: ${incident.severity} in ${incident.groupKey} would tell ${receivers.join(', ') || 'nobody'}`;
  writeLog({ severity: 'NOTICE', message, reason: 'observe-only' });
}
