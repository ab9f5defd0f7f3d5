/**
 * Settling on Firestore in one round trip: what this instance claimed it still knows, and the write is conditional on
 * the record being unchanged. Only what it doesn't know, or what another instance has changed, is read first.
 */

import { failed, type Outcome, ok } from '../../core/outcome.ts';
import { pause } from '../../core/pause.ts';
import type { After, Settlement } from '../../core/ports.ts';
import { type StoredRecord, settleRecord } from './claim-event.ts';
import { decodeRecord, PATHS } from './firestore-group.ts';
import { FirestoreError, type FirestoreRest, type FirestoreWrite, isConflict } from './firestore-rest.ts';

export interface KnownRecord {
  record: StoredRecord;
  updateTime: string;
  /** The store's clock when it was read or written. */
  now: number;
}

export interface Recent {
  remember(uuid: string, known: KnownRecord): void;
  get(uuid: string): KnownRecord | undefined;
  forget(uuid: string): void;
}

const RECENT_RECORDS = 5_000;
const ATTEMPTS = 8;

/** Bounded; without the entries, which settling never needs. Only records that still owe something. */
export function createRecent(): Recent {
  const records = new Map<string, KnownRecord>();
  return {
    remember(uuid, known) {
      records.delete(uuid);
      const { entry: _, ...record } = known.record;
      if (!record.log && !record.escalation) return;
      records.set(uuid, { ...known, record });
      const oldest = records.size > RECENT_RECORDS ? records.keys().next().value : undefined;
      if (oldest !== undefined) records.delete(oldest);
    },
    get: (uuid) => records.get(uuid),
    forget: (uuid) => void records.delete(uuid),
  };
}

export function createFirestoreSettle(rest: FirestoreRest, recent: Recent, after: After) {
  async function attempt(settlements: readonly Settlement[]): Promise<void> {
    const uuids = [...new Set(settlements.map(({ uuid }) => uuid))];
    const known = new Map(
      uuids.flatMap((uuid) => {
        const record = recent.get(uuid);
        return record ? [[uuid, record] as const] : [];
      }),
    );
    const unknown = uuids.filter((uuid) => !known.has(uuid));
    if (unknown.length > 0) {
      const { now, documents } = await rest.get(unknown.map(PATHS.event));
      unknown.forEach((uuid, index) => {
        const document = documents[index];
        if (!document) return;
        known.set(uuid, { record: decodeRecord(document.fields), updateTime: document.updateTime, now });
      });
    }
    const changed = new Map<string, KnownRecord>();
    for (const settlement of settlements) {
      const before = changed.get(settlement.uuid) ?? known.get(settlement.uuid);
      const record = before && settleRecord(before.record, settlement, before.now);
      if (record) changed.set(settlement.uuid, { ...before, record });
    }
    if (changed.size === 0) return;
    const times = await rest.commit([...changed].map(([uuid, next]) => settleWrite(uuid, next)));
    [...changed].forEach(([uuid, next], index) => {
      recent.remember(uuid, { ...next, updateTime: times[index] ?? '' });
    });
  }

  async function one(settlement: Settlement): Promise<Outcome<void>> {
    for (let tries = 1; ; tries += 1) {
      try {
        recent.forget(settlement.uuid);
        return ok(await attempt([settlement]));
      } catch (error) {
        if (!isConflict(error) || tries >= ATTEMPTS) return failed(error);
        await pause(after, Math.random() * 5 * 2 ** tries);
      }
    }
  }

  return async (settlements: readonly Settlement[]): Promise<Outcome<void>[]> => {
    if (settlements.length === 0) return [];
    try {
      await attempt(settlements);
      return settlements.map(() => ok(undefined));
    } catch (error) {
      const refused = error instanceof FirestoreError && error.status === 'INVALID_ARGUMENT';
      if (!isConflict(error) && !refused) return settlements.map(() => failed(error));
      const outcomes: Outcome<void>[] = [];
      for (const settlement of settlements) outcomes.push(await one(settlement));
      return outcomes;
    }
  };
}

function settleWrite(uuid: string, { record, updateTime }: KnownRecord): FirestoreWrite {
  const { log, escalation, parked, expiresAt } = record;
  return {
    kind: 'set',
    path: PATHS.event(uuid),
    fields: { log, escalation, parked, expires: new Date(expiresAt) },
    mask: ['log', 'escalation', 'parked', 'expires', ...(log ? [] : ['entry'])],
    when: { updateTime },
  };
}
