/** Opens what enrichment may ask, as far as pipeline.yaml lists clusters for it. */

import { resolve } from 'node:path';
import type { ClusterRef } from '../core/event/alert.ts';
import { type ClusterSource, type ClusterStatics, clusterKey, type WorkloadSource } from '../core/event/metadata.ts';
import type { After } from '../core/ports.ts';
import { createGkeSource } from './gke.ts';
import { createGoogleToken } from './google-token.ts';
import { readStaticMetadata } from './static-metadata.ts';

/**
 * GKE takes the token of a service account as it is, and learns the e-mail, which RBAC names, from a token of the second
 * scope alone: without it the user is the account's unique id. The metadata server of Cloud Run gives the scopes that it
 * is asked for: https://cloud.google.com/run/docs/securing/service-identity
 */
const GKE_SCOPES = ['https://www.googleapis.com/auth/cloud-platform', 'https://www.googleapis.com/auth/userinfo.email'];

export interface MetadataOptions {
  /** `clusters` of pipeline.yaml. */
  clusters: readonly (ClusterRef & { metadata?: string | undefined; kubernetes?: unknown })[];
  /** For one request, in milliseconds. */
  timeoutMs: number;
  after: After;
  /** Relative paths of static files start here: the folder of pipeline.yaml. */
  directory?: string;
  /** Stands in for the GKE API, on loopback. */
  gkeApiEndpoint?: string;
  /** A bearer token for Kubernetes APIs; Google's unless given. */
  token?: () => Promise<string>;
}

export interface Metadata {
  gke: ClusterSource;
  /** Present where pipeline.yaml opts a cluster in. */
  kubernetes?: WorkloadSource;
  statics(cluster: ClusterRef): ClusterStatics | undefined;
  close(): Promise<void>;
}

/** Asks nothing yet. Throws when a static file can't be read or does not have its cluster. */
export async function openMetadata(options: MetadataOptions): Promise<Metadata> {
  const { clusters, timeoutMs, gkeApiEndpoint: apiEndpoint, directory = '.' } = options;
  const statics = new Map<string, ClusterStatics>();
  for (const cluster of clusters) {
    if (!cluster.metadata) continue;
    statics.set(clusterKey(cluster), await readStaticMetadata(resolve(directory, cluster.metadata), cluster));
  }
  const gke = createGkeSource({ timeoutMs, ...(apiEndpoint && { apiEndpoint }) });
  const kubernetes = clusters.some((cluster) => cluster.kubernetes) ? await openKubernetes(options) : undefined;
  return {
    gke,
    ...(kubernetes && { kubernetes }),
    statics: (cluster) => statics.get(clusterKey(cluster)),
    async close() {
      await Promise.allSettled([gke.close(), kubernetes?.close()]);
    },
  };
}

async function openKubernetes({ token, timeoutMs, after }: MetadataOptions): Promise<WorkloadSource> {
  const { createKubernetesSource } = await import('./kubernetes.ts');
  const google = createGoogleToken(GKE_SCOPES, after);
  return createKubernetesSource({ token: token ?? google, timeoutMs, after });
}
