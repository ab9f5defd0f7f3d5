/** The documents behind "who was it": one a pod in which a shell or an exec was seen, and one an audited cluster. */

import type { Json } from '../json.ts';
import type { Transaction } from '../ports.ts';
import type { PodRef } from './exec.ts';
import { AUDIT_KNOWN_MS, EMPTY_POD, type PodRecord, WHO_KEPT_MS } from './who.ts';

type ClusterOf = Pick<PodRef, 'project' | 'cluster'>;

export const podKey = ({ project, cluster, namespace, pod }: PodRef): string =>
  `O:${JSON.stringify([project, cluster, namespace, pod])}`;
const auditKey = ({ project, cluster }: ClusterOf): string => `K:${JSON.stringify([project, cluster])}`;

// What these read was written below by this code; the store gives back what it was given.
export async function readPod(tx: Transaction, pod: PodRef): Promise<PodRecord> {
  return ((await tx.get(podKey(pod))) as PodRecord | undefined) ?? EMPTY_POD;
}

export function writePod(tx: Transaction, pod: PodRef, record: PodRecord): void {
  tx.set(podKey(pod), { value: record as unknown as Json, expiresAt: tx.now + WHO_KEPT_MS });
}

/** Whether audit events of a cluster are known to arrive. */
export async function readAudited(tx: Transaction, cluster: ClusterOf): Promise<boolean> {
  const seenAt = (await tx.get(auditKey(cluster))) as number | undefined;
  return seenAt !== undefined && tx.now - seenAt < AUDIT_KNOWN_MS;
}

export function writeAudited(tx: Transaction, cluster: ClusterOf): void {
  tx.set(auditKey(cluster), { value: tx.now, expiresAt: tx.now + AUDIT_KNOWN_MS });
}
