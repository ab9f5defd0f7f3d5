/** The writer on a real Loki: groups, what Loki refuses of them, and what comes too late. */

import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { type Loki, startLoki } from './programs/loki.ts';
import {
  closeWriters,
  countByUuid,
  entryOf,
  HOUR_MS,
  instant,
  lineOf,
  names,
  newCluster,
  pushAll,
  rawCount,
  rawPush,
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
    overrides: { 'short-lines': { max_line_size: 2_000 } },
  });
});

afterEach(closeWriters);

afterAll(async () => {
  await Promise.all([open?.stop(), tenants?.stop()]);
});

describe('the two-stream trap', () => {
  test('a push of two streams is answered 204 though an entry of the first is lost', async () => {
    const [first, second] = [newCluster(), newCluster()];
    expect(await rawPush(open.url, [entryOf(first, 'newest')])).toEqual({ status: 204, text: '' });
    const behind = entryOf(first, 'behind', { ageMs: 2 * HOUR_MS });
    expect((await rawPush(open.url, [behind])).status).toBe(400);
    expect((await rawPush(open.url, [behind, entryOf(second, 'good')])).status).toBe(204);
    expect(await countByUuid(open.url, first)).toBe(1);
    expect(await writerTo(open.url).has(behind)).toBe(false);
  });

  test('our writer loses nothing of the same entries', async () => {
    const [first, second] = [newCluster(), newCluster()];
    const writer = writerTo(open.url);
    await writer.push(entryOf(first, 'newest'));
    const behind = entryOf(first, 'behind', { ageMs: 2 * HOUR_MS });
    expect(await pushAll(writer, [behind, entryOf(second, 'good')])).toEqual([STORED, STORED]);
    expect(await countByUuid(open.url, first)).toBe(2);
    expect(await countByUuid(open.url, second)).toBe(1);
  });
});

describe('a group', () => {
  test('100 entries at once need at most two pushes, and each is found', async () => {
    const cluster = newCluster();
    const writer = writerTo(open.url);
    const entries = names(100).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid) }));
    expect(await pushAll(writer, entries)).toEqual(entries.map(() => STORED));
    expect(writer.pushes).toBeLessThanOrEqual(2);
    expect(await Promise.all(entries.map((entry) => writer.has(entry)))).toEqual(entries.map(() => true));
    expect(await writer.has(entryOf(cluster, 'entry'))).toBe(false);
    expect([await rawCount(open.url, cluster), await countByUuid(open.url, cluster)]).toEqual([100, 100]);
  });

  test("bad entries are refused with Loki's words, the good ones of a large group are stored once", async () => {
    const cluster = newCluster();
    const writer = writerTo(tenants.url, { tenant: 'short-lines' });
    const bad = new Set(['entry-7', 'entry-300', 'entry-301']);
    const entries = names(500).map((uuid) =>
      entryOf(cluster, uuid, { line: lineOf(uuid, bad.has(uuid) ? 3_000 : 1_500) }),
    );
    const outcomes = await pushAll(writer, entries);
    entries.forEach(({ metadata: { uuid = '' } }, index) => {
      const words = expect.stringMatching(/max entry size '2000' bytes exceeded .* with length '30\d\d' bytes/);
      expect([uuid, outcomes[index]]).toEqual([uuid, bad.has(uuid) ? { kind: 'refused', detail: words } : STORED]);
    });
    expect(await rawCount(tenants.url, cluster, 'short-lines')).toBe(497);
    expect(await countByUuid(tenants.url, cluster, 'short-lines')).toBe(497);
  });

  test.each([
    ['too old', { ageMs: 8 * 24 * HOUR_MS }, /timestamp too old/],
    ['too far ahead', { ageMs: -HOUR_MS }, /timestamp too new/],
    ['too long a line', { line: 'x'.repeat(262_145) }, /max entry size '262144' bytes exceeded/],
    [
      'more than 128 metadata',
      { metadata: Object.fromEntries(Array.from({ length: 130 }, (_, index) => [`m${index}`, 'v'])) },
      /too many structured metadata labels/,
    ],
    ['too large metadata', { metadata: { big: 'x'.repeat(66_000) } }, /structured metadata too large/],
  ])("%s: refused with Loki's words, its neighbours are stored", async (_name, changes, words) => {
    const cluster = newCluster();
    const entries = [entryOf(cluster, 'before'), entryOf(cluster, 'bad', changes), entryOf(cluster, 'after')];
    const outcomes = await pushAll(writerTo(open.url), entries);
    expect(outcomes).toEqual([STORED, { kind: 'refused', detail: expect.stringMatching(words) }, STORED]);
    expect(await rawCount(open.url, cluster)).toBe(2);
  });

  test('a metadata name of underscores is answered 500 for ever; ours are stored', async () => {
    const cluster = newCluster();
    const entry = entryOf(cluster, 'named', { metadata: { ___: 'kept' } });
    expect((await rawPush(open.url, [entry])).status).toBe(500);
    expect(await writerTo(open.url).push(entry)).toEqual(STORED);
    expect(await instant(open.url, `sum(count_over_time({cluster="${cluster}"} | unnamed_5f5f5f="kept" [1h]))`)).toBe(
      1,
    );
  });

  test('what is too large inside Loki is split', async () => {
    const cluster = newCluster();
    const entries = names(9).map((uuid) => entryOf(cluster, uuid, { line: lineOf(uuid, 100_000) }));
    const writer = writerTo(tenants.url, { tenant: 'large' });
    expect(await pushAll(writer, entries)).toEqual(entries.map(() => STORED));
    expect(writer.pushes).toBeGreaterThan(1);
    expect(await rawCount(tenants.url, cluster, 'large')).toBe(9);
  });
});

describe('too far behind its stream', () => {
  test('an entry goes to the stream of its hour, is found, and counts once', async () => {
    const cluster = newCluster();
    const writer = writerTo(open.url);
    const late = entryOf(cluster, 'late', { ageMs: 2 * HOUR_MS });
    expect(await pushAll(writer, [entryOf(cluster, 'newest')])).toEqual([STORED]);
    expect(await writer.push(late)).toEqual(STORED);
    expect(await writer.has(late)).toBe(true);
    expect(await countByUuid(open.url, cluster)).toBe(2);
    const hour = new Date(Number(late.timestampNs) / 1e6).toISOString().slice(0, 13);
    expect(await instant(open.url, `sum(count_over_time({cluster="${cluster}", late_hour="${hour}"}[24h]))`)).toBe(1);
  });

  test('of a group only what is behind goes there', async () => {
    const cluster = newCluster();
    const writer = writerTo(open.url);
    await writer.push(entryOf(cluster, 'newest'));
    const ages = [0.2, 0.9, 0.99, 1.02, 1.05, 1.3].map((hours) => hours * HOUR_MS);
    const entries = ages.map((ageMs, index) => entryOf(cluster, `entry-${index}`, { ageMs }));
    expect(await pushAll(writer, entries)).toEqual(entries.map(() => STORED));
    const late = await instant(open.url, `sum(count_over_time({cluster="${cluster}", late_hour!=""}[24h]))`);
    expect([late, await rawCount(open.url, cluster), await countByUuid(open.url, cluster)]).toEqual([3, 7, 7]);
  });
});
