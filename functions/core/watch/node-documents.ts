/** The documents of the watch: nodes, clusters and the flow; their keys, how long they live, and when sweep looks at them. */

import type { ClusterRef } from '../event/alert.ts';
import { clusterKey } from '../event/metadata.ts';
import type { Json } from '../json.ts';
import type { Transaction } from '../ports.ts';
import { type Flow, NO_FLOW } from './flow.ts';
import { type NodeState, nodeDueAt, type WatchedNode } from './watch.ts';
import type { WatchedCluster } from './watch-cluster.ts';
import type { WatchOptions } from './watch-options.ts';

/** The kind under which sweep finds the clusters that have been heard. */
export const CLUSTER_KIND = 'watched-cluster';

/** Sweep forgets a node and a flow's pauses in its own time; expiry is for what it no longer gets to. */
const SPARE_MS = 86_400_000;
const CLUSTER_TTL_MS = 31 * 86_400_000;

const FLOW_KEY = 'VF:';

export interface NodeName {
  cluster: ClusterRef;
  node: string;
}

/** One kind for each state and cluster: nodes are counted by listing keys. */
export function nodeKind(state: NodeState, cluster: ClusterRef): string {
  return `node ${state} ${clusterKey(cluster)}`;
}

function nodeKey({ cluster: { project, location, name }, node }: NodeName): string {
  return `V:${JSON.stringify([project, location, name, node])}`;
}

/** Reads the names back from a key, as `due()` and `list()` give it. */
export function nodeNameOf(key: string): NodeName {
  const [project, location, name, node] = JSON.parse(key.slice(2)) as [string, string, string, string];
  return { cluster: { project, location, name }, node };
}

function watchedKey({ project, location, name }: ClusterRef): string {
  return `VC:${JSON.stringify([project, location, name])}`;
}

export function clusterOfKey(key: string): ClusterRef {
  const [project, location, name] = JSON.parse(key.slice(3)) as [string, string, string];
  return { project, location, name };
}

// What these read was written below by this code; the store gives back what it was given.
export async function readNode(tx: Transaction, name: NodeName): Promise<WatchedNode | undefined> {
  return (await tx.get(nodeKey(name))) as unknown as WatchedNode | undefined;
}

export async function readCluster(tx: Transaction, cluster: ClusterRef): Promise<WatchedCluster | undefined> {
  return (await tx.get(watchedKey(cluster))) as unknown as WatchedCluster | undefined;
}

export async function readFlow(tx: Transaction): Promise<Flow> {
  return ((await tx.get(FLOW_KEY)) as unknown as Flow | undefined) ?? NO_FLOW;
}

export function writeNode(tx: Transaction, node: WatchedNode, options: WatchOptions): void {
  tx.set(nodeKey(node), {
    value: node as unknown as Json,
    expiresAt: Math.max(tx.now, node.lastAt) + options.forget_after + SPARE_MS,
    due: { kind: nodeKind(node.state, node.cluster), at: nodeDueAt(node, tx.now, options) },
  });
}

export function deleteNode(tx: Transaction, name: NodeName): void {
  tx.delete(nodeKey(name));
}

export function writeCluster(tx: Transaction, cluster: WatchedCluster): void {
  tx.set(watchedKey(cluster.cluster), {
    value: { ...cluster, keptAt: tx.now } as unknown as Json,
    expiresAt: tx.now + CLUSTER_TTL_MS,
    // Those that were heard of first come first: where none is listed, a publisher may invent any number.
    due: { kind: CLUSTER_KIND, at: cluster.since },
  });
}

export function writeFlow(tx: Transaction, flow: Flow): void {
  tx.set(FLOW_KEY, { value: flow as unknown as Json, expiresAt: tx.now + CLUSTER_TTL_MS });
}
