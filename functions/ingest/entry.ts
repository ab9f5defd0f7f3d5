/** The Loki entry of an event: few index labels, the rest as structured metadata, the line as Falco sent it. */

import type { Context, FalcoEvent, LogEntry } from '../core/event/alert.ts';
import type { Priority } from '../core/priority.ts';
import { millisecondsOf } from '../core/time.ts';

/** What Grafana colours a line by, in its own spelling. */
const LEVEL: Readonly<Record<Priority, string>> = {
  Emergency: 'critical',
  Alert: 'critical',
  Critical: 'critical',
  Error: 'error',
  Warning: 'warn',
  Notice: 'info',
  Informational: 'info',
  Debug: 'debug',
};

/** An index label must be bounded: a source that no plugin would have is none. */
const PLAIN_SOURCE = /^[a-z0-9_.-]{1,32}$/i;
const UNKNOWN = 'unknown';

/**
 * The writer adds `fingerprint`, which the store decides.
 * @param line the event's JSON after redaction
 * @param now milliseconds since the epoch; how late the event is then, `lag_ms`, is kept by its claim with all else
 */
export function entryOf(
  uuid: string,
  event: FalcoEvent,
  line: string,
  context: Context,
  priority: Priority,
  now: number,
): LogEntry {
  const { cluster } = context;
  const metadata: Record<string, string> = {
    kind: 'event',
    uuid,
    n: '1',
    rule: event.rule,
    effective_priority: priority,
    enrichment: context.enrichment,
    detected_level: LEVEL[priority],
    // A node's clock may be ahead of ours.
    lag_ms: String(Math.max(0, now - millisecondsOf(event.timeNs))),
  };
  const optional: Readonly<Record<string, string | undefined>> = {
    hostname: event.hostname,
    location: cluster?.location,
    k8s_ns_name: context.namespace,
    k8s_pod_name: context.pod,
    workload_kind: context.workload?.kind,
    workload_name: context.workload?.name ?? context.derivedWorkload,
    container_name: context.container,
    image: context.image,
    image_tag: context.imageTag,
    image_digest: context.imageDigest,
    service_account: context.serviceAccount,
    node_pool: context.nodePool,
    zone: context.zone,
    machine_type: context.machineType,
    team: context.team,
    mitre: event.tags.filter((tag) => /^(?:mitre_|T\d{4}|TA\d{4})/.test(tag)).join(','),
    enrichment_reasons: context.enrichmentReasons.join(','),
    claims_relay: event.claimsRelay && 'true',
    cluster_mismatch: context.clusterMismatch ? 'true' : undefined,
    cluster_status: context.clusterStatus === 'listed' ? undefined : context.clusterStatus,
  };
  for (const name in optional) {
    const value = optional[name];
    if (value) metadata[name] = value;
  }
  return {
    labels: {
      project: cluster?.project ?? UNKNOWN,
      cluster: cluster?.name ?? UNKNOWN,
      source: PLAIN_SOURCE.test(event.source) ? event.source : 'other',
      priority: event.priority,
    },
    timestampNs: String(event.timeNs),
    line,
    metadata,
  };
}
