/** A real store on a clock that a test owns: a week of incidents in seconds. */

import type { Clock, DocumentStore, Store } from '../../functions/core/ports.ts';

/** Longer than any test, by the real store's own clock. */
const KEPT_MS = 3_600_000;

/**
 * Documents are listed as due at once, so that `due` gives all of a kind: whoever asks must look at the time again in the
 * transaction, as those must who come late or twice. What expires is what was deleted.
 */
export function virtualStore(real: Store, clock: Clock): Store {
  const documents: DocumentStore = {
    transact: (body) =>
      real.transact((tx) =>
        body({
          now: clock(),
          get: (key) => tx.get(key),
          set: (key, { value, due }) =>
            tx.set(key, {
              value,
              expiresAt: tx.now + KEPT_MS,
              ...(due ? { due: { kind: due.kind, at: tx.now - 1 } } : {}),
            }),
          delete: (key) => tx.delete(key),
        }),
      ),
    due: (kind, limit) => real.list(kind, limit),
    list: (kind, limit) => real.list(kind, limit),
  };
  return { ...real, ...documents };
}
