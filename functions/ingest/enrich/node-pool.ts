/** Which node pool a GKE node belongs to, by its name, as far as the cluster's list of pools confirms it. */

import type { NodePoolFacts } from '../../core/event/metadata.ts';

/** gke-CLUSTER-POOL-hash-suffix; without a dash in the middle it names no cluster: TPU hosts are gke-tpu-hash-suffix. */
const NODE = /^gke-(.+)-[0-9a-f]{8}-[a-z0-9]{4}$/;
const HAS_BOTH = /.-./;

/**
 * The room for both names together, and what each of them is sure of; what one leaves free the other may take. GKE
 * documents no rule: this one explains the names that people have published since 2017, some forty that we looked at.
 */
const ROOM = 32;
const SHARE = 16;

export interface PoolGuess {
  pool?: NodePoolFacts;
  /** The name has GKE's form and is none that GKE would give a node of this cluster. */
  foreign: boolean;
}

/** Gives the pool only where exactly one of the list explains the name. */
export function poolOf(node: string, cluster: string, pools: readonly NodePoolFacts[]): PoolGuess {
  const middle = NODE.exec(node)?.[1];
  if (middle === undefined || !HAS_BOTH.test(middle)) return { foreign: false };
  const fitting = pools.filter(({ name }) => middleOf(cluster, name) === middle);
  const [pool] = fitting;
  if (pool) return fitting.length === 1 ? { pool, foreign: false } : { foreign: false };
  return { foreign: !middle.startsWith(`${cluster}-`) && !mayBeCut(middle, cluster) };
}

/** Both names as GKE cuts them where they are too long together: to their length, whatever character that ends in. */
function middleOf(cluster: string, pool: string): string {
  const cut = (name: string, other: string): string => name.slice(0, Math.max(SHARE, ROOM - other.length));
  return `${cut(cluster, pool)}-${cut(pool, cluster)}`;
}

/**
 * Whether it may begin with a part of the cluster's name, by less than we know of GKE's rule: a name that leaves room
 * was not cut, and of each name at least its share is kept.
 */
function mayBeCut(middle: string, cluster: string): boolean {
  if (middle.length <= ROOM) return false;
  for (let dash = middle.indexOf('-', SHARE); dash > 0; dash = middle.indexOf('-', dash + 1)) {
    if (cluster.startsWith(middle.slice(0, dash))) return true;
  }
  return false;
}
