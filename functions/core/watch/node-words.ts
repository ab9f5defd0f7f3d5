/** What one instance heard of one node since it last wrote that down. Bounded, whatever times the events claim. */

import type { Snapshot } from './falco-metrics.ts';
import { type Arrivals, SLICE_MS } from './losses.ts';

/** Times but for `eventMs` are the instance's own; each becomes the store's when it is written. */
export interface NodeWords extends Arrivals {
  /** Of its latest word; 0 where there was none that counts as one. */
  heardAt: number;
  /** The latest event's own time, milliseconds. */
  eventMs: number;
  /** Of its latest alert at Warning or above; 0 without. */
  alertedAt: number;
  /** Of the cluster's canary, when it tripped on this node; 0 without. */
  canaryAt: number;
  arrived: [number, number][];
  snapshots: Snapshot[];
  drops: [number, number][];
}

const MOST_SLICES = 64;
const MOST_SNAPSHOTS = 4;

export function noWords(): NodeWords {
  return {
    heardAt: 0,
    eventMs: 0,
    alertedAt: 0,
    canaryAt: 0,
    arrived: [],
    unsure: false,
    snapshots: [],
    drops: [],
    others: false,
  };
}

/** Counts one event by its own time. */
export function arrives(words: NodeWords, eventMs: number, n = 1): void {
  const slice = Math.floor(eventMs / SLICE_MS);
  const { arrived } = words;
  const last = arrived[arrived.length - 1];
  if (last && last[0] === slice) {
    last[1] += n;
    return;
  }
  const known = arrived.find(([number]) => number === slice);
  if (known) known[1] += n;
  else if (arrived.length < MOST_SLICES) arrived.push([slice, n]);
  else words.unsure = true;
}

export function reports(words: NodeWords, snapshot: Snapshot): void {
  words.snapshots.push(snapshot);
  if (words.snapshots.length > MOST_SNAPSHOTS) words.snapshots.shift();
}

export function drops(words: NodeWords, ms: number, percent: number): void {
  words.drops.push([ms, percent]);
  if (words.drops.length > MOST_SNAPSHOTS) words.drops.shift();
}

/** Puts words that could not be written in front of those heard meanwhile. */
export function putBack(words: NodeWords, before: NodeWords): NodeWords {
  const both: NodeWords = {
    heardAt: Math.max(words.heardAt, before.heardAt),
    eventMs: Math.max(words.eventMs, before.eventMs),
    alertedAt: Math.max(words.alertedAt, before.alertedAt),
    canaryAt: Math.max(words.canaryAt, before.canaryAt),
    arrived: before.arrived,
    unsure: words.unsure || before.unsure,
    snapshots: [...before.snapshots, ...words.snapshots].slice(-MOST_SNAPSHOTS),
    drops: [...before.drops, ...words.drops].slice(-MOST_SNAPSHOTS),
    others: words.others || before.others,
  };
  for (const [slice, n] of words.arrived) arrives(both, slice * SLICE_MS, n);
  return both;
}
