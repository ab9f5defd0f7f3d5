/** The store contract on a real Redis, and what is Redis's own: settings, replicas, failover. */

import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type OpenedStore, openStore } from '../../functions/adapters/store/open.ts';
import { type EventRecord, OWING_TTL_MS, RECORD_TTL_MS } from '../../functions/core/ports.ts';
import { claimAll, claimOf, claimOne, claimsOf, LONG_MS, settleAll, settlementOf } from '../adapters/store/claims.ts';
import { storeContract } from '../adapters/store/contract.ts';
import { startProxy } from './programs/proxy.ts';
import { type RedisServer, startRedis } from './programs/redis.ts';

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.program.stop());

const open = (url: string, warn?: (message: string) => void): Promise<OpenedStore> =>
  openStore(url, { clock: () => 0, ...(warn ? { warn } : {}) });

storeContract('Redis', async () => {
  const url = `${redis.url}?prefix=${randomUUID()}:`;
  return { store: await open(url), other: await open(url) };
});

describe('the Redis store', () => {
  const stopAfterwards: { program: RedisServer['program'] }[] = [];
  afterEach(async () => {
    for (const { program } of stopAfterwards.splice(0)) await program.stop();
  });
  async function start(options: Parameters<typeof startRedis>[0] = {}): Promise<RedisServer> {
    const server = await startRedis(options);
    stopAfterwards.push(server);
    return server;
  }

  test('a group is one round trip, whatever is in it; so is a group of settlements', async () => {
    const store = await open(`${redis.url}?prefix=${randomUUID()}:`);
    await claimOne(store, claimOf('warm'));
    await settleAll(store, [settlementOf('warm', { log: true })]);
    const before = store.roundTrips;
    const claims = claimsOf('a', 50).map((claim, index) => ({ ...claim, fingerprint: `fp${index % 30}` }));
    await claimAll(store, claims);
    expect(store.roundTrips - before).toBe(1);
    await settleAll(
      store,
      claims.map(({ uuid }) => settlementOf(uuid, { log: true })),
    );
    expect(store.roundTrips - before).toBe(2);
    await store.close();
  });

  test('survives SCRIPT FLUSH', async () => {
    const store = await open(`${redis.url}?prefix=${randomUUID()}:`);
    await claimOne(store, claimOf('a'));
    await redis.command('SCRIPT', 'FLUSH');
    expect((await claimOne(store, claimOf('b'))).role).toBe('repeat');
    await store.close();
  });

  test('records expire 8 days after their last debt, 31 while they owe; windows and summaries outlive them', async () => {
    const prefix = `${randomUUID()}:`;
    const store = await open(`${redis.url}?prefix=${prefix}`);
    const ttl = async (key: string): Promise<number> => {
      const answer = await redis.command('PTTL', `${prefix}${key}`);
      return Math.round(Number(/^:(-?\d+)/.exec(answer)?.[1]) / 60_000) * 60_000;
    };
    const claims = ['owes', 'settled', 'parked'].map((uuid) => claimOf(uuid, { fingerprint: uuid }));
    const [owes] = await claimAll(store, [...claims, claimOf('counted', { fingerprint: 'owes', windowMs: 1 })]);
    await settleAll(store, [settlementOf('settled', { log: true }), settlementOf('parked', { parked: true })]);
    expect(await ttl('e:owes')).toBe(OWING_TTL_MS);
    expect(await ttl('e:counted')).toBe(RECORD_TTL_MS);
    expect(await ttl('e:settled')).toBe(RECORD_TTL_MS);
    expect(await ttl('e:parked')).toBe(OWING_TTL_MS);
    expect(await ttl('w:owes')).toBe(OWING_TTL_MS + LONG_MS);
    await redis.command('HSET', `${prefix}w:owes`, 't', '1');
    await redis.command('ZADD', `${prefix}windows`, '1', 'owes');
    expect(await store.closeWindows(5)).toBe(1);
    expect(await ttl(`s:${owes?.windowId}`)).toBe(OWING_TTL_MS);
    await store.close();
  });

  test('a settled record is small', async () => {
    const prefix = `${randomUUID()}:`;
    const store = await open(`${redis.url}?prefix=${prefix}`);
    const uuid = randomUUID();
    await claimOne(store, claimOf(uuid, { fingerprint: 'f'.repeat(32) }));
    await settleAll(store, [settlementOf(uuid, { log: true })]);
    const answer = await redis.command('MEMORY', 'USAGE', `${prefix}e:${uuid}`);
    // 37 of them are this test's prefix.
    expect(Number(/^:(\d+)/.exec(answer)?.[1])).toBeLessThanOrEqual(224 + 37);
    await store.close();
  });

  test.each([
    ['another eviction policy', ['--maxmemory-policy', 'allkeys-lru'], 'maxmemory-policy is allkeys-lru'],
    ['cluster mode', ['--cluster-enabled', 'yes'], 'cluster mode'],
  ])('check refuses %s', async (_, args, message) => {
    const server = await start({ args });
    const store = await open(server.url);
    await expect(store.check()).rejects.toThrow(message);
    await store.close();
  });

  test('check refuses a replica', async () => {
    const replica = await start({ replicaOf: redis });
    const store = await open(replica.url);
    await expect(store.check()).rejects.toThrow('this is a replica');
    expect((await store.claim([claimOf('a')]))[0]?.ok).toBe(false);
    await store.close();
  });

  test.each([
    ['without appendonly', [], '', ['appendonly is off']],
    ['with a lax appendfsync', ['--appendonly', 'yes'], '', ['appendfsync is everysec']],
    ['with appendfsync always', ['--appendonly', 'yes', '--appendfsync', 'always'], '', []],
    ['with too few replicas', [], '?replicas=1', ['0 of 1 replicas']],
  ])('check says what a single node may lose %s', async (_, args, query, expected) => {
    const server = await start({ args });
    const warnings: string[] = [];
    const store = await open(`${server.url}${query}`, (message) => warnings.push(message));
    await store.check();
    expect(warnings).toHaveLength(expected.length);
    expected.forEach((words, index) => {
      expect(warnings[index]).toContain(words);
    });
    await store.close();
  });

  test('a password stands in the url', async () => {
    const server = await startRedis({ args: ['--user', 'relay', 'on', '>hunter2', '~*', '&*', '+@all'] });
    stopAfterwards.push(server);
    const store = await open(server.url.replace('//', '//relay:hunter2@'));
    await store.check();
    const stranger = await open(server.url.replace('//', '//relay:wrong@'));
    const outcome = (await stranger.claim([claimOf('a')]))[0];
    expect(outcome?.ok).toBe(false);
    await Promise.all([store.close(), stranger.close()]);
  });

  test('memory that is used up fails the group before anything has changed', async () => {
    const server = await start();
    const store = await open(server.url);
    await claimOne(store, claimOf('first'));
    await server.command('CONFIG', 'SET', 'maxmemory', '1');
    expect((await store.claim(claimsOf('a', 3))).every(({ ok }) => !ok)).toBe(true);
    await server.command('CONFIG', 'SET', 'maxmemory', '0');
    expect((await claimAll(store, claimsOf('a', 3))).map(({ again }) => again)).toEqual([false, false, false]);
    await store.close();
  });

  test('a replica that does not answer fails the write, and the next delivery is a redelivery', async () => {
    const primary = await start();
    const replica = await start({ replicaOf: primary });
    const store = await open(`${primary.url}?replicas=1&wait_ms=2000`);
    expect((await claimOne(store, claimOf('a'))).role).toBe('first');
    replica.program.signal('SIGSTOP');
    const [stopped] = await store.claim([claimOf('b')]);
    expect(stopped?.ok === false && stopped.error.message).toBe('the write reached 0 of 1 replicas');
    // A redelivery writes nothing of its own, but must not vouch for what the replica doesn't have.
    expect((await store.claim([claimOf('b')]))[0]?.ok).toBe(false);
    const fresh = await open(`${primary.url}?replicas=1&wait_ms=2000`);
    expect((await fresh.claim([claimOf('b')]))[0]?.ok).toBe(false);
    expect((await fresh.settle([settlementOf('b', { log: true })]))[0]?.ok).toBe(false);
    await expect(fresh.transact((tx) => tx.get('k'))).rejects.toThrow('0 of 1 replicas');
    replica.program.signal('SIGCONT');
    let record: EventRecord | undefined;
    while (!record) record = await claimOne(store, claimOf('b')).catch(turn);
    expect(record).toMatchObject({ again: true, role: 'repeat' });
    await Promise.all([store.close(), fresh.close()]);
  });

  test('nothing that was acknowledged is forgotten when the primary is killed under load and its replica promoted', async () => {
    const primary = await start();
    const replica = await start({ replicaOf: primary });
    const proxy = await startProxy(primary.port);
    // What WAIT protects: with replicas=0 the same test may lose the last milliseconds before the kill.
    const url = `redis://127.0.0.1:${proxy.port}?replicas=1`;
    const stores = await Promise.all([open(url), open(url), open(url)]);
    const acknowledged = new Map<string, { role: string; windowId: string; settled: boolean }>();
    let running = true;
    let failures = 0;
    const load = stores.map(async (store, worker) => {
      for (let round = 0; running; round += 1) {
        await turn();
        const outcomes = await store.claim(claimsOf(`${worker}-${round}`, 10, { keep: 3 }));
        const owing: string[] = [];
        for (const outcome of outcomes) {
          if (!outcome.ok) {
            failures += 1;
            continue;
          }
          const { uuid, role, windowId, owed } = outcome.value;
          acknowledged.set(uuid, { role, windowId, settled: false });
          if (owed.log) owing.push(uuid);
        }
        const settled = await store.settle(owing.map((uuid) => settlementOf(uuid, { log: true })));
        settled.forEach(({ ok }, index) => {
          const known = acknowledged.get(owing[index] ?? '');
          if (ok && known) known.settled = true;
        });
      }
    });
    while (acknowledged.size < 500) await turn();
    primary.program.signal('SIGKILL');
    await primary.program.exited;
    await replica.command('REPLICAOF', 'NO', 'ONE');
    const second = await start({ replicaOf: replica });
    expect(second.port).not.toBe(replica.port);
    proxy.lead(replica.port);
    const reached = acknowledged.size;
    while (acknowledged.size < reached + 300) await turn();
    running = false;
    await Promise.all(load);

    expect(failures).toBeGreaterThan(0);
    const [store] = stores;
    if (!store) throw new Error('no store');
    for (const [uuid, known] of acknowledged) {
      const record = await claimOne(store, claimOf(uuid));
      expect(record).toMatchObject({ again: true, role: known.role, windowId: known.windowId });
      if (known.settled) expect(record.owed.log).toBe(false);
    }
    await Promise.all(stores.map((each) => each.close()));
    await proxy.close();
  }, 120_000);

  test('a connection that leads to what is a replica now is left', async () => {
    const primary = await start();
    const replica = await start({ replicaOf: primary });
    const proxy = await startProxy(replica.port);
    const store = await open(`redis://127.0.0.1:${proxy.port}`);
    expect((await store.claim([claimOf('a')]))[0]?.ok).toBe(false);
    proxy.lead(primary.port, { keep: true });
    let record: EventRecord | undefined;
    while (!record) record = await claimOne(store, claimOf('a')).catch(turn);
    expect(record.role).toBe('first');
    await store.close();
    await proxy.close();
  });
});

/** Lets the event loop go round once: what fails at once must not keep the sockets from being read. */
function turn(): Promise<undefined> {
  return new Promise((resolve) => setImmediate(resolve, undefined));
}
