/**
 * Explain: an audit record of an exec is shown to the shells of its pod. What a record owes beside its own way: it never
 * costs the event and delays no page; where it fails, the page stays without a name.
 */

import { LRUCache } from 'lru-cache';
import type { Context, FalcoEvent } from '../core/event/alert.ts';
import type { DeliveryRef } from '../core/incident/delivery.ts';
import { readIncident, writeIncident } from '../core/incident/documents.ts';
import type { Incident } from '../core/incident/incident.ts';
import { readDeliveries, tell } from '../core/incident/tell.ts';
import { wake } from '../core/incident/wake.ts';
import type { WriteLog } from '../core/log.ts';
import { incidentObservation, type Observe } from '../core/observe.ts';
import type { Clock, DocumentStore, Topics, Transaction } from '../core/ports.ts';
import { millisecondsOf } from '../core/time.ts';
import { auditedCluster, type Exec, execOf, type PodRef } from '../core/who/exec.ts';
import { explained, recorded, type Waiting } from '../core/who/who.ts';
import { readPod, writeAudited, writePod } from '../core/who/who-documents.ts';

/** That audit events of a cluster arrive is written by each instance so often. */
const NOTED_EVERY_MS = 5 * 60_000;
/** What comes later shows that records lag behind: then none may be missed yet. */
const TIMELY_MS = 5 * 60_000;
const MOST_CLUSTERS = 1_000;

interface ExplainDeps {
  store: DocumentStore;
  topics: Topics;
  clock: Clock;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

/** What is to be done for an audit event, which never throws; undefined for all others, and for most audit events. */
export type Explain = (passage: {
  uuid: string;
  event: FalcoEvent;
  context: Context;
}) => (() => Promise<void>) | undefined;

export function createExplain(deps: ExplainDeps): Explain {
  const noted = new LRUCache<string, number>({ max: MOST_CLUSTERS });

  async function note(key: string, cluster: Pick<PodRef, 'project' | 'cluster'>): Promise<void> {
    noted.set(key, deps.clock());
    try {
      await deps.store.transact(async (tx) => writeAudited(tx, cluster));
    } catch (error) {
      noted.delete(key);
      throw error;
    }
  }

  return ({ uuid, event, context }) => {
    const cluster = auditedCluster(event, context);
    if (!cluster) return undefined;
    const found = execOf(uuid, event, context);
    const key = JSON.stringify(cluster);
    const isDue = deps.clock() - (noted.get(key) ?? Number.NEGATIVE_INFINITY) >= NOTED_EVERY_MS;
    const notes = isDue && deps.clock() - millisecondsOf(event.timeNs) < TIMELY_MS;
    if (!found && !notes) return undefined;
    return async () => {
      const doings = [found && explain(deps, found), notes && note(key, cluster)];
      for (const done of await Promise.allSettled(doings)) {
        if (done.status === 'fulfilled') continue;
        const message = `who: ${(done.reason as Error).message}`;
        deps.writeLog({ severity: 'WARNING', message, reason: 'exec-not-joined', labels: { uuid } });
      }
    };
  };
}

interface Explained {
  incidents: readonly Incident[];
  due: readonly DeliveryRef[];
}

/** Safe to repeat: a record that the pod's document has, or whose person an incident names, has no further effect. */
async function explain(deps: ExplainDeps, { pod, exec }: { pod: PodRef; exec: Exec }): Promise<void> {
  const { incidents, due } = await deps.store.transact((tx) => join(tx, pod, exec));
  for (const incident of incidents) deps.observe?.(incidentObservation(incident, deps.clock()));
  // What the transaction raised stays due: a wake-up that can't be published costs a minute.
  await wake(deps.topics, due);
}

/** One transaction: the shell's own reads and writes the same document, so that one of the two sees the other. */
async function join(tx: Transaction, pod: PodRef, exec: Exec): Promise<Explained> {
  const result = recorded(await readPod(tx, pod), exec, tx.now);
  if (!result) return { incidents: [], due: [] };
  const byIncident = [...Map.groupBy(result.shells, refKey).values()];
  const changes = await Promise.all(byIncident.map((shells) => change(tx, shells, exec)));
  const changed = changes.filter((each) => each !== undefined);
  const told = await Promise.all(
    changed.map(async ({ incident, isNews }) => ({
      incident,
      deliveries: isNews ? await readDeliveries(tx, incident, incident.receivers) : new Map(),
    })),
  );
  writePod(tx, pod, result.record);
  const due = told.flatMap(({ incident, deliveries }) => {
    writeIncident(tx, incident);
    return tell(tx, incident, deliveries, { update: true });
  });
  return { incidents: changed.map(({ incident }) => incident), due };
}

/** What the exec changes in the incident that counted these shells. */
async function change(tx: Transaction, shells: readonly Waiting[], exec: Exec): Promise<ReturnType<typeof explained>> {
  const [first] = shells;
  if (!first) return undefined;
  const { groupKey, generation } = first;
  const uuids = shells.map(({ uuid }) => uuid);
  return explained(await readIncident(tx, groupKey), { generation, uuids, exec }, tx.now);
}

const refKey = ({ groupKey, generation }: Waiting): string => JSON.stringify([groupKey, generation]);
