/** Keeps the list of silent nodes in an incident as it is now: alerts make it longer, and only sweep sees who speaks again. */

import { readCounted, readIncident, writeIncident } from '../core/incident/documents.ts';
import { isLive, isOfItsCluster } from '../core/incident/incident.ts';
import type { AlertView } from '../core/page/notification.ts';
import type { DocumentStore } from '../core/ports.ts';

/** Lists them in the incident that an alert was counted in. Harmless where that is over, or yet to come. */
export type ListSilent = (alert: AlertView, silent: string) => Promise<void>;

/** Wakes nobody: people hear of it as of any growth, at growing intervals. */
export function createListSilent(store: DocumentStore): ListSilent {
  return (alert, silent) =>
    store.transact(async (tx) => {
      const counted = await readCounted(tx, alert.uuid);
      const incident = counted && (await readIncident(tx, counted.groupKey));
      if (!incident || incident.generation !== counted.generation) return;
      if (!isLive(incident) || !isOfItsCluster(incident, alert)) return;
      if (incident.silent !== silent) writeIncident(tx, { ...incident, silent });
    });
}
