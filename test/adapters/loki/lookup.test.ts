import { afterEach, describe, expect, test } from '@jest/globals';
import { lookupQuery } from '../../../functions/adapters/loki/lookup.ts';
import { createLoki } from '../../../functions/adapters/loki/writer.ts';
import { parseLogQuery } from '../../../functions/local/logql.ts';
import { after, entryOf, NOW_MS, type ScriptedLoki, scriptedLoki, serve } from './support.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

async function writerFor(stored: () => Iterable<string> | undefined) {
  const loki: ScriptedLoki = await scriptedLoki({ push: () => ({ status: 204 }), stored });
  const writer = createLoki({ url: loki.url, tenant: 'security', clock: () => NOW_MS, after });
  closing.push(() => writer.close(), loki.close);
  return { loki, writer };
}

const HOSTILE = [
  'a"} or vector(1) #',
  'b|c',
  '.*',
  '\\',
  '`',
  '")|~"',
  'new\nline',
  '\0',
  '{{.uuid}}',
  '日本🦅',
  'a'.repeat(300),
];

describe('lookupQuery', () => {
  test('asks by uuid within project and cluster, and for nothing else', () => {
    expect(lookupQuery([entryOf('a-1')])).toBe(
      '{service_name="falco", project="acme-prod", cluster="payments-eu1"} | uuid="a-1" | keep uuid | line_format ""',
    );
    expect(lookupQuery([entryOf('a'), entryOf('b.c')])).toContain(String.raw`| uuid=~"a|b\\.c" |`);
  });

  test.each(HOSTILE)('%j means only itself, alone and among others', (uuid) => {
    for (const group of [[entryOf(uuid)], [entryOf(uuid), entryOf('other')]]) {
      const query = parseLogQuery(lookupQuery(group));
      expect(query.entry('', { uuid })).toBe(true);
      for (const other of [...HOSTILE, 'b', 'c', 'x', '']) {
        if (other !== uuid) expect([other, query.entry('', { uuid: other })]).toEqual([other, false]);
      }
    }
  });

  test('labels that are hostile stay in their quotes', () => {
    const entry = entryOf('a', { labels: { project: '"} | x="', cluster: 'c' } });
    expect(parseLogQuery(lookupQuery([entry])).stream({ ...entry.labels, service_name: 'falco' })).toBe(true);
  });
});

describe('has', () => {
  test('is true for what Loki names and false for the rest, in one query', async () => {
    const { loki, writer } = await writerFor(() => ['a', 'c']);
    const answers = await Promise.all(['a', 'b', 'c', 'a'].map((uuid) => writer.has(entryOf(uuid))));
    expect(answers).toEqual([true, false, true, true]);
    expect(loki.queries).toHaveLength(1);
    expect(loki.requests[0]?.headers).toMatchObject({ 'x-scope-orgid': 'security', 'cache-control': 'no-cache' });
  });

  test('looks around the time of the entries', async () => {
    const { loki, writer } = await writerFor(() => []);
    await Promise.all([writer.has(entryOf('a')), writer.has(entryOf('b', { ageMs: 60_000 }))]);
    const [query] = loki.queries;
    expect(query?.get('start')).toBe(String(BigInt(NOW_MS - 61_000) * 1_000_000n));
    expect(query?.get('end')).toBe(String(BigInt(NOW_MS + 1_000) * 1_000_000n));
  });

  test('other clusters and other hours are asked apart', async () => {
    const { loki, writer } = await writerFor(() => []);
    const others = [entryOf('a'), entryOf('b', { labels: { cluster: 'x' } }), entryOf('c', { ageMs: 3_600_000 })];
    await Promise.all(others.map((entry) => writer.has(entry)));
    expect(loki.queries).toHaveLength(3);
  });

  test('a query stays within what a gateway takes', async () => {
    const { loki, writer } = await writerFor(() => []);
    const uuids = Array.from({ length: 250 }, (_, index) => `${index}`.padStart(36, '0'));
    await Promise.all(uuids.map((uuid) => writer.has(entryOf(uuid))));
    expect(loki.queries.length).toBeGreaterThanOrEqual(3);
    for (const request of loki.requests) expect(request.url?.length).toBeLessThan(8_000);
  });

  test('a full answer is asked again for what it did not name', async () => {
    const answers = [Array(20).fill('a'), ['b']];
    const { loki, writer } = await writerFor(() => answers.shift() ?? []);
    expect(await Promise.all([writer.has(entryOf('a')), writer.has(entryOf('b'))])).toEqual([true, true]);
    expect(loki.queries[1]?.get('query')).toContain('uuid="b"');
  });

  test('an entry without uuid is not stored as far as anyone can tell', async () => {
    const { loki, writer } = await writerFor(() => []);
    expect(await writer.has(entryOf(''))).toBe(false);
    expect(loki.queries).toHaveLength(0);
  });

  test.each([
    ['500', 500, ''],
    ['401', 401, 'no org id'],
    ['no JSON', 200, '<html>'],
    ['another kind of answer', 200, '{"data":{"resultType":"matrix","result":[]}}'],
    ['an answer to a push', 204, ''],
  ])('throws on %s', async (_name, status, text) => {
    const server = await serve((_request, response) => response.writeHead(status).end(text));
    const writer = createLoki({ url: server.url, clock: () => NOW_MS, after });
    closing.push(() => writer.close(), server.close);
    await expect(writer.has(entryOf('a'))).rejects.toThrow(/Loki/);
  });

  test('throws when Loki hangs', async () => {
    const server = await serve(() => {});
    const writer = createLoki({ url: server.url, clock: () => NOW_MS, after, lookupTimeoutMs: 50 });
    closing.push(server.close);
    await expect(writer.has(entryOf('a'))).rejects.toThrow('no answer within 50 ms');
  });
});
