/** An HTTP server on loopback that does what a test tells it, and remembers what it was sent. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Resolves once this request's connection is gone. */
  closed: Promise<unknown>;
}

export interface Loopback {
  url: string;
  port: number;
  received: Received[];
  /** Resolves with the next request once it was read whole. */
  next(): Promise<Received>;
  close(): Promise<void>;
}

export type Answerer = (request: Received, response: ServerResponse, raw: IncomingMessage) => void;

export async function startLoopback(answer: Answerer): Promise<Loopback> {
  const received: Received[] = [];
  let waiting: ((request: Received) => void)[] = [];
  const server = createServer(async (raw, response) => {
    const closed = once(raw.socket, 'close').catch(() => undefined);
    let body = '';
    raw.setEncoding('utf8');
    for await (const chunk of raw) body += chunk;
    const request: Received = { method: raw.method ?? '', path: raw.url ?? '', headers: raw.headers, body, closed };
    received.push(request);
    for (const resolve of waiting) resolve(request);
    waiting = [];
    answer(request, response, raw);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    received,
    next: () => new Promise((resolve) => waiting.push(resolve)),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
