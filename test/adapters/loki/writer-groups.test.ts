import { afterEach, describe, expect, test } from '@jest/globals';
import { closeAll, entryOf, STORED, uuidsOf, writerFor } from './support.ts';

afterEach(closeAll);

describe('groups', () => {
  test('100 entries that come while a push is under way share the next one', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    const outcomes = await Promise.all(Array.from({ length: 100 }, (_, index) => writer.push(entryOf(`${index}`))));
    expect(outcomes).toEqual(Array(100).fill(STORED));
    expect(loki.pushes.length).toBeLessThanOrEqual(2);
    expect(writer.pushes).toBe(loki.pushes.length);
    expect(new Set(loki.pushes.flatMap(uuidsOf)).size).toBe(100);
  });

  test('one uuid twice in a group is one item', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    expect(await Promise.all([writer.push(entryOf('a')), writer.push(entryOf('a'))])).toEqual([STORED, STORED]);
    expect(loki.pushes.flatMap(uuidsOf)).toEqual(['a']);
  });

  test('each stream has pushes of its own', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    const clusters = ['a', 'b', 'c', 'd', 'e', 'f'];
    await Promise.all(clusters.map((cluster) => writer.push(entryOf(cluster, { labels: { cluster } }))));
    expect(loki.pushes.map(({ labels, entries }) => [labels, entries.length])).toEqual(
      expect.arrayContaining(clusters.map((cluster) => [`{cluster="${cluster}", service_name="falco"}`, 1])),
    );
  });

  test('a group stays below a megabyte', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    const line = 'x'.repeat(100_000);
    await Promise.all(Array.from({ length: 25 }, (_, index) => writer.push(entryOf(`${index}`, { line }))));
    expect(Math.max(...loki.pushes.map(({ entries }) => entries.length))).toBe(9);
  });

  test('a stream that hangs blocks only itself', async () => {
    const { writer } = await writerFor(
      { push: ({ labels }) => (labels.includes('"hanging"') ? undefined : { status: 204 }) },
      { pushTimeoutMs: 300 },
    );
    const order: string[] = [];
    const push = async (cluster: string) => {
      const { kind } = await writer.push(entryOf(cluster, { labels: { cluster } }));
      order.push(`${cluster} ${kind}`);
    };
    await Promise.all([push('hanging'), push('other')]);
    expect(order).toEqual(['other stored', 'hanging unavailable']);
  });

  test('at most four pushes are under way', async () => {
    let underWay = 0;
    let most = 0;
    let fourth = (): void => {};
    const four = new Promise<void>((resolve) => {
      fourth = resolve;
    });
    let release = (): void => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { writer, loki } = await writerFor({
      async push(_stream, count) {
        underWay += 1;
        most = Math.max(most, underWay);
        if (count === 4) fourth();
        await released;
        underWay -= 1;
        return { status: 204 };
      },
      stored: () => [],
    });
    const clusters = Array.from({ length: 10 }, (_, index) => `c${index}`);
    const pushed = clusters.map((cluster) => writer.push(entryOf(cluster, { labels: { cluster } })));
    await four;
    // A fifth one would have come before the answer to this.
    await writer.has(entryOf('other'));
    expect(loki.pushes).toHaveLength(4);
    release();
    expect(await Promise.all(pushed)).toEqual(clusters.map(() => STORED));
    expect(loki.pushes).toHaveLength(10);
    expect(most).toBe(4);
  });

  test('entries go in the order of time, and those an hour apart go apart', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    const ages = { now: 0, 'two hours': 7_200_000, minute: 60_000, 'a bit over two hours': 7_300_000 };
    await Promise.all(Object.entries(ages).map(([uuid, ageMs]) => writer.push(entryOf(uuid, { ageMs }))));
    expect(loki.pushes.map(uuidsOf)).toEqual([
      ['a bit over two hours', 'two hours'],
      ['minute', 'now'],
    ]);
  });

  test.each([
    ['a line that Loki usually refuses', { line: 'x'.repeat(262_145) }],
    ['too much metadata', { metadata: { big: 'x'.repeat(66_000) } }],
    ['too many metadata', { metadata: Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`m${i}`, 'v'])) }],
    ['a timestamp of last week', { ageMs: 8 * 24 * 3_600_000 }],
    ['a timestamp of tomorrow', { ageMs: -24 * 3_600_000 }],
  ])('%s goes alone, so that it spoils no group', async (_name, changes) => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    const entries = [entryOf('a'), entryOf('suspect', changes), entryOf('b')];
    await Promise.all(entries.map((entry) => writer.push(entry)));
    expect(loki.pushes.map(uuidsOf)).toEqual([['a', 'b'], ['suspect']]);
  });
});
