import { afterEach, describe, expect, test } from '@jest/globals';
import { closeAll, entryOf, NOW_MS, type Script, STORED, uuidsOf, writerFor } from './support.ts';

afterEach(closeAll);

const LEFT_ALONE = {
  kind: 'unavailable',
  reason: 'loki-unavailable',
  detail: 'left alone for 5 s after 3 failures',
};

/** How long a push may take. What Loki hangs on has taken so long once it is there, and nothing else does, however slow. */
const LIMIT_MS = 100;

/** A writer whose time the test owns, and pushes one after the other, each to a stream of its own. */
async function setUp(push: Script['push'] | 'hangs', stored?: Script['stored']) {
  const time = { now: NOW_MS };
  const limits = new Set<() => void>();
  const hang: Script['push'] = () => {
    for (const pass of [...limits]) pass();
    return undefined;
  };
  const { loki, writer } = await writerFor(
    { push: push === 'hangs' ? hang : push, ...(stored && { stored }) },
    {
      clock: () => time.now,
      pushTimeoutMs: LIMIT_MS,
      after(ms, run) {
        if (ms === LIMIT_MS) limits.add(run);
        return () => void limits.delete(run);
      },
    },
  );
  const pushOne = (uuid: string) => writer.push(entryOf(uuid, { labels: { cluster: uuid } }));
  const failThrice = async (): Promise<void> => {
    for (const uuid of ['a', 'b', 'c']) expect((await pushOne(uuid)).kind).toBe('unavailable');
  };
  return { time, loki, writer, pushOne, failThrice };
}

describe('a Loki that fails', () => {
  test.each([
    ['hangs', 'hangs'],
    ['answers 500', () => ({ status: 500 })],
    ['answers 503', () => ({ status: 503 })],
  ] satisfies [string, Parameters<typeof setUp>[0]][])(
    '%s: after three failures nothing is sent, and the answer comes at once',
    async (_name, push) => {
      const { time, loki, writer, pushOne, failThrice } = await setUp(push);
      await failThrice();
      time.now += 4_999;
      expect(await pushOne('d')).toEqual(LEFT_ALONE);
      await expect(writer.has(entryOf('d'))).rejects.toThrow(LEFT_ALONE.detail);
      expect(loki.requests).toHaveLength(3);
      expect(writer.pushes).toBe(3);
    },
  );

  test('resets connections: the same', async () => {
    const push: Script['push'] = () => {
      loki.requests.at(-1)?.socket.destroy();
      return undefined;
    };
    const { loki, pushOne, failThrice } = await setUp(push);
    await failThrice();
    expect(await pushOne('d')).toEqual(LEFT_ALONE);
  });

  test('failed look-ups count as well, and hold back pushes', async () => {
    const { loki, writer, pushOne } = await setUp(
      () => ({ status: 204 }),
      () => undefined,
    );
    for (const uuid of ['a', 'b', 'c']) await expect(writer.has(entryOf(uuid))).rejects.toThrow('Loki answered 500');
    expect(await pushOne('d')).toEqual(LEFT_ALONE);
    expect(loki.pushes).toHaveLength(0);
  });

  test.each([
    ['throttled', { status: 429 }],
    ['refused', { status: 400, text: 'bad' }],
    ['blocked', { status: 500, text: 'ingestion blocked for user x' }],
    ['denied', { status: 401 }],
    ['too large', { status: 500, text: 'received message larger than max (5 vs. 4)' }],
  ])('%s is an answer, and each entry gets its own', async (_name, answer) => {
    const { loki, pushOne } = await setUp(() => answer);
    for (const uuid of ['a', 'b', 'c', 'd', 'e']) await pushOne(uuid);
    expect(loki.pushes).toHaveLength(5);
  });

  test('a success in between begins the count anew', async () => {
    const { loki, pushOne } = await setUp((_stream, count) => ({ status: count === 3 ? 204 : 503 }));
    for (const uuid of ['a', 'b', 'c', 'd', 'e']) await pushOne(uuid);
    expect(loki.pushes).toHaveLength(5);
  });
});

describe('after the pause', () => {
  test('one at a time is sent until one succeeds, and then all are', async () => {
    let answer = (_status: number): void => {};
    let probed = (): void => {};
    const { time, loki, pushOne, failThrice } = await setUp(async (_stream, count) => {
      if (count <= 3) return { status: 503 };
      if (count > 5) return { status: 204 };
      return new Promise((resolve) => {
        answer = (status) => resolve({ status });
        probed();
      });
    });
    const probe = async (uuid: string) => {
      const arrived = new Promise<void>((resolve) => {
        probed = resolve;
      });
      const pushed = pushOne(uuid);
      await arrived;
      return { pushed };
    };
    await failThrice();

    time.now += 5_000;
    const first = await probe('first');
    expect(await pushOne('meanwhile')).toEqual(LEFT_ALONE);
    answer(503);
    expect((await first.pushed).kind).toBe('unavailable');
    expect(await pushOne('too early')).toEqual(LEFT_ALONE);

    time.now += 5_000;
    const second = await probe('second');
    answer(204);
    expect(await second.pushed).toEqual(STORED);
    expect(await Promise.all(['d', 'e', 'f'].map(pushOne))).toEqual([STORED, STORED, STORED]);
    expect(loki.pushes.slice(3).map((stream) => uuidsOf(stream)[0])).toEqual(['first', 'second', 'd', 'e', 'f']);
  });
});

test('what waits for its turn when Loki is left alone is answered then, and never sent', async () => {
  const { loki, pushOne } = await setUp('hangs');
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, index) => pushOne(`${index}`)));
  expect(outcomes.filter(({ kind }) => kind === 'unavailable')).toHaveLength(60);
  // Four are under way, and each of the first two failures lets one more go.
  expect(loki.pushes.length).toBeLessThanOrEqual(6);
});

test('an entry that waited longer than a flush may take is unavailable, and is not pushed afterwards', async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  let arrived = (): void => {};
  const four = new Promise<void>((resolve) => {
    arrived = resolve;
  });
  const limits: (() => void)[] = [];
  const { loki, writer } = await writerFor(
    {
      async push(_stream, count) {
        if (count === 4) arrived();
        await released;
        return { status: 204 };
      },
    },
    {
      after(ms, run) {
        if (ms === 10_000) limits.push(run);
        return () => {};
      },
    },
  );
  const push = (uuid: string, cluster: string) => writer.push(entryOf(uuid, { labels: { cluster } }));
  const slow = ['a', 'b', 'c', 'd'].map((cluster) => push(cluster, cluster));
  await four;
  const waiting = push('waited too long', 'e');
  limits.at(-1)?.();
  expect(await waiting).toEqual({
    kind: 'unavailable',
    reason: 'loki-unavailable',
    detail: 'LaneWaitError: loki push: not begun within 10000 ms',
  });
  const later = push('came later', 'e');
  release();
  expect(await Promise.all([...slow, later])).toEqual(Array(5).fill(STORED));
  expect(loki.pushes.flatMap(uuidsOf)).toEqual(['a', 'b', 'c', 'd', 'came later']);
});
