/** What an answer of Loki to a push means. Its words are those of Loki 3.7.8. */

import type { ReasonCode } from '../../core/reasons.ts';

type UnavailableReason = Extract<ReasonCode, 'loki-throttled' | 'loki-blocked' | 'loki-denied' | 'loki-unavailable'>;

export type Answer =
  | { kind: 'stored' }
  /** At least one entry is not acceptable; the others of the stream may be stored or not. */
  | { kind: 'refused'; detail: string }
  /**
   * Entries are older than the stream's newest by more than Loki allows. `all` is how many entries Loki says it
   * ignored when it ignored every one of those it looked at, so that a push of that many stored nothing.
   */
  | { kind: 'behind'; detail: string; all: number | undefined }
  /** Nothing is stored; fewer bytes may pass. */
  | { kind: 'too-large'; detail: string }
  /** Over a rate limit of the tenant, of this stream, or of the number of streams. */
  | { kind: 'throttled'; detail: string; scope: 'tenant' | 'stream' | 'streams' }
  | { kind: 'unavailable'; reason: UnavailableReason; detail: string };

/** Loki's messages name the stream's labels, never a line; still, what is kept of them is bounded. */
export const DETAIL_LIMIT = 500;

const BLOCKED = /^ingestion blocked for user /;
const TOO_LARGE = /(?:received|trying to send) message larger than max/;
const BEHIND = /entry too far behind|entry out of order/;
/** Settings that refuse whatever is pushed: Loki's own, a gateway's page, and Go's word to plain HTTP on a port for TLS. */
const MISCONFIGURED =
  /structured metadata, but this feature is disallowed|^\s*<(?:!doctype|html)|^Client sent an HTTP request to an HTTPS server/i;
const IGNORED = /total ignored: (\d+) out of (\d+) for stream/;

/**
 * `body` is the answer's text. Only 204 means stored: 260 is blocked ingestion, and any other success is no answer of
 * Loki's push endpoint.
 */
export function classify(status: number, body: string): Answer {
  const detail = boundDetail(status, body);
  if (status === 204) return { kind: 'stored' };
  // The status of blocked ingestion is configurable, so its words come first.
  if (status === 260 || BLOCKED.test(body)) return { kind: 'unavailable', reason: 'loki-blocked', detail };
  if (status === 413 || (status >= 500 && TOO_LARGE.test(body))) return { kind: 'too-large', detail };
  if (status === 429) return { kind: 'throttled', scope: throttleScope(body), detail };
  if (status === 400) {
    if (MISCONFIGURED.test(body)) return { kind: 'unavailable', reason: 'loki-denied', detail };
    if (!BEHIND.test(body)) return { kind: 'refused', detail };
    const [, ignored, of] = IGNORED.exec(body) ?? [];
    return { kind: 'behind', detail, all: ignored !== undefined && ignored === of ? Number(of) : undefined };
  }
  if (status === 401 || status === 403 || status === 404) return { kind: 'unavailable', reason: 'loki-denied', detail };
  return { kind: 'unavailable', reason: 'loki-unavailable', detail };
}

function throttleScope(body: string): 'tenant' | 'stream' | 'streams' {
  if (body.includes('er stream rate limit exceeded')) return 'stream';
  return body.includes('aximum active stream limit') ? 'streams' : 'tenant';
}

function boundDetail(status: number, body: string): string {
  const text = body.replace(/[\s\p{Cc}]+/gu, ' ').trim();
  const bounded = text.length > DETAIL_LIMIT ? `${text.slice(0, DETAIL_LIMIT)}...` : text;
  return bounded === '' ? `Loki answered ${status}` : `Loki answered ${status}: ${bounded}`;
}
