/** Resolves an incident of the relay's own alerts when what they told of is over, and tells whoever was told. */

import { readCounted, readIncident, writeIncident } from '../core/incident/documents.ts';
import { resolved } from '../core/incident/incident-acts.ts';
import { readDeliveries, tell } from '../core/incident/tell.ts';
import { incidentObservation, type Observe } from '../core/observe.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { Clock, DocumentStore } from '../core/ports.ts';

/** Who resolved it, where people are named otherwise. */
const BY = 'Falco Relay';

export interface ResolveDeps {
  store: DocumentStore;
  clock: Clock;
  observe?: Observe | undefined;
}

/**
 * The incident is found by an alert that was counted in it, whatever routes say by now. It is left alone where alerts
 * of another kind joined it, since those are not over, or where one of this kind came later than the end.
 */
export function createResolve({ store, clock, observe }: ResolveDeps): (alert: AlertView) => Promise<void> {
  return async (alert) => {
    const ended = await store.transact(async (tx) => {
      const counted = await readCounted(tx, alert.uuid);
      const incident = counted && (await readIncident(tx, counted.groupKey));
      if (!incident || incident.generation !== counted.generation) return undefined;
      if (incident.rules.some(({ rule }) => rule !== alert.rule)) return undefined;
      if (BigInt(incident.lastNs) > BigInt(alert.timeNs)) return undefined;
      const { incident: over } = resolved(incident, BY, tx.now);
      if (!over) return undefined;
      const deliveries = await readDeliveries(tx, over, over.receivers);
      writeIncident(tx, over);
      // Woken by the next sweep: that something is over may take a minute.
      tell(tx, over, deliveries, { update: true });
      return over;
    });
    if (ended) observe?.(incidentObservation(ended, clock()));
  };
}
