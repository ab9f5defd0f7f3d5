/** The HTTP side of Loki: address, tenant, credentials, and the two requests that the writer makes. */

import type { After } from '../../core/ports.ts';
import { basicAuthorization } from '../http.ts';
import { createHttpPool, type HttpPool, type HttpResponse } from '../http-pool.ts';

export interface LokiOptions {
  /** Base address; a path before `/loki/api/v1` is kept, and so are a user name and password in it. */
  url: string;
  /** Sent as X-Scope-OrgID; needed where Loki runs with auth_enabled. */
  tenant?: string;
  username?: string;
  password?: string;
  bearerToken?: string;
}

export interface LokiClient {
  /** `body` from `encodePush`. Throws when there is no answer. */
  push(body: Uint8Array, timeoutMs: number, signal?: AbortSignal): Promise<HttpResponse>;
  /** A log query over `[startNs, endNs)`; at most `limit` lines. Throws when there is no answer. */
  queryRange(query: RangeQuery, timeoutMs: number, signal?: AbortSignal): Promise<HttpResponse>;
  close(): Promise<void>;
}

export interface RangeQuery {
  query: string;
  startNs: string;
  endNs: string;
  limit: number;
}

/** Pushes and look-ups under way at once: four each, and some room for streams that hang. */
const CONNECTIONS = 16;
const MAX_QUERY_ANSWER_BYTES = 8 * 1024 * 1024;

/** Throws for an address that is none, and for both kinds of credentials at once. */
export function createLokiClient(options: LokiOptions & { after: After }): LokiClient {
  const address = new URL(options.url);
  const prefix = address.pathname.replace(/\/+$/, '');
  const pool: HttpPool = createHttpPool({ origin: address.origin, connections: CONNECTIONS, after: options.after });
  const headers = credentials({
    ...(address.username ? { username: decodeURIComponent(address.username) } : {}),
    ...(address.password ? { password: decodeURIComponent(address.password) } : {}),
    ...options,
  });
  const pushHeaders = { ...headers, 'content-type': 'application/x-protobuf' };
  // Loki caches empty answers where its results cache is on; a look-up must see what was just pushed.
  const queryHeaders = { ...headers, 'cache-control': 'no-cache', accept: 'application/json' };
  return {
    push: (body, timeoutMs, signal) =>
      pool.request({
        method: 'POST',
        path: `${prefix}/loki/api/v1/push`,
        headers: pushHeaders,
        body,
        timeoutMs,
        ...(signal ? { signal } : {}),
      }),
    queryRange({ query, startNs, endNs, limit }, timeoutMs, signal) {
      const parameters = new URLSearchParams({
        query,
        start: startNs,
        end: endNs,
        limit: String(limit),
        direction: 'forward',
      });
      return pool.request({
        method: 'GET',
        path: `${prefix}/loki/api/v1/query_range?${parameters}`,
        headers: queryHeaders,
        timeoutMs,
        maxBodyBytes: MAX_QUERY_ANSWER_BYTES,
        ...(signal ? { signal } : {}),
      });
    },
    close: () => pool.close(),
  };
}

function credentials({ tenant, username, password, bearerToken }: Omit<LokiOptions, 'url'>): Record<string, string> {
  if (bearerToken && username) throw new Error('Loki: either a bearer token or a user name, not both');
  const headers: Record<string, string> = {};
  if (tenant) headers['x-scope-orgid'] = tenant;
  if (bearerToken) headers.authorization = `Bearer ${bearerToken}`;
  else if (username) headers.authorization = basicAuthorization(username, password ?? '');
  return headers;
}
