/**
 * Serializable transactions over documents, optimistically: the body runs on what was read, and one conditional write
 * commits only if none of it has changed. No locks, so that an instance that dies half-way holds nobody up.
 */

import { ContentionError } from '../../core/contention.ts';
import type { Json } from '../../core/json.ts';
import { pause } from '../../core/pause.ts';
import type { After, DocumentStore, DocumentWrite, Transaction } from '../../core/ports.ts';

/** What a store needs to offer. `Version` changes with every write of a document. */
export interface DocumentBackend<Version> {
  /** The store's clock. */
  now(): Promise<number>;
  /** In the order of the keys; undefined for what is absent or has expired. */
  read(keys: readonly string[]): Promise<readonly (VersionedDocument<Version> | undefined)[]>;
  /** One atomic step. False where a document's version differs from the one that was read. */
  commit(
    reads: ReadonlyMap<string, Version | undefined>,
    writes: ReadonlyMap<string, DocumentChange | undefined>,
  ): Promise<boolean>;
}

export interface VersionedDocument<Version> {
  version: Version;
  /** Undefined for one that is still there but counts as absent. */
  json: string | undefined;
}

/** A write with its value as JSON; undefined in its place deletes. */
export interface DocumentChange extends Omit<DocumentWrite, 'value'> {
  json: string;
}

const ATTEMPTS = 20;
const LONGEST_PAUSE_MS = 200;
const DOCUMENT_BYTES = 65_536;

/** From the call on. Whoever called gives up soon after, and then nobody is left to retry for. */
const PATIENCE_MS = 8_000;

/** `transact` over a backend. Gives up with a ContentionError after 20 attempts, and begins none after 8 s. */
export function createTransact<V>(backend: DocumentBackend<V>, after: After): DocumentStore['transact'] {
  // Those that lost the race for a document queue up for it, so that an instance does not race against itself a second
  // time. A queue for each, so that one contended document holds up only those that want it.
  const queues = new Map<string, Promise<unknown>>();

  async function retry<T>(body: Body<T>, turn: Promise<unknown> | undefined, patience: Patience): Promise<T> {
    await Promise.race([turn, patience.ended]);
    let tries = 1;
    for (; tries < ATTEMPTS && !patience.isOver(); tries += 1) {
      const next = await attempt(backend, body);
      if ('value' in next) return next.value;
      await Promise.race([pause(after, Math.random() * Math.min(LONGEST_PAUSE_MS, 2 ** tries)), patience.ended]);
    }
    throw new ContentionError(tries);
  }

  return async (body) => {
    const patience = startPatience(after);
    try {
      const first = await attempt(backend, body);
      if ('value' in first) return first.value;
      const key = await contended(backend, first);
      const before = queues.get(key);
      const result = retry(body, before, patience);
      // Whoever gives up early does not let the next one pass those before.
      const turn = Promise.allSettled([before, result]);
      queues.set(key, turn);
      void turn.then(() => queues.get(key) === turn && queues.delete(key));
      return await result;
    } finally {
      patience.cancel();
    }
  };
}

type Body<T> = (tx: Transaction) => Promise<T>;

interface Patience {
  isOver(): boolean;
  /** Resolves when it is over. */
  ended: Promise<void>;
  cancel(): void;
}

function startPatience(after: After): Patience {
  let over = false;
  let cancel = (): void => {};
  const ended = new Promise<void>((resolve) => {
    cancel = after(PATIENCE_MS, () => {
      over = true;
      resolve();
    });
  });
  return { isOver: () => over, ended, cancel };
}

/** What an attempt that did not commit had read and wanted to write. */
interface Lost<V> {
  reads: ReadonlyMap<string, V | undefined>;
  writes: ReadonlyMap<string, unknown>;
}

/** The first document that is another than was read; where none is yet, the first that was to be written. */
async function contended<V>(backend: DocumentBackend<V>, { reads, writes }: Lost<V>): Promise<string> {
  const keys = [...reads.keys()];
  const documents = keys.length > 0 ? await backend.read(keys) : [];
  const changed = keys.find((key, index) => documents[index]?.version !== reads.get(key));
  return changed ?? [...writes.keys(), ...keys][0] ?? '';
}

async function attempt<V, T>(backend: DocumentBackend<V>, body: Body<T>): Promise<{ value: T } | Lost<V>> {
  const read = createReader(backend);
  const writes = new Map<string, DocumentChange | undefined>();
  const value = await body({
    now: await backend.now(),
    async get(key) {
      if (writes.size > 0) throw new Error('a transaction reads before it writes');
      const json = (await read.get(key))?.json;
      return json === undefined ? undefined : (JSON.parse(json) as Json);
    },
    set(key, { value, ...rest }) {
      if (!Number.isFinite(rest.expiresAt) || !Number.isFinite(rest.due?.at ?? 0))
        throw new Error('a time is no number');
      writes.set(key, { ...rest, json: serialize(value) });
    },
    delete(key) {
      writes.set(key, undefined);
    },
  });
  if (read.versions.size === 0 && writes.size === 0) return { value };
  return (await backend.commit(read.versions, writes)) ? { value } : { reads: read.versions, writes };
}

/** Reads each key once; keys that are asked for in one turn share a round trip. */
function createReader<V>(backend: DocumentBackend<V>) {
  const versions = new Map<string, V | undefined>();
  const documents = new Map<string, Promise<VersionedDocument<V> | undefined>>();
  let batch: { keys: string[]; answer: Promise<readonly (VersionedDocument<V> | undefined)[]> } | undefined;

  async function fetch(key: string): Promise<VersionedDocument<V> | undefined> {
    if (!batch) {
      const keys: string[] = [];
      const answer = Promise.resolve().then(() => {
        batch = undefined;
        return backend.read(keys);
      });
      batch = { keys, answer };
    }
    const index = batch.keys.push(key) - 1;
    const document = (await batch.answer)[index];
    versions.set(key, document?.version);
    return document;
  }

  return {
    versions,
    get(key: string): Promise<VersionedDocument<V> | undefined> {
      let document = documents.get(key);
      if (!document) {
        document = fetch(key);
        documents.set(key, document);
      }
      return document;
    },
  };
}

function serialize(value: Json): string {
  const json = JSON.stringify(value);
  if (Buffer.byteLength(json) > DOCUMENT_BYTES) throw new Error(`a document holds at most ${DOCUMENT_BYTES} bytes`);
  return json;
}
