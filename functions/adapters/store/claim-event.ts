/**
 * The decision of the protocol's (a) and (b) as a function over a state: which role an event has, in which window, and
 * what it owes. Memory runs it on its own maps, Firestore on the documents that it read; Redis says the same in Lua.
 */

import type { LogEntry } from '../../core/event/alert.ts';
import {
  type EventClaim,
  type EventRecord,
  OWING_TTL_MS,
  RECORD_TTL_MS,
  type Role,
  type Settlement,
  type Summary,
} from '../../core/ports.ts';
import { headOf } from './claim-input.ts';

/** `ev:{uuid}` of the protocol. */
export interface StoredRecord {
  role: Role;
  windowId: string;
  fingerprint: string;
  log: boolean;
  escalation: boolean;
  parked: boolean;
  entry?: LogEntry;
  expiresAt: number;
}

/** `W:{fingerprint}` of the protocol, but for its count, which every store keeps in its own way. */
export interface StoredWindow extends Pick<Summary, 'labels' | 'rule'> {
  id: string;
  fingerprint: string;
  end: number;
  /** Repeats that were written, which the summary does not count. */
  keeps: number;
}

/** How many windows a key has opened in its current period. */
export interface Openings {
  count: number;
  end: number;
}

/** What a claim reads and changes. */
export interface EventState {
  record(uuid: string): StoredRecord | undefined;
  setRecord(uuid: string, record: StoredRecord, claim: EventClaim): void;
  window(fingerprint: string): StoredWindow | undefined;
  open(window: StoredWindow): void;
  /** One more of its repeats is written. */
  keep(window: StoredWindow): void;
  /** One more of its repeats is only counted. */
  count(window: StoredWindow, claim: EventClaim): void;
  /** Moves it to a summary, or deletes it where nothing was counted. */
  close(window: StoredWindow): void;
  openings(key: string): Openings | undefined;
  setOpenings(key: string, openings: Openings): void;
}

/** Claims one event. `now` is the store's clock; `newId` names a window should one be opened. */
export function claimEvent(state: EventState, claim: EventClaim, now: number, newId: () => string): EventRecord {
  const known = state.record(claim.uuid);
  if (known && known.expiresAt > now) {
    if (!(known.parked && claim.replay && !known.log)) return answer(claim.uuid, known, true);
    const owing = { ...known, log: true, entry: claim.entry, expiresAt: now + OWING_TTL_MS };
    state.setRecord(claim.uuid, owing, claim);
    return answer(claim.uuid, owing, true);
  }
  const place = claim.pastHorizon
    ? { role: 'keep' as const, windowId: '', fingerprint: claim.fingerprint }
    : placeOf(state, claim, now, newId);
  const log = place.role !== 'repeat';
  const record: StoredRecord = {
    ...place,
    log,
    escalation: claim.escalates,
    parked: false,
    ...(log ? { entry: claim.entry } : {}),
    expiresAt: now + (log || claim.escalates ? OWING_TTL_MS : RECORD_TTL_MS),
  };
  state.setRecord(claim.uuid, record, claim);
  return answer(claim.uuid, record, false);
}

type Place = Pick<StoredRecord, 'role' | 'windowId' | 'fingerprint'>;

function placeOf(state: EventState, claim: EventClaim, now: number, newId: () => string): Place {
  const { overflow } = claim;
  const joined = join(state, claim, claim.fingerprint, now);
  if (joined) return joined;
  if (claim.fingerprint === overflow.fingerprint) return open(state, claim, claim.fingerprint, now, newId);

  const period = state.openings(overflow.key);
  const openings = period && period.end > now ? period : { count: 0, end: now + overflow.windowMs };
  if (openings.count >= overflow.limit) {
    return join(state, claim, overflow.fingerprint, now) ?? open(state, claim, overflow.fingerprint, now, newId);
  }
  state.setOpenings(overflow.key, { ...openings, count: openings.count + 1 });
  return open(state, claim, claim.fingerprint, now, newId);
}

function open(state: EventState, claim: EventClaim, fingerprint: string, now: number, newId: () => string): Place {
  const id = newId();
  state.open({ id, fingerprint, end: now + claim.windowMs, keeps: 0, ...headOf(claim) });
  return { role: 'first', windowId: id, fingerprint };
}

/** Closes the fingerprint's window if its time is over; otherwise the event is a repeat in it. */
function join(state: EventState, claim: EventClaim, fingerprint: string, now: number): Place | undefined {
  const window = state.window(fingerprint);
  if (!window) return undefined;
  if (window.end <= now) {
    state.close(window);
    return undefined;
  }
  const kept = window.keeps < claim.keep;
  if (kept) state.keep(window);
  else state.count(window, claim);
  return { role: kept ? 'keep' : 'repeat', windowId: window.id, fingerprint };
}

function answer(uuid: string, record: StoredRecord, again: boolean): EventRecord {
  const { role, windowId, fingerprint, log, escalation, parked, entry } = record;
  return {
    uuid,
    role,
    windowId,
    fingerprint,
    owed: { log, escalation },
    again,
    parked,
    ...(log && entry ? { entry } : {}),
  };
}

/**
 * The record after a settlement, or undefined where that changes nothing. Parking counts only while the log is owed: an
 * attempt that was refused after another one had written the entry must not count the event a second time.
 */
export function settleRecord(record: StoredRecord, settlement: Settlement, now: number): StoredRecord | undefined {
  const log = record.log && !settlement.log && !settlement.parked;
  const escalation = record.escalation && !settlement.escalation;
  if (log === record.log && escalation === record.escalation) return undefined;
  const { entry, ...rest } = record;
  const parked = log === record.log ? record.parked : settlement.parked;
  return {
    ...rest,
    log,
    escalation,
    parked,
    ...(log && entry ? { entry } : {}),
    expiresAt: now + (log || escalation || parked ? OWING_TTL_MS : RECORD_TTL_MS),
  };
}
