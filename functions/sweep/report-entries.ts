/**
 * What a report says in Loki: a line on all incidents and deliveries, one a receiver, and one for each incident that is
 * not over. They have one stream of their own, so that nothing that counts Falco's events ever meets them, and so that a
 * publisher who invents clusters opens no streams.
 */

import type { LogEntry } from '../core/event/alert.ts';
import { UNKNOWN } from '../core/event/metadata.ts';
import { type Delivery, owesPage } from '../core/incident/delivery.ts';
import { type Incident, isLive, lead } from '../core/incident/incident.ts';
import type { AlertView } from '../core/page/notification.ts';
import { nanosecondsOf } from '../core/time.ts';

const MINUTE_MS = 60_000;
const STREAM = { service_name: 'falco-relay' };
/** Lines on incidents, those with the latest alerts first. */
const MOST_LINES = 500;

/** Receivers' names, those of the configuration and those that deliveries still have. */
export type Waiting = ReadonlyMap<string, number>;

export interface Standing {
  /** Milliseconds since the epoch, by the store's clock. */
  now: number;
  incidents: readonly Incident[];
  /** How many deliveries each receiver waits for. */
  waiting: Waiting;
  /** Those among them that were looked at. */
  deliveries: readonly Delivery[];
  /** There is more of either than was read. */
  cut: boolean;
}

/** All of it is told as of the minute's start: two sweeps in one minute write the same bytes, unless something happened. */
export function reportEntries({ now, incidents, waiting, deliveries, cut }: Standing): LogEntry[] {
  const minute = now - (now % MINUTE_MS);
  const live = incidents.filter(isLive).sort((a, b) => b.lastAt - a.lastAt);
  const lines = live.flatMap((incident) => incidentLines(incident, minute));
  const standings = live.map(standingOf);
  const count = (standing: StandingName): string => String(standings.filter((each) => each === standing).length);
  const health = {
    kind: 'health',
    open: count('open'),
    acknowledged: count('acknowledged'),
    held: count('held'),
    observed: count('observed'),
    waiting: String([...waiting.values()].reduce((sum, n) => sum + n, 0)),
    page_wait_ms: pageWait(deliveries, minute),
    ...((cut || lines.length > MOST_LINES) && { cut: 'true' }),
  };
  const receivers = [...waiting].map(([receiver, n]) => {
    const its = deliveries.filter((each) => each.receiver === receiver);
    return {
      kind: 'deliveries',
      receiver,
      waiting: String(n),
      failing: String(its.filter(({ tries }) => tries > 0).length),
      page_wait_ms: pageWait(its, minute),
    };
  });
  return [health, ...receivers, ...lines.slice(0, MOST_LINES)].map((said) => entryOf(said, minute));
}

type StandingName = 'open' | 'acknowledged' | 'held' | 'observed';

/** Of what is open as people see it: whom a storm holds it tells for, and what is only observed nobody is to take on. */
function standingOf({ state, heldBy, observed }: Incident): StandingName {
  if (observed) return 'observed';
  if (heldBy) return 'held';
  return state === 'acknowledged' ? 'acknowledged' : 'open';
}

/** One for each place that its alerts name, mostly one: Loki's rules look for the incident of an alert by its place. */
function incidentLines(incident: Incident, minute: number): Record<string, string>[] {
  const { groupKey, generation, severity, count, rules, openedAt, lastAt, receivers } = incident;
  const worst = lead(incident).alert;
  const places = [worst, ...rules.map(({ alert }) => alert)].map(placeOf);
  return [...new Map(places.map((place) => [JSON.stringify(place), place])).values()].map((place) => ({
    kind: 'incident',
    incident: `${groupKey}#${generation}`,
    standing: standingOf(incident),
    severity,
    rule: worst.rule,
    alerts: String(count),
    opened: new Date(openedAt).toISOString(),
    idle_ms: String(Math.max(0, minute - lastAt)),
    receivers: receivers.join(','),
    ...place,
  }));
}

/** Under the names that events have in Loki. */
function placeOf({ where, source, hostname }: AlertView): Record<string, string> {
  const { cluster, namespace, workload, derivedWorkload } = where;
  return {
    project: cluster?.project ?? UNKNOWN,
    cluster: cluster?.name ?? UNKNOWN,
    location: cluster?.location ?? '',
    source,
    k8s_ns_name: namespace ?? '',
    workload_name: workload?.name ?? derivedWorkload ?? '',
    // Of a pod the workload says enough, and its nodes would be a line each.
    hostname: namespace ? '' : hostname,
  };
}

/** How long the oldest page that nobody has heard has waited. */
function pageWait(deliveries: readonly Delivery[], minute: number): string {
  return String(Math.max(0, ...deliveries.filter(owesPage).map(({ dueSince }) => minute - dueSince)));
}

function entryOf(said: Record<string, string>, minute: number): LogEntry {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(said)) if (value !== '') metadata[name] = value;
  const { kind, incident = '', receiver = '', project = '', cluster = '', k8s_ns_name: namespace = '' } = metadata;
  const place = incident && [project, cluster, namespace, metadata.workload_name ?? '', metadata.hostname ?? ''];
  const uuid = [kind, receiver, incident, ...place, minute].filter((part) => part !== '').join(' ');
  return {
    labels: STREAM,
    timestampNs: String(nanosecondsOf(minute)),
    line: JSON.stringify(metadata),
    metadata: { ...metadata, uuid, n: '1' },
  };
}
