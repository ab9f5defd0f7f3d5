/** A press of the page goes the way that Slack's would: by HTTP, signed, through callback and back by the response_url. */

import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createHttp } from '../../functions/adapters/http.ts';
import { createSlackReply } from '../../functions/adapters/receivers/slack-reply.ts';
import { createCallback } from '../../functions/callback/handler.ts';
import type { Act, Action } from '../../functions/core/incident/action.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { canPress, createPresses, localCallbacks, type Presses } from '../../functions/local/presses.ts';
import { fakeAfter } from '../support/time.ts';

const SECRET = 'f'.repeat(64);
const BUTTON = { action_id: 'acknowledge', value: '{"groupKey":"{cluster=\\"a\\"}","generation":2}' };

let server: Server;
let base: string;
let presses: Presses;
let act: Act;
let signedWith: string;
const asked: Action[] = [];
const lines: LogLine[] = [];
const time = fakeAfter(1_795_424_405_000);
const http = createHttp(time);

beforeEach(async () => {
  asked.length = 0;
  lines.length = 0;
  signedWith = SECRET;
  act = async (action) => {
    asked.push(action);
    return { kind: 'done', text: 'Acknowledged <by> *you*.' };
  };
  server = createServer(async (request, response) => {
    if (request.url?.startsWith('/replies/')) return presses.takeReply(request, response);
    const options = localCallbacks({ base, secret: signedWith });
    const reply = options?.slack && createSlackReply(options.slack, http);
    const writeLog = (line: LogLine): void => void lines.push(line);
    const callback = createCallback({ options, act: (action) => act(action), reply, ...time, writeLog });
    const { method = '', headers } = request;
    const answer = await callback({ method, headers, body: undefined, rawBody: Buffer.from(await text(request)) });
    response.writeHead(answer.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  presses = createPresses({ base, secret: SECRET, seed: 'seed', clock: time.clock });
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await http.close();
});

const reply = (id: string, body: unknown): Promise<number> =>
  fetch(`${base}/replies/${id}`, { method: 'POST', body: JSON.stringify(body) }).then(({ status }) => status);

describe('a press', () => {
  test('asks what the button says, in the name of whoever is here, and gives the reply', async () => {
    expect(await presses.press(BUTTON)).toBe('Acknowledged <by> *you*.');
    expect(asked).toEqual([
      {
        kind: 'acknowledge',
        incident: { groupKey: '{cluster="a"}', generation: 2 },
        by: 'you',
        via: 'slack',
        requestId: 'slack:seed.1',
      },
    ]);
  });

  test('is another one each time', async () => {
    await presses.press(BUTTON);
    await presses.press(BUTTON);
    expect(asked.map(({ requestId }) => requestId)).toEqual(['slack:seed.1', 'slack:seed.2']);
  });

  test('with another secret does nothing, and says so', async () => {
    signedWith = 'e'.repeat(64);
    expect(await presses.press(BUTTON)).toBe('Nothing was done: callback answered 401.');
    expect(asked).toEqual([]);
  });

  test('while the store is down says that nothing was done', async () => {
    act = () => Promise.reject(new Error('the connection was refused'));
    expect(await presses.press(BUTTON)).toBe('Nothing was done: callback answered 503.');
  });

  test.each([
    ['nothing', undefined],
    ['a button without a value', { action_id: 'acknowledge' }],
    ['more than a button', { ...BUTTON, user: { id: 'U0ADMIN' } }],
  ])('of %s is refused', async (_, button) => {
    await expect(presses.press(button)).rejects.toThrow('not a button of ours');
    expect(lines).toEqual([]);
  });
});

describe('a reply', () => {
  const said = (words: string) => ({ blocks: [{ elements: [{ elements: [{ text: words }] }] }] });

  test('to no press under way is refused', async () => {
    await presses.press(BUTTON);
    expect(await reply('seed.1', said('late'))).toBe(404);
    expect(await reply('seed.7', said('to nobody'))).toBe(404);
  });

  test.each([
    ['without words', { text: 'plain' }],
    ['too long', said('x'.repeat(70_000))],
  ])('%s is refused, and the press goes on without it', async (_, body) => {
    let status = 0;
    act = async () => {
      status = await reply('seed.1', body);
      return { kind: 'done', text: 'Done.' };
    };
    expect(await presses.press(BUTTON)).toBe('Done.');
    expect(status).toBe(400);
  });
});

describe('the page’s buttons', () => {
  const own = localCallbacks({ base: 'http://127.0.0.1:8080', secret: SECRET });

  test.each([
    ['act where nobody is really told', undefined, ['oncall'], false, true],
    ['act at this machine', undefined, [], true, true],
    ['act for nobody else where people are told', undefined, [], false, false],
    ['are a picture where pipeline.yaml has callbacks', own, ['outbox'], true, false],
  ] as const)('%s', (_, callbacks, outboxes, ownNamesOnly, can) => {
    expect(canPress({ config: { callbacks }, outboxes, ownNamesOnly })).toBe(can);
  });
});
