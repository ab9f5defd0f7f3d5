/** The load generator, a process of its own: keeps a number of connections busy, one request at a time on each. */

import { connect } from 'node:net';
import { bodiesOf, type MixName, readSamples } from './mix.ts';

/** Told by the parent: bodies are made before the clock starts. */
export interface LoadOrder {
  port: number;
  connections: number;
  mix: MixName;
  count: number;
  run: number;
}

export type LoadMessage =
  | { kind: 'ready' }
  | { kind: 'done'; seconds: number; statuses: Readonly<Record<number, number>> };

let requests: Buffer[] = [];
let order: LoadOrder | undefined;

process.on('message', (message: LoadOrder | 'go') => {
  if (message !== 'go') {
    order = message;
    const { port } = message;
    requests = bodiesOf(readSamples(), message.mix, message.count, message.run).map((body) =>
      Buffer.concat([
        Buffer.from(
          `POST / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
        ),
        body,
      ]),
    );
    process.send?.({ kind: 'ready' } satisfies LoadMessage);
  } else if (order) {
    const start = performance.now();
    void drive(order.port, order.connections, requests).then((statuses) => {
      process.send?.({
        kind: 'done',
        seconds: (performance.now() - start) / 1000,
        statuses: Object.fromEntries(statuses),
      } satisfies LoadMessage);
    });
  }
});

async function drive(port: number, connections: number, all: readonly Buffer[]): Promise<Map<number, number>> {
  const statuses = new Map<number, number>();
  let next = 0;
  await Promise.all(
    Array.from({ length: connections }, () =>
      keepBusy(
        port,
        () => all[next++],
        (status) => statuses.set(status, (statuses.get(status) ?? 0) + 1),
      ),
    ),
  );
  return statuses;
}

/** Resolves when there is nothing left to send; rejects when the connection ends before that. */
function keepBusy(port: number, take: () => Buffer | undefined, onStatus: (status: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let received = '';
    const send = (): void => {
      const request = take();
      if (request) socket.write(request);
      else {
        resolve();
        socket.destroy();
      }
    };
    socket.setNoDelay(true);
    socket.setEncoding('latin1');
    socket.once('connect', send);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed')));
    socket.on('data', (chunk) => {
      received += chunk;
      const end = received.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(received.slice(0, end))?.[1] ?? 0);
      if (received.length < end + 4 + length) return;
      onStatus(Number(received.slice(9, 12)));
      received = '';
      send();
    });
  });
}
