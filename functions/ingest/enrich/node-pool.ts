/** Which node pool a GKE node belongs to, by its name, as far as the cluster's list of pools confirms it. */

import type { NodePoolFacts } from '../../core/event/metadata.ts';

/** gke-CLUSTER-POOL-hash-suffix; GKE cuts CLUSTER and POOL where the whole would be too long. */
const NODE = /^gke-(.+)-[0-9a-f]{8}-[a-z0-9]{4}$/;

export interface PoolGuess {
  pool?: NodePoolFacts;
  /** The name has GKE's form and begins with another cluster's name. */
  foreign: boolean;
}

/** Gives the pool only where exactly one of the list explains the name; an uncut name counts before a cut one. */
export function poolOf(node: string, cluster: string, pools: readonly NodePoolFacts[]): PoolGuess {
  const middle = NODE.exec(node)?.[1];
  if (middle === undefined) return { foreign: false };
  const rests = restsAfter(middle, cluster);
  if (rests.length === 0) return { foreign: true };
  const exact = pools.filter(({ name }) => rests.includes(name));
  const fitting = exact.length > 0 ? exact : pools.filter(({ name }) => rests.some((rest) => name.startsWith(rest)));
  const [pool] = fitting;
  return pool && fitting.length === 1 ? { pool, foreign: false } : { foreign: false };
}

/** What may be the pool's part: all that follows the cluster's name, or a beginning of it, and a dash. */
function restsAfter(middle: string, cluster: string): string[] {
  const rests: string[] = [];
  for (let dash = middle.indexOf('-'); dash > 0; dash = middle.indexOf('-', dash + 1)) {
    const rest = middle.slice(dash + 1);
    if (rest && cluster.startsWith(middle.slice(0, dash))) rests.push(rest);
  }
  return rests;
}
