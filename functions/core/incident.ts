/** Incidents: what a page covers. Pure transitions over stored documents (protocol: incident). */

import { fitted } from './incident-size.ts';
import type { AlertView, GroupLabels } from './notification.ts';
import { type Priority, rank, worse } from './priority.ts';

/** Quiet after this long without an alert: the next one opens a new generation, and pages. */
export const QUIET_AFTER_MS = 24 * 3_600_000;
/** Distinct rules an incident describes; further ones are counted in `count` alone. */
export const MAX_RULES = 20;
/** An incident's documents outlive its quiet time by the time in which a stray redelivery may still join. */
export const INCIDENT_TTL_MS = 31 * 24 * 3_600_000;

export type IncidentState = 'open' | 'acknowledged' | 'resolved' | 'quiet';

export interface RuleSeen {
  rule: string;
  priority: Priority;
  count: number;
  firstNs: string;
  alert: AlertView;
}

export interface Incident {
  groupKey: string;
  /** 1 for the first incident of a group key; the next one after quiet or resolved is a new generation. */
  generation: number;
  state: IncidentState;
  labels: GroupLabels;
  severity: Priority;
  /** Alerts, repeats included. */
  count: number;
  firstNs: string;
  lastNs: string;
  /** When it opened and when its last alert was counted, by the store's clock in milliseconds. */
  openedAt: number;
  lastAt: number;
  /** The distinct rules, in order of appearance; the first one opened the incident. */
  rules: readonly RuleSeen[];
  receivers: readonly string[];
}

export type JoinReason =
  | 'incident-opened'
  | 'incident-reopened-after-quiet'
  | 'incident-reopened-after-resolved'
  | 'incident-joined';

export interface Joined {
  incident: Incident;
  opened: boolean;
  reason: JoinReason;
}

/** Counts one new alert in its group's incident, or opens the next generation with the receivers that are routed now. */
export function join(
  previous: Incident | undefined,
  alert: AlertView,
  group: { key: string; labels: GroupLabels },
  receivers: readonly string[],
  now: number,
): Joined {
  const reason = reasonFor(previous, now);
  if (previous && reason === 'incident-joined')
    return { incident: counted(previous, alert, now), opened: false, reason };
  const fresh: Incident = {
    groupKey: group.key,
    generation: (previous?.generation ?? 0) + 1,
    state: 'open',
    labels: group.labels,
    severity: alert.priority,
    count: 0,
    firstNs: alert.timeNs,
    lastNs: alert.timeNs,
    openedAt: now,
    lastAt: now,
    rules: [],
    receivers,
  };
  return { incident: counted(fresh, alert, now), opened: true, reason };
}

function reasonFor(previous: Incident | undefined, now: number): JoinReason {
  if (!previous) return 'incident-opened';
  if (previous.state === 'resolved') return 'incident-reopened-after-resolved';
  if (previous.state === 'quiet' || now - previous.lastAt >= QUIET_AFTER_MS) return 'incident-reopened-after-quiet';
  return 'incident-joined';
}

function counted(incident: Incident, alert: AlertView, now: number): Incident {
  const earlier = (a: string, b: string): string => (BigInt(a) <= BigInt(b) ? a : b);
  const later = (a: string, b: string): string => (BigInt(a) >= BigInt(b) ? a : b);
  const known = incident.rules.find((seen) => seen.rule === alert.rule);
  const seen: RuleSeen = { rule: alert.rule, priority: alert.priority, count: 1, firstNs: alert.timeNs, alert };
  let rules = incident.rules;
  if (known) {
    const more = {
      ...known,
      count: known.count + 1,
      priority: worse(known.priority, alert.priority),
      // A page shows the worst of them.
      alert: rank(alert.priority) < rank(known.priority) ? alert : known.alert,
      firstNs: earlier(known.firstNs, alert.timeNs),
    };
    rules = rules.map((each) => (each === known ? more : each));
  } else rules = described(rules, seen);
  return fitted({
    ...incident,
    severity: worse(incident.severity, alert.priority),
    count: incident.count + 1,
    firstNs: earlier(incident.firstNs, alert.timeNs),
    lastNs: later(incident.lastNs, alert.timeNs),
    lastAt: Math.max(incident.lastAt, now),
    rules,
  });
}

/** Where there is no room, the least severe makes it, the latest among equals: noise must not hide the worst. */
function described(rules: readonly RuleSeen[], seen: RuleSeen): readonly RuleSeen[] {
  if (rules.length < MAX_RULES) return [...rules, seen];
  const least = rules.reduce((found, each) => (rank(each.priority) >= rank(found.priority) ? each : found));
  if (rank(seen.priority) >= rank(least.priority)) return rules;
  return [...rules.filter((each) => each !== least), seen];
}

/** The alert that a page leads with: the most severe, the earliest among equals. */
export function lead(incident: Incident): RuleSeen {
  const [first, ...others] = incident.rules;
  if (!first) throw new Error('an incident without a rule');
  return others.reduce((best, seen) => (rank(seen.priority) < rank(best.priority) ? seen : best), first);
}
