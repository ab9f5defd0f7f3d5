import { afterEach, describe, expect, test } from '@jest/globals';
import type { PushedStream } from '../../../functions/local/loki-push.ts';
import { closeAll, entryOf, type Script, STORED, uuidsOf, writerFor } from './support.ts';

afterEach(closeAll);

const hasAny = (stream: PushedStream, bad: ReadonlySet<string>): boolean =>
  uuidsOf(stream).some((uuid) => bad.has(uuid));

describe('a refused group', () => {
  const names = Array.from({ length: 20 }, (_, index) => `entry-${String(index).padStart(2, '0')}`);
  const bad = new Set(['entry-03', 'entry-11']);

  /** Stores the good entries of a refused push, as Loki does, and counts each time. */
  function likeLoki(stored: Map<string, number>): Script['push'] {
    return (stream) => {
      for (const uuid of uuidsOf(stream)) if (!bad.has(uuid)) stored.set(uuid, (stored.get(uuid) ?? 0) + 1);
      return hasAny(stream, bad) ? { status: 400, text: `bad: ${uuidsOf(stream).length}` } : { status: 204 };
    };
  }

  test('what Loki stored of it is looked up, and the bad ones stand alone with its words', async () => {
    const stored = new Map<string, number>();
    const { loki, writer } = await writerFor({ push: likeLoki(stored), stored: () => stored.keys() });
    const outcomes = await Promise.all(names.map((uuid) => writer.push(entryOf(uuid))));
    names.forEach((uuid, index) => {
      const expected = bad.has(uuid) ? { kind: 'refused', detail: 'Loki answered 400: bad: 1' } : STORED;
      expect([uuid, outcomes[index]]).toEqual([uuid, expected]);
    });
    expect([...stored.values()]).toEqual(Array(18).fill(1));
    expect(loki.queries).toHaveLength(1);
    expect(loki.pushes).toHaveLength(3);
  });

  test('is bisected where the look-up fails: nothing is lost', async () => {
    const stored = new Map<string, number>();
    const { loki, writer } = await writerFor({ push: likeLoki(stored), stored: () => undefined });
    const outcomes = await Promise.all(names.map((uuid) => writer.push(entryOf(uuid))));
    names.forEach((uuid, index) => {
      expect([uuid, outcomes[index]?.kind]).toEqual([uuid, bad.has(uuid) ? 'refused' : 'stored']);
    });
    expect(loki.queries).toHaveLength(1);
  });

  test('a failure on the way leaves the rest unavailable, untried', async () => {
    const { loki, writer } = await writerFor({
      push: (_stream, count) => ({ status: count === 1 ? 400 : 503 }),
      stored: () => ['entry-00'],
    });
    const outcomes = await Promise.all(names.map((uuid) => writer.push(entryOf(uuid))));
    expect(outcomes[0]).toEqual(STORED);
    expect(outcomes.slice(1).every((outcome) => outcome.kind === 'unavailable')).toBe(true);
    expect(loki.pushes).toHaveLength(2);
  });
});

describe('too far behind', () => {
  const behind = (ignored: number, of: number) => ({
    status: 400,
    text: `entry with timestamp ignored, reason: 'entry too far behind',\nuser 'fake', total ignored: ${ignored} out of ${of} for stream: {}`,
  });
  const isLate = ({ labels }: PushedStream): boolean => labels.includes('late_hour');

  test('goes to the stream of its own hour, with its own time', async () => {
    const { loki, writer } = await writerFor({ push: (stream) => (isLate(stream) ? { status: 204 } : behind(1, 1)) });
    const entry = entryOf('a', { ageMs: 5 * 3_600_000 });
    expect(await writer.push(entry)).toEqual(STORED);
    expect(loki.pushes[1]?.labels).toContain('late_hour="2026-11-23T09"');
    expect(loki.pushes[1]?.entries[0]?.timestampNs).toBe(entry.timestampNs);
  });

  test('a group that is behind as a whole goes at once, an hour a push, unasked', async () => {
    const { loki, writer } = await writerFor({
      push: (stream) => (isLate(stream) ? { status: 204 } : behind(stream.entries.length, stream.entries.length)),
    });
    const ages = [5.4, 5.45, 5.55, 5.6].map((hours) => hours * 3_600_000);
    const outcomes = await Promise.all(ages.map((ageMs, index) => writer.push(entryOf(`${index}`, { ageMs }))));
    expect(outcomes).toEqual(ages.map(() => STORED));
    expect(loki.pushes.map((stream) => [isLate(stream), uuidsOf(stream)])).toEqual([
      [false, ['3', '2', '1', '0']],
      [true, ['3', '2']],
      [true, ['1', '0']],
    ]);
    expect(loki.queries).toHaveLength(0);
  });

  test('of a group that is behind in part only that part goes there', async () => {
    const { loki, writer } = await writerFor({
      push: (stream, count) =>
        isLate(stream) ? { status: 204 } : behind(count === 1 ? 2 : stream.entries.length, stream.entries.length),
      stored: () => ['c', 'd'],
    });
    const entries = ['a', 'b', 'c', 'd'].map((uuid) => entryOf(uuid, { ageMs: 5 * 3_600_000 }));
    expect(await Promise.all(entries.map((entry) => writer.push(entry)))).toEqual(entries.map(() => STORED));
    expect(loki.pushes.filter(isLate).map(uuidsOf)).toEqual([['a', 'b']]);
  });

  test('refused there as well, it is refused', async () => {
    const { writer } = await writerFor({ push: () => behind(1, 1) });
    expect(await writer.push(entryOf('a'))).toMatchObject({
      kind: 'refused',
      detail: expect.stringContaining('behind'),
    });
  });
});

describe('too much at once', () => {
  test.each([
    ['413', { status: 413 }],
    ['500 of a large message', { status: 500, text: 'received message larger than max (5 vs. 4)' }],
  ])('%s splits until it fits', async (_name, answer) => {
    const { loki, writer } = await writerFor({
      push: ({ entries }) => (entries.length > 3 ? answer : { status: 204 }),
    });
    const names = Array.from({ length: 10 }, (_, index) => `${index}`);
    expect(await Promise.all(names.map((uuid) => writer.push(entryOf(uuid))))).toEqual(names.map(() => STORED));
    expect(
      loki.pushes
        .filter(({ entries }) => entries.length <= 3)
        .flatMap(uuidsOf)
        .sort(),
    ).toEqual(names);
  });

  test('an entry that is too large alone is refused', async () => {
    const { writer } = await writerFor({ push: () => ({ status: 413, text: 'request body too large' }) });
    expect(await writer.push(entryOf('a'))).toEqual({
      kind: 'refused',
      detail: 'Loki answered 413: request body too large',
    });
  });

  const line = 'x'.repeat(40_000);

  test('a push above the burst is split', async () => {
    const { writer } = await writerFor({
      push: ({ entries }) =>
        entries.length > 2 ? { status: 429, text: 'ingestion rate limit exceeded' } : { status: 204 },
    });
    const names = Array.from({ length: 8 }, (_, index) => `${index}`);
    expect(await Promise.all(names.map((uuid) => writer.push(entryOf(uuid, { line }))))).toEqual(
      names.map(() => STORED),
    );
  });

  test('a throttled tenant is not hammered: the first small part that fails ends it', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 429, text: 'ingestion rate limit exceeded' }) });
    const names = Array.from({ length: 16 }, (_, index) => `${index}`);
    const outcomes = await Promise.all(names.map((uuid) => writer.push(entryOf(uuid, { line }))));
    expect(outcomes.every((outcome) => outcome.kind === 'unavailable' && outcome.reason === 'loki-throttled')).toBe(
      true,
    );
    expect(loki.pushes.map(({ entries }) => entries.length)).toEqual([16, 8, 4, 2, 1]);
  });

  test('a throttled stream may have stored a part: that is looked up, the rest waits', async () => {
    const { loki, writer } = await writerFor({
      push: () => ({ status: 429, text: 'Per stream rate limit exceeded' }),
      stored: () => ['0', '1'],
    });
    const outcomes = await Promise.all(['0', '1', '2', '3'].map((uuid) => writer.push(entryOf(uuid, { line }))));
    expect(outcomes.map(({ kind }) => kind)).toEqual(['stored', 'stored', 'unavailable', 'unavailable']);
    expect(loki.pushes).toHaveLength(1);
  });
});
