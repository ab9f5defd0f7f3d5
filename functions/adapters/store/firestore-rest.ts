/**
 * Firestore's REST API, the few methods that the store needs: https://firebase.google.com/docs/firestore/reference/rest
 *
 * Not the client library, because that can't send `verify`: a write that only checks a document's precondition inside
 * a commit. Google's web and mobile clients guard with it what a transaction read and did not write. It takes no lock
 * between reading and committing, where the library's transactions hold theirs for a minute once an instance dies.
 */

import type { After } from '../../core/ports.ts';
import { createGoogleToken } from '../google-token.ts';
import { createHttpPool, type HttpPool } from '../http-pool.ts';
import { decodeFields, encodeFields, type Fields } from './firestore-values.ts';

export interface FirestoreSettings {
  /** `projects/P/databases/D/documents` */
  root: string;
  /** Before each collection's name, so that two relays can share a database. */
  prefix: string;
  /** HOST:PORT of the emulator. */
  emulator: string | undefined;
}

export interface FirestoreDocument {
  /** Collection and id, as in `path` elsewhere. */
  path: string;
  fields: Fields;
  updateTime: string;
}

/** What must hold for a commit: the document is as it was read, or is not there. */
export type Precondition = { updateTime: string } | { exists: boolean };

export type FirestoreWrite =
  /** With `mask` only those fields are touched, and those of them that `fields` lacks are removed. */
  | { kind: 'set'; path: string; fields: Fields; mask?: readonly string[]; when?: Precondition }
  | { kind: 'delete'; path: string; when?: Precondition }
  | { kind: 'verify'; path: string; when: Precondition };

export interface FirestoreQuery {
  collection: string;
  orderBy: string;
  descending?: boolean;
  /** Inclusive bounds of the field that it is ordered by. */
  from?: string;
  to?: string | number;
  /** Skips all up to and including this value. */
  startAfter?: string;
  limit: number;
}

export interface Read<T> {
  /** The store's clock, milliseconds since the epoch. */
  now: number;
  documents: T;
}

export interface FirestoreRest {
  /** At least one path; in their order, undefined for what is absent. */
  get(paths: readonly string[]): Promise<Read<(FirestoreDocument | undefined)[]>>;
  /** All or nothing. Gives each write's update time. */
  commit(writes: readonly FirestoreWrite[]): Promise<string[]>;
  query(query: FirestoreQuery): Promise<Read<FirestoreDocument[]>>;
  /** Throws after `timeoutMs`, ten seconds where it says nothing. */
  count(query: Pick<FirestoreQuery, 'collection' | 'orderBy' | 'from' | 'to'>, timeoutMs?: number): Promise<number>;
  readonly roundTrips: number;
  close(): Promise<void>;
}

/** `status` is Google's: ABORTED, ALREADY_EXISTS, FAILED_PRECONDITION, INVALID_ARGUMENT, ... */
export class FirestoreError extends Error {
  override readonly name = 'FirestoreError';
  readonly status: string;
  constructor(method: string, httpStatus: number, status: string) {
    super(`Firestore: ${method} answered ${httpStatus} ${status}`);
    this.status = status;
  }
}

const CONFLICTS = new Set(['ABORTED', 'ALREADY_EXISTS', 'FAILED_PRECONDITION', 'NOT_FOUND']);
const TIMEOUT_MS = 10_000;
const CONNECTIONS = 32;
const ANSWER_BYTES = 32 * 1024 * 1024;

/** Something read has changed: reading again may help. */
export function isConflict(error: unknown): boolean {
  return error instanceof FirestoreError && CONFLICTS.has(error.status);
}

/** Throws where the url is malformed; the message does not show it. */
export function firestoreSettings(url: URL, emulator: string | undefined): FirestoreSettings {
  const project = decodeURIComponent(url.hostname);
  const database = decodeURIComponent(url.pathname.replace(/^\//, '')) || '(default)';
  const prefix = url.searchParams.get('prefix') ?? 'falco-';
  for (const name of url.searchParams.keys()) {
    if (name !== 'prefix') throw new Error(`STORE_URL: a firestore url has no option ${name}`);
  }
  if (!/^[a-z][a-z0-9.:-]{1,62}$/.test(project))
    throw new Error('STORE_URL: the host of a firestore url is the project');
  if (!/^(\(default\)|[a-z][a-z0-9-]{3,62})$/.test(database)) throw new Error('STORE_URL: no name of a database');
  if (!/^[A-Za-z0-9-]{0,40}$/.test(prefix)) throw new Error('STORE_URL: the prefix takes letters, digits and hyphens');
  return { root: `projects/${project}/databases/${database}/documents`, prefix, emulator };
}

export async function connectFirestore(settings: FirestoreSettings, after: After): Promise<FirestoreRest> {
  const { root, prefix, emulator } = settings;
  const pool = createHttpPool({
    origin: emulator ? `http://${emulator}` : 'https://firestore.googleapis.com',
    connections: CONNECTIONS,
    after,
  });
  const token = emulator
    ? async () => 'owner'
    : createGoogleToken(['https://www.googleapis.com/auth/datastore'], after);
  const name = (path: string): string => `${root}/${prefix}${path}`;
  const document = (found: RestDocument): FirestoreDocument => ({
    path: found.name.slice(root.length + 1 + prefix.length),
    fields: decodeFields(found.fields ?? {}),
    updateTime: found.updateTime,
  });

  let roundTrips = 0;
  async function call<T>(method: string, body: unknown, timeoutMs = TIMEOUT_MS): Promise<T> {
    roundTrips += 1;
    return post<T>(pool, { path: `/v1/${encodeURI(root)}:${method}`, method, token: await token(), body, timeoutMs });
  }

  return {
    async get(paths) {
      const items = await call<BatchGetItem[]>('batchGet', { documents: paths.map(name) });
      const found = new Map<string, FirestoreDocument>();
      for (const item of items) if (item.found) found.set(item.found.name, document(item.found));
      return { now: readTime(items), documents: paths.map((path) => found.get(name(path))) };
    },
    async commit(writes) {
      const answer = await call<{ writeResults?: { updateTime?: string }[] }>('commit', {
        writes: writes.map((write) => encodeWrite(write, name(write.path))),
      });
      return writes.map((_, index) => answer.writeResults?.[index]?.updateTime ?? '');
    },
    async query(query) {
      const items = await call<QueryItem[]>('runQuery', { structuredQuery: encodeQuery(query, prefix) });
      return {
        now: readTime(items),
        documents: items.flatMap((item) => (item.document ? [document(item.document)] : [])),
      };
    },
    async count(query, timeoutMs) {
      const aggregations = [{ alias: 'n', count: {} }];
      const structuredAggregationQuery = { aggregations, structuredQuery: encodeQuery(query, prefix) };
      const items = await call<CountItem[]>('runAggregationQuery', { structuredAggregationQuery }, timeoutMs);
      return Number(items.find(({ result }) => result)?.result?.aggregateFields.n?.integerValue ?? 0);
    },
    get roundTrips() {
      return roundTrips;
    },
    close: () => pool.close(),
  };
}

interface RestDocument {
  name: string;
  fields?: Readonly<Record<string, object>>;
  updateTime: string;
}

interface BatchGetItem {
  found?: RestDocument;
  readTime?: string;
}

interface QueryItem {
  document?: RestDocument;
  readTime?: string;
}

interface CountItem {
  result?: { aggregateFields: Readonly<Record<string, { integerValue?: string }>> };
}

interface Call {
  path: string;
  method: string;
  token: string;
  body: unknown;
  timeoutMs: number;
}

async function post<T>(pool: HttpPool, { path, method, token, body, timeoutMs }: Call): Promise<T> {
  const response = await pool.request({
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    timeoutMs,
    maxBodyBytes: ANSWER_BYTES,
  });
  if (response.cut) throw new FirestoreError(method, response.status, 'TOO_LONG');
  const text = response.body.toString();
  if (response.status === 200) return JSON.parse(text) as T;
  // Google's own words may quote a document; its code does not.
  throw new FirestoreError(method, response.status, /"status":\s*"([A-Z_]{1,40})"/.exec(text)?.[1] ?? 'UNKNOWN');
}

function readTime(items: readonly { readTime?: string }[]): number {
  const time = items.find((item) => item.readTime !== undefined)?.readTime;
  if (time === undefined) throw new FirestoreError('read', 200, 'NO_READ_TIME');
  return Date.parse(time);
}

function encodeWrite(write: FirestoreWrite, name: string): object {
  const currentDocument = write.when ? { currentDocument: write.when } : {};
  if (write.kind === 'delete') return { delete: name, ...currentDocument };
  if (write.kind === 'verify') return { verify: name, ...currentDocument };
  return {
    update: { name, fields: encodeFields(write.fields) },
    ...(write.mask ? { updateMask: { fieldPaths: write.mask } } : {}),
    ...currentDocument,
  };
}

function encodeQuery(query: Omit<FirestoreQuery, 'limit'> & { limit?: number }, prefix: string): object {
  const bound = (value: string | number, before: boolean): object => ({
    values: [typeof value === 'number' ? { integerValue: String(value) } : { stringValue: value }],
    before,
  });
  return {
    from: [{ collectionId: `${prefix}${query.collection}` }],
    orderBy: [{ field: { fieldPath: query.orderBy }, direction: query.descending ? 'DESCENDING' : 'ASCENDING' }],
    ...(query.startAfter === undefined ? {} : { startAt: bound(query.startAfter, false) }),
    ...(query.from === undefined ? {} : { startAt: bound(query.from, true) }),
    ...(query.to === undefined ? {} : { endAt: bound(query.to, false) }),
    ...(query.limit === undefined ? {} : { limit: query.limit }),
  };
}
