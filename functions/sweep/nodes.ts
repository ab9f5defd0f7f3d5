/**
 * Nodes: whose silence is to be told, in which cluster, and what is over (protocol: silence).
 *
 * Reads only nodes whose time has come. What is decided is written first, with what it owes, and published then: the same
 * alert under the same uuid, however many sweeps do so.
 */

import type { ClusterRef } from '../core/event/alert.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore } from '../core/ports.ts';
import { type Flow, isFlowing, longestLull, swept } from '../core/watch/flow.ts';
import { CLUSTER_KIND, clusterOfKey, nodeKind, nodeNameOf, readFlow, writeFlow } from '../core/watch/node-documents.ts';
import type { NodeState } from '../core/watch/watch.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';
import { judgeNodes, type NodeLookup } from './judge-nodes.ts';
import type { ListSilent } from './list-silent.ts';
import { tellOfCluster } from './tell-of-cluster.ts';
import { tellOfFlow } from './tell-of-flow.ts';
import type { TellDeps } from './told.ts';

export interface WatchDeps extends TellDeps {
  store: DocumentStore;
  nodes: WatchOptions;
  listSilent: ListSilent;
  /** Asks Kubernetes for a node; undefined for a cluster where it is not to be asked. */
  presenceIn?: ((cluster: ClusterRef) => NodeLookup | undefined) | undefined;
  writeLog: WriteLog;
}

/** Clusters whose nodes are watched: where none is listed, publishers name them. */
const MOST_CLUSTERS = 500;
const MOST_DUE = 5_000;
/** In the order in which a node passes through them. */
const STATES: readonly NodeState[] = ['irregular', 'heard', 'quiet', 'excused', 'told', 'missed'];

export async function watchNodes(deps: WatchDeps): Promise<void> {
  const { store, nodes: options } = deps;
  if (!options.watch) return;
  const { flow, now } = await beginSweep(store);
  const clusters = (await store.list(CLUSTER_KIND, MOST_CLUSTERS)).map(clusterOfKey);
  const flows = isFlowing(flow, now, longestLull(options));
  if (!flows && clusters.length > 0) {
    const message = 'no event of anybody was recorded lately: no silence is judged';
    deps.writeLog({ severity: 'INFO', message, reason: 'pipeline-stopped' });
  }
  // One cluster that fails holds up no other.
  const done = await Promise.allSettled([
    tellOfFlow(deps, clusters),
    ...(flows ? clusters.map((cluster) => watchCluster(deps, cluster, flow)) : []),
  ]);
  const failure = done.find((each) => each.status === 'rejected');
  if (failure) throw failure.reason;
}

/** Notes that sweeps watch. */
function beginSweep(store: DocumentStore): Promise<{ flow: Flow; now: number }> {
  return store.transact(async (tx) => {
    const flow = swept(await readFlow(tx), tx.now);
    writeFlow(tx, flow);
    return { flow, now: tx.now };
  });
}

async function watchCluster(deps: WatchDeps, cluster: ClusterRef, flow: Flow): Promise<void> {
  const { store } = deps;
  for (const state of STATES) {
    const due = (await store.due(nodeKind(state, cluster), MOST_DUE)).map(nodeNameOf);
    if (due.length > 0) await judgeNodes(deps, cluster, due, flow);
  }
  await tellOfCluster(deps, cluster, flow);
}
