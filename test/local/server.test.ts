import { once } from 'node:events';
import { type IncomingMessage, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { After } from '../../functions/core/ports.ts';
import { createFeed, type Feed } from '../../functions/local/feed.ts';
import { createLocalServer } from '../../functions/local/server.ts';

interface Answer {
  status: number;
  headers: IncomingMessage['headers'];
  text: string;
}

let server: Server;
let port: number;
let feed: Feed;
let batch: (() => void) | undefined;
let changes: unknown;
const acted: unknown[] = [];

beforeEach(async () => {
  batch = undefined;
  acted.length = 0;
  const after: After = (ms, run) => {
    if (ms <= 1_000) batch = run;
    return () => {};
  };
  feed = createFeed({ everything: () => ({ all: 'of\nit' }), changes: () => changes, after });
  server = await createLocalServer({
    functions: { ingest: (_, response) => response.writeHead(204).end() },
    feed,
    actions: {
      shell: async () => {
        acted.push('shell');
        return { said: 'done' };
      },
      press: async (asked) => {
        acted.push(asked);
        return { said: 'pressed' };
      },
      fails: async () => {
        throw new Error('no place');
      },
    },
    ownNamesOnly: true,
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  feed.close();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

/** Sends the path as it is: `fetch` would tidy it up first. */
function send(
  path: string,
  { body, ...options }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ port, host: '127.0.0.1', path, ...options }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    call.once('error', reject);
    call.end(body);
  });
}

describe('the page’s server', () => {
  test.each([
    ['/', 'text/html; charset=utf-8', '<title>Falco Relay'],
    ['/?from=bookmark', 'text/html; charset=utf-8', '<title>Falco Relay'],
    ['/style.css', 'text/css; charset=utf-8', 'prefers-color-scheme'],
    ['/lifecycle.css', 'text/css; charset=utf-8', '.mute'],
    ['/told.js', 'text/javascript; charset=utf-8', 'PagerDuty'],
    ['/app.js', 'text/javascript; charset=utf-8', 'EventSource'],
    ['/slack.js', 'text/javascript; charset=utf-8', 'slackMessage'],
    ['/favicon.svg', 'image/svg+xml', '<svg'],
  ])('%s is %s', async (path, type, content) => {
    const answer = await send(path);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe(type);
    expect(answer.text).toContain(content);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
  });

  test('the page may load from here and from nowhere else', async () => {
    const { headers, text } = await send('/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
    expect(text).not.toMatch(/https?:\/\/|<style|style="|<script>|onclick/);
  });

  test.each([
    '/../server.ts',
    '/page/../../../package.json',
    '/..%2f..%2fpackage.json',
    '//etc/passwd',
    '/main.ts',
    '/constructor',
    '/__proto__',
  ])('%s is not there', async (path) => {
    expect(await send(path)).toMatchObject({ status: 404, text: 'Nothing here. The live page is at /.\n' });
  });

  test.each([
    ['another name for this machine', 'relay.example:8080', 421],
    ['no name of ours in front', 'localhost.example', 421],
    ['localhost', 'localhost:8080', 200],
    ['the address', '127.0.0.1', 200],
    ['the IPv6 address', '[::1]:8080', 200],
  ])('asked by %s', async (_, host, status) => {
    expect((await send('/', { headers: { host } })).status).toBe(status);
  });

  test('functions get their requests', async () => {
    expect((await send('/ingest', { method: 'POST' })).status).toBe(204);
  });

  test.each<[string, string, { method?: string; headers?: Record<string, string> }, number]>([
    ['the page', '/actions/shell', { method: 'POST', headers: { 'x-falco-relay': 'page' } }, 200],
    ['a form of another site', '/actions/shell', { method: 'POST' }, 403],
    ['a link', '/actions/shell', { headers: { 'x-falco-relay': 'page' } }, 405],
    ['a wrong name', '/actions/constructor', { method: 'POST', headers: { 'x-falco-relay': 'page' } }, 404],
    ['a failing action', '/actions/fails', { method: 'POST', headers: { 'x-falco-relay': 'page' } }, 500],
  ])('an action pressed by %s', async (_, path, options, status) => {
    expect((await send(path, options)).status).toBe(status);
    expect(acted).toEqual(status === 200 ? ['shell'] : []);
  });

  test.each([
    ['JSON', '{"action_id":"why"}', 200, [{ action_id: 'why' }]],
    ['nothing', '', 200, [undefined]],
    ['no JSON', 'action_id=why', 500, []],
    ['more than a button says', JSON.stringify('x'.repeat(8 * 1024)), 413, []],
  ])('an action is told %s', async (_, body, status, expected) => {
    const headers = { 'x-falco-relay': 'page' };
    expect((await send('/actions/press', { method: 'POST', headers, body })).status).toBe(status);
    expect(acted).toEqual(expected);
  });

  test('every file that the page asks for is there', async () => {
    const { text } = await send('/');
    const asked = [...text.matchAll(/(?:href|src)="([^"#]+)"/g)].flatMap(([, path]) => path ?? []);
    const scripts = asked.filter((path) => path.endsWith('.js'));
    for (const script of scripts) {
      const { text: code } = await send(`/${script}`);
      for (const [, path] of code.matchAll(/from '\.\/([^']+)'/g))
        if (path && !scripts.includes(path)) scripts.push(path);
    }
    expect(scripts.length).toBeGreaterThan(5);
    for (const path of new Set([...asked, ...scripts]))
      expect([path, (await send(`/${path}`)).status]).toEqual([path, 200]);
  });

  test('a page of another origin is never allowed to set the header', async () => {
    const answer = await send('/actions/shell', {
      method: 'OPTIONS',
      headers: { origin: 'https://elsewhere.example', 'access-control-request-headers': 'x-falco-relay' },
    });
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers['access-control-allow-headers']).toBeUndefined();
  });

  test('events: everything once, then what changed, a line of JSON each', async () => {
    const chunks = await new Promise<AsyncIterator<Buffer>>((resolve) => {
      request({ port, host: '127.0.0.1', path: '/events' }, (response) => {
        expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8');
        resolve(response[Symbol.asyncIterator]());
      }).end();
    });
    expect(String((await chunks.next()).value)).toBe('retry: 1000\nevent: everything\ndata: {"all":"of\\nit"}\n\n');
    changes = { events: ['ü'] };
    feed.touch();
    feed.touch();
    batch?.();
    expect(String((await chunks.next()).value)).toBe('event: changes\ndata: {"events":["ü"]}\n\n');
    await chunks.return?.();
  });

  test('too many open pages are turned away', async () => {
    const open = Array.from({ length: 20 }, () => request({ port, host: '127.0.0.1', path: '/events' }));
    await Promise.all(
      open.map((call) => {
        call.on('error', () => {});
        call.end();
        return once(call, 'response');
      }),
    );
    expect((await send('/events')).status).toBe(503);
    for (const call of open) call.destroy();
  });
});
