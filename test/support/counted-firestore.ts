/** Firestore in memory, as far as the store speaks to it, that counts what Google would charge for. */

import {
  type FirestoreDocument,
  FirestoreError,
  type FirestoreQuery,
  type FirestoreRest,
  type FirestoreWrite,
} from '../../functions/adapters/store/firestore-rest.ts';
import type { Fields } from '../../functions/adapters/store/firestore-values.ts';
import type { Clock } from '../../functions/core/ports.ts';

/**
 * https://cloud.google.com/firestore/pricing: a document that is not there and a query without a result are a read
 * each, and so is each thousand index entries of a count. What a write only verifies is charged as a read here, since
 * nothing says how it is.
 */
export interface Bill {
  reads: number;
  writes: number;
  deletes: number;
  roundTrips: number;
}

export interface CountedFirestore extends FirestoreRest {
  /** What was charged since the last time this was asked. */
  bill(): Bill;
  /** Bytes of each document that is there, by https://cloud.google.com/firestore/docs/storage-size, indexes included. */
  sizes(): Map<string, number>;
}

const COUNTED_ENTRIES_A_READ = 1_000;

export function createCountedFirestore(clock: Clock): CountedFirestore {
  const documents = new Map<string, FirestoreDocument>();
  const collections = new Map<string, Map<string, FirestoreDocument>>();
  let counted = nothing();
  let roundTrips = 0;
  let version = 0;

  function charge(what: Partial<Bill>): void {
    roundTrips += 1;
    counted.roundTrips += 1;
    counted.reads += what.reads ?? 0;
    counted.writes += what.writes ?? 0;
    counted.deletes += what.deletes ?? 0;
  }

  function check({ path, when }: FirestoreWrite): void {
    const found = documents.get(path);
    if (!when) return;
    const holds = 'exists' in when ? when.exists === (found !== undefined) : when.updateTime === found?.updateTime;
    if (!holds) throw new FirestoreError('commit', 409, 'FAILED_PRECONDITION');
  }

  function write(change: FirestoreWrite, updateTime: string): void {
    const { kind, path } = change;
    if (kind === 'delete') put(path, undefined);
    if (kind !== 'set') return;
    const kept = Object.entries(documents.get(path)?.fields ?? {}).filter(([name]) => !change.mask?.includes(name));
    const set = Object.entries(change.fields).filter(([, value]) => value !== undefined);
    const fields = Object.fromEntries([...(change.mask ? kept : []), ...set]) as Fields;
    put(path, { path, fields, updateTime });
  }

  function put(path: string, document: FirestoreDocument | undefined): void {
    const [name = ''] = path.split('/');
    const collection = collections.get(name) ?? new Map<string, FirestoreDocument>();
    collections.set(name, collection);
    for (const each of [documents, collection]) {
      if (document) each.set(path, document);
      else each.delete(path);
    }
  }

  function matching({ collection, orderBy, from, to, startAfter, descending }: Omit<FirestoreQuery, 'limit'>) {
    const [low, high] = descending ? [to, from] : [from, to];
    const found = [...(collections.get(collection)?.values() ?? [])].filter(({ fields }) => {
      const value = fields[orderBy];
      if (value === undefined) return false;
      if (low !== undefined && compare(value, low) < 0) return false;
      if (high !== undefined && compare(value, high) > 0) return false;
      return startAfter === undefined || compare(value, startAfter) > 0;
    });
    found.sort((a, b) => compare(a.fields[orderBy], b.fields[orderBy]));
    return descending ? found.reverse() : found;
  }

  return {
    async get(paths) {
      charge({ reads: paths.length });
      return { now: clock(), documents: paths.map((path) => documents.get(path)) };
    },
    async commit(writes) {
      const of = (kind: FirestoreWrite['kind']): number => writes.filter((each) => each.kind === kind).length;
      charge({ reads: of('verify'), writes: of('set'), deletes: of('delete') });
      for (const each of writes) check(each);
      version += 1;
      for (const each of writes) write(each, String(version));
      return writes.map(() => String(version));
    },
    async query(query) {
      const found = matching(query).slice(0, query.limit);
      charge({ reads: Math.max(1, found.length) });
      return { now: clock(), documents: found };
    },
    async count(query) {
      const n = matching(query).length;
      charge({ reads: Math.max(1, Math.ceil(n / COUNTED_ENTRIES_A_READ)) });
      return n;
    },
    get roundTrips() {
      return roundTrips;
    },
    close: async () => {},
    bill() {
      const since = counted;
      counted = nothing();
      return since;
    },
    sizes: () => new Map([...documents].map(([path, { fields }]) => [path, sizeOf(path, fields)])),
  };
}

function nothing(): Bill {
  return { reads: 0, writes: 0, deletes: 0, roundTrips: 0 };
}

function compare(a: Fields[string], b: Fields[string]): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return String(a) === String(b) ? 0 : String(a) < String(b) ? -1 : 1;
}

/** As infra/store.tf has it: no field has an index but these. */
const INDEXED: ReadonlySet<string> = new Set(['events counted', 'windows end', 'summaries until', 'documents due']);

function sizeOf(path: string, fields: Fields): number {
  const text = (value: string): number => Buffer.byteLength(value) + 1;
  const bytes = (value: Fields[string]): number =>
    typeof value === 'string' ? text(value) : typeof value === 'boolean' ? 1 : 8;
  // A document's name: its collection and its id, and sixteen bytes.
  const name = path.split('/').reduce((sum, part) => sum + text(part), 16);
  const entries = Object.entries(fields).map(([field, value]) => ({ field, size: text(field) + bytes(value) }));
  const document = entries.reduce((sum, { size }) => sum + size, name + 32);
  // An indexed field has an entry ascending and one descending.
  const [collection] = path.split('/');
  const indexes = entries
    .filter(({ field }) => INDEXED.has(`${collection} ${field}`))
    .reduce((sum, { size }) => sum + 2 * (name + size + 32 + 16), 0);
  return document + indexes;
}
