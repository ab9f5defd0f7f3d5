/** What is counted and found on a real Loki: repetitions, copies, hostile uuids, and a load in whose middle it dies. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Loki, startLoki } from './programs/loki.ts';
import {
  closeWriters,
  countByUuid,
  deliver,
  entryOf,
  instant,
  lineOf,
  names,
  newCluster,
  pushAll,
  rawCount,
  STORED,
  writerTo,
} from './support/loki.ts';

/** One Loki without and one with tenants. */
let open: Loki;
let tenants: Loki;

beforeAll(async () => {
  open = await startLoki();
  tenants = await startLoki({
    config: { auth_enabled: true, server: { grpc_server_max_recv_msg_size: 600_000 } },
    overrides: { 'small-shards': { tsdb_max_bytes_per_shard: '1KB' } },
  });
});

afterEach(closeWriters);

afterAll(async () => {
  await Promise.all([open?.stop(), tenants?.stop()]);
});

describe('repetition', () => {
  test('at once it is one line; after 190 others it is two, and still counts once', async () => {
    const cluster = newCluster();
    const writer = writerTo(open.url);
    const entry = entryOf(cluster, 'twice', { line: lineOf('twice') });
    await writer.push(entry);
    await writer.push(entry);
    expect(await rawCount(open.url, cluster)).toBe(1);
    await pushAll(
      writer,
      names(190).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid) })),
    );
    await writer.push(entry);
    expect([await rawCount(open.url, cluster), await countByUuid(open.url, cluster)]).toEqual([192, 191]);
    expect(await writer.has(entry)).toBe(true);
  });

  test('the same entry with other metadata is another line, and counts once', async () => {
    const cluster = newCluster();
    const entry = entryOf(cluster, 'same');
    const writer = writerTo(open.url);
    await writer.push(entry);
    await writer.push({ ...entry, metadata: { ...entry.metadata, team: 'payments' } });
    expect([await rawCount(open.url, cluster), await countByUuid(open.url, cluster)]).toEqual([2, 1]);
  });
});

describe('counting by uuid', () => {
  const naive = (cluster: string, range: string) =>
    `sum(max_over_time({service_name="falco", cluster="${cluster}"} | unwrap n [${range}]) by (uuid))`;

  test('works past the limit of 500 series and past an hour, where a nested max does not', async () => {
    const cluster = newCluster();
    const writer = writerTo(open.url);
    const entries = names(600).map((uuid, index) => entryOf(cluster, uuid, { ageMs: index < 100 ? 90 * 60_000 : 0 }));
    const summary = entryOf(cluster, 'window', { metadata: { n: '40' } });
    expect(await pushAll(writer, [...entries, summary])).toEqual([...entries, summary].map(() => STORED));
    expect(await countByUuid(open.url, cluster)).toBe(640);
    expect(await instant(open.url, naive(cluster, '24h'))).toBe(540);
  });

  test('counts a copy in a late stream once, even where Loki divides the query by streams', async () => {
    const [cluster, tenant] = [newCluster(), 'small-shards'];
    const writer = writerTo(tenants.url, { tenant });
    const filler = names(50).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid) }));
    const copy = entryOf(cluster, 'copied', { line: lineOf('copied') });
    await pushAll(writer, [...filler, copy]);
    for (const late_hour of ['a', 'b', 'c', 'd']) {
      await writer.push({ ...copy, labels: { ...copy.labels, late_hour } });
    }
    expect(await countByUuid(tenants.url, cluster, tenant)).toBe(51);
    // Only what lies in the store is divided.
    await fetch(`${tenants.url}/flush`, { method: 'POST', headers: { connection: 'close' } });
    for (let asked = 0; (await instant(tenants.url, naive(cluster, '1h'), tenant)) === 51; asked += 1) {
      if (asked > 1_000) throw new Error('Loki never divided the query');
    }
    expect(await countByUuid(tenants.url, cluster, tenant)).toBe(51);
  });
});

test('hostile uuids are found as themselves and as nothing else', async () => {
  const cluster = newCluster();
  const writer = writerTo(open.url);
  const uuids = [
    'a"} or vector(1) #',
    'b|c',
    '.*',
    '\\',
    '`',
    '")|~"',
    'new\nline',
    '日本🦅',
    '\ud800x',
    'a'.repeat(300),
  ];
  for (const uuid of uuids) {
    const entry = entryOf(cluster, uuid);
    expect([uuid, await writer.has(entry)]).toEqual([uuid, false]);
    expect([uuid, await writer.push(entry)]).toEqual([uuid, STORED]);
    expect([uuid, await writer.has(entry)]).toEqual([uuid, true]);
  }
  const asked = [...uuids, 'b', 'c', 'new'].map((uuid) => entryOf(cluster, uuid));
  expect(await Promise.all(asked.map((entry) => writer.has(entry)))).toEqual([
    ...uuids.map(() => true),
    false,
    false,
    false,
  ]);
});

test('Loki killed in the middle of a load: who looks before trying again loses nothing and counts nothing twice', async () => {
  const cluster = newCluster();
  const writer = writerTo(open.url, { pushTimeoutMs: 2_000 });
  const failures: string[] = [];
  let firstAnswer = (): void => {};
  const answered = new Promise<void>((resolve) => {
    firstAnswer = resolve;
  });
  const load = (async () => {
    for (let wave = 0; wave < 30; wave += 1) {
      const uuids = names(40).map((name) => `${wave}-${name}`);
      await Promise.all(
        uuids.map((uuid) => deliver(writer, entryOf(cluster, uuid, { line: lineOf(uuid) }), { failures })),
      );
      firstAnswer();
    }
  })();
  await answered;
  await open.restart('SIGKILL');
  await load;
  expect(failures.length).toBeGreaterThan(0);
  expect(await countByUuid(open.url, cluster)).toBe(1_200);
  const raw = await rawCount(open.url, cluster);
  expect(raw).toBeGreaterThanOrEqual(1_200);
  expect(raw).toBeLessThanOrEqual(1_240);
});
