/** What a receiver is told: one incident as it is now, in words and links, before any vendor's format. */

import type { ClusterRef, EnrichmentLevel, Workload } from './alert.ts';
import type { Json } from './json.ts';
import type { Priority } from './priority.ts';

/** One alert as people see it; redacted, bounded, and what the escalations topic carries. */
export interface AlertView {
  uuid: string;
  fingerprint: string;
  rule: string;
  /** Effective severity, after overrides. */
  priority: Priority;
  /** Falco's own. */
  falcoPriority: Priority;
  source: string;
  /** RFC 3339 as Falco said it. */
  time: string;
  timeNs: string;
  hostname: string;
  tags: readonly string[];
  /** Without the leading time and priority, at most 2,048 characters. */
  output: string;
  /** At most 64 fields, those that a page may show first (proc.*, fd.*, user.*, ka.*, evt.arg.*); each at most 512 characters. */
  fields: Readonly<Record<string, string>>;
  where: {
    cluster?: ClusterRef | undefined;
    clusterMismatch?: boolean | undefined;
    namespace?: string | undefined;
    pod?: string | undefined;
    container?: string | undefined;
    image?: string | undefined;
    imageTag?: string | undefined;
    imageDigest?: string | undefined;
    node?: string | undefined;
    nodePool?: string | undefined;
    zone?: string | undefined;
    machineType?: string | undefined;
    clusterStatus?: 'listed' | 'unlisted' | 'absent' | 'invalid' | undefined;
    workload?: Workload | undefined;
    derivedWorkload?: string | undefined;
    serviceAccount?: string | undefined;
    team?: string | undefined;
    /** For matchers alone; no page shows them. */
    namespaceLabels?: Readonly<Record<string, string>> | undefined;
    podLabels?: Readonly<Record<string, string>> | undefined;
    enrichment?: EnrichmentLevel | undefined;
  };
}

/** The group that an incident covers: its labels in the order of group_by. */
export type GroupLabels = Readonly<Record<string, string>>;

/** Every link of a page; absent where pipeline.yaml or the event does not give enough to build it. */
export interface PageLinks {
  /** Grafana Explore with the exact LogQL of this incident. */
  logs?: string;
  /** The LogQL itself, for those who paste. */
  query: string;
  /** The pod or the node in the GKE console. */
  console?: string;
  runbook?: string;
}

export interface Notification {
  /** 'page': the first word of an incident; 'update': it grew. More kinds come with tiers and resolution. */
  type: 'page' | 'update';
  receiver: string;
  groupKey: string;
  generation: number;
  /** Stable over retries: `{groupKey}/{generation}` for the incident's thread at the vendor. */
  dedupKey: string;
  /** Changes with every word that must be heard: `{dedupKey}/{want}`. */
  messageId: string;
  state: 'open' | 'acknowledged' | 'resolved' | 'quiet';
  severity: Priority;
  group: GroupLabels;
  /** Alerts counted so far. */
  count: number;
  firstNs: string;
  lastNs: string;
  /** The alert that opened the incident, or the worst since. */
  lead: AlertView;
  /** One per further rule, oldest first, bounded. */
  others: readonly { rule: string; priority: Priority; timeNs: string; count: number; alert: AlertView }[];
  links: PageLinks;
  firstStep: string;
  /** What the previous delivery to this receiver returned. */
  reference?: Json | undefined;
}
