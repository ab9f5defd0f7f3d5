/** callback behind a server, in `npm start` and in the cloud: the bytes that were signed reach it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Config, loadConfig } from '../../functions/config.ts';
import type { Request } from '../../functions/core/http.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { createRelay, listenersOf, type Relay } from '../../functions/wire.ts';
import { freePort } from '../stack/programs/program.ts';
import { FRAMEWORK } from '../support/framework.ts';
import { fakeAfter } from '../support/time.ts';
import { event, form, NOW, PAGERDUTY_SECRET, pagerdutyRequest, press, SLACK_SECRET, slackRequest } from './support.ts';

const lines: LogLine[] = [];
let relay: Relay;
let server: Server;
let url: string;

beforeAll(async () => {
  const time = fakeAfter(NOW);
  const config: Config = {
    ...loadConfig({ STORE_URL: 'memory:' }),
    callbacks: {
      allowed_users: ['*'],
      slack: { signing_secrets: [SLACK_SECRET], response_origin: 'https://hooks.slack.com', allow_private: false },
      pagerduty: { signing_secrets: [PAGERDUTY_SECRET] },
    },
  };
  const topics = { publish: async () => {} };
  relay = createRelay({ config, ...time, topics, writeLog: (line) => void lines.push(line) });
  server = createServer(listenersOf(relay).callback).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await relay.close();
});

/** Gives the answer and the reason that was logged. */
async function send({ method, headers, rawBody }: Request, type: string, path = '') {
  lines.length = 0;
  const init = { method, headers: { ...(headers as Record<string, string>), 'content-type': type } };
  const response = await fetch(`${url}${path}`, {
    ...init,
    body: method === 'POST' ? Buffer.from(rawBody ?? '') : null,
  });
  const { status } = response;
  return { status, text: await response.text(), allow: response.headers.get('allow'), reason: lines[0]?.reason };
}

const FORM = 'application/x-www-form-urlencoded';
const JSON_TYPE = 'application/json';

test.each([
  ['a press', slackRequest(form(press({ response_url: undefined }))), FORM, ''],
  ['an event', pagerdutyRequest(JSON.stringify(event(), null, 2)), JSON_TYPE, ''],
  [
    'an event with letters of all kinds',
    pagerdutyRequest(JSON.stringify(event({ id: '1' }, { title: 'Žluťoučký 🔥' }))),
    JSON_TYPE,
    '',
  ],
  ['an event on any path', pagerdutyRequest(JSON.stringify(event({ id: '2' }))), JSON_TYPE, 'any/path?a=b'],
])('%s is verified by its bytes, and answered with nothing', async (_, request, type, path) => {
  expect(await send(request, type, path)).toMatchObject({ status: 200, text: '', reason: 'callback-unknown' });
});

test('another secret is refused', async () => {
  const forged = slackRequest(form(press()), { secret: PAGERDUTY_SECRET });
  expect(await send(forged, FORM)).toEqual({
    status: 401,
    text: '{"reason":"callback-bad-signature"}',
    allow: null,
    reason: 'callback-bad-signature',
  });
});

test('a link changes nothing, and says what would', async () => {
  const followed = { ...slackRequest(form(press())), method: 'GET' };
  expect(await send(followed, FORM)).toMatchObject({ status: 405, allow: 'POST', reason: 'callback-wrong-method' });
});

/** The program of the cloud, by its own clock. */
describe('what anybody may send', () => {
  const path = (from: string): string => new URL(from, import.meta.url).pathname;
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-'));
  let child: ChildProcess;
  let port: number;
  let printed = '';

  beforeAll(async () => {
    const pipeline = join(folder, 'pipeline.yaml');
    writeFileSync(
      pipeline,
      "callbacks: { allowed_users: ['*'], slack: { signing_secrets: [{ env: SLACK_SECRET }] } }\n",
    );
    port = await freePort();
    child = spawn(process.execPath, [FRAMEWORK, `--source=${path('../../functions/index.ts')}`], {
      env: {
        PATH: process.env.PATH,
        FUNCTION_TARGET: 'callback',
        PORT: String(port),
        PIPELINE: pipeline,
        STORE_URL: 'memory:',
        GOOGLE_CLOUD_PROJECT: 'acme-prod',
        SLACK_SECRET,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (data: string) => {
        printed += data;
      });
    }
    for (let up = false; !up && child.exitCode === null; ) up = await ask({ path: '/' }).then(Boolean, () => false);
  });

  afterAll(() => {
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true });
  });

  interface Attack {
    path?: string;
    headers?: Record<string, string>;
    body?: Uint8Array | string;
    /** Announced instead of the body's own length, or chunks. */
    length?: number | 'chunked';
  }

  async function ask({ path = '/', headers = {}, body = '', length = Buffer.byteLength(body) }: Attack) {
    const measure = length === 'chunked' ? { 'transfer-encoding': 'chunked' } : { 'content-length': length };
    const sent = httpRequest({ host: '127.0.0.1', port, path, method: 'POST', headers: { ...headers, ...measure } });
    const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
    sent.on('error', () => {});
    sent.write(body);
    if (length === 'chunked' || Buffer.byteLength(body) >= length) sent.end();
    const [response] = await answered;
    const said = await text(response);
    sent.destroy();
    return { status: response.statusCode, said };
  }

  const signed = (body: Uint8Array | string): Attack => {
    const { headers } = slackRequest(body, { at: Date.now() });
    return { body, headers: headers as Record<string, string> };
  };
  const typed = (type: string, body: Uint8Array | string): Attack => ({ headers: { 'content-type': type }, body });
  const megabytes = (n: number): Uint8Array => Buffer.alloc(n * 1_000_000, 'a');
  const bomb = gzipSync(megabytes(20));
  const zipped = signed(bomb);

  test.each<[string, Attack, number, string]>([
    ['malformed JSON', typed(JSON_TYPE, '{"a": <script>'), 401, 'callback-no-signature'],
    ['half a megabyte of nesting', typed(JSON_TYPE, '['.repeat(500_000)), 401, 'callback-no-signature'],
    ['a form of five thousand fields', typed(FORM, 'a=1&'.repeat(5_000)), 401, 'callback-no-signature'],
    ['an unknown charset', typed(`${JSON_TYPE}; charset=nonsense`, '{}'), 401, 'callback-no-signature'],
    ['a path that is no UTF-8', { path: '/%E0%A4%A', body: 'a' }, 401, 'callback-no-signature'],
    ['a prototype in a query', { path: '/?__proto__[a]=b&a[][]=c', body: 'a' }, 401, 'callback-no-signature'],
    ['two megabytes', { body: megabytes(2) }, 413, 'callback-too-large'],
    ['two megabytes in chunks', { body: megabytes(2), length: 'chunked' }, 413, 'callback-too-large'],
    ['gigabytes that are announced', { body: megabytes(1.1), length: 30_000_000_000 }, 413, 'callback-too-large'],
    [
      'a gzip that inflates to twenty megabytes',
      { body: bomb, headers: { 'content-encoding': 'gzip', 'content-type': JSON_TYPE } },
      401,
      'callback-no-signature',
    ],
    // Were it inflated, its bytes would not be those that were signed.
    [
      'a signed gzip',
      { ...zipped, headers: { ...zipped.headers, 'content-encoding': 'gzip', 'content-type': FORM } },
      400,
      'callback-malformed',
    ],
    ['a gzip that is none', { body: 'a', headers: { 'content-encoding': 'gzip' } }, 401, 'callback-no-signature'],
  ])('%s is refused by us, in few words', async (_, attack, status, reason) => {
    expect(await ask(attack)).toEqual({ status, said: `{"reason":"${reason}"}` });
  });

  test('a press is taken all the same, whatever its type is said to be', async () => {
    for (const type of [FORM, JSON_TYPE, 'application/cloudevents+json', 'text/plain']) {
      const { body, headers } = signed(form(press({ response_url: undefined, trigger_id: type })));
      expect(await ask({ body: body ?? '', headers: { ...headers, 'content-type': type } })).toEqual({
        status: 200,
        said: '',
      });
    }
  });

  test('a body that breaks off harms nobody else', async () => {
    const sent = httpRequest({ host: '127.0.0.1', port, method: 'POST', headers: { 'content-length': 10 } });
    const broken = once(sent, 'error');
    sent.write('abc', () => sent.destroy());
    await broken;
    expect(await ask({ body: 'a' })).toMatchObject({ status: 401 });
  });

  test('nothing of what was sent is in the log, which is JSON line by line', () => {
    const lines = printed.split('\n').filter(Boolean);
    expect(lines.length).toBeGreaterThan(10);
    const kept = lines.map((line) => Object.keys(JSON.parse(line)));
    for (const keys of kept) expect(keys.slice(0, 2)).toEqual(['severity', 'message']);
    expect(printed).not.toMatch(/<script>|E0%A4|__proto__|nonsense/);
  });
});
