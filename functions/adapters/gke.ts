/** The GKE API: one cluster's version, node pools and endpoints, through Google's client, which loads on first use. */

import type { ClusterManagerClient, protos } from '@google-cloud/container';
import type { ClusterRef } from '../core/event/alert.ts';
import {
  type ClusterFacts,
  type ClusterSource,
  found,
  isClusterRef,
  type Lookup,
  type NodePoolFacts,
  notFound,
} from '../core/event/metadata.ts';

type Cluster = protos.google.container.v1.ICluster;
type NodePool = protos.google.container.v1.INodePool;

export interface GkeOptions {
  /** For one request, in milliseconds; what waits for it has a budget of its own. */
  timeoutMs: number;
  /** An origin that stands in for Google's API, asked over HTTP and without credentials: for tests on loopback. */
  apiEndpoint?: string;
}

// https://cloud.google.com/apis/design/errors#handling_errors
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAUTHENTICATED = 16;

/** Never throws. Needs `container.clusters.get`. */
export function createGkeSource(options: GkeOptions): ClusterSource {
  let opening: Promise<ClusterManagerClient> | undefined;

  // A client that could not be opened, for want of credentials perhaps, is tried anew at the next request.
  function client(): Promise<ClusterManagerClient> {
    opening ??= openClient(options.apiEndpoint).catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  }

  return {
    async cluster(ref, signal) {
      if (!isClusterRef(ref)) return notFound('enrich-invalid-name');
      try {
        const gke = await client();
        if (signal.aborted) return notFound('enrich-unavailable');
        // Without `retry: null` one failure becomes ten requests.
        const [cluster] = await gke.getCluster({ name: nameOf(ref) }, { timeout: options.timeoutMs, retry: null });
        return found(factsOf(cluster));
      } catch (error) {
        return failure(error);
      }
    },
    async close() {
      const opened = await opening?.catch(() => undefined);
      await opened?.close();
    },
  };
}

async function openClient(apiEndpoint: string | undefined): Promise<ClusterManagerClient> {
  const { ClusterManagerClient: Client } = await import('@google-cloud/container');
  const client = new Client(apiEndpoint === undefined ? { fallback: true } : await standIn(apiEndpoint));
  // Left to the first request, missing credentials would be an unhandled rejection.
  await client.initialize();
  return client;
}

async function standIn(apiEndpoint: string) {
  const { PassThroughClient } = await import('google-auth-library');
  const { protocol, hostname, port } = new URL(apiEndpoint);
  return {
    apiEndpoint: hostname,
    port: Number(port || (protocol === 'http:' ? 80 : 443)),
    protocol: protocol.slice(0, -1),
    fallback: true,
    authClient: new PassThroughClient(),
  };
}

function nameOf({ project, location, name }: ClusterRef): string {
  return `projects/${project}/locations/${location}/clusters/${name}`;
}

function failure(error: unknown): Lookup<ClusterFacts> {
  const { code } = error as { code?: unknown };
  if (code === NOT_FOUND) return notFound('enrich-not-found');
  if (code === PERMISSION_DENIED || code === UNAUTHENTICATED) return notFound('enrich-denied');
  return notFound('enrich-unavailable');
}

/** Google's own domain for control planes: a token of ours goes there. */
const DNS_ENDPOINT = /^[a-z0-9][a-z0-9.-]{0,240}\.gke\.goog$/;
const IP_ADDRESS = /^(?:\d{1,3}\.){3}\d{1,3}$/;

function factsOf(cluster: Cluster): ClusterFacts {
  const dnsEndpoint = cluster.controlPlaneEndpointsConfig?.dnsEndpointConfig?.endpoint;
  const ipEndpoint = cluster.endpoint;
  const ca = cluster.masterAuth?.clusterCaCertificate;
  return {
    nodePools: (cluster.nodePools ?? []).flatMap(poolOf),
    ...(cluster.currentMasterVersion && { version: cluster.currentMasterVersion }),
    ...(dnsEndpoint && DNS_ENDPOINT.test(dnsEndpoint) && { dnsEndpoint }),
    ...(ipEndpoint && IP_ADDRESS.test(ipEndpoint) && { ipEndpoint }),
    ...(ca && { ca: Buffer.from(ca, 'base64').toString('utf8') }),
  };
}

function poolOf({ name, config, locations }: NodePool): NodePoolFacts[] {
  if (!name) return [];
  const spot = config?.spot || config?.preemptible;
  return [
    {
      name,
      zones: locations ?? [],
      ...(config?.machineType && { machineType: config.machineType }),
      spot: spot === true,
    },
  ];
}
