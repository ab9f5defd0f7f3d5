/** The silences that buttons made, read from the store now and then: each alert that escalates asks for them. */

import type { Clock, DocumentStore } from '../ports.ts';
import type { StoredSilence } from './mute.ts';
import { storedSilences } from './mute-documents.ts';

/** A press takes effect everywhere within this time. */
export const SILENCES_FRESH_MS = 10_000;

export type SilenceCache = () => Promise<readonly StoredSilence[]>;

/** Never throws: while the store is down those last known are used, and they end at their time all the same. */
export function createSilenceCache(store: DocumentStore, clock: Clock): SilenceCache {
  let known: readonly StoredSilence[] = [];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;

  async function read(): Promise<void> {
    try {
      known = await storedSilences(store);
    } catch {
      // Louder rather than later: the page does not wait for a list of what need not page.
    }
    readAt = clock();
    reading = undefined;
  }

  return async () => {
    if (clock() - readAt < SILENCES_FRESH_MS) return known;
    reading ??= read();
    await reading;
    return known;
  };
}
