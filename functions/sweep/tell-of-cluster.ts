/** Whether a cluster is silent, and what of it is over: decided in one transaction, then published or resolved. */

import type { ClusterRef } from '../core/event/alert.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore } from '../core/ports.ts';
import type { Flow } from '../core/watch/flow.ts';
import { nodeKind, nodeNameOf, readCluster, writeCluster } from '../core/watch/node-documents.ts';
import { followed, type Told } from '../core/watch/told.ts';
import { clusterAlert, clusterAlertUuid, listed, overAlert } from '../core/watch/watch-alerts.ts';
import { type ClusterReason, canaryIsGone, judgeCluster, type WatchedCluster } from '../core/watch/watch-cluster.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';
import type { ListSilent } from './list-silent.ts';
import { type TellDeps, tell } from './told.ts';

export interface TellOfClusterDeps extends TellDeps {
  store: DocumentStore;
  nodes: WatchOptions;
  listSilent: ListSilent;
  writeLog: WriteLog;
}

const MOST_COUNTED = 15_000;
/** A cluster's document lives for a month after it was last written. */
const KEPT_FOR_MS = 86_400_000;

export async function tellOfCluster(deps: TellOfClusterDeps, ref: ClusterRef, flow: Flow): Promise<void> {
  const { store, nodes: options, writeLog } = deps;
  const [quiet, told, missed] = await Promise.all([
    store.list(nodeKind('quiet', ref), MOST_COUNTED),
    store.list(nodeKind('told', ref), MOST_COUNTED),
    store.list(nodeKind('missed', ref), MOST_COUNTED),
  ]);
  const namesOf = (keys: readonly string[]): string[] => keys.map((key) => nodeNameOf(key).node);
  const names = namesOf([...told, ...quiet]);
  const counts = { lately: names.length, silent: names.length + missed.length };
  const speaking = counts.silent < 2 ? 0 : (await store.list(nodeKind('heard', ref), counts.silent + 1)).length;
  const decided = await store.transact(async (tx) => {
    const before = await readCluster(tx, ref);
    if (!before) return undefined;
    const present = canaryIsGone(before, tx.now, options) ? { ...before, canary: undefined } : before;
    const reason = judgeCluster(present, { ...counts, speaking }, flow, options);
    const cluster: WatchedCluster = {
      ...present,
      clusterTold: next(present, reason, names, tx.now, flow.sweptAt),
      nodesTold:
        present.nodesTold && followed(present.nodesTold, told.length + missed.length > 0, tx.now, flow.sweptAt),
    };
    const stale = before.nodes > 0 && tx.now - before.keptAt >= KEPT_FOR_MS;
    if (stale || JSON.stringify(cluster) !== JSON.stringify(before)) writeCluster(tx, cluster);
    return { before, cluster, reason, now: tx.now };
  });
  if (!decided) return;
  say(writeLog, decided);
  await settle(deps, decided.cluster, decided.now);
  await list(deps, decided.cluster, {
    nodes: namesOf([...told, ...missed]),
    cluster: namesOf([...told, ...quiet, ...missed]),
  });
}

/** Each sweep, since its alert may have been counted only now. */
async function list(
  { listSilent }: TellOfClusterDeps,
  { cluster, nodesTold, clusterTold }: WatchedCluster,
  silent: { nodes: readonly string[]; cluster: readonly string[] },
): Promise<void> {
  for (const [which, told] of [
    ['nodes', nodesTold],
    ['cluster', clusterTold],
  ] as const) {
    const names = silent[which];
    const lists = told?.overAt === undefined && names.length > 0 && (which === 'nodes' || told?.silent !== undefined);
    if (told && lists) await listSilent(overAlert(cluster, which, told), listed(names, cluster));
  }
}

function next(
  { cluster, clusterTold, canary }: WatchedCluster,
  reason: ClusterReason,
  names: readonly string[],
  now: number,
  seenAt: number,
): Told | undefined {
  const silent = reason !== 'cluster-heard';
  // What was over is told anew: its incident may have been resolved.
  if (clusterTold && !(silent && clusterTold.overAt !== undefined)) return followed(clusterTold, silent, now, seenAt);
  if (!silent) return undefined;
  const told = { uuid: clusterAlertUuid(cluster, now), since: now, owed: true };
  if (reason === 'cluster-silent') return { ...told, why: 'half of the nodes or more', silent: listed(names, cluster) };
  const since = new Date(canary?.lastAt ?? now).toISOString();
  return { ...told, why: `the canary of ${cluster.name} has not tripped since ${since}: nothing may be seen there` };
}

async function settle(deps: TellOfClusterDeps, { cluster, clusterTold, nodesTold }: WatchedCluster, now: number) {
  if (!clusterTold?.owed && clusterTold?.overAt === undefined && nodesTold?.overAt === undefined) return;
  const left = {
    clusterTold:
      clusterTold &&
      (await tell(
        deps,
        clusterTold,
        { begins: clusterAlert(cluster, clusterTold), ends: overAlert(cluster, 'cluster', clusterTold) },
        now,
      )),
    nodesTold:
      nodesTold &&
      (await tell(deps, nodesTold, { begins: undefined, ends: overAlert(cluster, 'nodes', nodesTold) }, now)),
  };
  await deps.store.transact(async (tx) => {
    const current = await readCluster(tx, cluster);
    if (!current) return;
    const kept = {
      ...current,
      clusterTold: unlessChanged(current.clusterTold, clusterTold, left.clusterTold),
      nodesTold: unlessChanged(current.nodesTold, nodesTold, left.nodesTold),
    };
    if (JSON.stringify(kept) !== JSON.stringify(current)) writeCluster(tx, kept);
  });
}

/** Another sweep may have decided anew meanwhile. */
function unlessChanged(current: Told | undefined, seen: Told | undefined, left: Told | undefined): Told | undefined {
  return current?.uuid === seen?.uuid && current?.overAt === seen?.overAt ? left : current;
}

interface Decided {
  before: WatchedCluster;
  cluster: WatchedCluster;
  reason: ClusterReason;
}

function say(writeLog: WriteLog, { before, cluster, reason }: Decided): void {
  const { name } = cluster.cluster;
  const labels = { cluster: name };
  if (cluster.clusterTold?.owed && !before.clusterTold?.owed)
    writeLog({ severity: 'ERROR', message: `${name} is silent`, reason, labels });
  for (const which of ['clusterTold', 'nodesTold'] as const) {
    if (cluster[which]?.overAt === undefined || before[which]?.overAt !== undefined) continue;
    writeLog({ severity: 'INFO', message: `${name} speaks again`, reason: 'silence-over', labels });
  }
}
