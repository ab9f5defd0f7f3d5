/** Incidents: what a page covers, and how an alert opens one or is counted in it. Pure; the store's clock is passed in. */

import { clusterKey } from '../event/metadata.ts';
import type { AlertView, GroupLabels, ReportLine } from '../page/notification.ts';
import { type Priority, rank, worse } from '../priority.ts';
import type { Shell } from '../who/who.ts';
import { fitted } from './incident-size.ts';
import { isNewRule, type RuleSeen, type RulesSeen, withRule } from './rules-seen.ts';
import type { Traits } from './storm-traits.ts';
import { mergedTiers, type Tier, withTiers } from './tiers.ts';

const HOUR_MS = 3_600_000;
/** Quiet after this long without an alert: the next one opens a new generation, and pages. */
export const QUIET_AFTER_MS = 24 * HOUR_MS;
/** A storm ends sooner: what comes after it must not hide in it. */
export const STORM_QUIET_AFTER_MS = HOUR_MS;
/** An incident's documents outlive its quiet time by the time in which a stray redelivery may still join. */
export const INCIDENT_TTL_MS = 31 * 24 * HOUR_MS;

export type IncidentState = 'open' | 'acknowledged' | 'resolved' | 'quiet';

/** So many incidents of a cluster may open within so many milliseconds. */
export interface StormLimits {
  incidents: number;
  within: number;
}

/** Who an alert is routed to, and who after them. */
export interface Routing {
  receivers: readonly string[];
  tiers: readonly Tier[];
  /** When the cluster's further incidents are held by a storm; as the valve has it, unless set. */
  valve?: StormLimits | undefined;
  /** `mode: observe`: the incident is kept and counted, and nobody is told. */
  observed?: boolean | undefined;
}

/** One incident that a storm holds, by the alert that opened it: bounded and plain. */
export interface Member {
  place: string;
  what: string;
  priority: Priority;
}

export interface Storm {
  /** How many incidents it holds; `members` lists some, the worst among them. */
  size: number;
  members: readonly Member[];
  /** What they have in common. */
  traits?: Traits | undefined;
  /** `size` when somebody acknowledged it: twice as many page again. */
  acknowledgedSize?: number | undefined;
}

export interface Incident extends RulesSeen {
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
  receivers: readonly string[];
  tiers: readonly Tier[];
  /** How often it rang: 1 for the page that opened it; what pages again begins the next round, unacknowledged. */
  round: number;
  /** When somebody was last paged; tiers count from here. */
  pagedAt: number;
  /** How many tiers were told in this round. */
  tier: number;
  /** What the receivers were last told, and how many updates that took in this round; `news` is not to wait for the next. */
  told: {
    at: number;
    count: number;
    rules: number;
    updates: number;
    news?: true | undefined;
    silent?: string | undefined;
  };
  /** Who acknowledged or resolved it, and when. */
  by?: { who: string; at: number } | undefined;
  /** Whom alone this round rang when it opened again what was acknowledged; absent where it got worse. */
  rang?: readonly string[] | undefined;
  /** Who asked that a receiver be rung, by a button. */
  called?: { by: string; receiver: string } | undefined;
  /** A button mutes its group, or did: `id` names the silence, and `n` what it kept quiet, once it is over. */
  mute?: { id: string; who: string; at: number; until: number; n?: number | undefined } | undefined;
  /** Nobody was told, for `mode: observe`. */
  observed?: true | undefined;
  /** The storm that holds it: its pages are this one's. */
  heldBy?: { groupKey: string; generation: number } | undefined;
  /** Set on a storm itself. */
  storm?: Storm | undefined;
  /** The nodes that are silent now, where that is what it is about. */
  silent?: string | undefined;
  /** Shells among its alerts, and who opened them. */
  shells?: readonly Shell[] | undefined;
  /** Set where it is an announcement. */
  report?: readonly ReportLine[] | undefined;
}

export type JoinReason =
  | 'incident-opened'
  | 'incident-reopened-after-quiet'
  | 'incident-reopened-after-resolved'
  | 'incident-reopened-after-storm'
  | 'incident-reopened-after-observe'
  | 'incident-joined'
  | 'incident-told-further'
  | 'incident-paged-again';

export interface Joined {
  incident: Incident;
  opened: boolean;
  reason: JoinReason;
  /** Receivers that have not heard of this generation: a page each. */
  added: readonly string[];
  /** Those that have are paged again. */
  again: boolean;
  /** Those that have hear, without ringing, that it is open again. */
  update: boolean;
}

export const isLive = ({ state }: Pick<Incident, 'state'>): boolean => state === 'open' || state === 'acknowledged';

export const quietAt = ({ lastAt, storm }: Pick<Incident, 'lastAt' | 'storm'>): number =>
  lastAt + (storm ? STORM_QUIET_AFTER_MS : QUIET_AFTER_MS);

/**
 * Counts one new alert in its group's incident, or opens the next generation. An alert that is routed to further
 * receivers pages those: a severe one must not be silent because a slight one came first.
 * @param stormIsOver the storm that holds `previous` has ended
 */
export function join(
  previous: Incident | undefined,
  alert: AlertView,
  group: { key: string; labels: GroupLabels },
  routing: Routing,
  now: number,
  stormIsOver = false,
): Joined {
  const reason = reopening(previous, now, routing, stormIsOver);
  if (previous && !reason) return joined(previous, alert, routing, now);
  const fresh = opened(previous, alert, group, routing, now);
  return {
    incident: toldNow(counted(fresh, alert, now), now),
    opened: true,
    reason: reason ?? 'incident-opened',
    added: fresh.receivers,
    again: false,
    update: false,
  };
}

/** Why an alert begins a new generation; undefined where it belongs to the one at hand. */
export function reopening(
  previous: Incident | undefined,
  now: number,
  { observed }: Pick<Routing, 'observed'>,
  stormIsOver: boolean,
): JoinReason | undefined {
  if (!previous) return 'incident-opened';
  if (previous.state === 'resolved') return 'incident-reopened-after-resolved';
  if (previous.state === 'quiet' || now >= quietAt(previous)) return 'incident-reopened-after-quiet';
  if (previous.heldBy && stormIsOver) return 'incident-reopened-after-storm';
  if (previous.observed && !observed) return 'incident-reopened-after-observe';
  return undefined;
}

function opened(
  previous: Incident | undefined,
  alert: AlertView,
  group: { key: string; labels: GroupLabels },
  { receivers, tiers, observed }: Routing,
  now: number,
): Incident {
  return {
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
    receivers: observed ? [] : receivers,
    tiers: observed ? [] : tiers,
    round: 1,
    pagedAt: now,
    tier: 0,
    told: { at: now, count: 0, rules: 0, updates: 0 },
    ...(observed && { observed }),
  };
}

function joined(previous: Incident, alert: AlertView, routing: Routing, now: number): Joined {
  // What a storm holds is told by the storm, and what is observed by nobody.
  const silent = previous.heldBy !== undefined || previous.observed === true;
  const added = silent ? [] : routing.receivers.filter((name) => !previous.receivers.includes(name));
  const again = !silent && pagesAgain(previous, alert);
  const update = !again && added.length > 0 && previous.state === 'acknowledged';
  let incident = counted(previous, alert, now);
  if (added.length > 0) {
    const tiers = withTiers(incident.tiers, incident.tier, routing.tiers);
    incident = { ...incident, receivers: [...incident.receivers, ...added], pagedAt: now, tiers };
  }
  if (again) incident = nextRound(incident, now);
  else if (update) incident = nextRound(incident, now, added);
  const reason = again ? 'incident-paged-again' : added.length > 0 ? 'incident-told-further' : 'incident-joined';
  return { incident, opened: false, reason, added, again, update };
}

/**
 * Whether an alert rings again where people were told already: on an acknowledged incident a new rule that is Critical,
 * or a higher severity than before; on an open one the step from what can wait to what can't.
 */
export function pagesAgain(incident: Incident, { rule, priority }: AlertView): boolean {
  const { state, severity } = incident;
  const urgent = rank(priority) <= rank('Critical');
  if (state === 'open') return urgent && rank(severity) > rank('Critical');
  return state === 'acknowledged' && ((urgent && isNewRule(incident, rule)) || rank(priority) < rank(severity));
}

/**
 * The incident rings anew, and nobody has acknowledged that.
 * @param rang whom alone; everybody, unless given
 */
export function nextRound(before: Incident, now: number, rang?: readonly string[]): Incident {
  const { by: _, called: __, rang: ___, ...incident } = before;
  const tiers = mergedTiers(incident.tiers);
  const next = { ...incident, state: 'open', round: incident.round + 1, pagedAt: now, tiers, tier: 0 } as const;
  return toldNow({ ...next, ...(rang && { rang }) }, now);
}

/**
 * Every receiver is about to hear all that there is.
 * @param updates how many that took in this round
 */
export function toldNow(incident: Incident, now: number, updates = 0): Incident {
  const { count, rules, silent } = incident;
  return { ...incident, told: { at: now, count, rules: rules.length, updates, ...(silent && { silent }) } };
}

function counted(incident: Incident, alert: AlertView, now: number): Incident {
  const earlier = (a: string, b: string): string => (BigInt(a) <= BigInt(b) ? a : b);
  const later = (a: string, b: string): string => (BigInt(a) >= BigInt(b) ? a : b);
  return fitted({
    ...incident,
    severity: worse(incident.severity, alert.priority),
    count: incident.count + 1,
    firstNs: earlier(incident.firstNs, alert.timeNs),
    lastNs: later(incident.lastNs, alert.timeNs),
    lastAt: Math.max(incident.lastAt, now),
    ...withRule(incident, alert),
    ...(alert.silent && isOfItsCluster(incident, alert) && { silent: alert.silent }),
  });
}

/** Where routes put the nodes of several clusters into one incident, it lists those of the first. */
export function isOfItsCluster({ rules: [first] }: Pick<Incident, 'rules'>, { where }: AlertView): boolean {
  const [its, other] = [first?.alert.where.cluster, where.cluster];
  return !first || (its && other ? clusterKey(its) === clusterKey(other) : its === other);
}

/** The alert that a page leads with: the most severe, the earliest among equals. */
export function lead(incident: Incident): RuleSeen {
  const [first, ...others] = incident.rules;
  if (!first) throw new Error('an incident without a rule');
  return others.reduce((best, seen) => (rank(seen.priority) < rank(best.priority) ? seen : best), first);
}
