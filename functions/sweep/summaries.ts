/** Summaries: what a window counted, written to Loki once it is closed (protocol: window). */

import type { LogEntry } from '../core/event/alert.ts';
import type { WriteLog } from '../core/log.ts';
import type { Observe, SummaryObservation } from '../core/observe.ts';
import type { Park } from '../core/park.ts';
import type { Clock, EventStore, Log, PushOutcome, Summary } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { formatTimeInFull } from '../core/time.ts';

const BATCH = 200;
/** A sweep ends before its scheduler calls again. */
const BUDGET_MS = 45_000;

export interface SummaryDeps {
  store: EventStore;
  log: Log;
  park: Park;
  clock: Clock;
  writeLog: WriteLog;
  observe?: Observe | undefined;
}

export async function writeSummaries(deps: SummaryDeps): Promise<void> {
  const end = deps.clock() + BUDGET_MS;
  let failures = 0;
  const failed = (windowId: string, error: Error): void => {
    failures += 1;
    const message = `window: ${error.message}`;
    deps.writeLog({ severity: 'ERROR', message, reason: 'window-uncounted', labels: { window: windowId } });
  };
  while (deps.clock() < end && (await deps.store.closeWindows(BATCH, failed)) === BATCH);
  while (deps.clock() < end) {
    failures = 0;
    const summaries = await deps.store.takeSummaries(BATCH, failed);
    // One bad summary blocks no other; together they share pushes.
    const written = await Promise.all(summaries.map((summary) => writeSummary(deps, summary)));
    if (summaries.length + failures === 0) return;
    if (summaries.length > 0 && written.every((done) => !done)) return;
  }
}

/** False when it has to wait: its hold ends, and a later sweep takes it again. */
async function writeSummary(deps: SummaryDeps, summary: Summary): Promise<boolean> {
  let outcome: PushOutcome;
  try {
    const entry = summaryEntry(summary);
    outcome = await push(deps, entry, summary.tried);
    if (outcome.kind === 'unavailable') {
      say(deps, summary, 'retry', [outcome.reason]);
      return false;
    }
    if (outcome.kind === 'refused') {
      const { id: uuid, n } = summary;
      const attributes = { kind: 'repeats', n: String(n) };
      const { detail } = outcome;
      await deps.park({
        from: 'sweep',
        reason: 'loki-refused',
        detail,
        data: entry.line,
        attributes,
        messageId: uuid,
        uuid,
      });
    }
    await deps.store.deleteSummary(summary.id);
  } catch (error) {
    deps.writeLog({ severity: 'ERROR', message: `summary: ${(error as Error).message}`, reason: 'store-unavailable' });
    say(deps, summary, 'retry', ['store-unavailable']);
    return false;
  }
  say(
    deps,
    summary,
    outcome.kind === 'stored' ? 'written' : 'parked',
    outcome.kind === 'stored' ? [] : ['loki-refused'],
  );
  return true;
}

async function push(deps: SummaryDeps, entry: LogEntry, tried: boolean): Promise<PushOutcome> {
  try {
    if (tried && (await deps.log.has(entry))) return { kind: 'stored' };
  } catch (error) {
    return { kind: 'unavailable', reason: 'loki-unavailable', detail: (error as Error).message };
  }
  return deps.log.push(entry);
}

/** The same bytes at every attempt: all of it was fixed when the window closed. */
export function summaryEntry(summary: Summary): LogEntry {
  const { id, fingerprint, rule, n, firstNs, lastNs, pods, nodes, users, remotes, cut, labels, timestampNs } = summary;
  const first = formatTimeInFull(BigInt(firstNs));
  const last = formatTimeInFull(BigInt(lastNs));
  const line = {
    kind: 'repeats',
    window: id,
    rule,
    fingerprint,
    count: n,
    first,
    last,
    pods,
    nodes,
    users,
    remotes,
    cut,
  };
  const lists = { pods, nodes, users, remotes };
  const metadata: Record<string, string> = { kind: 'repeats', uuid: id, n: String(n), fingerprint, rule, first, last };
  for (const [name, values] of Object.entries(lists)) {
    if (values.length > 0) metadata[name] = values.join(',');
  }
  if (cut.length > 0) metadata.cut = cut.join(',');
  return { labels, timestampNs, line: JSON.stringify(line), metadata };
}

function say(
  deps: SummaryDeps,
  summary: Summary,
  outcome: SummaryObservation['outcome'],
  reasons: readonly ReasonCode[],
): void {
  const { id: windowId, fingerprint, rule, n } = summary;
  deps.observe?.({ kind: 'summary', at: deps.clock(), windowId, fingerprint, rule, n, outcome, reasons });
}
