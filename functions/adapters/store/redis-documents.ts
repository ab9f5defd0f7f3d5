/** Documents on Redis: read, then one script that commits if no version has changed. */

import { randomUUID } from 'node:crypto';
import type { After, DocumentStore } from '../../core/ports.ts';
import { createTransact } from './document-transactions.ts';
import { type RedisConnection, script } from './redis-connection.ts';
import { COMMIT, OF_KIND } from './redis-documents.lua.ts';

const commitScript = script(COMMIT);
const ofKindScript = script(OF_KIND);

export function createRedisDocuments(connection: RedisConnection, prefix: string, after: After): DocumentStore {
  // A key stands as JSON, which escapes the lone surrogates that UTF-8 would lose.
  const ofKind = async (kind: string, limit: number, which: 'due' | 'all'): Promise<string[]> => {
    const keys = (await connection.read(ofKindScript, [prefix, kind, String(limit), which])) as string[];
    return keys.map((key) => JSON.parse(key) as string);
  };
  return {
    transact: createTransact<string>(
      {
        async now() {
          const [time] = await connection.commands([['time']]);
          const [seconds, microseconds] = time as [string, string];
          return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
        },
        async read(keys) {
          const answers = await connection.commands(
            keys.map((key) => ['hmget', `${prefix}d:${JSON.stringify(key)}`, 'v', 'j'] as const),
          );
          return answers.map((answer) => {
            const [version, json] = answer as [string | null, string | null];
            return version === null || json === null ? undefined : { version, json };
          });
        },
        async commit(reads, writes) {
          const args = [prefix, String(reads.size)];
          for (const [key, version] of reads) args.push(JSON.stringify(key), version ?? '');
          for (const [key, change] of writes) {
            const { due, expiresAt, json } = change ?? { due: undefined, expiresAt: 0, json: '' };
            args.push(JSON.stringify(key), due?.kind ?? '', String(due?.at ?? 0));
            args.push(String(Math.ceil(expiresAt)), randomUUID(), json);
          }
          return (await connection.write(commitScript, args)) === 1;
        },
      },
      after,
    ),
    due: (kind, limit) => ofKind(kind, limit, 'due'),
    list: (kind, limit) => ofKind(kind, limit, 'all'),
  };
}
