/** The store of a single process: for `npm start` and tests. It forgets everything when the process ends. */

import { randomUUID } from 'node:crypto';
import { failed, ok } from '../../core/outcome.ts';
import {
  type After,
  type Clock,
  DISTINCT_LIMIT,
  type EventClaim,
  HOLD_MS,
  type Store,
  type Summary,
} from '../../core/ports.ts';
import {
  claimEvent,
  type EventState,
  type Openings,
  type StoredRecord,
  type StoredWindow,
  settleRecord,
} from './claim-event.ts';
import { claimError, LISTS, listed, padNs, unpadNs } from './claim-input.ts';
import { createTransact, type DocumentChange } from './document-transactions.ts';

interface Tally {
  n: number;
  first: string;
  last: string;
  lists: { values: string[]; cut: boolean }[];
}

interface HeldSummary {
  summary: Summary;
  until: number;
}

type MemoryDocument = DocumentChange & { version: number };

/** What is stored. Several stores may share one, as instances share a database. */
export interface Memory {
  records: Map<string, StoredRecord>;
  windows: Map<string, StoredWindow>;
  tallies: Map<string, Tally>;
  openings: Map<string, Openings>;
  summaries: Map<string, HeldSummary>;
  documents: Map<string, MemoryDocument>;
  /** Of the document that was written last. */
  version: number;
  /** Names a window. */
  newId(): string;
}

export function createMemory(newId: () => string = randomUUID): Memory {
  return {
    records: new Map(),
    windows: new Map(),
    tallies: new Map(),
    openings: new Map(),
    summaries: new Map(),
    documents: new Map(),
    version: 0,
    newId,
  };
}

/** Everything is compared with `clock`. */
export function createMemoryStore(clock: Clock, after: After, memory: Memory = createMemory()): Store {
  const { records, windows, tallies, openings, summaries, documents } = memory;

  const state: EventState = {
    record: (uuid) => records.get(uuid),
    setRecord: (uuid, record) => void records.set(uuid, record),
    window: (fingerprint) => windows.get(fingerprint),
    open: (window) => void windows.set(window.fingerprint, window),
    keep: (window) => void windows.set(window.fingerprint, { ...window, keeps: window.keeps + 1 }),
    count: (window, claim) => void tallies.set(window.id, add(tallies.get(window.id), claim.seen)),
    close(window) {
      const tally = tallies.get(window.id);
      windows.delete(window.fingerprint);
      tallies.delete(window.id);
      if (tally) summaries.set(window.id, { summary: summaryOf(window, tally, clock()), until: 0 });
    },
    openings: (key) => openings.get(key),
    setOpenings: (key, value) => void openings.set(key, value),
  };

  function forgetExpired(now: number): void {
    for (const [uuid, record] of records) if (record.expiresAt <= now) records.delete(uuid);
    for (const [key, period] of openings) if (period.end <= now) openings.delete(key);
    for (const [key, document] of documents) if (document.expiresAt <= now) documents.delete(key);
  }

  function ofKind(kind: string, until: number, limit: number): string[] {
    return [...documents]
      .filter(([, { due, expiresAt }]) => due?.kind === kind && due.at <= until && expiresAt > clock())
      .sort(([, a], [, b]) => (a.due?.at ?? 0) - (b.due?.at ?? 0))
      .slice(0, limit)
      .map(([key]) => key);
  }

  return {
    async claim(claims) {
      return claims.map((claim) => {
        const error = claimError(claim);
        return error ? failed(error) : ok(claimEvent(state, claim, clock(), memory.newId));
      });
    },
    async settle(settlements) {
      for (const settlement of settlements) {
        const record = records.get(settlement.uuid);
        const settled = record && settleRecord(record, settlement, clock());
        if (settled) records.set(settlement.uuid, settled);
      }
      return settlements.map(() => ok(undefined));
    },
    async closeWindows(limit) {
      forgetExpired(clock());
      const over = [...windows.values()].filter(({ end }) => end <= clock()).slice(0, limit);
      for (const window of over) state.close(window);
      return over.length;
    },
    async takeSummaries(limit) {
      const free = [...summaries.values()].filter(({ until }) => until <= clock()).slice(0, limit);
      return free.map((held) => {
        const { summary } = held;
        held.until = clock() + HOLD_MS;
        held.summary = { ...summary, tried: true };
        return summary;
      });
    },
    async deleteSummary(id) {
      summaries.delete(id);
    },
    transact: createTransact<number>(
      {
        now: async () => clock(),
        read: async (keys) =>
          keys.map((key) => {
            const document = documents.get(key);
            return document && { ...document, json: document.expiresAt > clock() ? document.json : undefined };
          }),
        async commit(reads, writes) {
          for (const [key, seen] of reads) if (documents.get(key)?.version !== seen) return false;
          for (const [key, change] of writes) {
            memory.version += 1;
            if (change) documents.set(key, { ...change, version: memory.version });
            else documents.delete(key);
          }
          return true;
        },
      },
      after,
    ),
    due: async (kind, limit) => ofKind(kind, clock(), limit),
    list: async (kind, limit) => ofKind(kind, Infinity, limit),
    check: async () => {},
    close: async () => {},
  };
}

function add(tally: Tally | undefined, seen: EventClaim['seen']): Tally {
  const at = padNs(seen.timeNs);
  const next = tally ?? { n: 0, first: at, last: at, lists: LISTS.map(() => ({ values: [], cut: false })) };
  next.n += 1;
  if (at < next.first) next.first = at;
  if (at > next.last) next.last = at;
  LISTS.forEach(([, field], index) => {
    const list = next.lists[index];
    const value = listed(seen[field]);
    if (!list || value === '' || list.values.includes(value)) return;
    if (list.values.length < DISTINCT_LIMIT) list.values.push(value);
    else list.cut = true;
  });
  return next;
}

function summaryOf(window: StoredWindow, tally: Tally, now: number): Summary {
  const values = (index: number): readonly string[] => tally.lists[index]?.values ?? [];
  return {
    id: window.id,
    fingerprint: window.fingerprint,
    n: tally.n,
    firstNs: unpadNs(tally.first),
    lastNs: unpadNs(tally.last),
    timestampNs: `${now}000000`,
    labels: window.labels,
    rule: window.rule,
    pods: values(0),
    nodes: values(1),
    users: values(2),
    remotes: values(3),
    cut: LISTS.flatMap(([name], index) => (tally.lists[index]?.cut ? [name] : [])),
    tried: false,
  };
}
