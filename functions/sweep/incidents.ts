/** Incidents: what time alone does to them, each in a transaction of its own: the next tier, an update, quiet. */

import { groupKeyOf, INCIDENT_KIND, readIncident, writeIncident } from '../core/incident/documents.ts';
import type { Incident } from '../core/incident/incident.ts';
import { advance } from '../core/incident/incident-time.ts';
import { readDeliveries, tell } from '../core/incident/tell.ts';
import { incidentObservation, type Observe } from '../core/observe.ts';
import type { Clock, DocumentStore } from '../core/ports.ts';
import { inParts } from './parts.ts';

const BATCH = 2_000;
/** Transactions at once. */
const AT_ONCE = 50;

export interface IncidentDeps {
  store: DocumentStore;
  clock: Clock;
  observe?: Observe | undefined;
}

/** Wakes nobody: what it raises is due, and is woken with all else that is. One that fails fails alone. */
export async function advanceIncidents({ store, clock, observe }: IncidentDeps): Promise<void> {
  const due = (await store.due(INCIDENT_KIND, BATCH)).map(groupKeyOf);
  const advanceEach = (key: string): Promise<Incident | undefined> => advanceOne(store, key);
  const failure = await inParts(due, AT_ONCE, advanceEach, (advanced) => {
    for (const incident of advanced) if (incident) observe?.(incidentObservation(incident, clock()));
  });
  if (failure !== undefined) throw failure;
}

/** The incident as it is now, where anything changed; decided on what the transaction read, by the store's clock. */
function advanceOne(store: DocumentStore, groupKey: string): Promise<Incident | undefined> {
  return store.transact(async (tx) => {
    const before = await readIncident(tx, groupKey);
    if (!before) return undefined;
    const { incident, reasons, update, page } = advance(before, tx.now);
    if (reasons.length === 0) return undefined;
    const deliveries = await readDeliveries(tx, incident, incident.receivers);
    writeIncident(tx, incident);
    tell(tx, incident, deliveries, { page, update });
    return incident;
  });
}
