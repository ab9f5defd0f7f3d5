/**
 * Keeps functions-framework from reading what anybody may send: it would inflate and parse up to a gigabyte, and answer
 * by itself what is malformed, before the function could refuse.
 *
 * Node tells of each request through `diagnostics_channel` before any handler sees it. Without the headers that announce
 * a body the framework's parsers pass it by, and it is read here, as it came and up to a limit.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage } from 'node:http';

/** https://nodejs.org/api/diagnostics_channel.html#event-httpserverrequeststart */
const REQUEST_START = 'http.server.request.start';

const held = new WeakSet<object>();

/** To be called once in a process whose every request is for a function that is open to all. Returns what undoes it. */
export function holdBodies(): () => void {
  function hold(message: unknown): void {
    const { request } = message as { request: IncomingMessage };
    held.add(request);
    delete request.headers['content-length'];
    delete request.headers['transfer-encoding'];
    // The router would answer a path that it can't decode, and log it.
    request.url = '/';
  }
  subscribe(REQUEST_START, hold);
  return () => void unsubscribe(REQUEST_START, hold);
}

/**
 * The body of a request that was held; undefined where functions-framework read it.
 * @param most bytes; of a longer body so many are given, and one more. Throws what breaks off.
 */
export function heldBody(request: IncomingMessage, most: number): Promise<Uint8Array> | undefined {
  if (!held.has(request)) return undefined;
  return new Promise((resolve, reject) => {
    const brokenOff = (): void => reject(new Error('the body broke off'));
    if (request.destroyed) return brokenOff();
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (): void => {
      request.removeListener('data', take);
      resolve(Buffer.concat(chunks).subarray(0, most + 1));
    };
    const take = (chunk: Buffer): void => {
      chunks.push(chunk);
      bytes += chunk.length;
      // Node lets the rest go by once the answer is out.
      if (bytes > most) done();
    };
    request.on('data', take).once('end', done).once('error', brokenOff).once('close', brokenOff);
  });
}
