import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttpPool, type HttpRequest } from '../../functions/adapters/http-pool.ts';
import { after, serve } from './loki/support.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

type Handler = Parameters<typeof serve>[0];

async function poolFor(handle: Handler, connections = 2) {
  const server = await serve(handle);
  const pool = createHttpPool({ origin: `${server.url}/ignored`, connections, after });
  closing.push(pool.destroy, server.close);
  return pool;
}

const GET: HttpRequest = { method: 'GET', path: '/a?b=c', headers: { 'x-name': 'value' }, timeoutMs: 5_000 };

describe('a request', () => {
  test('carries method, path, headers and body, and gives status, headers and body', async () => {
    const pool = await poolFor(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const { method, url, headers } = request;
      response.writeHead(418, { 'x-answer': 'yes' });
      response.end(JSON.stringify({ method, url, name: headers['x-name'], body: Buffer.concat(chunks).toString() }));
    });
    const response = await pool.request({ ...GET, method: 'POST', body: Buffer.from('bödy') });
    expect(response).toMatchObject({ status: 418, headers: { 'x-answer': 'yes' }, cut: false });
    expect(JSON.parse(response.body.toString())).toEqual({
      method: 'POST',
      url: '/a?b=c',
      name: 'value',
      body: 'bödy',
    });
  });

  test('keeps a connection for the next', async () => {
    const sockets = new Set<unknown>();
    const pool = await poolFor((request, response) => {
      sockets.add(request.socket);
      response.writeHead(204).end();
    }, 1);
    for (let count = 0; count < 5; count += 1) expect((await pool.request(GET)).status).toBe(204);
    expect(sockets.size).toBe(1);
  });

  test('a long body is cut', async () => {
    const pool = await poolFor((_request, response) => response.end('x'.repeat(100_000)));
    const response = await pool.request({ ...GET, maxBodyBytes: 10 });
    expect(response).toMatchObject({ status: 200, cut: true });
    expect(response.body.toString()).toBe('x'.repeat(10));
  });

  test('that gets no answer throws in time', async () => {
    const pool = await poolFor(() => {});
    await expect(pool.request({ ...GET, timeoutMs: 50 })).rejects.toThrow('no answer within 50 ms');
  });

  test('that waits for a connection throws in time, and is never sent', async () => {
    const seen: (string | undefined)[] = [];
    const pool = await poolFor((request, response) => {
      seen.push(request.url);
      if (request.url === '/third') response.end();
    }, 1);
    const first = pool.request({ ...GET, timeoutMs: 300 });
    await expect(pool.request({ ...GET, path: '/second', timeoutMs: 50 })).rejects.toThrow('50 ms');
    await expect(first).rejects.toThrow('300 ms');
    await pool.request({ ...GET, path: '/third' });
    expect(seen).toEqual(['/a?b=c', '/third']);
  });

  test('throws what its signal aborts with', async () => {
    const abort = new AbortController();
    const pool = await poolFor(() => abort.abort(new Error('enough')));
    await expect(pool.request({ ...GET, signal: abort.signal })).rejects.toThrow('enough');
    await expect(pool.request({ ...GET, signal: abort.signal })).rejects.toThrow('enough');
  });

  test('throws when the connection is refused or breaks', async () => {
    const pool = await poolFor((request) => request.socket.destroy());
    await expect(pool.request(GET)).rejects.toThrow();
  });

  test('under way when the pool is destroyed throws', async () => {
    const pool = await poolFor(() => void pool.destroy());
    await expect(pool.request(GET)).rejects.toThrow();
  });
});

test('undici comes without its index, which costs a cold start three times as much', async () => {
  const file = new URL('../../functions/adapters/http-pool.ts', import.meta.url).href;
  const script = `await import(${JSON.stringify(file)});
    const { createRequire } = await import('node:module');
    const loaded = Object.keys(createRequire(${JSON.stringify(file)}).cache ?? {});
    console.log(JSON.stringify(loaded.filter((path) => path.includes('/undici/'))));`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', script]);
  const loaded = JSON.parse(stdout) as string[];
  expect(loaded.some((path) => path.endsWith('/lib/dispatcher/pool.js'))).toBe(true);
  expect(loaded.filter((path) => /undici\/index\.js$|\/web\/|\/mock\//.test(path))).toEqual([]);
});
