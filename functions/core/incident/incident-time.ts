/**
 * What time alone does to an incident: the next tier, an update of one that grew, word of a shell that nothing explained,
 * quiet. Pure; sweep acts on it.
 */

import { unexplainedAt, withUnexplained } from '../who/who.ts';
import { type Incident, isLive, quietAt, toldNow } from './incident.ts';

const UPDATE_FIRST_MS = 2 * 60_000;
/** However long it grows, people who look at it see it no older than this. */
const UPDATE_LONGEST_MS = 60 * 60_000;

export type StepReason = 'incident-quiet' | 'incident-next-tier' | 'incident-updated' | 'incident-unexplained';

export interface Advanced {
  incident: Incident;
  /** All receivers are to hear of it, without ringing. */
  update: boolean;
  /** Receivers of tiers whose time has come, to be paged. */
  page: readonly string[];
  reasons: readonly StepReason[];
}

/**
 * The incident as it must be at `now`, and who hears of it. Asked twice at one moment, the second answer is "nothing":
 * sweep may run twice at once, late, or not at all for a while.
 */
export function advance(incident: Incident, now: number): Advanced {
  const reasons: StepReason[] = [];
  const page: string[] = [];
  if (!isLive(incident)) return { incident, update: false, page, reasons };
  if (now >= quietAt(incident)) {
    return { incident: { ...incident, state: 'quiet' }, update: true, page, reasons: ['incident-quiet'] };
  }
  let next = incident;
  // After a sweep that was skipped several tiers may be due at once: each is told, none is left out.
  for (let due = tierDue(next); due !== undefined && due.at <= now; due = tierDue(next)) {
    if (!page.includes(due.receiver)) page.push(due.receiver);
    const receivers = next.receivers.includes(due.receiver) ? next.receivers : [...next.receivers, due.receiver];
    // Rung because nobody acknowledged it: no longer because somebody asked.
    const called = next.called?.receiver === due.receiver ? undefined : next.called;
    next = { ...next, tier: next.tier + 1, receivers, called };
    reasons.push('incident-next-tier');
  }
  const grew = (updateAt(next) ?? Number.POSITIVE_INFINITY) <= now;
  if (grew) reasons.push('incident-updated');
  const isUnexplained = (unexplainedAt(next) ?? Number.POSITIVE_INFINITY) <= now;
  if (isUnexplained) {
    next = withUnexplained(next, now);
    reasons.push('incident-unexplained');
  }
  // Who is told of the next tier sees the count as it is: so do the others.
  const update = grew || isUnexplained || page.length > 0;
  if (update) next = toldNow(next, now, next.told.updates + (grew ? 1 : 0));
  return { incident: next, update, page, reasons };
}

/** When `advance` will have something to do; undefined for what is over. */
export function nextStepAt(incident: Incident): number | undefined {
  if (!isLive(incident)) return undefined;
  const times = [quietAt(incident), tierDue(incident)?.at, updateAt(incident), unexplainedAt(incident)];
  return Math.min(...times.filter((at) => at !== undefined));
}

/** Only an acknowledgement holds the next tier back. */
function tierDue({ state, tiers, tier, pagedAt }: Incident): { at: number; receiver: string } | undefined {
  const next = tiers[tier];
  return state === 'open' && next ? { at: pagedAt + next.after, receiver: next.receiver } : undefined;
}

/** New rules and names are told by the next sweep, more of the same at growing intervals: 2, 4, 8 minutes up to an hour. */
function updateAt({ told, count, rules, receivers, silent }: Incident): number | undefined {
  if ((count === told.count && silent === told.silent) || receivers.length === 0) return undefined;
  if (rules.length > told.rules || told.news) return told.at;
  return told.at + Math.min(UPDATE_FIRST_MS * 2 ** Math.min(told.updates, 10), UPDATE_LONGEST_MS);
}
