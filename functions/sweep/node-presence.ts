/** Asks a cluster's Kubernetes API whether a silent node is still there, and ready. */

import type { ClusterRef } from '../core/event/alert.ts';
import { apiTargetOf, type KubernetesAccess } from '../core/event/api-target.ts';
import { type ClusterFacts, type ClusterSource, clusterKey, type WorkloadSource } from '../core/event/metadata.ts';
import type { Clock } from '../core/ports.ts';
import type { Presence } from '../core/watch/watch.ts';
import type { NodeLookup } from './judge-nodes.ts';

/** An endpoint hardly ever changes. */
const FACTS_TTL_MS = 600_000;

export interface PresenceDeps {
  /** `clusters` of pipeline.yaml. */
  clusters: readonly (ClusterRef & { kubernetes?: KubernetesAccess | undefined })[];
  gke: ClusterSource;
  kubernetes: WorkloadSource;
  clock: Clock;
  /** Ends a request that takes too long. */
  signal(): AbortSignal;
}

/** A cluster that is not listed, or did not opt in, is not asked. */
export function createPresence(deps: PresenceDeps): (cluster: ClusterRef) => NodeLookup | undefined {
  const known = new Map<string, { facts: ClusterFacts; until: number }>();

  async function factsOf(cluster: ClusterRef): Promise<ClusterFacts | undefined> {
    const key = clusterKey(cluster);
    const before = known.get(key);
    if (before && deps.clock() < before.until) return before.facts;
    const answer = await deps.gke.cluster(cluster, deps.signal());
    if (answer.found) known.set(key, { facts: answer.value, until: deps.clock() + FACTS_TTL_MS });
    return answer.found ? answer.value : before?.facts;
  }

  return (cluster) => {
    const listed = deps.clusters.find((each) => clusterKey(each) === clusterKey(cluster));
    const access = listed?.kubernetes;
    if (!access) return undefined;
    let facts: Promise<ClusterFacts | undefined> | undefined;
    return async (node): Promise<Presence> => {
      facts ??= typeof access === 'object' ? Promise.resolve(undefined) : factsOf(cluster);
      const target = apiTargetOf(access, await facts);
      if (!target) return 'unknown';
      const answer = await deps.kubernetes.node(target, node, deps.signal());
      if (!answer.found) return answer.reason === 'enrich-not-found' ? 'absent' : 'unknown';
      return answer.value.ready === false ? 'not-ready' : 'ready';
    };
  };
}
