/** The watch over one node: what its words make known of it, and what its silence means (protocol: silence). */

import type { ClusterRef } from '../event/alert.ts';
import { type Flow, silenceSince } from './flow.ts';
import { counted, type Loss, type Losses, NO_LOSSES } from './losses.ts';
import type { NodeWords } from './node-words.ts';
import type { WatchOptions } from './watch-options.ts';

/**
 * irregular: it never sent a snapshot twice, so its silence says nothing. heard: it speaks. quiet: silent for so long
 * that its cluster may be. told: its silence was told lately. missed: it was told a while ago, and says nothing new of its
 * cluster. excused: silent, and Kubernetes says that it is not ready.
 */
export type NodeState = 'irregular' | 'heard' | 'quiet' | 'told' | 'missed' | 'excused';

/** What is to be published of a node. */
export type Owed = Loss | { kind: 'silent'; at: number; loud: boolean };

/** Times are the store's, in milliseconds, but for `eventMs`. */
export interface WatchedNode {
  cluster: ClusterRef;
  node: string;
  state: NodeState;
  firstAt: number;
  lastAt: number;
  /** The latest event's own time. */
  eventMs: number;
  /** Its last alert at Warning or above; 0 without. */
  alertedAt: number;
  /** Between its last snapshots, the latest first, by their own time; at most two. */
  periods: readonly number[];
  losses: Losses;
  owes: readonly Owed[];
  /** When sweep looks at it again, while it is silent, and when that was told. */
  nextAt: number;
  toldAt: number;
}

/** What the Kubernetes API says of a node; unknown also where it is not to be asked. */
export type Presence = 'ready' | 'not-ready' | 'absent' | 'unknown';

export interface Judgement {
  next: NodeState | 'forgotten';
  reason:
    | 'node-heard'
    | 'node-quiet'
    | 'node-young'
    | 'node-deleted'
    | 'node-forgotten'
    | 'node-not-ready'
    | 'node-of-silent-cluster'
    | 'node-silent'
    | 'node-silent-after-alert'
    | 'node-told';
  /** When to look again. */
  at: number;
}

/** A node that alerted so shortly before its last word may have been silenced. */
const LOUD_MS = 30 * 60_000;
/** How often a silent node's case is looked at again. */
const AGAIN_MS = 300_000;
/** Nodes that fall silent within this time may do so together; an autoscaler takes one now and one then. */
const TOGETHER_MS = 900_000;
/** Two snapshots may get lost, or three: the defaults are these times five minutes. */
const QUIET_PERIODS = 2.2;
const SILENT_PERIODS = 3.2;

export interface Heard {
  node: WatchedNode;
  /** From now on its silence counts. */
  begins: boolean;
}

/** @param time `now` by the store's clock, and how far it is ahead of the instance's */
export function heard(
  before: WatchedNode | undefined,
  words: NodeWords,
  of: { cluster: ClusterRef; node: string },
  time: { now: number; ahead: number },
): Heard | undefined {
  if (!before && words.heardAt === 0) return undefined;
  const at = (own: number): number => (own === 0 ? 0 : Math.min(time.now, own + time.ahead));
  const spokeAt = at(words.heardAt);
  const known = before ?? newNode(of, spokeAt);
  const { losses, found } = counted(known.losses, words, time.now);
  const periods = periodsOf(known, losses);
  const speaks = spokeAt > known.lastAt;
  const begins = known.state === 'irregular' && periods.length > 0;
  const owes = speaks ? known.owes.filter(({ kind }) => kind !== 'silent') : known.owes;
  const node: WatchedNode = {
    ...known,
    state: begins || (speaks && known.state !== 'irregular') ? 'heard' : known.state,
    lastAt: Math.max(known.lastAt, spokeAt),
    eventMs: Math.max(known.eventMs, words.eventMs),
    alertedAt: Math.max(known.alertedAt, at(words.alertedAt)),
    periods,
    losses,
    // One of a kind: the newer finding says more.
    owes: [...owes.filter((owed) => !found.some(({ kind }) => kind === owed.kind)), ...found],
  };
  return { node, begins };
}

function newNode({ cluster, node }: { cluster: ClusterRef; node: string }, at: number): WatchedNode {
  return {
    cluster,
    node,
    state: 'irregular',
    firstAt: at,
    lastAt: at,
    eventMs: 0,
    alertedAt: 0,
    periods: [],
    losses: NO_LOSSES,
    owes: [],
    nextAt: 0,
    toldAt: 0,
  };
}

function periodsOf({ periods, losses: { last: before } }: WatchedNode, { last }: Losses): readonly number[] {
  if (!before || !last || last.ms <= before.ms) return periods;
  return [last.ms - before.ms, ...periods].slice(0, 2);
}

/** The shorter of two, since one that was missed doubles a period, and must not double the patience. */
export function patience(periods: readonly number[], options: WatchOptions): { quiet: number; silent: number } {
  const period = periods.length > 0 ? Math.min(...periods) : 0;
  return {
    quiet: Math.max(options.cluster_silent_after, QUIET_PERIODS * period),
    silent: Math.max(options.silent_after, SILENT_PERIODS * period),
  };
}

/** When sweep has to look at a node. */
export function nodeDueAt(node: WatchedNode, now: number, options: WatchOptions): number {
  if (node.owes.length > 0) return now;
  if (node.state === 'irregular') return node.lastAt + options.forget_after;
  return node.state === 'heard' ? node.lastAt + patience(node.periods, options).quiet : node.nextAt;
}

export interface Case {
  now: number;
  flow: Flow;
  options: WatchOptions;
  presence: Presence;
  /** Its cluster's silence is told: that alert stands for its nodes'. */
  clusterTold: boolean;
}

/** What becomes of a node whose time has come. */
export function judgeNode(node: WatchedNode, { now, flow, options, presence, clusterTold }: Case): Judgement {
  const silence = silenceSince(node.lastAt, flow);
  const { quiet, silent } = patience(node.periods, options);
  const again = now + AGAIN_MS;
  const forgetAt = node.lastAt + options.forget_after;
  // Only Kubernetes can say before that a node is gone.
  const goneAt = presence === 'unknown' ? forgetAt : Math.min(again, forgetAt);
  if (node.state === 'irregular')
    return now < forgetAt
      ? { next: 'irregular', reason: 'node-heard', at: forgetAt }
      : { next: 'forgotten', reason: 'node-forgotten', at: now };
  if (presence === 'absent' && silence >= quiet) return { next: 'forgotten', reason: 'node-deleted', at: now };
  // Only what was told is forgotten, by its own alert or by its cluster's.
  const isTold = node.state === 'told' || node.state === 'missed';
  if ((isTold || clusterTold) && silence >= quiet && now >= forgetAt)
    return { next: 'forgotten', reason: 'node-forgotten', at: now };
  if (isTold && now - node.toldAt >= TOGETHER_MS) return { next: 'missed', reason: 'node-told', at: goneAt };
  if (isTold) return { next: 'told', reason: 'node-told', at: Math.min(again, goneAt) };
  if (silence < quiet) return { next: 'heard', reason: 'node-heard', at: now + quiet - silence };
  if (node.lastAt - node.firstAt < options.grace) return { next: 'forgotten', reason: 'node-young', at: now };
  if (presence === 'not-ready') return { next: 'excused', reason: 'node-not-ready', at: again };
  if (silence < silent) return { next: 'quiet', reason: 'node-quiet', at: now + silent - silence };
  if (clusterTold) return { next: 'quiet', reason: 'node-of-silent-cluster', at: again };
  const loud = node.alertedAt > 0 && node.lastAt - node.alertedAt <= LOUD_MS;
  return { next: 'told', reason: loud ? 'node-silent-after-alert' : 'node-silent', at: again };
}

/** The node as judged; what its silence owes is published before sweep forgets about it. */
export function judged(node: WatchedNode, { next, reason, at }: Judgement, now: number): WatchedNode | undefined {
  if (next === 'forgotten') return undefined;
  const after = { ...node, state: next, nextAt: at };
  if (reason !== 'node-silent' && reason !== 'node-silent-after-alert') return after;
  const owed: Owed = { kind: 'silent', at: now, loud: reason === 'node-silent-after-alert' };
  return { ...after, toldAt: now, owes: [...node.owes, owed] };
}
