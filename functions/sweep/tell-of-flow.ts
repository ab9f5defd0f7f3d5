/** Nothing arrives at all: one page for everything, since no single silence can be judged then. */

import type { ClusterRef } from '../core/event/alert.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore } from '../core/ports.ts';
import { type Flow, lullOf } from '../core/watch/flow.ts';
import { nodeKind, readFlow, writeFlow } from '../core/watch/node-documents.ts';
import { followed, type Told } from '../core/watch/told.ts';
import { nothingArrivesAlert, nothingArrivesUuid, overAlert } from '../core/watch/watch-alerts.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';
import { type TellDeps, tell } from './told.ts';

export interface TellOfFlowDeps extends TellDeps {
  store: DocumentStore;
  nodes: WatchOptions;
  writeLog: WriteLog;
}

export async function tellOfFlow(deps: TellOfFlowDeps, clusters: readonly ClusterRef[]): Promise<void> {
  const { store, nodes: options, writeLog } = deps;
  const decided = await store.transact(async (tx) => {
    const flow = await readFlow(tx);
    const silent = lullOf(flow, tx.now) >= options.all_silent_after && (await anyIsLate(store, clusters));
    const told = next(flow, silent, tx.now);
    if (JSON.stringify(told) !== JSON.stringify(flow.told)) writeFlow(tx, { ...flow, told });
    return { told, before: flow.told, now: tx.now };
  });
  const { told, before, now } = decided;
  if (!told) return;
  if (told.owed && !before?.owed)
    writeLog({ severity: 'ERROR', message: 'nothing arrives at all', reason: 'nothing-arrives' });
  if (told.overAt !== undefined && before?.overAt === undefined)
    writeLog({ severity: 'INFO', message: 'events arrive again', reason: 'silence-over' });
  if (!told.owed && told.overAt === undefined) return;
  const left = await tell(
    deps,
    told,
    { begins: nothingArrivesAlert(told), ends: overAlert(undefined, 'all', told) },
    now,
  );
  await store.transact(async (tx) => {
    const flow = await readFlow(tx);
    if (flow.told?.uuid === told.uuid && flow.told.overAt === told.overAt) writeFlow(tx, { ...flow, told: left });
  });
}

function next({ told, newestAt }: Flow, silent: boolean, now: number): Told | undefined {
  // Over is what arrived since, and not that a break of the sweeps made the lull shorter.
  if (told && !(silent && told.overAt !== undefined)) return followed(told, newestAt <= told.since, now, now);
  if (!silent) return undefined;
  const since = new Date(newestAt).toISOString();
  const why = `no event of any cluster was recorded since ${since}: look at the subscription of ingest, its function and each Falcosidekick`;
  return { uuid: nothingArrivesUuid(now), since: now, owed: true, why };
}

/** Some node should have spoken by its own period: without any that speaks regularly, a quiet night is a quiet night. */
async function anyIsLate(store: DocumentStore, clusters: readonly ClusterRef[]): Promise<boolean> {
  const found = await Promise.all(clusters.map((cluster) => store.due(nodeKind('heard', cluster), 1)));
  return found.some((keys) => keys.length > 0);
}
