/** The watch over a cluster: half of its nodes, or its canary, silent. */

import type { ClusterRef } from '../event/alert.ts';
import { type Flow, silenceSince } from './flow.ts';
import type { Told } from './told.ts';
import { patience } from './watch.ts';
import type { WatchOptions } from './watch-options.ts';

/** Nodes that are watched in one cluster: GKE's own limit (https://cloud.google.com/kubernetes-engine/quotas). */
export const MOST_NODES = 15_000;

export interface Canary {
  firstAt: number;
  lastAt: number;
  /** Between its words, the latest first; at most two. */
  periods: readonly number[];
}

export interface WatchedCluster {
  cluster: ClusterRef;
  /** How many of its nodes are watched. */
  nodes: number;
  /** When it was first heard of. */
  since: number;
  /** When it was last written: sweep writes it again before it expires. */
  keptAt: number;
  canary?: Canary | undefined;
  /** That nodes are silent, and that the cluster is. */
  nodesTold?: Told | undefined;
  clusterTold?: Told | undefined;
}

export interface Counts {
  /** Nodes that fell silent lately, and all that are silent. */
  lately: number;
  silent: number;
  /** How many speak; where more than half do, just more than are silent. */
  speaking: number;
}

export type ClusterReason = 'cluster-silent' | 'canary-silent' | 'cluster-heard';

/** Words within a minute are one tripping of the canary, perhaps on several nodes. */
const CANARY_APART_MS = 60_000;

export function canaryHeard(canary: Canary | undefined, at: number): Canary {
  if (!canary) return { firstAt: at, lastAt: at, periods: [] };
  const apart = at - canary.lastAt;
  if (apart <= 0) return canary;
  const periods = apart < CANARY_APART_MS ? canary.periods : [apart, ...canary.periods].slice(0, 2);
  return { ...canary, lastAt: at, periods };
}

/**
 * Only nodes that fell silent together begin it: an autoscaler may take half of them in a day. All of them count until it
 * is over. One node alone is never a cluster: half of two would be.
 */
export function judgeCluster(
  { canary, clusterTold }: WatchedCluster,
  { lately, silent, speaking }: Counts,
  flow: Flow,
  options: WatchOptions,
): ClusterReason {
  const half = clusterTold && clusterTold.overAt === undefined ? silent : lately;
  if (half >= 2 && half >= speaking) return 'cluster-silent';
  if (!canary || canary.lastAt - canary.firstAt < options.grace) return 'cluster-heard';
  const silence = silenceSince(canary.lastAt, flow);
  return silence >= patience(canary.periods, options).quiet ? 'canary-silent' : 'cluster-heard';
}

/** A canary that was silent for so long was taken away. */
export function canaryIsGone({ canary }: WatchedCluster, now: number, options: WatchOptions): boolean {
  return canary !== undefined && now - canary.lastAt >= options.forget_after;
}
