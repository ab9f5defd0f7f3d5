/** The model of Loki: each check of a push, what is recognised and forgotten, and what a query sees. */

import { describe, expect, test } from '@jest/globals';
import { type Answer, classify } from '../../functions/adapters/loki/classify.ts';
import { lookupQuery } from '../../functions/adapters/loki/lookup.ts';
import { streamLabels } from '../../functions/adapters/loki/names.ts';
import { encodeEntry, encodePush } from '../../functions/adapters/loki/protobuf.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { entryOf as entryAt, NOW_MS } from '../adapters/loki/support.ts';
import type { LokiModelLimits } from './loki-limits.ts';
import { createLokiModel } from './loki-model.ts';
import { joinPushes } from './loki-pushes.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const TIMEOUT_MS = 1_000;

type Changes = Parameters<typeof entryAt>[1];

function start(limits: LokiModelLimits = {}) {
  let now = NOW_MS;
  const loki = createLokiModel({ clock: () => now, limits });
  const bodyOf = (entries: readonly LogEntry[]): Buffer =>
    encodePush(streamLabels({ ...entries[0]?.labels, service_name: 'falco' }), entries.map(encodeEntry));
  async function send(body: Uint8Array): Promise<Answer> {
    const response = await loki.push(body, TIMEOUT_MS);
    return classify(response.status, String(response.body));
  }
  return {
    loki,
    limits,
    entryOf: (uuid: string, changes: Changes = {}) => entryAt(uuid, { now, ...changes }),
    push: (...entries: readonly LogEntry[]) => send(bodyOf(entries)),
    pushStreams: (...streams: readonly LogEntry[][]) => send(joinPushes(streams.map(bodyOf))),
    uuids: () => loki.entries().map(({ metadata }) => metadata.uuid),
    /** How many lines a look-up is answered with. */
    async found(entry: LogEntry): Promise<number> {
      const time = BigInt(entry.timestampNs);
      const range = { startNs: String(time - 1_000_000_000n), endNs: String(time + 1_000_000_000n) };
      const { status, body } = await loki.queryRange({ query: lookupQuery([entry]), ...range, limit: 10 }, TIMEOUT_MS);
      expect(status).toBe(200);
      const { result } = JSON.parse(String(body)).data as { result: { values: unknown[] }[] };
      return result.reduce((sum, { values }) => sum + values.length, 0);
    },
    pass(ms: number): void {
      now += ms;
      loki.advance(now);
    },
  };
}

describe('an entry', () => {
  const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 'v']));

  test.each<[string, Answer['kind'], Changes]>([
    ['of now', 'stored', {}],
    ['a week old', 'stored', { ageMs: 7 * 24 * HOUR_MS }],
    ['older than a week', 'refused', { ageMs: 7 * 24 * HOUR_MS + 1 }],
    ['ten minutes ahead', 'stored', { ageMs: -10 * MINUTE_MS }],
    ['further ahead', 'refused', { ageMs: -10 * MINUTE_MS - 1 }],
    ['with the longest line', 'stored', { line: 'x'.repeat(262_144) }],
    ['with a longer line', 'refused', { line: 'x'.repeat(262_145) }],
    ['with 128 pieces of metadata', 'stored', { metadata: many(124) }],
    ['with one more', 'refused', { metadata: many(125) }],
    ['with too much metadata', 'refused', { metadata: { big: 'x'.repeat(65_536) } }],
    ['with 15 labels and service_name', 'stored', { labels: many(15) }],
    ['with one label more', 'refused', { labels: many(16) }],
    ['with the longest label', 'stored', { labels: { big: 'x'.repeat(2_048) } }],
    ['with a longer label', 'refused', { labels: { big: 'x'.repeat(2_049) } }],
  ])('%s: %s', async (_name, kind, changes) => {
    const { push, entryOf, uuids } = start();
    expect(await push(entryOf('a', changes))).toMatchObject({ kind });
    expect(uuids()).toEqual(kind === 'stored' ? ['a'] : []);
  });

  test('that is refused costs the others of its push nothing', async () => {
    const { push, entryOf, uuids } = start();
    const old = entryOf('old', { ageMs: 8 * 24 * HOUR_MS });
    expect(await push(entryOf('a'), old, entryOf('b'))).toMatchObject({ kind: 'refused' });
    expect(uuids()).toEqual(['a', 'b']);
  });
});

describe('order', () => {
  test('an hour behind the newest is taken, more is not', async () => {
    const { push, entryOf, uuids } = start();
    await push(entryOf('new'));
    expect(await push(entryOf('edge', { ageMs: HOUR_MS }))).toEqual({ kind: 'stored' });
    expect(await push(entryOf('late', { ageMs: HOUR_MS + 1 }))).toMatchObject({ kind: 'behind', all: 1 });
    expect(uuids()).toEqual(['new', 'edge']);
  });

  test('of several, those in time are stored, and Loki says how many it ignored', async () => {
    const { push, entryOf, uuids } = start();
    const late = ['x', 'y'].map((uuid) => entryOf(uuid, { ageMs: 2 * HOUR_MS }));
    expect(await push(entryOf('new'), ...late)).toMatchObject({ kind: 'behind', all: undefined });
    expect(uuids()).toEqual(['new']);
    expect(await push(...late)).toMatchObject({ kind: 'behind', all: 2 });
  });

  test('a stream that was idle long enough is forgotten, and takes anything again', async () => {
    const { push, entryOf, pass } = start();
    await push(entryOf('new'));
    const late = entryOf('late', { ageMs: 2 * HOUR_MS });
    pass(29 * MINUTE_MS);
    expect(await push(late)).toMatchObject({ kind: 'behind' });
    pass(2 * MINUTE_MS);
    expect(await push(late)).toEqual({ kind: 'stored' });
  });
});

describe('a repeated entry', () => {
  const filler = (entryOf: (uuid: string, changes?: Changes) => LogEntry, count: number, bytes: number) =>
    Array.from({ length: count }, (_, index) => entryOf(`filler-${index}`, { line: 'x'.repeat(bytes) }));

  test('is recognised while its block is open, whatever came between', async () => {
    const { push, entryOf, uuids } = start();
    const entry = entryOf('a');
    for (const next of [entry, entryOf('b'), entry]) expect(await push(next)).toEqual({ kind: 'stored' });
    expect(uuids()).toEqual(['a', 'b']);
  });

  test('is stored twice once its block was cut, and seen once', async () => {
    const { push, entryOf, uuids, found } = start();
    const entry = entryOf('a');
    await push(entry, ...filler(entryOf, 190, 1_400));
    await push(entry);
    expect(uuids().filter((uuid) => uuid === 'a')).toHaveLength(2);
    expect(await found(entry)).toBe(1);
  });

  test('the last one is recognised across blocks', async () => {
    const { push, entryOf, uuids } = start();
    const entry = entryOf('a', { line: 'x'.repeat(262_144) });
    await push(entry);
    await push(entry);
    expect(uuids()).toEqual(['a']);
  });

  test('with other metadata is another entry', async () => {
    const { push, entryOf, uuids } = start();
    await push(entryOf('a'));
    await push(entryOf('a', { metadata: { more: '1' } }));
    expect(uuids()).toEqual(['a', 'a']);
  });
});

describe('limits', () => {
  test('a tenant over its burst is throttled, and stores nothing', async () => {
    const { push, entryOf, uuids, pass } = start({ tenantRate: 1_000, tenantBurst: 2_000 });
    const entries = ['a', 'b'].map((uuid) => entryOf(uuid, { line: 'x'.repeat(900) }));
    expect(await push(...entries, entryOf('c', { line: 'x'.repeat(900) }))).toMatchObject({ scope: 'tenant' });
    expect(await push(...entries)).toEqual({ kind: 'stored' });
    expect(await push(entryOf('d', { line: 'x'.repeat(900) }))).toMatchObject({ scope: 'tenant' });
    pass(1_000);
    expect(await push(entryOf('d', { line: 'x'.repeat(900) }))).toEqual({ kind: 'stored' });
    expect(uuids()).toEqual(['a', 'b', 'd']);
  });

  test('a stream over its burst stores what it still allowed', async () => {
    const { push, entryOf, uuids } = start({ streamRate: 1, streamBurst: 2_500 });
    const entries = ['a', 'b', 'c'].map((uuid) => entryOf(uuid, { line: 'x'.repeat(1_000) }));
    expect(await push(...entries)).toMatchObject({ kind: 'throttled', scope: 'stream' });
    expect(uuids()).toEqual(['a', 'b']);
  });

  test('one stream too many is throttled', async () => {
    const { push, entryOf } = start({ streams: 1 });
    await push(entryOf('a'));
    expect(await push(entryOf('b', { labels: { other: '1' } }))).toMatchObject({ scope: 'streams' });
  });

  test('a push that is too large for an ingester is not stored', async () => {
    const { push, entryOf, uuids } = start({ messageBytes: 5_000 });
    expect(await push(entryOf('a', { line: 'x'.repeat(5_000) }))).toMatchObject({ kind: 'too-large' });
    expect(uuids()).toEqual([]);
  });

  test.each([
    [260, { kind: 'unavailable', reason: 'loki-blocked' }],
    [400, { kind: 'unavailable', reason: 'loki-blocked' }],
    [200, { kind: 'stored' }],
  ])('blocked with %d stores nothing', async (blockedStatus, answer) => {
    const { push, entryOf, uuids } = start({ blockedStatus });
    expect(await push(entryOf('a'))).toMatchObject(answer);
    expect(uuids()).toEqual([]);
  });
});

describe('a push with several streams', () => {
  const other = { labels: { cluster: 'other' } };

  test('loses a refusal of a stream before the last', async () => {
    const { push, pushStreams, entryOf, uuids } = start();
    await push(entryOf('new'));
    const late = entryOf('late', { ageMs: 2 * HOUR_MS });
    expect(await pushStreams([late], [entryOf('good', other)])).toEqual({ kind: 'stored' });
    expect(uuids()).toEqual(['new', 'good']);
    expect(await pushStreams([entryOf('more', other)], [late])).toMatchObject({ kind: 'behind' });
    expect(uuids()).toEqual(['new', 'good', 'more']);
  });

  test('is told of an entry that is refused for itself', async () => {
    const { pushStreams, entryOf, uuids } = start();
    const old = entryOf('old', { ageMs: 8 * 24 * HOUR_MS });
    expect(await pushStreams([old], [entryOf('good', other)])).toMatchObject({ kind: 'refused' });
    expect(uuids()).toEqual(['good']);
  });
});

describe('a look-up', () => {
  test('sees each entry with its uuid, and nothing of another uuid', async () => {
    const { push, entryOf, found } = start();
    const [a, b] = ['a', 'b'].map((uuid) => entryOf(uuid)) as [LogEntry, LogEntry];
    await push(a);
    await push({ ...a, metadata: { ...a.metadata, more: '1' } });
    expect([await found(a), await found(b)]).toEqual([2, 0]);
  });

  test('sees what is older than the window of the ingesters only once it was flushed', async () => {
    const { push, entryOf, found, pass } = start();
    const [young, old] = [160, 162].map((minutes) => entryOf(`m${minutes}`, { ageMs: minutes * MINUTE_MS }));
    await push(old as LogEntry);
    await push({ ...(young as LogEntry), labels: { ...young?.labels, late_hour: '1' } });
    expect([await found(young as LogEntry), await found(old as LogEntry)]).toEqual([1, 0]);
    pass(31 * MINUTE_MS);
    expect([await found(young as LogEntry), await found(old as LogEntry)]).toEqual([1, 1]);
  });
});

test('a fault answers instead, after as many entries as it says', async () => {
  const { loki, push, entryOf, uuids } = start();
  loki.fault = () => ({ status: 500, body: 'broken', stored: 1 });
  expect(await push(entryOf('a'), entryOf('b'))).toMatchObject({ reason: 'loki-unavailable' });
  loki.fault = undefined;
  expect(await push(entryOf('c'))).toEqual({ kind: 'stored' });
  expect(uuids()).toEqual(['a', 'c']);
});
