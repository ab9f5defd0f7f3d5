/** Counts escalated alerts in their incident, in one transaction a group, and says which deliveries are due. */

import { type DeliveryRef, newDelivery } from '../core/delivery.ts';
import {
  type Counted,
  readCounted,
  readDelivery,
  readIncident,
  writeCounted,
  writeDelivery,
  writeIncident,
} from '../core/documents.ts';
import type { Group } from '../core/group.ts';
import { type Incident, type JoinReason, join } from '../core/incident.ts';
import type { AlertView } from '../core/notification.ts';
import type { DocumentStore, Transaction } from '../core/ports.ts';

export interface Arrival {
  alert: AlertView;
  group: Group;
  receivers: readonly string[];
}

export interface JoinResult {
  reason: JoinReason | 'alert-counted-before';
  incident: Incident | undefined;
  /** To be published as wake-ups before the message is acknowledged. */
  due: readonly DeliveryRef[];
}

/**
 * `arrivals` share one group key. An alert that was counted before keeps the group and generation of that time, and
 * configuration is not asked again: it may have changed between two attempts.
 */
export function joinIncident(store: DocumentStore, arrivals: readonly Arrival[]): Promise<JoinResult[]> {
  const [first] = arrivals;
  if (!first) return Promise.resolve([]);
  return store.transact(async (tx) => {
    const before = await Promise.all(arrivals.map(({ alert }) => readCounted(tx, alert.uuid)));
    let incident = await readIncident(tx, first.group.key);
    const dueBefore = await Promise.all(before.map((counted) => (counted ? dueOf(tx, counted) : [])));

    const opened = new Map<string, DeliveryRef>();
    const seen = new Set<string>();
    const results = arrivals.map(({ alert, group, receivers }, index): JoinResult => {
      if (before[index] || seen.has(alert.uuid))
        return { reason: 'alert-counted-before', incident, due: dueBefore[index] ?? [] };
      seen.add(alert.uuid);
      const joined = join(incident, alert, group, receivers, tx.now);
      incident = joined.incident;
      const { generation } = incident;
      writeCounted(tx, alert.uuid, { groupKey: group.key, generation });
      if (!joined.opened) return { reason: joined.reason, incident, due: [] };
      for (const receiver of receivers) {
        const ref = { groupKey: group.key, generation, receiver };
        opened.set(receiver, ref);
        writeDelivery(tx, newDelivery(ref, tx.now));
      }
      return { reason: joined.reason, incident, due: [...opened.values()] };
    });
    if (incident && results.some(({ reason }) => reason !== 'alert-counted-before')) writeIncident(tx, incident);
    return results;
  });
}

/** What is still due of the incident that an alert was counted in: an earlier attempt may have ended before it woke it. */
async function dueOf(tx: Transaction, counted: Counted): Promise<DeliveryRef[]> {
  const incident = await readIncident(tx, counted.groupKey);
  const refs = (incident?.receivers ?? []).map((receiver) => ({ ...counted, receiver }));
  const deliveries = await Promise.all(refs.map((ref) => readDelivery(tx, ref)));
  return refs.filter((_, index) => {
    const delivery = deliveries[index];
    return delivery !== undefined && delivery.want > delivery.sent;
  });
}
