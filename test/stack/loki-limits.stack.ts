/** The writer on a real Loki that limits, blocks, or wants to know who asks. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Loki, type Overrides, startLoki } from './programs/loki.ts';
import {
  closeWriters,
  countByUuid,
  deliver,
  entryOf,
  lineOf,
  names,
  newCluster,
  pushAll,
  rawCount,
  rawPush,
  STORED,
  writerTo,
} from './support/loki.ts';

const SLOW_STREAM = { per_stream_rate_limit: '20KB', per_stream_rate_limit_burst: '20KB' };
const LIMITED: Overrides = {
  'small-burst': { ingestion_rate_mb: 50, ingestion_burst_size_mb: 0.2 },
  'slow-stream': SLOW_STREAM,
  'slow-shards': { ...SLOW_STREAM, shard_streams: { enabled: true, desired_rate: '100MB' } },
  'no-metadata': { allow_structured_metadata: false },
  throttled: { ingestion_rate_mb: 0.001, ingestion_burst_size_mb: 0.01 },
  blocked: { block_ingestion_until: '2100-01-01T00:00:00Z' },
  'blocked-as-400': { block_ingestion_until: '2100-01-01T00:00:00Z', block_ingestion_status_code: 400 },
};

/** One Loki without and one with tenants, each test with a tenant of its own. */
let open: Loki;
let tenants: Loki;

beforeAll(async () => {
  open = await startLoki();
  tenants = await startLoki({
    config: { auth_enabled: true, server: { grpc_server_max_recv_msg_size: 600_000 } },
    overrides: LIMITED,
  });
});

afterEach(closeWriters);

afterAll(async () => {
  await Promise.all([open?.stop(), tenants?.stop()]);
});

/** Lifts the limits of one tenant for good. */
const lifted = new Set<string>();
async function allow(tenant: string): Promise<void> {
  lifted.add(tenant);
  await tenants.setOverrides(Object.fromEntries(Object.entries(LIMITED).filter(([name]) => !lifted.has(name))));
}

describe('limits', () => {
  test('a push above the burst never passes; ours is split', async () => {
    const cluster = newCluster();
    const entries = names(9).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid, 60_000) }));
    const whole = { ...entryOf(cluster, 'whole'), line: 'x'.repeat(250_000) };
    expect((await rawPush(tenants.url, [whole], 'small-burst')).status).toBe(429);
    expect(await pushAll(writerTo(tenants.url, { tenant: 'small-burst' }), entries)).toEqual(entries.map(() => STORED));
    expect(await rawCount(tenants.url, cluster, 'small-burst')).toBe(9);
  });

  test.each([
    ['throttled', {}],
    ['slow-stream', {}],
    ['slow-shards', {}],
  ])('tenant %s: throttled, then stored once the limit allows, nothing twice', async (tenant) => {
    const cluster = newCluster();
    const writer = writerTo(tenants.url, { tenant });
    const entries = names(60).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid) }));
    const outcomes = await pushAll(writer, entries);
    const refused = outcomes.filter(({ kind }) => kind !== 'stored');
    expect(refused.length).toBeGreaterThan(0);
    for (const outcome of refused) expect(outcome).toMatchObject({ kind: 'unavailable', reason: 'loki-throttled' });
    await allow(tenant);
    await Promise.all(entries.map((entry) => deliver(writer, entry, { again: true })));
    expect(await rawCount(tenants.url, cluster, tenant)).toBe(60);
    expect(await countByUuid(tenants.url, cluster, tenant)).toBe(60);
  });

  test.each(['blocked', 'blocked-as-400'])(
    'tenant %s: not stored and not refused; stored once unblocked',
    async (tenant) => {
      const cluster = newCluster();
      const writer = writerTo(tenants.url, { tenant });
      const status = tenant === 'blocked' ? 260 : 400;
      expect((await rawPush(tenants.url, [entryOf(cluster, 'raw')], tenant)).status).toBe(status);
      const entry = entryOf(cluster, 'a');
      expect(await writer.push(entry)).toMatchObject({
        kind: 'unavailable',
        reason: 'loki-blocked',
        detail: expect.stringContaining('ingestion blocked for user'),
      });
      expect(await writer.has(entry)).toBe(false);
      await allow(tenant);
      expect(await writer.push(entry)).toEqual(STORED);
      expect(await rawCount(tenants.url, cluster, tenant)).toBe(1);
    },
  );

  test('a tenant whose Loki takes no metadata: all of it waits, and nothing is refused', async () => {
    const tenant = 'no-metadata';
    const cluster = newCluster();
    const writer = writerTo(tenants.url, { tenant });
    const entries = names(5).map((uuid) => entryOf(cluster, uuid));
    const waits = { kind: 'unavailable', reason: 'loki-denied', detail: expect.stringContaining('disallowed') };
    expect(await pushAll(writer, entries)).toEqual(entries.map(() => waits));
    await allow(tenant);
    await Promise.all(entries.map((entry) => deliver(writer, entry, { again: true })));
    expect(await countByUuid(tenants.url, cluster, tenant)).toBe(5);
  });
});

describe('tenants and credentials', () => {
  test('without a tenant it is denied, and a look-up throws', async () => {
    const writer = writerTo(tenants.url);
    const entry = entryOf(newCluster(), 'a');
    expect(await writer.push(entry)).toEqual({
      kind: 'unavailable',
      reason: 'loki-denied',
      detail: expect.stringContaining('no org id'),
    });
    await expect(writer.has(entry)).rejects.toThrow('no org id');
  });

  test("one tenant does not see another's entries", async () => {
    const entry = entryOf(newCluster(), 'a');
    const [mine, theirs] = ['mine', 'theirs'].map((tenant) => writerTo(tenants.url, { tenant }));
    expect(await mine?.push(entry)).toEqual(STORED);
    expect([await mine?.has(entry), await theirs?.has(entry)]).toEqual([true, false]);
  });

  test('a wrong address is denied', async () => {
    expect(await writerTo(`${open.url}/nothing/here`).push(entryOf(newCluster(), 'a'))).toMatchObject({
      kind: 'unavailable',
      reason: 'loki-denied',
    });
  });

  test.each([
    ['basic', { username: 'relay', password: 'secret' }, `Basic ${btoa('relay:secret')}`],
    ['bearer', { bearerToken: 'token' }, 'Bearer token'],
  ])('%s credentials pass a proxy that asks for them', async (_name, options, expected) => {
    const proxy = await startProxy(open.url, expected);
    try {
      const entry = entryOf(newCluster(), 'a');
      const writer = writerTo(proxy.url, options);
      expect(await writer.push(entry)).toEqual(STORED);
      expect(await writer.has(entry)).toBe(true);
      expect(await writerTo(proxy.url).push(entry)).toMatchObject({ kind: 'unavailable', reason: 'loki-denied' });
    } finally {
      await proxy.close();
    }
  });
});

/** Lets through what carries this Authorization header. */
async function startProxy(target: string, authorization: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    if (request.headers.authorization !== authorization) {
      response.writeHead(401).end('who are you?');
      return;
    }
    const answer = await fetch(`${target}${request.url}`, {
      method: request.method ?? 'GET',
      headers: { 'content-type': request.headers['content-type'] ?? '' },
      body: request.method === 'POST' ? Buffer.concat(chunks) : null,
    });
    response.writeHead(answer.status).end(Buffer.from(await answer.arrayBuffer()));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
