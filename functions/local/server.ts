/** One HTTP server for `npm start`: the five functions, the live page and its buttons. */

import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Deed } from './demo.ts';
import type { Feed } from './feed.ts';
import { readText } from './read-body.ts';

/** The whole site: no path is ever turned into a file name. */
const FILES: Readonly<Record<string, { file: string; type: string }>> = {
  '/': { file: 'index.html', type: 'text/html; charset=utf-8' },
  ...Object.fromEntries(
    ['style', 'lifecycle'].map((name) => [`/${name}.css`, { file: `${name}.css`, type: 'text/css; charset=utf-8' }]),
  ),
  ...Object.fromEntries(
    ['app', 'chat', 'dom', 'incident-row', 'incidents', 'mutes', 'pagerduty', 'press', 'slack', 'stream', 'told'].map(
      (name) => [`/${name}.js`, { file: `${name}.js`, type: 'text/javascript; charset=utf-8' }],
    ),
  ),
  '/favicon.svg': { file: 'favicon.svg', type: 'image/svg+xml' },
};

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
};

/** A page of another origin can't send this header without asking first, and we never say yes. */
const ACTION_HEADER = 'x-falco-relay';
/** What an action is told of: a button of Slack's at most. */
const MAX_ACTION_BYTES = 8 * 1024;

export interface LocalServerOptions {
  /** By their path's first segment. */
  functions: Readonly<Record<string, (request: IncomingMessage, response: ServerResponse) => void>>;
  feed: Pick<Feed, 'open'>;
  /** The page's buttons: `POST /actions/NAME` with JSON or nothing, each says in a sentence what it did. */
  actions: Readonly<Record<string, (asked: unknown) => Promise<Deed>>>;
  /** Refuse names other than this machine's own, so that a web page elsewhere can't reach us by its own name. */
  ownNamesOnly: boolean;
}

/** Reads the page's files, once; the server does not listen yet. */
export async function createLocalServer(options: LocalServerOptions): Promise<Server> {
  const site = new Map<string, { type: string; body: Buffer }>();
  for (const [path, { file, type }] of Object.entries(FILES)) {
    site.set(path, { type, body: await readFile(new URL(`./page/${file}`, import.meta.url)) });
  }

  function show(request: IncomingMessage, response: ServerResponse, path: string): void {
    const page = site.get(path);
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    if (request.method !== 'GET' && request.method !== 'HEAD') answer(response, 405, 'Only GET here.\n');
    else if (path === '/events') options.feed.open(response);
    else if (!page) answer(response, 404, 'Nothing here. The live page is at /.\n');
    else {
      response.writeHead(200, { 'content-type': page.type, 'content-length': page.body.length });
      response.end(request.method === 'HEAD' ? undefined : page.body);
    }
  }

  async function act(request: IncomingMessage, response: ServerResponse, name: string): Promise<void> {
    const text = await readText(request, MAX_ACTION_BYTES);
    const action = Object.hasOwn(options.actions, name) ? options.actions[name] : undefined;
    for (const [header, value] of Object.entries(HEADERS)) response.setHeader(header, value);
    if (!action) return answer(response, 404, 'No such action.\n');
    if (request.method !== 'POST') return answer(response, 405, 'Only POST here.\n');
    if (request.headers[ACTION_HEADER] !== 'page') return answer(response, 403, 'Only the live page may do this.\n');
    if (text === undefined) return answer(response, 413, 'More than a button says.\n');
    const result = await acted(action, text).catch((error: unknown) => ({ failed: String(error) }));
    response.writeHead('failed' in result ? 500 : 200, { 'content-type': 'application/json; charset=utf-8' });
    response.end(JSON.stringify('failed' in result ? { said: result.failed } : result));
  }

  return createServer((request, response) => {
    if (options.ownNamesOnly && !isOwnName(request.headers.host)) {
      answer(response, 421, 'Not a name of this machine. Set HOST to serve under other names.\n');
      return;
    }
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    const [, first = '', second = ''] = path.split('/', 3);
    const target = Object.hasOwn(options.functions, first) ? options.functions[first] : undefined;
    if (target) target(request, response);
    else if (first === 'actions') void act(request, response, second);
    else show(request, response, path);
  });
}

async function acted(action: (asked: unknown) => Promise<Deed>, text: string): Promise<Deed> {
  return action(text === '' ? undefined : JSON.parse(text));
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(text);
}

function isOwnName(host: string | undefined): boolean {
  return /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/i.test(host ?? '');
}
