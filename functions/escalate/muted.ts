/** Muted: alerts that tell nobody are counted, each once, under the silence or exception that muted them. */

import { readCounted, writeCounted } from '../core/incident/documents.ts';
import { readTally, type Tally, writeTally } from '../core/mute/mute-documents.ts';
import type { DocumentStore } from '../core/ports.ts';

/**
 * Counts alerts under `id`, in one transaction.
 * @param marks what makes each of them count once: an alert's uuid, so that no redelivery opens an incident once the
 *   silence is over, or a name of its own where the alert goes on to its incident
 */
export function countMuted(store: DocumentStore, id: string, marks: readonly string[]): Promise<void> {
  return store.transact(async (tx) => {
    const [before, tally] = await Promise.all([
      Promise.all(marks.map((mark) => readCounted(tx, mark))),
      readTally(tx, id),
    ]);
    const fresh = new Set(marks.filter((_, index) => before[index] === undefined));
    if (fresh.size === 0) return;
    for (const mark of fresh) writeCounted(tx, mark, { groupKey: '', generation: 0 });
    const next: Tally = tally ?? { id, n: 0, firstAt: tx.now, lastAt: tx.now };
    writeTally(tx, { ...next, n: next.n + fresh.size, lastAt: tx.now });
  });
}
