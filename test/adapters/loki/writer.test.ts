import { afterEach, describe, expect, test } from '@jest/globals';
import { createLoki } from '../../../functions/adapters/loki/writer.ts';
import { after, closeAll, closeAtTheEnd, entryOf, NOW_MS, STORED, writerFor } from './support.ts';

afterEach(closeAll);

describe('a push', () => {
  test('names one stream, its labels in order, and the tenant and credentials', async () => {
    const { loki, writer } = await writerFor(
      { push: () => ({ status: 204 }) },
      { tenant: 'security', username: 'relay', password: 'päss:word' },
    );
    expect(await writer.push(entryOf('a', { labels: { project: 'p"1', cluster: '' } }))).toEqual(STORED);
    expect(loki.pushes[0]?.labels).toBe(String.raw`{project="p\"1", service_name="falco"}`);
    expect(loki.requests[0]?.headers).toMatchObject({
      'content-type': 'application/x-protobuf',
      'x-scope-orgid': 'security',
      authorization: `Basic ${Buffer.from('relay:päss:word').toString('base64')}`,
    });
  });

  test('of the relay itself is another service’s stream', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    expect(await writer.push(entryOf('a', { labels: { service_name: 'falco-relay' } }))).toEqual(STORED);
    expect(loki.pushes[0]?.labels).toBe('{service_name="falco-relay"}');
  });

  test('sends a bearer token, and keeps a path before the API', async () => {
    const { loki } = await writerFor({ push: () => ({ status: 204 }) });
    const writer = createLoki({ url: `${loki.url}/logs/`, bearerToken: 'token', clock: () => NOW_MS, after });
    closeAtTheEnd(() => writer.close());
    await writer.push(entryOf('a'));
    expect(loki.requests[0]?.headers.authorization).toBe('Bearer token');
    expect(loki.requests[0]?.url).toBe('/logs/loki/api/v1/push');
  });

  test('takes credentials from the address', async () => {
    const { loki } = await writerFor({ push: () => ({ status: 204 }) });
    const url = loki.url.replace('//', '//relay:p%40ss@');
    const writer = createLoki({ url, clock: () => NOW_MS, after });
    closeAtTheEnd(() => writer.close());
    await writer.push(entryOf('a'));
    expect(loki.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from('relay:p@ss').toString('base64')}`);
  });

  test('two kinds of credentials at once are refused', () => {
    const both = { url: 'http://127.0.0.1:1', username: 'a', bearerToken: 'b', clock: () => NOW_MS, after };
    expect(() => createLoki(both)).toThrow('not both');
  });

  test.each([
    [200, 'loki-unavailable'],
    [260, 'loki-blocked'],
    [401, 'loki-denied'],
    [429, 'loki-throttled'],
    [503, 'loki-unavailable'],
  ])('%i is %s, and nothing is tried again', async (status, reason) => {
    const { loki, writer } = await writerFor({ push: () => ({ status }) });
    expect(await writer.push(entryOf('a'))).toMatchObject({ kind: 'unavailable', reason });
    expect(loki.pushes).toHaveLength(1);
  });

  test('a Loki that is not there is unavailable', async () => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    await loki.close();
    expect(await writer.push(entryOf('a'))).toMatchObject({ kind: 'unavailable', reason: 'loki-unavailable' });
  });

  test('a connection that breaks is unavailable: the entry may be stored', async () => {
    const { loki, writer } = await writerFor({
      push() {
        loki.requests.at(-1)?.socket.destroy();
        return undefined;
      },
    });
    expect(await writer.push(entryOf('a'))).toMatchObject({ kind: 'unavailable', reason: 'loki-unavailable' });
    expect(loki.pushes).toHaveLength(1);
  });

  test.each([
    ['a timestamp that is none', { timestampNs: 'yesterday' }, 'timestamp'],
    ['a label value that Loki never takes', { labels: { cluster: 'c'.repeat(2_049) } }, 'the label cluster is longer'],
    ['a label name that Loki never takes', { labels: { 'a-b': 'c' } }, 'label name'],
    [
      'too many labels',
      { labels: Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`l${i}`, 'v'])) },
      '15 labels',
    ],
  ])('%s is refused before it fails a group', async (_name, changes, words) => {
    const { loki, writer } = await writerFor({ push: () => ({ status: 204 }) });
    expect(await writer.push(entryOf('a', changes))).toEqual({
      kind: 'refused',
      detail: expect.stringContaining(words),
    });
    expect(loki.pushes).toHaveLength(0);
  });
});

test('the deadline of a flush settles everyone, with what is known by then', async () => {
  const timers: { ms: number; run: () => void }[] = [];
  let hanging = (): void => {};
  const hung = new Promise<void>((resolve) => {
    hanging = resolve;
  });
  const { writer } = await writerFor(
    {
      push(_stream, count) {
        if (count === 1) return { status: 400, text: 'bad' };
        hanging();
        return undefined;
      },
      stored: () => ['good'],
    },
    {
      after(ms, run) {
        const timer = { ms, run };
        timers.push(timer);
        return () => void timers.splice(timers.indexOf(timer), 1);
      },
    },
  );
  const pushed = Promise.all(['good', 'a', 'b'].map((uuid) => writer.push(entryOf(uuid))));
  await hung;
  timers.find(({ ms }) => ms === 9_000)?.run();
  expect((await pushed).map(({ kind }) => kind)).toEqual(['stored', 'unavailable', 'unavailable']);
});
