/**
 * The store on Firestore (native mode). Collections, behind the prefix: events, windows, openings, summaries, documents.
 *
 * The database needs: a TTL policy on `expires` in each collection, and nothing else. Only single-field indexes are
 * used: events.counted, windows.end, summaries.until, documents.due. All other fields can be exempted from indexing,
 * and `expires`, `entry`, `json` and `tally` should be: they cost, and ever-growing times limit how fast a collection
 * takes writes.
 */

import type { After, Clock, Store } from '../../core/ports.ts';
import { createFirestoreClaims } from './firestore-claims.ts';
import { createFirestoreDocuments } from './firestore-documents.ts';
import { connectFirestore, type FirestoreSettings } from './firestore-rest.ts';
import { createFirestoreSettle, createRecent } from './firestore-settle.ts';
import { createFirestoreSummaries } from './firestore-summaries.ts';

/** Decisions compare with the database's read times; `clock` only guesses which documents a group will need. */
export async function openFirestoreStore(
  settings: FirestoreSettings,
  clock: Clock,
  after: After,
): Promise<Store & { readonly roundTrips: number }> {
  const rest = await connectFirestore(settings, after);
  const recent = createRecent();
  return {
    claim: createFirestoreClaims(rest, recent, clock, after),
    settle: createFirestoreSettle(rest, recent, after),
    ...createFirestoreSummaries(rest),
    ...createFirestoreDocuments(rest, after),
    async check() {
      await rest.get(['documents/clock']);
    },
    close: () => rest.close(),
    get roundTrips() {
      return rest.roundTrips;
    },
  };
}
