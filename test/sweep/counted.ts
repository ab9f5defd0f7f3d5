/** An incident in a store in memory, in which alerts of the relay's own were counted. */

import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { readIncident, writeCounted, writeIncident } from '../../functions/core/incident/documents.ts';
import type { Group } from '../../functions/core/incident/group.ts';
import { type Incident, join } from '../../functions/core/incident/incident.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { fakeAfter } from '../support/time.ts';

/** @param over what is otherwise with the incident by then */
export async function countedIn(group: Group, alerts: readonly AlertView[], over: Partial<Incident>) {
  const time = fakeAfter();
  const store = createMemoryStore(time.clock, time.after);
  await store.transact(async (tx) => {
    let incident: Incident | undefined;
    for (const alert of alerts) incident = join(incident, alert, group, { receivers: [], tiers: [] }, tx.now).incident;
    if (incident) writeIncident(tx, { ...incident, ...over });
    for (const { uuid } of alerts) writeCounted(tx, uuid, { groupKey: group.key, generation: 1 });
  });
  return { store, time, incident: () => store.transact((tx) => readIncident(tx, group.key)) };
}
