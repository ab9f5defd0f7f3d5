/** Where a listed cluster's Kubernetes API answers, by what pipeline.yaml opts for and what GKE says. */

import type { ApiTarget, ClusterFacts } from './metadata.ts';

/** `clusters[].kubernetes` of pipeline.yaml. */
export type KubernetesAccess = 'dns' | 'ip' | { endpoint: string; ca?: string | undefined };

export function apiTargetOf(
  access: KubernetesAccess | undefined,
  facts: ClusterFacts | undefined,
): ApiTarget | undefined {
  if (typeof access === 'object') {
    return { endpoint: access.endpoint, ...(access.ca && { ca: { file: access.ca } }) };
  }
  if (access === 'dns' && facts?.dnsEndpoint) return { endpoint: `https://${facts.dnsEndpoint}` };
  if (access === 'ip' && facts?.ipEndpoint && facts.ca) {
    return { endpoint: `https://${facts.ipEndpoint}`, ca: { pem: facts.ca } };
  }
  return undefined;
}
