/** Act: what a person asks of an incident, in one transaction, and what to say to them. */

import type { Act, Action, ActionResult, Unchanged } from '../core/incident/action.ts';
import { REQUEST_HORIZON_MS } from '../core/incident/action.ts';
import { isHashedKey, readDedupKey } from '../core/incident/dedup-key.ts';
import type { DeliveryRef } from '../core/incident/delivery.ts';
import { readHashed, readIncident, readRequest, writeIncident, writeRequest } from '../core/incident/documents.ts';
import type { Incident } from '../core/incident/incident.ts';
import { readDeliveries, tell } from '../core/incident/tell.ts';
import { wake } from '../core/incident/wake.ts';
import { writeSilence } from '../core/mute/mute-documents.ts';
import { incidentObservation, type Observe } from '../core/observe.ts';
import type { Clock, DocumentStore, Topics } from '../core/ports.ts';
import { type Change, changeOf } from './change.ts';

export interface ActDeps {
  store: DocumentStore;
  topics: Topics;
  /** Who "Page on-call" rings; undefined where nobody is on call. */
  oncall: string | undefined;
  clock: Clock;
  observe?: Observe | undefined;
}

/** A button that was drawn before buttons had a round names none. */
type Ref = Exclude<Action['incident'], { dedupKey: string }>;

export function createAct(deps: ActDeps): Act {
  return async (action) => {
    const ref = 'dedupKey' in action.incident ? await found(deps.store, action.incident.dedupKey) : action.incident;
    if (!ref) return { kind: 'unchanged', reason: 'unknown', text: 'The relay does not know this incident.' };
    const { result, due, incident } = await actOn(deps, action, ref);
    if (incident) deps.observe?.(incidentObservation(incident, deps.clock()));
    // What the transaction raised stays due: a wake-up that can't be published costs a minute.
    await wake(deps.topics, due);
    return result;
  };
}

interface Outcome {
  result: ActionResult;
  due: readonly DeliveryRef[];
  incident?: Incident;
}

function actOn({ store, oncall }: ActDeps, action: Action, ref: Ref): Promise<Outcome> {
  return store.transact(async (tx): Promise<Outcome> => {
    const unchanged = (reason: Unchanged, text: string): Outcome => ({
      result: { kind: 'unchanged', reason, text },
      due: [],
    });
    const [seen, incident] = await Promise.all([readRequest(tx, action.requestId), readIncident(tx, ref.groupKey)]);
    if (seen) return unchanged('replayed', 'This was done already; nothing was changed.');
    if (!incident) return unchanged('unknown', 'The relay does not know this incident any more.');
    if (incident.generation !== ref.generation) {
      return unchanged('stale', 'This belongs to an earlier incident of the same place; nothing was changed.');
    }
    if (ref.round !== undefined && ref.round < incident.round) {
      return unchanged('stale', 'It has paged again since then; nothing was changed.');
    }
    const change: Change = changeOf(incident, action, { oncall, now: tx.now });
    const changed = change.incident;
    if (action.onlyAsked) return { result: change.result, due: [] };
    const deliveries = changed ? await readDeliveries(tx, changed, changed.receivers) : new Map();
    // Remembered with its effect, so that a request whose effect was lost may be sent again.
    writeRequest(tx, action.requestId, REQUEST_HORIZON_MS);
    if (change.silence) writeSilence(tx, change.silence);
    if (!changed) return { result: change.result, due: [] };
    writeIncident(tx, changed);
    const due = tell(tx, changed, deliveries, { page: change.page ?? [], update: true });
    return { result: change.result, due, incident: changed };
  });
}

/** Which incident a vendor's key names. A hash says nothing of itself: it was written down with the incident. */
async function found(store: DocumentStore, key: string): Promise<Ref | undefined> {
  return isHashedKey(key) ? store.transact((tx) => readHashed(tx, key)) : readDedupKey(key);
}
