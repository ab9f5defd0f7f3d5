/**
 * The store on Firestore (native mode). Collections, behind the prefix: events, windows, openings, summaries, documents.
 *
 * The database needs: a TTL policy on `expires` in each collection, and nothing else. Only single-field indexes are
 * used: events.counted, windows.end, summaries.until, documents.due. All other fields should be exempted from indexing:
 * they cost, `entry`, `json` and `tally` may be too long for one, and an ever-growing time such as `expires` limits how
 * fast a collection takes writes.
 */

import type { After, Clock, Store } from '../../core/ports.ts';
import { createFirestoreClaims } from './firestore-claims.ts';
import { createFirestoreDocuments } from './firestore-documents.ts';
import { connectFirestore, type FirestoreRest, type FirestoreSettings } from './firestore-rest.ts';
import { createFirestoreSettle, createRecent } from './firestore-settle.ts';
import { createFirestoreSummaries } from './firestore-summaries.ts';

type FirestoreStore = Store & { readonly roundTrips: number };

/** Decisions compare with the database's read times; `clock` only guesses which documents a group will need. */
export async function openFirestoreStore(
  settings: FirestoreSettings,
  clock: Clock,
  after: After,
): Promise<FirestoreStore> {
  return firestoreStoreOn(await connectFirestore(settings, after), clock, after);
}

/** The store on whatever speaks for Firestore. */
export function firestoreStoreOn(rest: FirestoreRest, clock: Clock, after: After): FirestoreStore {
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
