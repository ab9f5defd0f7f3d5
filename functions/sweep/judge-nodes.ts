/** Judges the nodes of a cluster whose time has come, and publishes what they owe. */

import type { ClusterRef } from '../core/event/alert.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore, Topics } from '../core/ports.ts';
import type { Flow } from '../core/watch/flow.ts';
import {
  deleteNode,
  type NodeName,
  nodeKind,
  nodeNameOf,
  readCluster,
  readNode,
  writeCluster,
  writeNode,
} from '../core/watch/node-documents.ts';
import { type Judgement, judged, judgeNode, type Presence, type WatchedNode } from '../core/watch/watch.ts';
import { nodeAlert } from '../core/watch/watch-alerts.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';
import { publishAlert } from './told.ts';

export type NodeLookup = (node: string) => Promise<Presence>;

export interface JudgeNodesDeps {
  store: DocumentStore;
  topics: Topics;
  nodes: WatchOptions;
  presenceIn?: ((cluster: ClusterRef) => NodeLookup | undefined) | undefined;
  writeLog: WriteLog;
}

/** A transaction reads and writes a document for each. */
const GROUP = 50;
/** Nodes that an alert may have to name and count. */
const MOST_COUNTED = 15_000;

export async function judgeNodes(
  deps: JudgeNodesDeps,
  cluster: ClusterRef,
  due: readonly NodeName[],
  flow: Flow,
): Promise<void> {
  for (let from = 0; from < due.length; from += GROUP) {
    const names = due.slice(from, from + GROUP);
    const lookup = deps.presenceIn?.(cluster);
    const presences = lookup ? await ask(deps, lookup, names, flow) : [];
    await publishOwed(deps, cluster, await judgeGroup(deps, cluster, names, flow, presences));
  }
}

/** Only of nodes that would not simply be waited for. */
async function ask(
  { store, nodes: options }: JudgeNodesDeps,
  lookup: NodeLookup,
  names: readonly NodeName[],
  flow: Flow,
): Promise<Presence[]> {
  const silent = await store.transact(async (tx) => {
    const nodes = await Promise.all(names.map((name) => readNode(tx, name)));
    const unasked = { now: tx.now, flow, options, presence: 'unknown', clusterTold: false } as const;
    return nodes.map((node) => node !== undefined && judgeNode(node, unasked).reason !== 'node-heard');
  });
  return Promise.all(names.map(({ node }, index) => (silent[index] ? lookup(node) : 'unknown')));
}

/** Gives the nodes that owe something. */
async function judgeGroup(
  { store, nodes: options, writeLog }: JudgeNodesDeps,
  ref: ClusterRef,
  names: readonly NodeName[],
  flow: Flow,
  presences: readonly Presence[],
): Promise<WatchedNode[]> {
  const { owing, reasons } = await store.transact(async (tx) => {
    const [cluster, nodes] = await Promise.all([
      readCluster(tx, ref),
      Promise.all(names.map((name) => readNode(tx, name))),
    ]);
    const counts = new Map<Judgement['reason'], number>();
    const found: WatchedNode[] = [];
    let gone = 0;
    let told: string | undefined;
    nodes.forEach((node, index) => {
      if (!node) return;
      const presence = presences[index] ?? 'unknown';
      const clusterTold = cluster?.clusterTold !== undefined && cluster.clusterTold.overAt === undefined;
      const judgement = judgeNode(node, { now: tx.now, flow, options, presence, clusterTold });
      counts.set(judgement.reason, (counts.get(judgement.reason) ?? 0) + 1);
      const after = judged(node, judgement, tx.now);
      if (!after) {
        deleteNode(tx, node);
        if (node.state !== 'irregular') gone += 1;
        return;
      }
      writeNode(tx, after, options);
      if (after.owes.length > 0) found.push(after);
      const silence = after.owes.find(({ kind }) => kind === 'silent');
      if (silence) told = nodeAlert(after, silence).uuid;
    });
    if (cluster && (gone > 0 || told !== undefined)) {
      const nodesTold = told === undefined ? cluster.nodesTold : { uuid: told, since: tx.now, owed: false, why: '' };
      writeCluster(tx, { ...cluster, nodes: Math.max(0, cluster.nodes - gone), nodesTold });
    }
    return { owing: found, reasons: counts };
  });
  say(writeLog, ref, reasons);
  return owing;
}

async function publishOwed(deps: JudgeNodesDeps, cluster: ClusterRef, owing: readonly WatchedNode[]): Promise<void> {
  if (owing.length === 0) return;
  const { store, nodes: options, writeLog } = deps;
  const [told, missed] = await Promise.all([
    store.list(nodeKind('told', cluster), MOST_COUNTED),
    store.list(nodeKind('missed', cluster), MOST_COUNTED),
  ]);
  const silent = [...told, ...missed].map((key) => nodeNameOf(key).node);
  const published = await Promise.all(
    owing.map(async (node) => {
      const done = await Promise.all(node.owes.map((owed) => publishAlert(deps, nodeAlert(node, owed, silent))));
      return node.owes.filter((_, index) => done[index]);
    }),
  );
  await store.transact(async (tx) => {
    const nodes = await Promise.all(owing.map((node) => readNode(tx, node)));
    nodes.forEach((node, index) => {
      const done = published[index] ?? [];
      const left = node?.owes.filter((owed) => !done.some(({ kind, at }) => kind === owed.kind && at === owed.at));
      if (node && left) writeNode(tx, { ...node, owes: left }, options);
    });
  });
  for (const { kind } of published.flat()) {
    if (kind === 'silent') continue;
    const reason = kind === 'drops' ? 'node-drops-events' : 'node-alerts-lost';
    writeLog({ severity: 'WARNING', message: `told: ${kind}`, reason, labels: { cluster: cluster.name } });
  }
}

/** What is as it was a minute ago is not worth a line. */
function say(
  writeLog: WriteLog,
  { name: cluster }: ClusterRef,
  counts: ReadonlyMap<Judgement['reason'], number>,
): void {
  for (const [reason, n] of counts) {
    if (reason === 'node-heard' || reason === 'node-told') continue;
    const severity = reason.startsWith('node-silent') ? 'WARNING' : 'INFO';
    writeLog({ severity, message: `${n} node(s) of ${cluster}`, reason, labels: { cluster, nodes: String(n) } });
  }
}
