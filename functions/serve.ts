/**
 * Answers the requests of a process that functions-framework started, in the place of its own listener.
 *
 * That one inflates and parses up to a gigabyte of whatever is sent, answers by itself what it can't parse, and runs
 * each request in a `domain`, which makes every promise of the process dear (docs/performance.md). Node tells of each
 * request through `diagnostics_channel` before any listener sees it, and of the server that took it.
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { setFlagsFromString } from 'node:v8';
import { type Admission, createAdmission } from './core/admission.ts';
import { type Answer, type Handler, OVERLOADED, TOO_LARGE } from './core/http.ts';
import { jsonIn } from './core/json.ts';
import { startOutsideOfAnyRequest } from './core/lane.ts';
import { REQUEST_START, type RequestStart } from './drain.ts';

/**
 * To be called once in a process with one server. From its first request on `listener` has them all, and once that one is answered
 * nothing is born old (see `keepYoung`). Returns what undoes it.
 */
export function takeOver(listener: RequestListener): () => void {
  function take(message: unknown): void {
    stop();
    const { server, response } = message as RequestStart;
    server.removeAllListeners('request').on('request', listener);
    response.once('close', keepYoung);
  }
  const stop = (): void => void unsubscribe(REQUEST_START, take);
  subscribe(REQUEST_START, take);
  return stop;
}

/**
 * V8 puts what survived in a burst of requests into its old generation from then on, by the place in the code that makes
 * it. Here everything lives as long as a request, and what is old keeps all that it refers to until the old generation is
 * swept: most of each request was then copied twice (docs/decisions.md, 2026-11-30). Node compares flags with those that its compile
 * cache was made with, so this waits for the first answer, by when all that a start needs is loaded.
 */
function keepYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/** Where nobody counts. */
const UNBOUNDED = createAdmission({ events: Number.POSITIVE_INFINITY, bytes: Number.POSITIVE_INFINITY });

export interface ListenerOptions {
  /** Bytes of a body. Of a longer one nothing more is read, and it is answered 413. */
  most: number;
  /** Who verifies the bytes first parses them itself, and is given so many of too long a body, and one more. */
  json: boolean;
  /** Bounds what is in flight, from a request's headers to its answer, by the length that they say it has. */
  admission?: Admission;
}

/**
 * Reads a body as it came, whatever its headers say of it, has `handle` answer, and sends that.
 *
 * The requests whose bodies arrived in one turn of the event loop are handled in a row at its end: a processor does the
 * same work several times in a row much faster than in turns with the reading of sockets (docs/performance.md).
 */
export function listenerOf(handle: Handler, options: ListenerOptions): RequestListener {
  const { most, json, admission = UNBOUNDED } = options;
  const admitted = admission !== UNBOUNDED;

  function answerTo({ method = '', headers }: IncomingMessage, rawBody: Buffer): Promise<Answer> {
    if (!json) return handle({ method, headers, body: undefined, rawBody });
    if (rawBody.length > most) return Promise.resolve(TOO_LARGE);
    return handle({ method, headers, body: jsonIn(rawBody.toString()), rawBody, admitted });
  }

  return (request, response) => {
    const said = request.headers['content-length'];
    let leave = admission.enter(Number(said ?? 0));
    if (!leave) return send(response, OVERLOADED);
    readBody(request, most, (rawBody) => {
      leave?.();
      // Whose header says no length counts by its bytes once they are there.
      leave = rawBody && admission.enter(rawBody.length);
      if (!rawBody) response.destroy();
      else if (!leave) send(response, OVERLOADED);
      else {
        const end = leave;
        startOutsideOfAnyRequest(() => sendOnce(answerTo(request, rawBody), response, end));
      }
    });
  };
}

/** A function of its own, so that nothing which waits for the answer holds the body meanwhile. */
function sendOnce(answer: Promise<Answer>, response: ServerResponse, leave: () => void): void {
  void answer.then((answered) => {
    leave();
    send(response, answered);
  });
}

/** Calls `done` once: with the bytes, with one more than `most` of more, with undefined when they break off. */
function readBody(request: IncomingMessage, most: number, done: (body: Buffer | undefined) => void): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let waiting = true;
  const end = (body: Buffer | undefined): void => {
    if (!waiting) return;
    waiting = false;
    // The request outlives its body.
    chunks = [];
    request.removeListener('data', take);
    done(body);
  };
  const whole = (): Buffer => (chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks));
  function take(chunk: Buffer): void {
    chunks.push(chunk);
    bytes += chunk.length;
    // Node lets the rest go by once the answer is out.
    if (bytes > most) end(whole().subarray(0, most + 1));
  }
  request
    .on('data', take)
    .once('end', () => end(whole()))
    .once('error', () => end(undefined))
    .once('close', () => end(undefined));
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const text = body && JSON.stringify(body);
  const typed = text && {
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
  };
  response.writeHead(status, { ...headers, ...typed }).end(text);
}
