/** Outbound HTTP to addresses that people configure: guarded against reaching inside, bounded in time and size. */

import { lookup as dnsLookup } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import type { AllowPrivate } from '../core/allow-private.ts';
import { type Credentials, credentialsOf } from '../core/credentials.ts';
import type { After } from '../core/ports.ts';
import { HttpError } from './http-error.ts';
import { checkedUrl, guardedLookup } from './http-guard.ts';
import type { HttpPool } from './http-pool.ts';

export interface HttpRequest {
  url: string;
  method: 'GET' | 'POST';
  headers?: Readonly<Record<string, string>>;
  body?: string;
  signal: AbortSignal;
  /** Permits http and private addresses, for endpoints in-house. Never those of metadata servers. */
  allowPrivate?: AllowPrivate;
  /** The answer is read up to this many bytes, the rest is not waited for. */
  maxResponseBytes?: number;
}

export interface HttpResponse {
  status: number;
  /** Names in lower case; of a repeated header the first. */
  headers: Readonly<Record<string, string>>;
  body: string;
  truncated: boolean;
}

export interface Http {
  /** Follows no redirect. Throws `HttpError` alone, whose message holds neither address nor payload. */
  request(request: HttpRequest): Promise<HttpResponse>;
  /** Destroys every socket. */
  close(): Promise<void>;
}

export interface HttpOptions {
  after: After;
  /** Every address of a name. Default: the system's resolver. */
  resolve?(hostname: string): Promise<readonly string[]>;
}

/** Send and answer: shorter than the 20 s that notify gives a delivery. */
export const TIMEOUT_MS = 15_000;
const RESPONSE_BYTES = 64 * 1024;
const CONNECTIONS = 16;

export function createHttp(options: HttpOptions): Http {
  const resolve = options.resolve ?? systemResolve;
  // As many as pipeline.yaml names addresses. Sockets with different permissions are kept apart, or one request would
  // reuse what another was allowed to open.
  const pools = new Map<string, Promise<HttpPool>>();

  function poolFor(origin: string, allowPrivate: AllowPrivate): Promise<HttpPool> {
    const key = JSON.stringify([origin, allowPrivate]);
    const known = pools.get(key);
    if (known) return known;
    const created = createPool(origin, guardedLookup(resolve, origin, allowPrivate), options.after);
    pools.set(key, created);
    return created;
  }

  return {
    async request(request) {
      const { signal, method } = request;
      const allowPrivate = request.allowPrivate ?? false;
      const url = checkedUrl(request.url, allowPrivate);
      const credentials = credentialsOf(url);
      if (!credentials) throw new HttpError('forbidden', "the address's user name or password can't be decoded");
      try {
        const pool = await poolFor(url.origin, allowPrivate);
        const { status, headers, body, cut } = await pool.request({
          method,
          path: `${url.pathname}${url.search}`,
          headers: { 'user-agent': 'falco-relay', ...authorization(credentials), ...request.headers },
          ...(request.body === undefined ? {} : { body: request.body }),
          timeoutMs: TIMEOUT_MS,
          signal,
          maxBodyBytes: request.maxResponseBytes ?? RESPONSE_BYTES,
        });
        return { status, headers: firstValues(headers), body: body.toString('utf8'), truncated: cut };
      } catch (error) {
        throw signal.aborted ? new HttpError('aborted', 'the caller gave up') : httpError(error);
      }
    },
    async close() {
      const open = await Promise.all(pools.values());
      pools.clear();
      await Promise.all(open.map((pool) => pool.destroy()));
    },
  };
}

/** Loaded on first use: it is a part of a cold start that most instances never need. */
async function createPool(origin: string, lookup: LookupFunction, after: After): Promise<HttpPool> {
  const { createHttpPool } = await import('./http-pool.ts');
  return createHttpPool({ origin, connections: CONNECTIONS, after, connect: { lookup } });
}

function authorization({ username, password }: Credentials): Record<string, string> {
  return username || password ? { authorization: basicAuthorization(username, password) } : {};
}

/** The header's value: https://www.rfc-editor.org/rfc/rfc7617, in UTF-8. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, 'utf8').toString('base64')}`;
}

function firstValues(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const pairs = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== undefined));
}

const SAFE_CODE = /^[A-Z][A-Z0-9_]{1,50}$/;

/** Keeps the system's code alone: messages may hold addresses. */
function httpError(error: unknown): HttpError {
  if (error instanceof HttpError) return error;
  if ((error as Error | undefined)?.name === 'HttpTimeoutError')
    return new HttpError('timeout', `no answer within ${TIMEOUT_MS} ms`);
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (cause instanceof HttpError) return cause;
  return new HttpError('network', typeof code === 'string' && SAFE_CODE.test(code) ? code : 'the connection failed');
}

async function systemResolve(hostname: string): Promise<readonly string[]> {
  const found = await dnsLookup(hostname, { all: true });
  return found.map(({ address }) => address);
}
