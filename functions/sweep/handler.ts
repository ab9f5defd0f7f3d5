/**
 * sweep: once a minute, what no message would do: closed windows become summaries in Loki, incidents reach their next
 * tier, an update or quiet, silences end, due deliveries are woken, silence and loss upstream are told. At its end Loki is
 * told how incidents and deliveries stand.
 *
 * May run twice at once, late, or not at all for a while: every step is idempotent and leaves the rest for next time.
 */

import type { DigestTime } from '../core/digest-options.ts';
import { ACKNOWLEDGED, type Handler } from '../core/http.ts';
import { type DeliveryDeps, wakeDue } from './deliveries.ts';
import { type DigestDeps, sweepDigest } from './digest.ts';
import { sweepExceptions } from './exceptions.ts';
import { advanceIncidents, type IncidentDeps } from './incidents.ts';
import { type WatchDeps, watchNodes } from './nodes.ts';
import { type ReportDeps, report } from './report.ts';
import { type SilenceDeps, sweepSilences } from './silences.ts';
import { type SummaryDeps, writeSummaries } from './summaries.ts';

export type SweepDeps = SummaryDeps &
  IncidentDeps &
  SilenceDeps &
  DeliveryDeps &
  DigestDeps &
  WatchDeps & {
    /** Undefined where there is to be no digest: exceptions have words of their own then. */
    digest: DigestTime | undefined;
    /** Tells a dead-man's switch outside that the relay lives. */
    beat?: (() => Promise<void>) | undefined;
    /** What is told to Loki of incidents and deliveries; undefined where nobody reads it. */
    report?: ReportDeps | undefined;
  };

export function createSweep(deps: SweepDeps): Handler {
  return async () => {
    // Side by side: Loki's outage must not hold back a page.
    const [told, ...others] = await Promise.allSettled([tellPeople(deps), writeSummaries(deps), watchNodes(deps)]);
    const done = [...others, ...(told.status === 'fulfilled' ? told.value : [told])];
    const failures = done.filter((each) => each.status === 'rejected');
    for (const { reason } of failures) {
      deps.writeLog({ severity: 'ERROR', message: `sweep: ${(reason as Error).message}`, reason: 'store-unavailable' });
    }
    const failed = failures.length > 0;
    await Promise.all([deps.report && report(deps.report), failed ? undefined : heartbeat(deps)]);
    return failed ? { status: 503, body: { reason: 'store-unavailable' } } : ACKNOWLEDGED;
  };
}

/** Incidents first, so that what became due is woken at once; one that can't be advanced holds no page back. */
async function tellPeople(deps: SweepDeps): Promise<PromiseSettledResult<void>[]> {
  const advanced = await Promise.allSettled([
    advanceIncidents(deps),
    sweepSilences(deps),
    deps.digest ? sweepDigest(deps, deps.digest) : sweepExceptions(deps),
  ]);
  return [...advanced, ...(await Promise.allSettled([wakeDue(deps)]))];
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
