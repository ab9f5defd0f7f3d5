import { afterEach, describe, expect, test } from '@jest/globals';
import { createLoki } from '../../functions/adapters/loki/writer.ts';
import { createLocalLoki } from '../../functions/local/loki.ts';
import type { StoredEntry } from '../../functions/local/loki-query.ts';
import { after, entryOf, NOW_MS, serve } from '../adapters/loki/support.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function start(maxEntries?: number) {
  const local = createLocalLoki({ clock: () => NOW_MS, ...(maxEntries ? { maxEntries } : {}) });
  const server = await serve(async (request, response) => {
    if (!(await local.handle(request, response))) response.writeHead(404).end('not ours');
  });
  const writer = createLoki({ url: server.url, clock: () => NOW_MS, after });
  closing.push(() => writer.close(), server.close);
  const query = async (logql: string, parameters: Record<string, string> = {}) => {
    const response = await fetch(
      `${server.url}/loki/api/v1/query_range?${new URLSearchParams({ query: logql, ...parameters })}`,
    );
    const text = await response.text();
    return response.ok ? JSON.parse(text).data.result : text;
  };
  return { local, writer, query, url: server.url };
}

const STORED = { kind: 'stored' };

describe('the real writer against the local log', () => {
  test('what is pushed is stored once, listed and found', async () => {
    const { local, writer, query } = await start();
    const entry = entryOf('a-1', { line: '{"output":"é 🦅"}' });
    expect(await writer.has(entry)).toBe(false);
    expect(await writer.push(entry)).toEqual(STORED);
    expect(await writer.push(entry)).toEqual(STORED);
    expect(await writer.has(entry)).toBe(true);
    expect(await writer.has(entryOf('a-2'))).toBe(false);
    const labels = { ...entry.labels, service_name: 'falco' };
    expect(local.entries()).toEqual([
      { labels, timestampNs: entry.timestampNs, line: entry.line, metadata: entry.metadata },
    ]);
    expect(await query('{service_name="falco"}')).toEqual([
      { stream: { ...labels, ...entry.metadata }, values: [[entry.timestampNs, entry.line]] },
    ]);
  });

  test('what the relay says of itself is found by its own service, and counts as no event', async () => {
    const { writer, query } = await start();
    const labels = { service_name: 'falco-relay' };
    const said = entryOf('health 1', { labels, metadata: { kind: 'health', open: '2' } });
    expect(await writer.push(said)).toEqual(STORED);
    expect(await query('{service_name="falco-relay"} | kind="health" | open!="0"')).toEqual([
      { stream: { ...labels, ...said.metadata }, values: [[said.timestampNs, said.line]] },
    ]);
    expect(await query('{service_name="falco"}')).toEqual([]);
  });

  test('the same line with another uuid is another entry', async () => {
    const { local, writer } = await start();
    await writer.push(entryOf('a', { line: 'same' }));
    await writer.push(entryOf('b', { line: 'same' }));
    expect(local.entries()).toHaveLength(2);
  });

  test("bad entries of a group are refused in words like Loki's, the good ones are stored once", async () => {
    const { local, writer } = await start();
    const entries = [
      entryOf('good-1'),
      entryOf('old', { ageMs: 8 * 24 * 3_600_000 }),
      entryOf('ahead', { ageMs: -11 * 60_000 }),
      entryOf('long', { line: 'x'.repeat(262_145) }),
      entryOf('good-2'),
    ];
    const outcomes = await Promise.all(entries.map((entry) => writer.push(entry)));
    expect(outcomes).toEqual([
      STORED,
      { kind: 'refused', detail: expect.stringContaining('timestamp too old') },
      { kind: 'refused', detail: expect.stringContaining('timestamp too new') },
      { kind: 'refused', detail: expect.stringContaining("max entry size '262144' bytes exceeded") },
      STORED,
    ]);
    expect(local.entries().map(({ metadata }) => metadata.uuid)).toEqual(['good-1', 'good-2']);
  });

  test('too far behind goes to a stream of its own hour and is found there', async () => {
    const { local, writer } = await start();
    await writer.push(entryOf('now'));
    const late = entryOf('late', { ageMs: 3 * 3_600_000 });
    expect(await writer.push(late)).toEqual(STORED);
    expect(local.entries()[1]?.labels.late_hour).toBe('2026-11-23T11');
    expect(await writer.has(late)).toBe(true);
  });

  test('while broken it is unavailable, and look-ups throw', async () => {
    const { local, writer } = await start();
    local.broken = true;
    expect(await writer.push(entryOf('a'))).toMatchObject({ kind: 'unavailable', reason: 'loki-unavailable' });
    await expect(writer.has(entryOf('a'))).rejects.toThrow('503');
    local.broken = false;
    expect(await writer.push(entryOf('a'))).toEqual(STORED);
  });

  test('it keeps the newest, and tells listeners of each', async () => {
    const { local, writer } = await start(10);
    const heard: StoredEntry[] = [];
    const end = local.onEntry((entry) => heard.push(entry));
    for (let index = 0; index < 25; index += 1) await writer.push(entryOf(`${index}`));
    expect(heard).toHaveLength(25);
    expect(local.entries().length).toBeLessThanOrEqual(10);
    expect(local.entries().at(-1)?.metadata.uuid).toBe('24');
    end();
    await writer.push(entryOf('more'));
    expect(heard).toHaveLength(25);
  });
});

describe('queries', () => {
  const uuids = (streams: { stream: { uuid: string } }[]): string[] => streams.map(({ stream }) => stream.uuid);

  test.each([
    ['by label', '{service_name="falco", cluster="payments-eu1"}', ['b', 'a']],
    ['by another label', '{cluster="other"}', []],
    ['by regular expression', '{cluster=~"payments-.*", cluster!~"x|y"}', ['b', 'a']],
    ['not equal', '{cluster!="payments-eu1"}', []],
    ['by metadata', '{service_name="falco"} | uuid="a"', ['a']],
    ['by part of the line', '{service_name="falco"} |= "\\"a\\""', ['a']],
    ['without part of the line', '{service_name="falco"} != `"a"`', ['b']],
    ['by a pattern in the line', '{service_name="falco"} |~ "uuid.*b" | n=~"[0-9]+"', ['b']],
  ])('%s', async (_name, logql, expected) => {
    const { writer, query } = await start();
    await writer.push(entryOf('a', { ageMs: 1_000 }));
    await writer.push(entryOf('b'));
    expect(uuids(await query(logql))).toEqual(expected);
  });

  test('newest first unless told, within the range, up to the limit', async () => {
    const { writer, query } = await start();
    for (const [uuid, ageMs] of [
      ['a', 2_000],
      ['b', 1_000],
      ['c', 0],
    ] as const)
      await writer.push(entryOf(uuid, { ageMs }));
    const all = '{service_name="falco"}';
    const start_ = String(BigInt(NOW_MS - 1_000) * 1_000_000n);
    const end = String(BigInt(NOW_MS) * 1_000_000n);
    expect(uuids(await query(all, { limit: '2' }))).toEqual(['c', 'b']);
    expect(uuids(await query(all, { direction: 'forward', limit: '2' }))).toEqual(['a', 'b']);
    expect(uuids(await query(all, { start: start_, end }))).toEqual(['b']);
  });

  test.each(['', '{', '{a=b}', '{a="b"} | json', '{a="b"} |= '])('%j is refused', async (logql) => {
    const { query } = await start();
    expect(await query(logql)).toMatch(/parse error/);
  });
});

describe('what is no push', () => {
  test.each([
    ['nothing', ''],
    ['text', 'hello'],
    ['a snappy block with a copy', '\x05\x01\x00'],
  ])('%s is refused', async (_name, body) => {
    const { url, local } = await start();
    const response = await fetch(`${url}/loki/api/v1/push`, { method: 'POST', body });
    expect(response.status).toBe(400);
    expect(local.entries()).toHaveLength(0);
  });

  test('another path is not touched', async () => {
    const { url } = await start();
    const response = await fetch(`${url}/other`, { method: 'POST', body: 'x' });
    expect([response.status, await response.text()]).toEqual([404, 'not ours']);
  });
});
