/** One cluster's metadata as it is known right now: a cache per kind of object, a breaker per API. */

import type { ClusterRef } from '../../core/event/alert.ts';
import {
  type ApiTarget,
  type ClusterFacts,
  type ClusterSource,
  type ClusterStatics,
  clusterKey,
  type Lookup,
  type MiddleKind,
  type NamespaceFacts,
  type NodeFacts,
  notFound,
  type Owner,
  type PodFacts,
  type PodOnNode,
  type WorkloadSource,
} from '../../core/event/metadata.ts';
import type { After, Clock } from '../../core/ports.ts';
import { type Circuit, createCache, createCircuit, type View } from './cache.ts';
import type { EnrichOptions, ListedCluster } from './options.ts';

export interface Sources {
  gke?: ClusterSource | undefined;
  kubernetes?: WorkloadSource | undefined;
  /** What a static file says of a cluster; undefined where pipeline.yaml names none. */
  statics?: ((cluster: ClusterRef) => ClusterStatics | undefined) | undefined;
}

/** Undefined instead of a view: nobody is to be asked that. */
export interface ClusterViews {
  statics: ClusterStatics | undefined;
  facts(): View<ClusterFacts> | undefined;
  /** Names must have been validated. */
  kubernetes?: KubernetesViews;
}

export interface KubernetesViews {
  /** With a uid, of that pod alone: a pod that is made anew takes the name of the one before it. */
  pod(target: ApiTarget, namespace: string, name: string, uid: string | undefined): View<PodFacts>;
  /** A list that does not serve is asked for again, once it is no longer new. */
  podsOnNode(
    target: ApiTarget,
    node: string,
    serves: (pods: readonly PodOnNode[]) => boolean,
  ): View<readonly PodOnNode[]>;
  ownerOf(target: ApiTarget, kind: MiddleKind, namespace: string, name: string): View<Owner | null>;
  node(target: ApiTarget, name: string): View<NodeFacts>;
  namespace(target: ApiTarget, name: string): View<NamespaceFacts>;
}

/** Gives the views of a listed cluster; the caches behind them are shared and bounded. */
export function createViews(
  { enrich, clusters }: EnrichOptions,
  sources: Sources,
  time: { clock: Clock; after: After },
): (listed: ListedCluster) => ClusterViews {
  const settings = {
    ttlMs: enrich.ttl,
    missingTtlMs: enrich.missing_ttl,
    staleMs: enrich.stale,
    requestTimeoutMs: enrich.request_timeout,
    entries: enrich.entries,
    ...time,
  };
  const circuit = (): Circuit =>
    createCircuit({ failures: enrich.breaker_failures, pauseMs: enrich.breaker_pause }, time.clock);
  const factsCache = createCache<ClusterFacts>(settings);
  const pods = createCache<PodFacts>(settings);
  // A list is only read for a container that is new, so an old list says little.
  const podsOnNodes = createCache<readonly PodOnNode[]>({ ...settings, ttlMs: enrich.missing_ttl });
  const owners = createCache<Owner | null>(settings);
  const nodes = createCache<NodeFacts>(settings);
  const namespaces = createCache<NamespaceFacts>(settings);

  function viewsOf(listed: ListedCluster): ClusterViews {
    const { project, location, name } = listed;
    const ref = { project, location, name };
    const prefix = clusterKey(ref);
    const gkeCircuit = circuit();
    const { gke, kubernetes: api } = sources;
    const statics = sources.statics?.(ref);
    const needsEndpoint = listed.kubernetes === 'dns' || listed.kubernetes === 'ip';
    const asksGke = gke && (!statics || needsEndpoint) ? gke : undefined;
    return {
      statics,
      facts: () => asksGke && factsCache.view(prefix, gkeCircuit, (signal) => asksGke.cluster(ref, signal)),
      ...(api && listed.kubernetes && { kubernetes: kubernetesViews(api, prefix, circuit()) }),
    };
  }

  function kubernetesViews(api: WorkloadSource, prefix: string, apiCircuit: Circuit): KubernetesViews {
    return {
      pod: (target, namespace, name, uid) =>
        pods.view(`${prefix}/${namespace}/${name}/${uid ?? ''}`, apiCircuit, async (signal) =>
          only(uid, await api.pod(target, namespace, name, signal)),
        ),
      podsOnNode: (target, node, serves) =>
        podsOnNodes.view(`${prefix}/${node}`, apiCircuit, (signal) => api.podsOnNode(target, node, signal), serves),
      ownerOf: (target, kind, namespace, name) =>
        owners.view(`${prefix}/${kind}/${namespace}/${name}`, apiCircuit, (signal) =>
          api.ownerOf(target, kind, namespace, name, signal),
        ),
      node: (target, name) => nodes.view(`${prefix}/${name}`, apiCircuit, (signal) => api.node(target, name, signal)),
      namespace: (target, name) =>
        namespaces.view(`${prefix}/${name}`, apiCircuit, (signal) => api.namespace(target, name, signal)),
    };
  }

  const byCluster = new Map(clusters.map((listed) => [listed, viewsOf(listed)]));
  return (listed) => byCluster.get(listed) ?? viewsOf(listed);
}

/** Another pod of that name is not the one that was asked for. */
function only(uid: string | undefined, answer: Lookup<PodFacts>): Lookup<PodFacts> {
  if (uid === undefined || !answer.found) return answer;
  return uid === answer.value.uid || uid === answer.value.staticUid ? answer : notFound('enrich-not-found');
}
