/** The equation received = written + repeats + parked, by distinct event: an event counts once however often it came. */

import type { EventObservation, ParkedObservation, SummaryObservation } from '../core/observe.ts';

/** Events whose fate is known longest are folded into the totals beyond these, so that memory stays bounded. */
const MAX_REMEMBERED = 50_000;
const MAX_EXPLAINED = 10_000;
/** How far a forgotten one is looked for. */
const MAX_LOOKED = 100;

type Fate = 'waiting' | 'written' | 'repeat' | 'parked';

export interface Counts {
  /** Distinct events that arrived. */
  received: number;
  written: number;
  repeats: number;
  parked: number;
  /** Arrived, and neither written, counted nor parked yet: the message or the retry topic has it. */
  waiting: number;
  /** Messages acknowledged without any of these: must stay 0. */
  unexplained: number;
  /** Attempts that found the event already known. */
  again: number;
  /** Summaries in Loki, and the repeats they account for. */
  summaries: number;
  summarised: number;
  delivered: number;
  /** Distinct events that the local log holds: its own word, against `written`. */
  stored: number;
}

export interface Ledger {
  event(event: Pick<EventObservation, 'uuid' | 'messageId' | 'outcome' | 'again' | 'role'>): void;
  parked(messageId: string, uuid: string | undefined, from: ParkedObservation['from']): void;
  summary(n: number, outcome: SummaryObservation['outcome']): void;
  delivered(): void;
  /** The log itself says that it has this event. */
  stored(uuid: string): void;
  /** Gives whether the counts changed. */
  answered(messageId: string, status: number): boolean;
  counts(): Counts;
}

/** Throws nothing; its memory is bounded by `MAX_REMEMBERED` events. */
export function createLedger(limit = MAX_REMEMBERED): Ledger {
  const fates = new Map<string, Fate>();
  const explained = new Set<string>();
  const totals = { waiting: 0, written: 0, repeat: 0, parked: 0 };
  let received = 0;
  let unexplained = 0;
  let again = 0;
  let summaries = 0;
  let summarised = 0;
  let delivered = 0;
  const inLog = new Set<string>();
  let stored = 0;

  function settle(id: string, fate: Fate): void {
    const before = fates.get(id);
    // A fate never changes back: a late retry of a written event leaves it written. A parked one may be replayed.
    if (before !== undefined && before !== 'waiting' && !(before === 'parked' && fate === 'written')) return;
    if (before === undefined) received += 1;
    else totals[before] -= 1;
    totals[fate] += 1;
    fates.delete(id);
    fates.set(id, fate);
    if (fates.size > limit) forgetOne();
  }

  /** What still waits is kept where possible: to count it later needs its name. */
  function forgetOne(): void {
    let oldest: string | undefined;
    let looked = 0;
    for (const [id, fate] of fates) {
      oldest ??= id;
      looked += 1;
      if (fate !== 'waiting') {
        fates.delete(id);
        return;
      }
      if (looked === MAX_LOOKED) break;
    }
    if (oldest === undefined) return;
    fates.delete(oldest);
    received -= 1;
    totals.waiting -= 1;
  }

  function explain(messageId: string): void {
    explained.add(messageId);
    if (explained.size > MAX_EXPLAINED) forgetFirst(explained);
  }

  return {
    event({ uuid, messageId, outcome, again: known, role }) {
      explain(messageId);
      if (known) again += 1;
      settle(uuid, fateOf(outcome, role));
    },
    parked(messageId, uuid, from) {
      if (from !== 'ingest') return;
      explain(messageId);
      settle(uuid ?? `message ${messageId}`, 'parked');
    },
    summary(n, outcome) {
      if (outcome !== 'written') return;
      summaries += 1;
      summarised += n;
    },
    delivered() {
      delivered += 1;
    },
    stored(uuid) {
      if (inLog.has(uuid)) return;
      stored += 1;
      inLog.add(uuid);
      if (inLog.size > limit) forgetFirst(inLog);
    },
    answered(messageId, status) {
      // A refused message comes again; only an acknowledged one must have been explained.
      if (status >= 300 || explained.delete(messageId)) return false;
      unexplained += 1;
      return true;
    },
    counts: () => ({
      received,
      written: totals.written,
      repeats: totals.repeat,
      parked: totals.parked,
      waiting: totals.waiting,
      unexplained,
      again,
      summaries,
      summarised,
      delivered,
      stored,
    }),
  };
}

/** An attempt that found nothing left to write says of a first or a keep that Loki has had it all along. */
function fateOf(outcome: EventObservation['outcome'], role: EventObservation['role']): Fate {
  if (outcome === 'retry' || outcome === 'nack') return 'waiting';
  if (outcome === 'parked' || outcome === 'written') return outcome;
  return role === 'repeat' ? 'repeat' : 'written';
}

function forgetFirst(set: Set<string>): void {
  const [first] = set;
  if (first !== undefined) set.delete(first);
}
