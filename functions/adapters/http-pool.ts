/**
 * HTTP for the adapters: undici's Pool alone, without the rest of undici.
 *
 * Loading all of undici costs a cold start about 95 ms, its Pool alone 30. The Pool's own `request()` comes with the
 * package's index, so this file speaks to `dispatch()`, which also spares a stream per answer.
 */

import type { Dispatcher, Pool as PoolType } from 'undici';
import Pool from 'undici/lib/dispatcher/pool.js';
import type { After } from '../core/ports.ts';

export interface HttpPoolOptions {
  /** Scheme, host and port; a path is ignored. */
  origin: string;
  /** Sockets at most; further requests wait for one. */
  connections: number;
  after: After;
  /** How long a socket may take to connect, in milliseconds. */
  connectTimeoutMs?: number;
  /** undici's connector or its options, for instance a `lookup` that refuses private addresses. */
  connect?: PoolType.Options['connect'];
}

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Path and query. */
  path: string;
  headers: Readonly<Record<string, string>>;
  body?: Uint8Array | string;
  /** For the whole exchange, waiting for a socket included, in milliseconds. */
  timeoutMs: number;
  signal?: AbortSignal;
  /** An answer's body is cut there, and its connection with it. 64 KiB unless told. */
  maxBodyBytes?: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
  /** The body was longer than `maxBodyBytes`. */
  cut: boolean;
}

export interface HttpPool {
  /** Any status is an answer. Throws when there is none: refused, reset, timed out, aborted. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Ends idle sockets at once and waits for those in use. */
  close(): Promise<void>;
  /** Ends every socket; what is under way throws. */
  destroy(): Promise<void>;
}

class HttpTimeoutError extends Error {
  override readonly name = 'HttpTimeoutError';
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
  }
}

const MAX_BODY_BYTES = 65_536;

export function createHttpPool(options: HttpPoolOptions): HttpPool {
  const pool = new Pool(new URL(options.origin).origin, {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    // A request's own timeout covers the whole exchange, so undici's two are not needed.
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: options.connectTimeoutMs ?? 5_000,
    ...(options.connect ? { connect: options.connect } : {}),
  });
  return {
    request: (request) => exchange(pool, request, options.after),
    close: () => pool.close(),
    destroy: () => pool.destroy(),
  };
}

function exchange(pool: PoolType, request: HttpRequest, after: After): Promise<HttpResponse> {
  const { method, path, headers, body, signal } = request;
  const limit = request.maxBodyBytes ?? MAX_BODY_BYTES;
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let response: Omit<HttpResponse, 'body' | 'cut'> | undefined;
    let stopped: Error | undefined;
    const chunks: Buffer[] = [];
    let bytes = 0;

    const settle = (): void => {
      cancel();
      signal?.removeEventListener('abort', onAbort);
    };
    // Does not wait for undici: a request that still waits for a socket has no controller to abort.
    const stop = (error: Error): void => {
      stopped = error;
      settle();
      reject(error);
      controller?.abort(error);
    };
    const answer = (cut: boolean): void => {
      settle();
      if (response)
        resolve({ ...response, body: chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks), cut });
    };
    const onAbort = (): void => stop(asError(signal?.reason));
    const cancel = after(request.timeoutMs, () => stop(new HttpTimeoutError(request.timeoutMs)));
    if (signal?.aborted) {
      onAbort();
      return;
    }
    signal?.addEventListener('abort', onAbort, { once: true });

    pool.dispatch(
      { method, path, headers, body: body ?? null },
      {
        onRequestStart(started) {
          controller = started;
          if (stopped) started.abort(stopped);
        },
        onResponseStart(_controller, status, responseHeaders) {
          // 1xx come before the answer itself.
          if (status >= 200) response = { status, headers: responseHeaders };
        },
        onResponseData(current, chunk) {
          if (bytes >= limit) return;
          chunks.push(Buffer.from(chunk.subarray(0, limit - bytes)));
          bytes += chunk.length;
          if (bytes > limit) {
            answer(true);
            stopped = new Error('the answer is too long');
            current.abort(stopped);
          }
        },
        onResponseEnd() {
          answer(false);
        },
        onResponseError(_controller, error) {
          settle();
          reject(error);
        },
      },
    );
  });
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}
