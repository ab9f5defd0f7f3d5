/**
 * Stands between Pub/Sub's pushes and the functions. It forwards each request as it is, knows which messages were
 * acknowledged, and may lose an answer: the function has done its work then, and the message comes again.
 */

import { once } from 'node:events';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Changes, createChanges } from './changes.ts';

/** What has no answer by then is delivered again: https://cloud.google.com/pubsub/docs/push#receive_push */
export const ACK_DEADLINE_MS = 60_000;

export interface Tap {
  /** Where a function is reached. */
  url(name: string): string;
  acknowledged(subscription: string, messageId: string): boolean;
  /** The statuses that a message got so far, 0 while one is awaited; for the report of a failure. */
  history(subscription: string, messageId: string): readonly number[];
  /** Requests to a function that began. */
  begun(name: string): number;
  /** Answers given, whatever they were. */
  readonly answers: number;
  readonly lost: number;
  /** Asks at the beginning and the end of each request. */
  until: Changes['until'];
  close(): void;
}

export interface TapOptions {
  target(name: string): string;
  /** How long a refusal is held back. The emulator's own backoff forgets messages. */
  backoffMs(subscription: string): number;
  /** Asked once an acknowledgement is there. */
  lose?(): boolean;
}

export async function startTap({ target, backoffMs, lose = () => false }: TapOptions): Promise<Tap> {
  const acknowledged = new Set<string>();
  const histories = new Map<string, number[]>();
  const begun = new Map<string, number>();
  const changes = createChanges();
  let answers = 0;
  let lost = 0;

  async function forward(name: string, body: Buffer): Promise<number> {
    try {
      const headers = { 'content-type': 'application/json' };
      const signal = AbortSignal.timeout(ACK_DEADLINE_MS);
      const response = await fetch(target(name), { method: 'POST', headers, body: new Uint8Array(body), signal });
      await response.arrayBuffer();
      return response.status;
    } catch {
      return 502;
    }
  }

  const server = createServer(async (request, response) => {
    const name = request.url?.slice(1) ?? '';
    const body = await buffer(request);
    const { message, subscription: path = '' } = JSON.parse(body.toString()) as {
      message?: { messageId: string };
      subscription?: string;
    };
    const subscription = path.slice(path.lastIndexOf('/') + 1);
    begun.set(name, (begun.get(name) ?? 0) + 1);
    changes.tell();
    const key = `${subscription} ${message?.messageId}`;
    const history = histories.get(key) ?? [];
    histories.set(key, history);
    const attempt = history.push(0) - 1;
    let status = await forward(name, body);
    if (message && status < 300) {
      if (lose()) {
        lost += 1;
        status = 503;
      } else acknowledged.add(key);
    }
    history[attempt] = status;
    answers += 1;
    changes.tell();
    if (status >= 300) await sleep(backoffMs(subscription));
    response.writeHead(status).end();
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;

  return {
    url: (name) => `${base}/${name}`,
    acknowledged: (subscription, messageId) => acknowledged.has(`${subscription} ${messageId}`),
    history: (subscription, messageId) => histories.get(`${subscription} ${messageId}`) ?? [],
    begun: (name) => begun.get(name) ?? 0,
    get answers() {
      return answers;
    },
    get lost() {
      return lost;
    },
    until: changes.until,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
