/** The listener that answers in functions-framework's place, on a real server. */

import { once } from 'node:events';
import {
  type ClientRequest,
  createServer,
  request as httpRequest,
  type IncomingMessage,
  type RequestListener,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { cachedDataVersionTag, setFlagsFromString } from 'node:v8';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createAdmission } from '../functions/core/admission.ts';
import type { Answer, Handler, Request } from '../functions/core/http.ts';
import { type ListenerOptions, listenerOf, takeOver } from '../functions/serve.ts';

let server: Server;
let seen: Request[];

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function serve(handle: Handler, options: ListenerOptions): Promise<void> {
  server = createServer(listenerOf(handle, options)).listen(0, '127.0.0.1');
  await once(server, 'listening');
}

async function listen(options: ListenerOptions, answer: Answer = { status: 204 }): Promise<void> {
  seen = [];
  await serve(async (request) => {
    seen.push(request);
    return answer;
  }, options);
}

const port = (): number => (server.address() as AddressInfo).port;

async function post(body: Uint8Array | string, headers: Record<string, string> = {}, method = 'POST') {
  const sent = httpRequest({ host: '127.0.0.1', port: port(), method, headers });
  sent.on('error', () => {});
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>;
  sent.end(body);
  const [response] = await answered;
  return { status: response.statusCode, headers: response.headers, said: await text(response) };
}

const JSON_BODIES: ListenerOptions = { most: 100, json: true };

describe('a body', () => {
  test.each<[string, string, Record<string, string>, unknown]>([
    ['of JSON', '{"a":1}', {}, { a: 1 }],
    ['of JSON in chunks', '{"a":1}', { 'transfer-encoding': 'chunked' }, { a: 1 }],
    ['of JSON that is said to be a form', '{"a":1}', { 'content-type': 'application/x-www-form-urlencoded' }, { a: 1 }],
    ['of JSON in an unknown charset', '{"a":"é"}', { 'content-type': 'application/json; charset=none' }, { a: 'é' }],
    ['that is no JSON', '{"a":', { 'content-type': 'application/json' }, undefined],
    ['of nothing', '', {}, undefined],
  ])('%s is read as it came', async (_, body, headers, parsed) => {
    await listen(JSON_BODIES);
    expect(await post(body, headers)).toMatchObject({ status: 204, said: '' });
    expect(seen).toEqual([expect.objectContaining({ method: 'POST', body: parsed })]);
    expect(Buffer.from(seen[0]?.rawBody ?? 'none').toString()).toBe(body);
  });

  test('is not inflated', async () => {
    await listen(JSON_BODIES);
    const zipped = gzipSync('{"a":1}');
    await post(zipped, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
    expect(seen[0]?.body).toBeUndefined();
    expect(Buffer.from(seen[0]?.rawBody ?? '').equals(zipped)).toBe(true);
  });

  test.each([
    ['at once', { 'content-length': '101' }],
    ['in chunks', { 'transfer-encoding': 'chunked' }],
  ])('that is too long and comes %s is refused', async (_, headers) => {
    await listen(JSON_BODIES);
    expect(await post('1'.repeat(101), headers)).toMatchObject({ status: 413, said: '{"reason":"message-too-large"}' });
    expect(seen).toEqual([]);
    expect(await post('1'.repeat(100))).toMatchObject({ status: 204 });
  });

  test('that is to be verified first is not parsed, and one byte too many is given', async () => {
    await listen({ most: 100, json: false });
    await post('1'.repeat(5_000));
    await post('1');
    expect(seen.map(({ body, rawBody }) => [body, rawBody?.length])).toEqual([
      [undefined, 101],
      [undefined, 1],
    ]);
  });

  test('that breaks off is answered with nothing, and the next one is answered', async () => {
    await listen(JSON_BODIES);
    const broken = httpRequest({ host: '127.0.0.1', port: port(), method: 'POST', headers: { 'content-length': 10 } });
    const ended = once(broken, 'error');
    broken.write('abc', () => broken.destroy());
    await ended;
    expect(await post('{}')).toMatchObject({ status: 204 });
    expect(seen).toHaveLength(1);
  });
});

describe('what an instance has in flight', () => {
  const bounded = (bytes: number): ListenerOptions => ({
    most: 1_000,
    json: true,
    admission: createAdmission({ events: 10, bytes }),
  });
  const REFUSED = { status: 429, said: '{"reason":"overloaded"}' };

  /** Sends the headers of a request and the first byte of its body. */
  async function begin(length: number): Promise<{ sent: ClientRequest; received: IncomingMessage }> {
    const sent = httpRequest({
      host: '127.0.0.1',
      port: port(),
      method: 'POST',
      headers: { 'content-length': length },
    });
    sent.on('error', () => {});
    const arrived = once(server, 'request') as Promise<[IncomingMessage]>;
    sent.write('1');
    const [received] = await arrived;
    return { sent, received };
  }

  test('counts by the length that a body is said to have, before it is there', async () => {
    await listen(bounded(1_000));
    const { sent: first } = await begin(600);
    expect(await post('1'.repeat(401))).toMatchObject(REFUSED);
    expect(seen).toEqual([]);
    expect(await post('1'.repeat(400))).toMatchObject({ status: 204 });
    const answered = once(first, 'response') as Promise<[IncomingMessage]>;
    first.end('1'.repeat(599));
    expect((await answered)[0].statusCode).toBe(204);
    expect(await post('1'.repeat(1_000))).toMatchObject({ status: 204 });
    expect(seen.map(({ admitted, rawBody }) => [admitted, rawBody?.length])).toEqual([
      [true, 400],
      [true, 600],
      [true, 1_000],
    ]);
  });

  test('counts until it is answered', async () => {
    let free = (): void => {};
    const held = new Promise<Answer>((resolve) => {
      free = () => resolve({ status: 204 });
    });
    await serve(({ rawBody }) => (rawBody?.length === 600 ? held : Promise.resolve({ status: 204 })), bounded(1_000));
    const first = post('1'.repeat(600));
    await once(server, 'request');
    expect(await post('1'.repeat(401))).toMatchObject(REFUSED);
    free();
    expect(await first).toMatchObject({ status: 204 });
    expect(await post('1'.repeat(401))).toMatchObject({ status: 204 });
  });

  test('has room again for what broke off', async () => {
    await listen(bounded(1_000));
    const { sent, received } = await begin(600);
    const ended = new Promise((resolve) => received.once('close', resolve));
    sent.destroy();
    await ended;
    expect(await post('1'.repeat(1_000))).toMatchObject({ status: 204 });
  });

  test('counts a body of unsaid length once it is there', async () => {
    await listen(bounded(500));
    const chunked = { 'transfer-encoding': 'chunked' };
    const { sent } = await begin(100);
    expect(await post('1'.repeat(401), chunked)).toMatchObject(REFUSED);
    expect(await post('1'.repeat(400), chunked)).toMatchObject({ status: 204 });
    sent.destroy();
  });
});

test('of requests that arrive together one that is held up holds up no other', async () => {
  const steps: string[] = [];
  let free = (): void => {};
  const held = new Promise<void>((resolve) => {
    free = resolve;
  });
  await serve(async ({ rawBody }) => {
    const name = String(rawBody);
    steps.push(`begins ${name}`);
    if (name === '1') await held;
    steps.push(`ends ${name}`);
    return { status: 204 };
  }, JSON_BODIES);
  const answered: number[] = [];
  const all = [1, 2, 3].map((name) => post(String(name)).then(() => answered.push(name)));
  await Promise.all(all.slice(1));
  expect(answered.toSorted()).toEqual([2, 3]);
  free();
  await Promise.all(all);
  expect(steps.filter((step) => step.startsWith('begins'))).toHaveLength(3);
  expect(steps.at(-1)).toBe('ends 1');
});

test('an answer has its headers, and its body as JSON', async () => {
  await listen(JSON_BODIES, { status: 405, headers: { allow: 'POST' }, body: { reason: 'é', n: 1 } });
  const { status, headers, said } = await post('', {}, 'GET');
  expect([status, said]).toEqual([405, '{"reason":"é","n":1}']);
  expect(headers).toMatchObject({
    allow: 'POST',
    'content-type': 'application/json; charset=utf-8',
    'content-length': '21',
  });
});

test("a server's own listener has none of its requests, not even the first", async () => {
  await listen(JSON_BODIES);
  const [ours] = server.listeners('request') as [RequestListener];
  const theirs: unknown[] = [];
  server.removeAllListeners('request').on('request', (request) => theirs.push(request));
  const undo = takeOver(ours);
  try {
    for (let count = 1; count <= 3; count += 1) {
      expect(await post('{}')).toMatchObject({ status: 204 });
      expect([theirs.length, seen.length]).toEqual([0, count]);
    }
  } finally {
    undo();
  }
});

test('once the first request is answered, and not before, V8 no longer makes what survived old at birth', async () => {
  setFlagsFromString('--no-allocation-site-pretenuring');
  const young = cachedDataVersionTag();
  setFlagsFromString('--allocation-site-pretenuring');
  const usual = cachedDataVersionTag();
  expect(young).not.toBe(usual);
  const meanwhile: number[] = [];
  await serve(async () => {
    meanwhile.push(cachedDataVersionTag());
    return { status: 204 };
  }, JSON_BODIES);
  const [ours] = server.listeners('request') as [RequestListener];
  const undo = takeOver(ours);
  try {
    expect(cachedDataVersionTag()).toBe(usual);
    for (let count = 0; count < 2; count += 1) expect(await post('{}')).toMatchObject({ status: 204 });
    expect(meanwhile).toEqual([usual, young]);
  } finally {
    undo();
    setFlagsFromString('--allocation-site-pretenuring');
  }
});
