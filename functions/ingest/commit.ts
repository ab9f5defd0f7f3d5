/** Claim and settle: what ingest says to the store, many events in one round trip. */

import { createLane, type Lane } from '../core/lane.ts';
import type { After, EventClaim, EventRecord, EventStore, Settlement } from '../core/ports.ts';

/** A Firestore commit carries at most 500 writes; a Redis script this long blocks others for under 10 ms. */
const MAX_GROUP = 200;
/** Claims carry the rendered entry. */
const MAX_GROUP_BYTES = 4 * 1024 * 1024;
const DEADLINE_MS = 10_000;

export interface StoreLanes {
  claim(claim: EventClaim): Promise<EventRecord>;
  settle(settlement: Settlement): Promise<void>;
}

export function createStoreLanes(store: EventStore, after: After): StoreLanes {
  const claims: Lane<EventClaim, EventRecord> = createLane({
    name: 'claim',
    flush: (items) => store.claim(items),
    maxItems: MAX_GROUP,
    maxBytes: MAX_GROUP_BYTES,
    sizeOf: (claim) => claim.entry.line.length + 1_024,
    // A replay asks for more than a redelivery does, so the two are not the same item.
    keyOf: (claim) => (claim.replay ? `replay ${claim.uuid}` : claim.uuid),
    deadlineMs: DEADLINE_MS,
    after,
  });
  const settlements: Lane<Settlement, void> = createLane({
    name: 'settle',
    flush: (items) => store.settle(items),
    maxItems: MAX_GROUP,
    deadlineMs: DEADLINE_MS,
    after,
  });
  return { claim: (claim) => claims.submit(claim), settle: (settlement) => settlements.submit(settlement) };
}
