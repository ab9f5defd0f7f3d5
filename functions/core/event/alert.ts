/** What travels through the relay: an event is what Falco sent, an alert is an event with its context. */

import type { Priority } from '../priority.ts';

/** A GKE cluster by its three names. */
export interface ClusterRef {
  project: string;
  location: string;
  name: string;
}

/** A value of `output_fields`. Integers past 2^53 are bigint, so that no digit is lost. */
export type FieldValue = string | number | bigint | boolean | null | readonly unknown[] | object;

/** What Falco sent, checked. The bytes as received are kept beside it (see `RawEvent`). */
export interface FalcoEvent {
  /** Falcosidekick's uuid; the empty string where the publisher set none. */
  uuid: string;
  output: string;
  priority: Priority;
  rule: string;
  /** RFC 3339 as received, with 0 to 9 fraction digits. */
  time: string;
  /** `time` in nanoseconds since the epoch. */
  timeNs: bigint;
  fields: Readonly<Record<string, FieldValue>>;
  /** 'syscall' (also for Falcosidekick's 'syscalls'), 'k8s_audit', 'internal', or a plugin's name. */
  source: string;
  tags: readonly string[];
  /** The node's name with the current Falco chart, the Falco pod's with older ones, '' if absent. */
  hostname: string;
  /** It came under a name of the relay's own, or an identity: `rule` and `source` are not as it said. */
  claimsRelay?: true;
}

/** How much of the context could be filled. `none` and `partial` name why in `reasons`. */
export type EnrichmentLevel = 'full' | 'partial' | 'none';

export interface Workload {
  /** Deployment, StatefulSet, DaemonSet, CronJob, Job, ReplicaSet, Pod */
  kind: string;
  name: string;
}

/** Where an event happened and whose it is. A field that is absent is not known. */
export interface Context {
  cluster?: ClusterRef;
  /** How far the cluster's names are to be believed: they are a publisher's claim. */
  clusterStatus: 'listed' | 'unlisted' | 'absent' | 'invalid';
  /** What pipeline.yaml says the cluster is for: production, development, ... */
  environment?: string;
  /** True when the claimed cluster does not have the node that the event names. */
  clusterMismatch: boolean;
  namespace?: string;
  pod?: string;
  podUid?: string;
  container?: string;
  containerId?: string;
  /** Repository without tag, as Falco's container.image.repository. */
  image?: string;
  imageTag?: string;
  imageDigest?: string;
  node?: string;
  nodePool?: string;
  zone?: string;
  machineType?: string;
  spot?: boolean;
  /** The owner at the end of the chain, from the Kubernetes API. */
  workload?: Workload;
  /** The workload's name derived from the event alone: group keys and fingerprints use this one, never `workload`. */
  derivedWorkload?: string;
  serviceAccount?: string;
  team?: string;
  namespaceLabels?: Readonly<Record<string, string>>;
  podLabels?: Readonly<Record<string, string>>;
  /** Location, version and other facts of the cluster that a page may show. */
  clusterVersion?: string;
  enrichment: EnrichmentLevel;
  /** Bounded codes of `reasons.ts` that say why enrichment is not full. */
  enrichmentReasons: readonly string[];
}

/** The families of rules that share a fingerprint recipe (defaults: which fields make two events the same). */
export type Family = 'exec' | 'shell' | 'file' | 'network' | 'api-server' | 'host' | 'audit' | 'other';

/** One Loki entry, rendered once and stored with the claim: enrichment may differ next time, these bytes may not. */
export interface LogEntry {
  /** Index labels beside `service_name`: project, cluster, source, priority. The relay's own have another `service_name` alone. */
  labels: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch, in decimal. */
  timestampNs: string;
  line: string;
  /** Structured metadata; `uuid` and `n` always among it. */
  metadata: Readonly<Record<string, string>>;
}
