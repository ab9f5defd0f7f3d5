/** Documents on Firestore: read, then one commit that verifies all that was read. */

import type { After, DocumentStore } from '../../core/ports.ts';
import { createTransact, type DocumentChange } from './document-transactions.ts';
import { PATHS } from './firestore-group.ts';
import { type FirestoreRest, type FirestoreWrite, isConflict, type Precondition } from './firestore-rest.ts';
import { integer, millis, text } from './firestore-values.ts';
import { keyOf } from './keys.ts';

const PAGE = 100;

export function createFirestoreDocuments(rest: FirestoreRest, after: After): DocumentStore {
  async function ofKind(kind: string, limit: number, onlyDue: boolean): Promise<string[]> {
    const keys: string[] = [];
    let to = `${dueKind(kind)}~`;
    let startAfter = dueKind(kind);
    // The first tells the store's clock: each document that is read is paid for, and of most kinds none is due.
    let page = onlyDue ? 1 : PAGE;
    while (keys.length < limit) {
      const ask = Math.min(page, limit - keys.length);
      const { now, documents } = await rest.query({
        collection: 'documents',
        orderBy: 'due',
        to,
        startAfter,
        limit: ask,
      });
      for (const { fields } of documents) {
        if (onlyDue && integer(fields, 'at') > now) return keys;
        // Expired ones may stay for a day, and count as absent.
        if (millis(fields, 'expires') > now) keys.push(JSON.parse(text(fields, 'key')) as string);
        startAfter = text(fields, 'due');
      }
      if (documents.length < ask) break;
      if (onlyDue) to = `${dueKind(kind)}${padMs(now)}|~`;
      page = PAGE;
    }
    return keys;
  }

  return {
    transact: createTransact<string>(
      {
        now: async () => (await rest.get(['documents/clock'])).now,
        async read(keys) {
          const { now, documents } = await rest.get(keys.map(PATHS.document));
          return documents.map((document) => {
            if (!document) return undefined;
            const { fields, updateTime: version } = document;
            return { version, json: millis(fields, 'expires') > now ? text(fields, 'json') : undefined };
          });
        },
        async commit(reads, writes) {
          const guarded: FirestoreWrite[] = [];
          for (const [key, version] of reads) {
            if (!writes.has(key)) guarded.push({ kind: 'verify', path: PATHS.document(key), when: asRead(version) });
          }
          for (const [key, change] of writes) {
            guarded.push(encodeChange(key, change, reads.has(key) ? asRead(reads.get(key)) : undefined));
          }
          try {
            await rest.commit(guarded);
            return true;
          } catch (error) {
            if (isConflict(error)) return false;
            throw error;
          }
        },
      },
      after,
    ),
    due: (kind, limit) => ofKind(kind, limit, true),
    list: (kind, limit) => ofKind(kind, limit, false),
  };
}

function asRead(version: string | undefined): Precondition {
  return version === undefined ? { exists: false } : { updateTime: version };
}

function encodeChange(key: string, change: DocumentChange | undefined, when: Precondition | undefined): FirestoreWrite {
  const path = PATHS.document(key);
  if (!change) {
    if (when && 'exists' in when) return { kind: 'verify', path, when };
    return { kind: 'delete', path, ...(when ? { when } : {}) };
  }
  const { json, expiresAt, due } = change;
  const fields = {
    key: JSON.stringify(key),
    json,
    expires: new Date(expiresAt),
    // Kind, time and key in one text: a single-field index answers, in order, and no two are equal.
    ...(due ? { due: `${dueKind(due.kind)}${padMs(due.at)}|${keyOf(key)}`, at: due.at } : {}),
  };
  return { kind: 'set', path, fields, ...(when ? { when } : {}) };
}

function dueKind(kind: string): string {
  return `${encodeURIComponent(kind)}|`;
}

function padMs(at: number): string {
  return String(Math.max(0, Math.trunc(at))).padStart(16, '0');
}
