/** The stores of a run, with what can be done to them: a Redis that writes all to its disk, with a replica, or Firestore. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keyOf } from '../../functions/adapters/store/keys.ts';
import { startProxy } from '../stack/programs/proxy.ts';
import { type RedisServer, startRedis } from '../stack/programs/redis.ts';
import { firestoreStore, unfinishedIn } from '../stack/support/stores.ts';
import type { Left } from './schedule.ts';

export interface TortureStore {
  name: string;
  /** Where it listens, whatever becomes of the server behind it. */
  port: number;
  /** STORE_URL and what belongs to it, for who reaches it by another port. */
  envBy(port: number): Readonly<Record<string, string>>;
  unfinished(): Promise<number>;
  /** What it has of an event, in its own words, for the report of a failure. */
  record(uuid: string): Promise<string>;
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and so long later started again on what its disk has. */
  kill(awayMs: number): Promise<void>;
  /** SIGKILL, and so long later its replica is promoted and gets a replica of its own. */
  failOver(awayMs: number): Promise<void>;
  /** Faults that it can't have. */
  left: readonly Left[];
  stop(): Promise<void>;
}

export async function tortureRedis(): Promise<TortureStore> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-torture-redis-'));
  const all: RedisServer[] = [];
  async function start(options: { port?: number; dir?: string; replicaOf?: RedisServer }) {
    const dir = options.dir ?? (await mkdtemp(join(folder, 'data-')));
    const { port, replicaOf } = options;
    const args = ['--dir', dir, '--appendonly', 'yes', '--appendfsync', 'always'];
    const server = await startRedis({ args, ...(port ? { port } : {}), ...(replicaOf ? { replicaOf } : {}) });
    all.push(server);
    return { ...server, dir };
  }
  let primary = await start({});
  let replica = await start({ replicaOf: primary });
  const proxy = await startProxy(primary.port);

  /** What promotes replicas promotes none that is still being filled. */
  async function inStep(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const said = await replica.command('INFO', 'replication').catch(() => '');
      if (said.includes('master_link_status:up')) return;
      if (tries > 300) throw new Error(`the replica did not come up:\n${replica.program.output().slice(-2_000)}`);
      await sleep(100);
    }
  }

  async function end(): Promise<void> {
    primary.program.signal('SIGKILL');
    await primary.program.exited;
  }

  return {
    name: 'redis',
    port: proxy.port,
    envBy: (port) => ({ STORE_URL: `redis://127.0.0.1:${port}?replicas=1` }),
    unfinished: () => unfinishedIn(primary),
    record: (uuid) => primary.command('GET', `falco:e:${keyOf(uuid)}`),
    signal: (signal) => primary.program.signal(signal),
    async kill(awayMs) {
      await inStep();
      await end();
      await sleep(awayMs);
      primary = await start({ port: primary.port, dir: primary.dir });
      await inStep();
    },
    async failOver(awayMs) {
      await inStep();
      await end();
      await sleep(awayMs);
      await replica.command('REPLICAOF', 'NO', 'ONE');
      primary = replica;
      proxy.lead(primary.port);
      replica = await start({ replicaOf: primary });
    },
    left: [],
    async stop() {
      await proxy.close();
      await Promise.all(all.map(({ program }) => program.stop()));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Its emulator keeps all in memory: it can be stopped for a while, not killed. */
export async function tortureFirestore(): Promise<TortureStore> {
  const store = await firestoreStore();
  const { program } = store;
  const never = (): Promise<void> => Promise.reject(new Error('the emulator would forget everything'));
  return {
    name: 'firestore',
    port: Number(store.env.FIRESTORE_EMULATOR_HOST?.split(':')[1]),
    envBy: (port) => ({ STORE_URL: store.url, FIRESTORE_EMULATOR_HOST: `127.0.0.1:${port}` }),
    unfinished: store.unfinished,
    async record(uuid) {
      const documents = `http://${store.env.FIRESTORE_EMULATOR_HOST}/v1/projects/falco-relay-test/databases/(default)/documents`;
      return (await fetch(`${documents}/falco-events/${keyOf(uuid)}`)).text();
    },
    signal: (signal) => program.signal(signal),
    kill: never,
    failOver: never,
    left: ['store killed', 'store failed over'],
    stop: store.stop,
  };
}
