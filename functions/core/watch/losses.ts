/**
 * Loss on the way: what Falco says it lost itself, and the gap between what it says it matched and what arrived.
 *
 * An interval lies between two snapshots, by their own time. What arrived counts in slices of ten seconds; the slices at
 * an interval's two ends count whole, and one more before it, since an event is a little older than its match. That hides
 * a small gap, and never makes one.
 */

import type { Snapshot } from './falco-metrics.ts';

export const SLICE_MS = 10_000;
/** A slice's number and how many distinct events of that time arrived. */
export type Slice = readonly [number, number];

interface Interval {
  /** Slices, both inclusive. */
  from: number;
  to: number;
  expected: number;
  arrived: number;
  /** When its end was recorded. */
  at: number;
  /** Counters and arrivals can be compared at all. */
  sure: boolean;
}

export interface Losses {
  last?: Snapshot | undefined;
  /** Arrived since the last snapshot, and shortly before. */
  open: readonly Slice[];
  /** Nothing is known to be missing from `open`. */
  sure: boolean;
  /** Not decided yet: instances and Pub/Sub may still hold some of their events. */
  closed: readonly Interval[];
  /** Snapshots in a row that said more than `MOST_PERCENT` was lost, and intervals in a row with a gap. */
  lossy: number;
  gaps: number;
  /** Of the last drop event above the limit, by its own time. */
  droppedAt: number;
  /** When Falco's other sources last spoke: its counter is one for all of them. */
  othersAt: number;
  toldDropsAt: number;
  toldGapAt: number;
}

export const NO_LOSSES: Losses = {
  open: [],
  sure: true,
  closed: [],
  lossy: 0,
  gaps: 0,
  droppedAt: 0,
  othersAt: 0,
  toldDropsAt: 0,
  toldGapAt: 0,
};

/** What is to be told. */
export type Loss =
  | { kind: 'drops'; at: number; percent: number }
  | { kind: 'gap'; at: number; expected: number; arrived: number };

/** What arrived of one node, as an instance counted it. */
export interface Arrivals {
  arrived: readonly Slice[];
  /** Some may have arrived and not been counted. */
  unsure: boolean;
  snapshots: readonly Snapshot[];
  /** Drop events: time and percent. */
  drops: readonly (readonly [number, number])[];
  others: boolean;
}

const MOST_PERCENT = 1;
/** Drop events come at most every half minute; two so far apart are two findings, further apart no row. */
const DROPS_APART_MS: Slice = [60_000, 900_000];
const GAP_EVENTS = 10;
const GAP_SHARE = 0.05;
const IN_A_ROW = 2;
/** So long instances may keep counts to themselves and Pub/Sub messages, before an interval is decided. */
const SLACK_MS = 1_200_000;
const TOLD_EVERY_MS = 3_600_000;
const OTHERS_MS = 3_600_000;
const CLOCK_SET_MS = 3_600_000;
/** An hour of slices; and as many intervals as wait at the shortest sensible period. */
const MOST_SLICES = 360;
const MOST_CLOSED = 24;

/** @param now milliseconds by the store's clock */
export function counted(losses: Losses, arrivals: Arrivals, now: number): { losses: Losses; found: Loss[] } {
  let next = arrivals.arrived.reduce(arrive, losses);
  if (arrivals.unsure) next = { ...next, sure: false, closed: next.closed.map((each) => ({ ...each, sure: false })) };
  if (arrivals.others) next = { ...next, othersAt: now };
  const found: Loss[] = [];
  let worst = 0;
  for (const snapshot of arrivals.snapshots) {
    const percent = percentOf(next.last, snapshot);
    const closed = close(next, snapshot, now);
    if (closed === next) continue;
    next = { ...closed, lossy: percent > MOST_PERCENT ? next.lossy + 1 : 0 };
    if (next.lossy >= IN_A_ROW) worst = Math.max(worst, percent);
  }
  for (const [ms, percent] of arrivals.drops) {
    if (percent <= MOST_PERCENT) continue;
    const apart = ms - next.droppedAt;
    if (apart >= DROPS_APART_MS[0] && apart <= DROPS_APART_MS[1]) worst = Math.max(worst, percent);
    if (apart >= DROPS_APART_MS[0]) next = { ...next, droppedAt: ms };
  }
  if (worst > 0 && now - next.toldDropsAt >= TOLD_EVERY_MS) {
    found.push({ kind: 'drops', at: now, percent: worst });
    next = { ...next, toldDropsAt: now };
  }
  return decide(next, found, now);
}

function sliceOf(ms: number): number {
  return Math.floor(ms / SLICE_MS);
}

/** An event may belong to an interval that ended before, and at an edge to two of them. */
function arrive(losses: Losses, [slice, n]: Slice): Losses {
  const closed = losses.closed.map((each) =>
    slice >= each.from && slice <= each.to ? { ...each, arrived: each.arrived + n } : each,
  );
  if (losses.last && slice < sliceOf(losses.last.ms) - 1) return { ...losses, closed };
  const known = losses.open.findIndex(([number]) => number === slice);
  const open =
    known < 0
      ? [...losses.open, [slice, n] as const]
      : losses.open.map((each, index) => (index === known ? ([slice, each[1] + n] as const) : each));
  if (open.length <= MOST_SLICES) return { ...losses, closed, open };
  return { ...losses, closed, open: open.sort((a, b) => a[0] - b[0]).slice(-MOST_SLICES), sure: false };
}

/** A snapshot that is not newer than the last one says nothing. */
function close(losses: Losses, snapshot: Snapshot, now: number): Losses {
  const { last } = losses;
  // A clock that was set back by more than that begins anew, or nothing would be newer for a long time.
  if (last && snapshot.ms <= last.ms - CLOCK_SET_MS) return { ...losses, last: snapshot, open: [], sure: false };
  if (last && snapshot.ms <= last.ms) return losses;
  const edge = sliceOf(snapshot.ms);
  const next = { ...losses, last: snapshot, open: losses.open.filter(([slice]) => slice >= edge - 1), sure: true };
  if (!last) return next;
  const from = sliceOf(last.ms) - 1;
  const [before, after] = [last.matches ?? 0, snapshot.matches ?? 0];
  const interval: Interval = {
    from,
    to: edge,
    // What Falco threw away itself is told as drops. A counter that fell leaves less than nothing, which is no gap.
    expected: after - before - Math.max(0, snapshot.queueDrops - last.queueDrops),
    arrived: losses.open.reduce((sum, [slice, n]) => (slice >= from && slice <= edge ? sum + n : sum), 0),
    at: now,
    sure:
      losses.sure &&
      last.run === snapshot.run &&
      last.matches !== undefined &&
      !last.late &&
      !snapshot.late &&
      now - losses.othersAt > OTHERS_MS,
  };
  return { ...next, closed: [...losses.closed, interval].slice(-MOST_CLOSED) };
}

/** Of the system calls, or of the outputs where more of those was lost. */
function percentOf(last: Snapshot | undefined, snapshot: Snapshot): number {
  if (!last || last.run !== snapshot.run) return snapshot.dropPercent;
  const lost = Math.max(0, snapshot.queueDrops - last.queueDrops);
  const matched = Math.max(lost, (snapshot.matches ?? 0) - (last.matches ?? 0), 1);
  return Math.max(snapshot.dropPercent, (100 * lost) / matched);
}

function decide(losses: Losses, found: Loss[], now: number): { losses: Losses; found: Loss[] } {
  let { gaps, toldGapAt } = losses;
  for (const { expected, arrived, sure } of losses.closed.filter(({ at }) => now - at >= SLACK_MS)) {
    gaps = sure && expected - arrived > Math.max(GAP_EVENTS, GAP_SHARE * expected) ? gaps + 1 : 0;
    if (gaps < IN_A_ROW || now - toldGapAt < TOLD_EVERY_MS) continue;
    found.push({ kind: 'gap', at: now, expected, arrived });
    toldGapAt = now;
  }
  return {
    losses: { ...losses, gaps, toldGapAt, closed: losses.closed.filter(({ at }) => now - at < SLACK_MS) },
    found,
  };
}
