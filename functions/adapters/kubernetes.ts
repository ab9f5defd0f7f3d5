/** A cluster's Kubernetes API, as far as enrichment reads it: pods, their controllers, nodes, namespaces. */

import { readFile } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import {
  type ApiTarget,
  found,
  isLabelName,
  isObjectName,
  type Lookup,
  notFound,
  type WorkloadSource,
} from '../core/event/metadata.ts';
import type { After } from '../core/ports.ts';
import { createHttpPool, type HttpPool } from './http-pool.ts';
import * as read from './kubernetes-objects.ts';

export interface KubernetesOptions {
  /** A bearer token for the cluster; may throw. See `createGoogleToken`. */
  token(): Promise<string>;
  /** For one request, in milliseconds; what waits for it has a budget of its own. */
  timeoutMs: number;
  after: After;
}

const CONNECTIONS = 8;
/** Clusters whose sockets are kept; a relay serves tens, not hundreds. */
const POOLS = 64;
/** A full node's pods, generously. */
const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** https://kubernetes.io/docs/setup/best-practices/cluster-large/: 110 pods a node, 256 at most on GKE. */
const MAX_PODS = 512;

/** Never throws. Needs `get` on pods, replicasets, jobs, nodes and namespaces, and `list` on pods. */
export function createKubernetesSource({ token, timeoutMs, after }: KubernetesOptions): WorkloadSource {
  const pools = new LRUCache<string, Promise<HttpPool>>({
    max: POOLS,
    dispose: (pool) => void pool.then((opened) => opened.destroy()).catch(() => {}),
  });

  /** Sockets are kept by address and authority: a cluster that was rebuilt has another one. */
  function poolOf(target: ApiTarget): Promise<HttpPool> {
    const key = JSON.stringify(target);
    const known = pools.get(key);
    if (known) return known;
    const opening = openPool(target, after);
    pools.set(key, opening);
    // A certificate that could not be read is read anew at the next request.
    opening.catch(() => pools.delete(key));
    return opening;
  }

  /** `segments` become the path: each is encoded, and validated by who calls. */
  async function get<T>(
    target: ApiTarget,
    segments: readonly string[],
    read: (body: unknown) => T | undefined,
    signal: AbortSignal,
    query = '',
  ): Promise<Lookup<T>> {
    try {
      const [pool, bearer] = await Promise.all([poolOf(target), token()]);
      const { status, body, cut } = await pool.request({
        method: 'GET',
        path: `/${segments.map(encodeURIComponent).join('/')}${query}`,
        headers: { authorization: `Bearer ${bearer}`, accept: 'application/json', 'user-agent': 'falco-relay' },
        timeoutMs,
        signal,
        maxBodyBytes: MAX_BODY_BYTES,
      });
      if (status === 401 || status === 403) return notFound('enrich-denied');
      if (status === 404) return notFound('enrich-not-found');
      const value = status === 200 && !cut ? read(JSON.parse(body.toString('utf8'))) : undefined;
      return value === undefined ? notFound('enrich-unavailable') : found(value);
    } catch {
      return notFound('enrich-unavailable');
    }
  }

  const refused = async (): Promise<Lookup<never>> => notFound('enrich-invalid-name');

  return {
    pod(target, namespace, name, signal) {
      if (!isLabelName(namespace) || !isObjectName(name)) return refused();
      return get(target, ['api', 'v1', 'namespaces', namespace, 'pods', name], read.pod, signal);
    },
    podsOnNode(target, node, signal) {
      if (!isObjectName(node)) return refused();
      const query = new URLSearchParams({ fieldSelector: `spec.nodeName=${node}`, limit: String(MAX_PODS) });
      return get(target, ['api', 'v1', 'pods'], read.podsOnNode, signal, `?${query}`);
    },
    ownerOf(target, kind, namespace, name, signal) {
      if (!isLabelName(namespace) || !isObjectName(name)) return refused();
      const resource = kind === 'Job' ? ['batch', 'v1', 'jobs'] : ['apps', 'v1', 'replicasets'];
      const [group = '', version = '', plural = ''] = resource;
      return get(target, ['apis', group, version, 'namespaces', namespace, plural, name], read.owner, signal);
    },
    node(target, name, signal) {
      if (!isObjectName(name)) return refused();
      return get(target, ['api', 'v1', 'nodes', name], read.node, signal);
    },
    namespace(target, name, signal) {
      if (!isLabelName(name)) return refused();
      return get(target, ['api', 'v1', 'namespaces', name], read.namespace, signal);
    },
    async close() {
      const open = [...pools.values()];
      // Disposing of a pool destroys its sockets.
      pools.clear();
      await Promise.allSettled(open.map(async (pool) => (await pool).destroy()));
    },
  };
}

async function openPool({ endpoint, ca }: ApiTarget, after: After): Promise<HttpPool> {
  const pem = ca && ('pem' in ca ? ca.pem : await readFile(ca.file, 'utf8'));
  return createHttpPool({ origin: endpoint, connections: CONNECTIONS, after, ...(pem && { connect: { ca: pem } }) });
}
