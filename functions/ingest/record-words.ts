/** Writes down what was heard of nodes, of their clusters' canaries, and that anything flows: a transaction a group. */

import type { ClusterRef } from '../core/event/alert.ts';
import { clusterKey } from '../core/event/metadata.ts';
import type { WriteLog } from '../core/log.ts';
import type { Clock, DocumentStore, Transaction } from '../core/ports.ts';
import { flowed, longestLull } from '../core/watch/flow.ts';
import { readCluster, readFlow, readNode, writeCluster, writeFlow, writeNode } from '../core/watch/node-documents.ts';
import type { NodeWords } from '../core/watch/node-words.ts';
import { heard } from '../core/watch/watch.ts';
import { canaryHeard, MOST_NODES, type WatchedCluster } from '../core/watch/watch-cluster.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';

const MOST_ENSURED = 1_000;

export interface NodeEntry {
  key: string;
  cluster: ClusterRef;
  node: string;
  words: NodeWords;
}

export interface RecordDeps {
  store: DocumentStore;
  options: WatchOptions;
  clock: Clock;
  writeLog: WriteLog;
  /** Clusters whose document this instance has seen to be there. */
  ensured: Set<string>;
}

interface Taken {
  entry: NodeEntry;
  /** What it had heard; the entry's own words go on meanwhile. */
  heard: NodeWords;
}

export async function recordWords(deps: RecordDeps, taken: readonly Taken[]): Promise<void> {
  const { store, options, clock, ensured } = deps;
  const { clusters, refused } = await store.transact(async (tx) => {
    const time = { now: tx.now, ahead: tx.now - clock() };
    const before = await Promise.all(taken.map(({ entry }) => readNode(tx, entry)));
    const results = taken.map(({ entry, heard: words }, index) => ({
      of: clusterKey(entry.cluster),
      cluster: entry.cluster,
      canaryAt: words.canaryAt === 0 ? 0 : Math.min(tx.now, words.canaryAt + time.ahead),
      result: heard(before[index], words, entry, time),
    }));
    const concerned = results.filter(({ of, canaryAt, result }) => canaryAt > 0 || result?.begins || !ensured.has(of));
    const read = await readClusters(tx, new Map(concerned.map(({ of, cluster }) => [of, cluster])));
    const past: ClusterRef[] = [];
    for (const { of, canaryAt, result } of results) {
      const cluster = read.get(of);
      if (cluster && canaryAt > 0) cluster.canary = canaryHeard(cluster.canary, canaryAt);
      const admitted = cluster && result?.begins ? begin(cluster) : true;
      if (!admitted && cluster) past.push(cluster.cluster);
      if (result) writeNode(tx, admitted ? result.node : { ...result.node, state: 'irregular' }, options);
    }
    for (const cluster of read.values()) writeCluster(tx, cluster);
    return { clusters: [...read.keys()], refused: past };
  });
  // Publishers may invent names where no cluster is listed.
  if (ensured.size > MOST_ENSURED) ensured.clear();
  for (const key of clusters) ensured.add(key);
  const [first] = refused;
  if (!first) return;
  const message = `${refused.length} node(s) past the ${MOST_NODES} of a cluster are not watched`;
  const labels = { cluster: first.name, nodes: String(refused.length) };
  deps.writeLog({ severity: 'WARNING', message, reason: 'nodes-too-many', labels });
}

/** An event arrived now that Pub/Sub had held for so long. */
export async function recordFlow(
  { store, options }: Pick<RecordDeps, 'store' | 'options'>,
  heldMs: number,
): Promise<void> {
  await store.transact(async (tx) => {
    writeFlow(tx, flowed(await readFlow(tx), tx.now, heldMs, longestLull(options)));
  });
}

async function readClusters(
  tx: Transaction,
  concerned: ReadonlyMap<string, ClusterRef>,
): Promise<Map<string, WatchedCluster>> {
  const found = await Promise.all(
    [...concerned].map(async ([key, cluster]) => {
      const known = (await readCluster(tx, cluster)) ?? { cluster, nodes: 0, since: tx.now, keptAt: tx.now };
      return [key, known] as const;
    }),
  );
  return new Map(found);
}

/** Counts one more watched node, where there is room. */
function begin(cluster: WatchedCluster): boolean {
  if (cluster.nodes >= MOST_NODES) return false;
  cluster.nodes += 1;
  return true;
}
