/**
 * sweep: once a minute, what no message would do: closed windows become summaries in Loki, due deliveries are woken.
 *
 * May run twice at once, late, or not at all for a while: every step is idempotent and leaves the rest for next time.
 */

import { ACKNOWLEDGED, type Handler } from '../core/http.ts';
import { type DeliveryDeps, wakeDue } from './deliveries.ts';
import { type SummaryDeps, writeSummaries } from './summaries.ts';

export type SweepDeps = SummaryDeps &
  DeliveryDeps & {
    /** Tells a dead-man's switch outside that the relay lives. */
    beat?: (() => Promise<void>) | undefined;
  };

export function createSweep(deps: SweepDeps): Handler {
  return async () => {
    // Side by side: Loki's outage must not hold back a page.
    const done = await Promise.allSettled([writeSummaries(deps), wakeDue(deps)]);
    const failures = done.filter((each) => each.status === 'rejected');
    for (const { reason } of failures) {
      deps.writeLog({ severity: 'ERROR', message: `sweep: ${(reason as Error).message}`, reason: 'store-unavailable' });
    }
    if (failures.length > 0) return { status: 503, body: { reason: 'store-unavailable' } };
    await heartbeat(deps);
    return ACKNOWLEDGED;
  };
}

/** Only after a sweep that did all its work: a scheduler that stopped and a store that is down are silence outside. */
async function heartbeat({ beat, writeLog }: SweepDeps): Promise<void> {
  try {
    await beat?.();
  } catch (error) {
    const message = `heartbeat: ${(error as Error).message}`;
    writeLog({ severity: 'WARNING', message, reason: 'heartbeat-unavailable' });
  }
}
