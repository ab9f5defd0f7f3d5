/**
 * Whether events flow through the relay at all, and so how much of a node's silence is its own.
 *
 * Silence counts in recorded time: only while words of anybody were recorded in time. An outage of Pub/Sub, of the store
 * or of ingest silences everybody at once, and a backlog that is worked off brings what was said long ago.
 */

import type { Told } from './told.ts';

/** Milliseconds by the store's clock: from, until. */
export type Pause = readonly [number, number];

export interface Flow {
  /** When the latest event of anybody was recorded; 0 before the first. */
  newestAt: number;
  /** When nothing flowed, or only what Pub/Sub had held back. In order, apart from each other. */
  pauses: readonly Pause[];
  /** The latest sweep, and since when they came without a longer break. */
  sweptAt: number;
  sweepingSince: number;
  /** The alert that nothing arrives. */
  told?: Told | undefined;
}

export const NO_FLOW: Flow = { newestAt: 0, pauses: [], sweptAt: 0, sweepingSince: 0 };

/** A message that Pub/Sub held for longer was held up. */
const LATE_MS = 120_000;
/** Sweeps further apart than this were not watching in between. */
const SWEEP_BREAK_MS = 180_000;
/** Pauses are kept for as long as anybody's silence may be asked for. */
const MOST_PAUSES = 100;

/**
 * The longest time without a word of anybody that still counts as flowing: half of what makes a cluster silent, which by
 * default is a little more than the five minutes after which a healthy node speaks again.
 */
export function longestLull({ cluster_silent_after }: { cluster_silent_after: number }): number {
  return cluster_silent_after / 2;
}

/** Pub/Sub held a message so long that others of its time may be held as well. */
export const isHeldUp = (heldMs: number): boolean => heldMs > LATE_MS;

/**
 * Something was recorded now.
 * @param heldMs how long Pub/Sub had held it: by its own clock, which no publisher can set
 */
export function flowed(flow: Flow, now: number, heldMs: number, lullMs: number): Flow {
  const added: Pause[] = [];
  if (flow.newestAt > 0 && now - flow.newestAt > lullMs) added.push([flow.newestAt, now]);
  if (isHeldUp(heldMs)) added.push([now - heldMs, now]);
  const newestAt = Math.max(flow.newestAt, now);
  return added.length === 0 ? { ...flow, newestAt } : { ...flow, newestAt, pauses: united([...flow.pauses, ...added]) };
}

/** A sweep begins now. */
export function swept(flow: Flow, now: number): Flow {
  const broken = now - flow.sweptAt > SWEEP_BREAK_MS;
  return { ...flow, sweptAt: now, sweepingSince: broken ? now : flow.sweepingSince };
}

/** While nothing flows, nobody's silence says anything. */
export function isFlowing(flow: Flow, now: number, lullMs: number): boolean {
  return flow.newestAt > 0 && now - flow.newestAt <= lullMs;
}

/** How long everybody has been silent while sweeps watched. */
export function lullOf(flow: Flow, now: number): number {
  return flow.newestAt === 0 ? 0 : now - Math.max(flow.newestAt, flow.sweepingSince);
}

/** The recorded time since `at`: it ends with the newest word of anybody, and no pause is in it. */
export function silenceSince(at: number, { newestAt, pauses }: Flow): number {
  let silence = Math.max(0, newestAt - at);
  for (const [from, until] of pauses) silence -= Math.max(0, Math.min(until, newestAt) - Math.max(from, at));
  return Math.max(0, silence);
}

function united(pauses: readonly Pause[]): Pause[] {
  const joined: [number, number][] = [];
  for (const [from, until] of [...pauses].sort((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], until);
    else joined.push([from, until]);
  }
  return joined.slice(-MOST_PAUSES);
}
