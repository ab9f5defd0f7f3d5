/** The stores that the scenarios run on: a Redis, a pair of them behind one address, and the Firestore emulator. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startFirestore } from '../programs/firestore.ts';
import type { Program } from '../programs/program.ts';
import { startProxy } from '../programs/proxy.ts';
import { type RedisServer, startRedis } from '../programs/redis.ts';

export interface ScenarioStore {
  name: string;
  /** STORE_URL, and what else the functions need in their environment. */
  url: string;
  env: Readonly<Record<string, string>>;
  /** Open windows and summaries that are not written yet. */
  unfinished(): Promise<number>;
  stop(): Promise<void>;
}

export async function redisStore(): Promise<ScenarioStore> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-redis-'));
  const redis = await startRedis({ args: ['--dir', folder, '--appendonly', 'yes', '--appendfsync', 'always'] });
  return {
    name: 'Redis',
    url: redis.url,
    env: {},
    unfinished: () => unfinishedIn(redis),
    async stop() {
      await redis.program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export interface RedisPair extends ScenarioStore {
  /** Kills the primary, promotes its replica, and gives that one a replica of its own. */
  failOver(): Promise<void>;
}

/** The address stays while the server behind it changes, as a managed Redis has it. */
export async function redisPair(): Promise<RedisPair> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-redis-'));
  const all: RedisServer[] = [];
  async function start(primary?: RedisServer): Promise<RedisServer> {
    const server = await startRedis({ args: ['--dir', folder], ...(primary ? { replicaOf: primary } : {}) });
    all.push(server);
    return server;
  }
  let primary = await start();
  let replica = await start(primary);

  const proxy = await startProxy(primary.port);

  return {
    name: 'Redis with a replica',
    url: `redis://127.0.0.1:${proxy.port}?replicas=1`,
    env: {},
    unfinished: () => unfinishedIn(primary),
    async failOver() {
      primary.program.signal('SIGKILL');
      await primary.program.exited;
      await replica.command('REPLICAOF', 'NO', 'ONE');
      primary = replica;
      proxy.lead(primary.port);
      replica = await start(primary);
    },
    async stop() {
      await proxy.close();
      await Promise.all(all.map(({ program }) => program.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Keys as functions/adapters/store/redis-events.lua.ts names them. */
export async function unfinishedIn(redis: RedisServer): Promise<number> {
  const [windows, summaries] = await Promise.all([
    redis.command('ZCARD', 'falco:windows'),
    redis.command('ZCARD', 'falco:summaries'),
  ]);
  return integer(windows) + integer(summaries);
}

function integer(answer: string): number {
  const [, digits] = /^:(\d+)/.exec(answer) ?? [];
  if (digits === undefined) throw new Error(`Redis: not a number: ${answer}`);
  return Number(digits);
}

export async function firestoreStore(): Promise<ScenarioStore & { program: Program }> {
  const emulator = await startFirestore();
  const documents = `http://${emulator.host}/v1/projects/falco-relay-test/databases/(default)/documents`;
  async function count(collection: string): Promise<number> {
    const response = await fetch(`${documents}/falco-${collection}?pageSize=300&mask.fieldPaths=id`);
    if (!response.ok) throw new Error(`Firestore: ${response.status}`);
    return ((await response.json()) as { documents?: unknown[] }).documents?.length ?? 0;
  }
  return {
    name: 'Firestore',
    url: 'firestore://falco-relay-test/(default)',
    env: { FIRESTORE_EMULATOR_HOST: emulator.host },
    unfinished: async () => (await count('windows')) + (await count('summaries')),
    program: emulator.program,
    stop: () => emulator.program.stop(),
  };
}
