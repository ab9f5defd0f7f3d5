/** What the relay needs from the world outside: the store, Loki, Pub/Sub and the receivers, as interfaces. */

import type { LogEntry } from './event/alert.ts';
import type { Json } from './json.ts';
import type { Outcome } from './outcome.ts';
import type { Notification } from './page/notification.ts';
import type { ReasonCode } from './reasons.ts';

/** Milliseconds since the epoch. Passed in wherever time matters, so that tests own it. */
export type Clock = () => number;

/** Calls `run` once after `ms`, unless the returned function is called before. */
export type After = (ms: number, run: () => void) => () => void;

// --- The store: events and windows (protocol: event, window) ---------------------------------------------

export type Role = 'first' | 'repeat' | 'keep';

/** What one event asks of the store. */
export interface EventClaim {
  /** The event's identity. */
  uuid: string;
  fingerprint: string;
  /** Counted under `fingerprint` of this instead, once `limit` windows of `key` were opened within `windowMs`. */
  overflow: { key: string; fingerprint: string; limit: number; windowMs: number };
  windowMs: number;
  /** How many repeats of a window are written as well (role `keep`). */
  keep: number;
  escalates: boolean;
  /** Its metadata lacks `fingerprint`: the writer adds the one that the store decided. */
  entry: LogEntry;
  /** The message is a replay of a parked one: what was parked is owed again. */
  replay: boolean;
  /** Older than any record: claimed as `keep` outside of every window (windowId ''), never counted in one. */
  pastHorizon: boolean;
  /** What the window's summary gathers from this event, should it be a repeat. */
  seen: { timeNs: string; pod: string; node: string; user: string; remote: string };
}

/** What an event still owes before its message may be acknowledged. */
export interface Owed {
  /** Its entry must reach Loki (or the retry topic). */
  log: boolean;
  /** Its escalation must be published. */
  escalation: boolean;
}

/** What the store says of one event. Role, window and fingerprint never change after the first claim. */
export interface EventRecord {
  uuid: string;
  role: Role;
  windowId: string;
  fingerprint: string;
  owed: Owed;
  /** The event had been claimed before: a redelivery, a retry or a replay. */
  again: boolean;
  parked: boolean;
  /** The entry stored at the first claim; present while `owed.log`. */
  entry?: LogEntry;
}

/** Removes what is no longer owed. Only removes; safe to repeat, safe when late. */
export interface Settlement {
  uuid: string;
  log: boolean;
  escalation: boolean;
  /** Loki refused the entry and it lies on the dead-letter topic: settles `log` and marks the record. */
  parked: boolean;
}

/** A closed window's count, written to Loki once. It never changes after closing. */
export interface Summary {
  /** The window's id; the summary's uuid in Loki. */
  id: string;
  fingerprint: string;
  /** Repeats counted, at least 1. */
  n: number;
  /** Of the repeats, in nanoseconds since the epoch, in decimal. */
  firstNs: string;
  lastNs: string;
  /** The entry's own timestamp, fixed when the window closed. */
  timestampNs: string;
  /** Index labels and rule of the window's first event. */
  labels: Readonly<Record<string, string>>;
  rule: string;
  /** Up to `DISTINCT_LIMIT` distinct values each, in the order in which they came, or happened. */
  pods: readonly string[];
  nodes: readonly string[];
  users: readonly string[];
  remotes: readonly string[];
  /** Which of the four lists were cut. */
  cut: readonly ('pods' | 'nodes' | 'users' | 'remotes')[];
  /** An earlier attempt may have pushed it: look it up first. */
  tried: boolean;
}

export const DISTINCT_LIMIT = 10;

/** A record outlives any redelivery. */
export const RECORD_TTL_MS = 8 * 24 * 3_600_000;
/** Parked, or still owing. */
export const OWING_TTL_MS = 31 * 24 * 3_600_000;
/** How long one attempt at a summary or a delivery keeps others away. */
export const HOLD_MS = 30_000;

/** What went wrong with one window, while the store went on with the others. */
export type WindowFailed = (windowId: string, error: Error) => void;

export interface EventStore {
  /** One atomic step per event, one round trip per group. A failed group fails each of its items. */
  claim(claims: readonly EventClaim[]): Promise<Outcome<EventRecord>[]>;
  settle(settlements: readonly Settlement[]): Promise<Outcome<void>[]>;
  /** Closes up to `limit` windows whose end has passed by the store's clock. Gives how many; fewer, and none is left. */
  closeWindows(limit: number, failed?: WindowFailed): Promise<number>;
  /** Takes up to `limit` summaries for `HOLD_MS` at least, marking them tried. None is left once it gives none and says of none. */
  takeSummaries(limit: number, failed?: WindowFailed): Promise<Summary[]>;
  /** After it was written to Loki or parked. */
  deleteSummary(id: string): Promise<void>;
}

// --- The store: documents (protocol: incident, delivery) --------------------------------------------------

export interface DocumentWrite {
  /** At most 64 KiB. */
  value: Json;
  /** Milliseconds since the epoch by the store's clock; the document may vanish after that. */
  expiresAt: number;
  /** Lists the document under `kind`; `due()` finds it once `at` has passed. */
  due?: { kind: string; at: number };
}

/** One attempt of a transaction. Reads come first, writes are buffered until the body returns. */
export interface Transaction {
  /** The store's clock, milliseconds since the epoch. */
  readonly now: number;
  get(key: string): Promise<Json | undefined>;
  set(key: string, write: DocumentWrite): void;
  delete(key: string): void;
}

export interface DocumentStore {
  /** Serializable. `body` may run several times and must act through `tx` alone. */
  transact<T>(body: (tx: Transaction) => Promise<T>): Promise<T>;
  /** Keys of up to `limit` documents of a kind whose time has come, the longest due first. */
  due(kind: string, limit: number): Promise<string[]>;
  /** Keys of up to `limit` documents of a kind, due or not, the earliest first. */
  list(kind: string, limit: number): Promise<string[]>;
}

export interface Store extends EventStore, DocumentStore {
  /** Connects and refuses settings that would lose data (for Redis: maxmemory-policy other than noeviction). */
  check(): Promise<void>;
  close(): Promise<void>;
}

// --- Loki ------------------------------------------------------------------------------------------------

export type PushOutcome =
  | { kind: 'stored' }
  /** Loki will never take it; `detail` is Loki's own words, for the parked message. */
  | { kind: 'refused'; detail: string }
  /** Loki can't take it now. `reason` is a bounded code of reasons.ts. */
  | { kind: 'unavailable'; reason: ReasonCode; detail: string };

export interface Log {
  /** Writes one entry. Never throws. Entries of a stream that wait together share a push. */
  push(entry: LogEntry): Promise<PushOutcome>;
  /** Whether an entry with this entry's uuid is already stored. Throws when Loki can't tell. */
  has(entry: LogEntry): Promise<boolean>;
}

// --- Pub/Sub ---------------------------------------------------------------------------------------------

export type Topic = 'escalations' | 'notifications' | 'retry' | 'dead-letter';

export interface OutgoingMessage {
  data: Uint8Array | string;
  attributes: Readonly<Record<string, string>>;
}

export interface Topics {
  /** Resolves once Pub/Sub has the message; messages that wait together share a request. Throws when it can't. */
  publish(topic: Topic, message: OutgoingMessage): Promise<void>;
}

// --- Receivers -------------------------------------------------------------------------------------------

export type SendOutcome =
  /** `reference` is what a later update needs (Slack: channel and ts). */
  | { kind: 'delivered'; reference?: Json }
  | { kind: 'retry'; reason: ReasonCode; detail: string; afterMs?: number }
  /** Credentials or address are wrong: someone else must be told. */
  | { kind: 'misconfigured'; reason: ReasonCode; detail: string }
  /** The receiver will never take this content. */
  | { kind: 'refused'; reason: ReasonCode; detail: string };

export interface Receiver {
  readonly name: string;
  readonly kind: string;
  /** The vendor drops a second send of the same key, so that a repeat is harmless. */
  readonly idempotent: boolean;
  /** Never throws. Gives up when `signal` aborts. No detail holds a secret or a payload. */
  send(notification: Notification, signal: AbortSignal): Promise<SendOutcome>;
}
