/**
 * The documents that a group of claims read, as the state that the decision runs on, and the one commit that follows.
 *
 * A repeat only reads its window and writes its own record, which carries the window's id; the number of such records
 * is the window's count. Its commit verifies that the window is still the one it read, so that none slips into a
 * window that was closed, and may be counted, meanwhile. The window itself changes when it opens, for each keep, and
 * for the first repeat, which marks it as worth a summary.
 */

import type { LogEntry } from '../../core/event/alert.ts';
import { type EventClaim, OWING_TTL_MS, type Summary } from '../../core/ports.ts';
import type { EventState, Openings, StoredRecord, StoredWindow } from './claim-event.ts';
import { listed, padNs } from './claim-input.ts';
import type { FirestoreDocument, FirestoreWrite, Precondition } from './firestore-rest.ts';
import { type Fields, integer, millis, text } from './firestore-values.ts';
import { keyOf } from './keys.ts';

export const PATHS = {
  event: (uuid: string): string => `events/${keyOf(uuid)}`,
  window: (fingerprint: string): string => `windows/${keyOf(fingerprint)}`,
  openings: (key: string): string => `openings/${keyOf(key)}`,
  summary: (id: string): string => `summaries/${keyOf(id)}`,
  document: (key: string): string => `documents/${keyOf(key)}`,
};

/** The decision needs a document that was not read with the group. */
export class UnreadError extends Error {
  override readonly name = 'UnreadError';
}

interface MarkedWindow extends StoredWindow {
  /** At least one repeat is counted in it. */
  repeated: boolean;
}

export interface Group extends EventState {
  /** What the claims changed, records first in the order of `changed()`, each guarded by what was read. */
  writes(): FirestoreWrite[];
  /** Each record that is written, by its event's uuid. */
  changed(): ReadonlyMap<string, StoredRecord>;
  /** Fingerprints whose windows are open after the commit, with their end. */
  opened(): [fingerprint: string, end: number][];
}

/** `documents` holds every path that was read, undefined where nothing is there. */
export function createGroup(documents: ReadonlyMap<string, FirestoreDocument | undefined>, now: number): Group {
  const records = new Map<string, { record: StoredRecord; claim: EventClaim }>();
  const windows = new Map<string, MarkedWindow | undefined>();
  const joined = new Map<string, MarkedWindow>();
  const openings = new Map<string, Openings>();
  const summaries: FirestoreWrite[] = [];

  function fields(path: string): Fields | undefined {
    if (!documents.has(path)) throw new UnreadError();
    return documents.get(path)?.fields;
  }
  function asRead(path: string): Precondition {
    const document = documents.get(path);
    return document ? { updateTime: document.updateTime } : { exists: false };
  }
  function window(fingerprint: string): MarkedWindow | undefined {
    const path = PATHS.window(fingerprint);
    if (windows.has(path)) return windows.get(path);
    const stored = fields(path);
    return stored && decodeWindow(stored);
  }
  function change(next: MarkedWindow): void {
    windows.set(PATHS.window(next.fingerprint), next);
  }

  return {
    record(uuid) {
      const stored = records.get(uuid)?.record;
      if (stored) return stored;
      const found = fields(PATHS.event(uuid));
      return found && decodeRecord(found);
    },
    setRecord: (uuid, record, claim) => void records.set(uuid, { record, claim }),
    window,
    open: (next) => change({ ...next, repeated: false }),
    keep(next) {
      change({ ...next, keeps: next.keeps + 1, repeated: window(next.fingerprint)?.repeated ?? false });
    },
    count(next) {
      const marked = window(next.fingerprint);
      if (marked && !marked.repeated) change({ ...marked, repeated: true });
      else if (marked) joined.set(PATHS.window(next.fingerprint), marked);
    },
    close(closing) {
      const marked = window(closing.fingerprint);
      windows.set(PATHS.window(closing.fingerprint), undefined);
      if (marked?.repeated) summaries.push(summaryWrite(marked, now));
    },
    openings(key) {
      const path = PATHS.openings(key);
      const stored = openings.get(path);
      if (stored) return stored;
      const found = fields(path);
      return found && { count: integer(found, 'count'), end: integer(found, 'end') };
    },
    setOpenings: (key, next) => void openings.set(PATHS.openings(key), next),

    writes() {
      const writes: FirestoreWrite[] = [...records].map(([uuid, { record, claim }]) => {
        const path = PATHS.event(uuid);
        return { kind: 'set', path, fields: encodeRecord(record, claim), when: asRead(path) };
      });
      for (const [path, changed] of windows) {
        if (changed) writes.push({ kind: 'set', path, fields: encodeWindow(changed), when: asRead(path) });
        else writes.push({ kind: 'delete', path, when: asRead(path) });
      }
      for (const path of joined.keys()) {
        if (!windows.has(path)) writes.push({ kind: 'verify', path, when: asRead(path) });
      }
      for (const [path, { count, end }] of openings) {
        writes.push({ kind: 'set', path, fields: { count, end, expires: new Date(end) }, when: asRead(path) });
      }
      return [...writes, ...summaries];
    },
    changed: () => new Map([...records].map(([uuid, { record }]) => [uuid, record])),
    opened: () =>
      [...windows.values(), ...joined.values()].flatMap((open) => (open ? [[open.fingerprint, open.end]] : [])),
  };
}

/** Moves a window to its summary, or deletes it where nothing was counted in it; only as it was read. */
export function closeWrites(document: FirestoreDocument, now: number): FirestoreWrite[] {
  const window = decodeWindow(document.fields);
  const removal: FirestoreWrite = {
    kind: 'delete',
    path: document.path,
    when: { updateTime: document.updateTime },
  };
  return window.repeated ? [removal, summaryWrite(window, now)] : [removal];
}

function summaryWrite(window: MarkedWindow, now: number): FirestoreWrite {
  return {
    kind: 'set',
    path: PATHS.summary(window.id),
    fields: {
      id: window.id,
      fingerprint: JSON.stringify(window.fingerprint),
      head: headJson(window),
      closed: now,
      until: 0,
      tried: false,
      expires: new Date(now + OWING_TTL_MS),
    },
    when: { exists: false },
  };
}

/** From here on, texts that may hold what is no Unicode stand as JSON, which escapes it. */
function encodeRecord(record: StoredRecord, claim: EventClaim): Fields {
  const { role, windowId, fingerprint, log, escalation, parked, entry, expiresAt } = record;
  const { seen } = claim;
  const counted =
    role === 'repeat'
      ? {
          counted: `${windowId}|${padNs(seen.timeNs)}`,
          pod: listed(seen.pod),
          node: listed(seen.node),
          user: listed(seen.user),
          remote: listed(seen.remote),
        }
      : {};
  return {
    role,
    window: windowId,
    fingerprint: JSON.stringify(fingerprint),
    log,
    escalation,
    parked,
    entry: entry && JSON.stringify(entry),
    expires: new Date(expiresAt),
    ...counted,
  };
}

export function decodeRecord(fields: Fields): StoredRecord {
  const role = fields.role;
  const entry = text(fields, 'entry');
  return {
    role: role === 'repeat' || role === 'keep' ? role : 'first',
    windowId: text(fields, 'window'),
    fingerprint: JSON.parse(text(fields, 'fingerprint')) as string,
    log: fields.log === true,
    escalation: fields.escalation === true,
    parked: fields.parked === true,
    ...(entry ? { entry: JSON.parse(entry) as LogEntry } : {}),
    expiresAt: millis(fields, 'expires'),
  };
}

function encodeWindow(window: MarkedWindow): Fields {
  const { id, fingerprint, end, keeps, repeated } = window;
  return {
    id,
    fingerprint: JSON.stringify(fingerprint),
    end,
    keeps,
    repeated,
    head: headJson(window),
    expires: new Date(end + OWING_TTL_MS),
  };
}

function decodeWindow(fields: Fields): MarkedWindow {
  return {
    id: text(fields, 'id'),
    fingerprint: JSON.parse(text(fields, 'fingerprint')) as string,
    end: integer(fields, 'end'),
    keeps: integer(fields, 'keeps'),
    repeated: fields.repeated === true,
    ...(JSON.parse(text(fields, 'head')) as Pick<Summary, 'labels' | 'rule'>),
  };
}

function headJson({ labels, rule }: Pick<Summary, 'labels' | 'rule'>): string {
  return JSON.stringify({ labels, rule });
}
