/** Counts escalated alerts in their incidents, several in one transaction, and says which deliveries are due. */

import type { DeliveryRef } from '../core/incident/delivery.ts';
import {
  type Counted,
  readCounted,
  readIncident,
  readValve,
  writeCounted,
  writeIncident,
  writeValve,
} from '../core/incident/documents.ts';
import type { Group } from '../core/incident/group.ts';
import {
  type Incident,
  type Joined,
  type JoinReason,
  join,
  pagesAgain,
  type Routing,
  reopening,
} from '../core/incident/incident.ts';
import {
  held,
  isOver,
  pierces,
  released,
  stormGroupOf,
  tellsOf,
  touched,
  type Valve,
  valveAfter,
  worsened,
} from '../core/incident/storm.ts';
import { type Deliveries, readDeliveries, tell, type Words } from '../core/incident/tell.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { DocumentStore, Transaction } from '../core/ports.ts';
import { type Pods, readPods, withShell, writePods } from './shell.ts';

export interface Arrival {
  alert: AlertView;
  group: Group;
  routing: Routing;
}

export interface JoinResult {
  reason:
    | JoinReason
    | 'alert-counted-before'
    | 'incident-held-by-storm'
    | 'incident-told-by-storm'
    | 'incident-pierced-storm';
  /** As they are after it: the alert's own, and the storm that holds it. */
  incidents: readonly Incident[];
  /** To be published as wake-ups before the message is acknowledged. */
  due: readonly DeliveryRef[];
}

/** What a transaction has read of an incident, and what it will have written. */
interface Told {
  incident: Incident | undefined;
  deliveries: Deliveries;
}

/** The storm of a cluster, which all its groups share. */
interface Cluster extends Told {
  valve: Valve | undefined;
}

const NO_STORM: Cluster = { incident: undefined, deliveries: new Map(), valve: undefined };

/**
 * Counts alerts of one group in the incident that is there; none stands there twice. Undefined for those that open one,
 * or whose incident is held by a storm: that is decided with the rest of their cluster.
 */
export function joinIncident(store: DocumentStore, arrivals: readonly Arrival[]): Promise<(JoinResult | undefined)[]> {
  return store.transact(async (tx) => {
    const known = await read(tx, arrivals);
    if ([...known.groups.values()].some(({ asksStorm }) => asksStorm)) return known.counted;
    return count(tx, arrivals, known, NO_STORM);
  });
}

/**
 * The same for alerts of one cluster, whatever becomes of them. Together, because each that opens an incident asks and
 * changes the valve: a transaction for each group would have all of them fight for one document.
 */
export function openIncidents(store: DocumentStore, arrivals: readonly Arrival[]): Promise<JoinResult[]> {
  return store.transact(async (tx) => {
    const known = await read(tx, arrivals);
    return count(tx, arrivals, known, await readCluster(tx, arrivals, known.groups));
  });
}

interface Read {
  /** For those that were counted before. */
  counted: (JoinResult | undefined)[];
  /** By group key. */
  groups: ReadonlyMap<string, GroupRead>;
  /** Groups may share one. */
  pods: Pods;
}

interface GroupRead extends Told {
  asksStorm: boolean;
  pods: Pods;
}

/**
 * An alert that was counted before keeps the group and generation of that time, and configuration is not asked again: it
 * may have changed between two attempts.
 */
async function read(tx: Transaction, arrivals: readonly Arrival[]): Promise<Read> {
  const before = await Promise.all(arrivals.map(({ alert }) => readCounted(tx, alert.uuid)));
  const byGroup = [...Map.groupBy(arrivals, ({ group }) => group.key)];
  const [due, groups] = await Promise.all([
    Promise.all(before.map((counted) => (counted ? dueOf(tx, counted) : undefined))),
    Promise.all(byGroup.map(async ([key, some]) => [key, await readGroup(tx, key, some)] as const)),
  ]);
  const states = new Map(groups);
  const counted = due.map((refs, index) => refs && countedBefore(states.get(arrivals[index]?.group.key ?? ''), refs));
  return { counted, groups: states, pods: new Map(groups.flatMap(([, { pods }]) => [...pods])) };
}

const countedBefore = (told: Told | undefined, due: readonly DeliveryRef[]): JoinResult => ({
  reason: 'alert-counted-before',
  incidents: told?.incident ? [told.incident] : [],
  due,
});

/** Only what may be needed: each document read is one more that somebody else may change meanwhile. */
async function readGroup(tx: Transaction, key: string, arrivals: readonly Arrival[]): Promise<GroupRead> {
  const incident = await readIncident(tx, key);
  const opens = arrivals.some(({ routing }) => reopening(incident, tx.now, routing, false) !== undefined);
  const [deliveries, pods] = await Promise.all([
    readTold(tx, opens ? undefined : incident, arrivals),
    readPods(
      tx,
      arrivals.map(({ alert }) => alert),
    ),
  ]);
  return { incident, deliveries, pods, asksStorm: opens || incident?.heldBy !== undefined };
}

async function readCluster(tx: Transaction, arrivals: readonly Arrival[], groups: Read['groups']): Promise<Cluster> {
  const [first] = arrivals;
  const asksStorm = [...groups.values()].some((group) => group.asksStorm);
  if (!first || !asksStorm) return NO_STORM;
  const { key } = stormGroupOf(first.alert);
  const [incident, valve] = await Promise.all([readIncident(tx, key), readValve(tx, key)]);
  return { incident, deliveries: await readTold(tx, incident, arrivals), valve };
}

function readTold(tx: Transaction, incident: Incident | undefined, arrivals: readonly Arrival[]): Promise<Deliveries> {
  if (!incident || !tellsMore(incident, arrivals)) return Promise.resolve(new Map());
  const routed = arrivals.flatMap(({ routing }) => routing.receivers);
  return readDeliveries(tx, incident, [...new Set([...incident.receivers, ...routed])]);
}

/** Counts what was not counted before, and writes what that changes. */
function count(
  tx: Transaction,
  arrivals: readonly Arrival[],
  { counted, groups, pods }: Read,
  read: Cluster,
): JoinResult[] {
  const cluster = { ...read, deliveries: new Map(read.deliveries) };
  const states = new Map([...groups].map(([key, { incident, deliveries }]) => [key, { incident, deliveries }]));
  const results = arrivals.map((arrival, index): JoinResult => {
    const { uuid } = arrival.alert;
    const state: Told = states.get(arrival.group.key) ?? { incident: undefined, deliveries: new Map() };
    const before = counted[index];
    if (before) return countedBefore(state, before.due);
    const result = add(tx, state, cluster, arrival);
    state.incident &&= withShell(state.incident, arrival.alert, pods, tx.now);
    writeCounted(tx, uuid, { groupKey: arrival.group.key, generation: state.incident?.generation ?? 1 });
    return result;
  });
  for (const [key, { incident }] of states) {
    if (incident && incident !== groups.get(key)?.incident) writeIncident(tx, incident);
  }
  writePods(tx, pods);
  const { incident: storm, valve } = cluster;
  if (storm && storm !== read.incident) writeIncident(tx, storm);
  const [first] = arrivals;
  if (first && valve && valve !== read.valve) writeValve(tx, stormGroupOf(first.alert).key, valve);
  return results;
}

/** Whether one of the alerts may ring on an incident that is there already. */
function tellsMore(incident: Incident, arrivals: readonly Arrival[]): boolean {
  // A storm rings for its size as well; and whom a button rang for what a storm holds is rung by an emergency once more.
  if (incident.storm || (incident.heldBy && arrivals.some(({ alert }) => pierces(alert)))) return true;
  return arrivals.some(
    ({ alert, routing }) =>
      pagesAgain(incident, alert) || routing.receivers.some((name) => !incident.receivers.includes(name)),
  );
}

/** Counts one alert; `state` and `cluster` are what was before, and afterwards what is to be written. */
function add(tx: Transaction, state: Told, cluster: Cluster, arrival: Arrival): JoinResult {
  const { now } = tx;
  const { alert, group, routing } = arrival;
  const before = state.incident;
  const stormIsOver = before?.heldBy !== undefined && isOver(before, cluster.incident, now);
  const joined = join(before, alert, group, routing, now, stormIsOver);
  let incident = joined.incident;
  if (joined.opened) {
    state.deliveries = new Map();
    const { own, valve } = valveAfter(cluster.valve, cluster.incident, alert, now, routing.valve);
    cluster.valve = valve;
    if (!own) return hold(tx, state, cluster, arrival, incident);
  } else if (incident.heldBy) {
    if (before && !pierces(alert)) {
      state.incident = incident;
      return {
        reason: joined.reason,
        incidents: [incident],
        due: [],
        ...tellByStorm(tx, cluster, before, incident, arrival),
      };
    }
    incident = released(incident, routing, now);
    state.incident = incident;
    const due = tell(tx, incident, state.deliveries, { page: incident.receivers });
    return { reason: 'incident-pierced-storm', incidents: [incident], due };
  }
  state.incident = incident;
  return { reason: joined.reason, incidents: [incident], due: tell(tx, incident, state.deliveries, wordsOf(joined)) };
}

const wordsOf = ({ again, added, incident, update }: Joined): Words => ({
  page: again ? incident.receivers : added,
  update,
});

/** What an incident that is held comes to hear of by its storm; undefined where it is more of the same. */
function tellByStorm(
  tx: Transaction,
  cluster: Cluster,
  before: Incident,
  after: Incident,
  { alert, routing }: Arrival,
): JoinResult | undefined {
  const storm = cluster.incident;
  if (!storm) return undefined;
  if (!tellsOf(storm, before, alert, routing)) {
    cluster.incident = touched(storm, tx.now) ?? storm;
    return undefined;
  }
  const result = worsened(storm, { before, after }, alert, routing, tx.now);
  cluster.incident = result.incident;
  const due = tell(tx, result.incident, cluster.deliveries, wordsOf(result));
  return { reason: 'incident-told-by-storm', incidents: [after, result.incident], due };
}

/** The incident is kept and counted as any other; whoever would have been told hears of the storm. */
function hold(tx: Transaction, state: Told, cluster: Cluster, arrival: Arrival, opened: Incident): JoinResult {
  const result = held(cluster.incident, arrival.alert, arrival.routing, tx.now);
  if (result.opened) cluster.deliveries = new Map();
  const storm = result.incident;
  cluster.incident = storm;
  const { groupKey, generation } = storm;
  state.incident = { ...opened, receivers: [], tiers: [], heldBy: { groupKey, generation } };
  const due = tell(tx, storm, cluster.deliveries, wordsOf(result));
  return { reason: 'incident-held-by-storm', incidents: [state.incident, storm], due };
}

/** What is still due of the incident that an alert was counted in: an earlier attempt may have ended before it woke it. */
async function dueOf(tx: Transaction, counted: Counted): Promise<DeliveryRef[]> {
  const incident = await readIncident(tx, counted.groupKey);
  if (!incident) return [];
  const { heldBy } = incident.generation === counted.generation ? incident : {};
  const storm = heldBy && (await readIncident(tx, heldBy.groupKey));
  const told = storm
    ? await readDeliveries(tx, storm, storm.receivers)
    : await readDeliveries(tx, counted, incident.receivers);
  return [...told.values()]
    .filter(({ want, sent }) => want > sent)
    .map(({ groupKey, generation, receiver }) => ({ groupKey, generation, receiver }));
}
