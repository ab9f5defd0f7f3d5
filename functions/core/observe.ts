/**
 * What the steps say of their decisions to whoever watches: `npm start`'s live page, tests, `explain`.
 *
 * An observer decides nothing and must not throw. Every text in an observation is redacted and bounded, every reason
 * is a code of reasons.ts. In production nobody observes and nothing is built for it.
 */

import type { EnrichmentLevel, Family } from './event/alert.ts';
import { type Incident, lead } from './incident/incident.ts';
import type { AlertView, GroupLabels } from './page/notification.ts';
import type { Owed, Role } from './ports.ts';
import type { Priority } from './priority.ts';

/** One attempt at one event, emitted when ingest has decided how to answer. */
export interface EventObservation {
  kind: 'event';
  /** Milliseconds since the epoch. */
  at: number;
  /** The event's identity: Falcosidekick's uuid or what stands in for it. Counting is by this. */
  uuid: string;
  messageId: string;
  rule: string;
  source: string;
  /** Falco's own. */
  priority: Priority;
  effectivePriority: Priority;
  /** Why the effective priority is what it is, in words: 'as Falco says', or the matcher that raised or lowered it. */
  severityReason: string;
  escalates: boolean;
  /** Absent when the store gave no answer. */
  role?: Role | undefined;
  /** The event had been claimed before: a redelivery, a retry or a replay. */
  again: boolean;
  windowId?: string | undefined;
  fingerprint: string;
  /** What went into the fingerprint, by field name, normalised. */
  fingerprintFields: Readonly<Record<string, string>>;
  family: Family;
  /** What the claim said is owed, before this attempt did any of it. */
  owed?: Owed | undefined;
  /**
   * written: Loki has it. repeat: counted, nothing to write. parked: on the dead-letter topic. retry: handed to the
   * retry topic. redelivery: nothing was owed any more. nack: Pub/Sub brings it again.
   */
  outcome: 'written' | 'repeat' | 'parked' | 'retry' | 'redelivery' | 'nack';
  reasons: readonly string[];
  where: AlertView['where'];
  enrichment: EnrichmentLevel;
  enrichmentReasons: readonly string[];
  /** From the event's own time until this outcome, in milliseconds. */
  lagMs: number;
  /** How many values were redacted. */
  redacted: number;
  /** Redacted, without the leading time and priority. */
  output: string;
  /** RFC 3339 as Falco said it. */
  time: string;
}

/** A window closed and its count was handed to Loki, or could not be yet. */
export interface SummaryObservation {
  kind: 'summary';
  at: number;
  windowId: string;
  fingerprint: string;
  rule: string;
  n: number;
  outcome: 'written' | 'parked' | 'retry';
  reasons: readonly string[];
}

/** An incident as it is after a transaction that touched it. */
export interface IncidentObservation {
  kind: 'incident';
  at: number;
  groupKey: string;
  generation: number;
  group: GroupLabels;
  state: 'open' | 'acknowledged' | 'resolved' | 'quiet';
  severity: Priority;
  count: number;
  firstNs: string;
  lastNs: string;
  /** The alert that opened it, or the worst since. */
  lead: AlertView;
  /** Rules seen in it, the lead's among them. */
  rules: readonly string[];
  receivers: readonly string[];
  /** Who acknowledged or resolved it. */
  by?: { who: string; at: number } | undefined;
  /** How often it rang. */
  round: number;
  /** Who is told next, and when, while nobody acknowledges. */
  next?: { receiver: string; at: number } | undefined;
  /** How many incidents a storm holds. */
  storm?: number | undefined;
  heldBy?: string | undefined;
  observed?: boolean | undefined;
}

/** One attempt to tell one receiver of one incident. */
export interface DeliveryObservation {
  kind: 'delivery';
  at: number;
  receiver: string;
  groupKey: string;
  generation: number;
  /** The word being delivered: 1 is the page itself. */
  want: number;
  /** nothing-due: said already. held: another attempt is under way. */
  outcome: 'delivered' | 'retry' | 'misconfigured' | 'refused' | 'nothing-due' | 'held' | 'nack';
  reasons: readonly string[];
}

/** A message went to the dead-letter topic. An event that got as far as a decision is also observed as an event. */
export interface ParkedObservation {
  kind: 'parked';
  at: number;
  messageId: string;
  /** Absent when the message could not be read as an event. */
  uuid?: string | undefined;
  from: 'ingest' | 'escalate' | 'notify' | 'sweep';
  reason: string;
  /** Holds no payload. */
  detail: string;
}

export type Observation =
  | EventObservation
  | SummaryObservation
  | IncidentObservation
  | DeliveryObservation
  | ParkedObservation;

export type Observe = (observation: Observation) => void;

/** An incident as observers see it. */
export function incidentObservation(incident: Incident, at: number): IncidentObservation {
  const {
    groupKey,
    generation,
    labels: group,
    state,
    severity,
    count,
    firstNs,
    lastNs,
    receivers,
    round,
    by,
  } = incident;
  const tier = state === 'open' ? incident.tiers[incident.tier] : undefined;
  return {
    kind: 'incident',
    at,
    groupKey,
    generation,
    group,
    state,
    severity,
    count,
    firstNs,
    lastNs,
    lead: lead(incident).alert,
    rules: incident.rules.map(({ rule }) => rule),
    receivers,
    round,
    by,
    next: tier && { receiver: tier.receiver, at: incident.pagedAt + tier.after },
    storm: incident.storm?.size,
    heldBy: incident.heldBy?.groupKey,
    observed: incident.observed,
  };
}
