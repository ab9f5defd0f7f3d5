/** What a receiver is told: one incident as it is now, in words and links, before any vendor's format. */

import type { ClusterRef, EnrichmentLevel, Workload } from '../event/alert.ts';
import type { Traits } from '../incident/storm-traits.ts';
import type { Json } from '../json.ts';
import type { Mute } from '../mute/mute.ts';
import type { Priority } from '../priority.ts';
import type { ReasonCode } from '../reasons.ts';
import type { Shell } from '../who/who.ts';

/** One alert as people see it; redacted, bounded, and what the escalations topic carries. */
export interface AlertView {
  uuid: string;
  fingerprint: string;
  rule: string;
  /** Effective severity, after overrides. */
  priority: Priority;
  /** Falco's own. */
  falcoPriority: Priority;
  /** Why it is that severe, in words. */
  severityReason?: string | undefined;
  /** Why it tells nobody. */
  muted?: Mute | undefined;
  /** Of the relay's own about silent nodes: all that were silent when it was made. */
  silent?: string | undefined;
  /** Exceptions in shadow mode that would have muted it. */
  shadows?: readonly Mute[] | undefined;
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
    environment?: string | undefined;
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
  /** The chart's incident dashboard, for an incident of a workload or a node. */
  dashboard?: string;
  /** The LogQL itself, for those who paste. */
  query: string;
  /** The pod or the node in the GKE console. */
  console?: string;
  runbook?: string;
}

/** The incidents that a storm holds: how many, some of them, the worst among these, and what they share. */
export interface StormView {
  size: number;
  members: readonly { place: string; what: string; priority: Priority }[];
  traits?: Traits | undefined;
}

/** A line of what the relay itself has to say, safe to show, and where it leads. */
export interface ReportLine {
  text: string;
  link?: { name: string; url: string } | undefined;
}

export interface Notification {
  /** 'page': it rings, as the first word of an incident does; 'update': it grew, or somebody acted, and nothing rings. */
  type: 'page' | 'update';
  receiver: string;
  groupKey: string;
  generation: number;
  /** Stable over retries: `{groupKey}/{generation}` for the incident's thread at the vendor. */
  dedupKey: string;
  /** Changes with every word that must be heard, and not with how often one is sent: `{dedupKey}/{its number}`. */
  messageId: string;
  /** How often the incident rang: what pages again after an acknowledgement is the next round. */
  round: number;
  state: 'open' | 'acknowledged' | 'resolved' | 'quiet';
  /** Who acknowledged or resolved it; `at` in milliseconds since the epoch. */
  by?: { who: string; at: number } | undefined;
  /** Who asked that this receiver be rung. */
  calledBy?: string | undefined;
  /** Whom alone this round rang, and who asked for them; absent where it got worse, and all were rung. */
  rang?: { receivers: readonly string[]; askedBy?: string } | undefined;
  /** This receiver was not rung since then. */
  unrung?: true | undefined;
  /** Its alerts tell nobody until then; `n` says how many did not, once that is over. */
  mute?: { id: string; who: string; at: number; until: number; n?: number | undefined } | undefined;
  /** Whom this receiver stands in for, since they could not be told. */
  insteadOf?: string | undefined;
  /** Why not, as their last attempt ended. */
  insteadWhy?: ReasonCode | undefined;
  /** The store is down: no incident stands behind this page, and what is pressed has no effect. */
  withoutStore?: true | undefined;
  /** Nobody acknowledged it for so long, hence this receiver. */
  unheardMs?: number | undefined;
  /** Set where the incident is a storm that holds others. */
  storm?: StormView | undefined;
  /** The nodes that are silent now. */
  silent?: string | undefined;
  /** Shells among its alerts, and who opened them. */
  shells?: readonly Shell[] | undefined;
  /** Set where it is no incident but an announcement: all there is to say. */
  report?: readonly ReportLine[] | undefined;
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
