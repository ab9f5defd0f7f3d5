/** A link fails as it is told, and what it held back arrives once it is mended. */

import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Link, startLink } from './link.ts';

let server: Server;
let link: Link;
let asked: string[];
let client: Socket;
beforeEach(async () => {
  asked = [];
  server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      asked.push(String(piece));
      server.emit('asked');
      socket.write(`re: ${piece}`);
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  link = await startLink((server.address() as AddressInfo).port);
  client = await connected();
});
afterEach(async () => {
  client.destroy();
  await link.close();
  server.close();
});

async function connected(): Promise<Socket> {
  const socket = connect(link.port, '127.0.0.1');
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

async function answerTo(words: string): Promise<string> {
  client.write(words);
  const [piece] = await once(client, 'data');
  return String(piece);
}

test('whole, it carries both ways', async () => {
  expect(await answerTo('one')).toBe('re: one');
});

test.each(['cut', 'reset'] as const)('%s ends what is connected', async (fault) => {
  await answerTo('one');
  const closed = new Promise((resolve) => client.once('close', resolve));
  link.begin(fault);
  await closed;
});

test('reset, the next connection is fine; cut, it is not before the link is mended', async () => {
  link.begin('reset');
  client = await connected();
  expect(await answerTo('one')).toBe('re: one');
  link.begin('cut');
  const refused = connect(link.port, '127.0.0.1');
  const [error] = await once(refused, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
  link.mend();
  client = await connected();
  expect(await answerTo('two')).toBe('re: two');
});

describe('what is held back', () => {
  test('half-open, a question arrives and its answer waits', async () => {
    await answerTo('one');
    link.begin('half-open');
    const asking = once(server, 'asked');
    const answer = answerTo('two');
    await asking;
    expect(client.bytesRead).toBe('re: one'.length);
    link.mend();
    expect(await answer).toBe('re: two');
  });

  test('in a black hole nothing arrives; mended, all does', async () => {
    await answerTo('one');
    link.begin('black-hole');
    const answer = answerTo('two');
    // By another link, which is whole, what is asked later is answered first.
    const whole = await startLink((server.address() as AddressInfo).port);
    const other = connect(whole.port, '127.0.0.1');
    other.write('three');
    await once(other, 'data');
    other.destroy();
    await whole.close();
    expect(asked).toEqual(['one', 'three']);
    link.mend();
    expect(await answer).toBe('re: two');
    expect(asked).toEqual(['one', 'three', 'two']);
  });
});
