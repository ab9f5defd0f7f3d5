/**
 * Loki in memory, behind the interface that the writer speaks to: the same requests always get the same answers.
 *
 * A push meets the checks in the order of Loki 3.7: labels and entries one by one, then the tenant's rate, then stream by
 * stream. test/stack/models-loki.stack.ts holds it against the real one.
 */

import type { HttpResponse } from '../../functions/adapters/http-pool.ts';
import type { RangeQuery } from '../../functions/adapters/loki/client.ts';
import type { Clock } from '../../functions/core/ports.ts';
import { decodePush, type PushedEntry, type PushedStream } from '../../functions/local/loki-push.ts';
import { answerQuery, labelSet, parseLabels } from '../../functions/local/loki-query.ts';
import {
  entryBytes,
  entryFault,
  type Limits,
  LOKI_LIMITS,
  type LokiModelLimits,
  labelFault,
  normalise,
  toNs,
} from './loki-limits.ts';
import { createLokiStream, type KeptEntry, type LokiStream, type StreamAnswer } from './loki-stream.ts';
import type { LokiModel } from './models.ts';
import { createTokenBucket } from './token-bucket.ts';

export interface FlushableLokiModel extends LokiModel {
  /** As Loki's `POST /flush` does: everything is visible, and every stream forgets what it recognised. */
  flush(): void;
}

interface JudgedStream {
  text: string;
  labels: Readonly<Record<string, string>>;
  entries: PushedEntry[];
}

export function createLokiModel(options: { clock: Clock; limits?: LokiModelLimits }): FlushableLokiModel {
  const { clock, limits: changed = {} } = options;
  const limitsNow = (): Limits => ({ ...LOKI_LIMITS, ...changed }) as Limits;
  const stored: KeptEntry[] = [];
  const streams = new Map<string, LokiStream>();
  const tenantRate = createTokenBucket();

  let flushedMs = clock();

  function advance(nowMs: number): void {
    const limits = limitsNow();
    if (nowMs - flushedMs < limits.flushEveryMs) return;
    flushedMs = nowMs;
    for (const [key, stream] of streams) if (stream.flushDue(nowMs, limits)) streams.delete(key);
  }

  function streamOf({ text, labels }: JudgedStream, limits: Limits): LokiStream | StreamAnswer {
    const key = labelSet(labels);
    const known = streams.get(key);
    if (known) return known;
    if (streams.size >= limits.streams) {
      const body = `maximum active stream limit exceeded when trying to create stream ${text}, reduce the number of active streams`;
      return { status: 429, body };
    }
    const stream = createLokiStream(text, labels, (entry) => void stored.push(entry));
    streams.set(key, stream);
    return stream;
  }

  function push(pushed: readonly PushedStream[]): StreamAnswer {
    const limits = limitsNow();
    const now = clock();
    advance(now);
    if (pushed.length === 0) {
      return { status: 422, body: 'error at least one valid stream is required for ingestion' };
    }
    const faults: string[] = [];
    let blocked: StreamAnswer | undefined;
    const judged: JudgedStream[] = [];
    for (const stream of pushed) {
      if (stream.entries.length === 0) continue;
      const labels = readLabels(stream.labels);
      const fault = labels ? labelFault(stream, labels, limits) : `error parsing labels '${stream.labels}'`;
      if (fault || !labels) faults.push(fault ?? '');
      else if (limits.blockedStatus !== undefined) blocked = blockedAnswer(limits.blockedStatus) ?? blocked;
      else {
        const entries: PushedEntry[] = [];
        for (const entry of stream.entries) {
          const wrong = entryFault(stream.labels, entry, now, limits);
          if (wrong) faults.push(wrong);
          else {
            try {
              entries.push(normalise(entry));
            } catch (error) {
              return { status: 500, body: (error as Error).message };
            }
          }
        }
        if (entries.length > 0) judged.push({ text: stream.labels, labels, entries });
      }
    }
    const refused = faults.length > 0 ? { status: 400, body: faults.join('; ') } : blocked;
    if (judged.length === 0) return refused ?? STORED;
    const bytes = judged.flatMap(({ entries }) => entries).reduce((sum, entry) => sum + entryBytes(entry), 0);
    if (!tenantRate.allow(bytes, now, limits.tenantRate, limits.tenantBurst)) {
      const body = `ingestion rate limit exceeded for user fake (limit: ${limits.tenantRate} bytes/sec) while attempting to ingest lines totaling '${bytes}' bytes`;
      return { status: 429, body };
    }
    if (bytes > limits.messageBytes) {
      const body = `rpc error: code = ResourceExhausted desc = grpc: received message larger than max (${bytes} vs. ${limits.messageBytes})`;
      return { status: 500, body };
    }
    // The trap of a push with several streams: what the last one says is all that is said.
    let said: StreamAnswer | undefined;
    for (const stream of judged) {
      const target = streamOf(stream, limits);
      said = 'push' in target ? target.push(stream.entries, now, limits) : target;
    }
    return said ?? refused ?? STORED;
  }

  function query({ query: text, startNs, endNs, limit }: RangeQuery): HttpResponse {
    const now = clock();
    advance(now);
    const oldestNs = toNs(now - limitsNow().ingesterWindowMs);
    const [start, end] = [BigInt(startNs), BigInt(endNs)];
    const candidates = stored.filter(({ timestampNs }) => isWithin(timestampNs, start, end));
    // For what is older only the store is asked. Of exact copies in one stream Loki shows one.
    const visible = new Map<string, KeptEntry>();
    for (const entry of candidates) {
      if (entry.flushed || BigInt(entry.timestampNs) >= oldestNs) visible.set(entry.identity, entry);
    }
    const parameters = new URLSearchParams({
      query: text,
      start: startNs,
      end: endNs,
      limit: String(limit),
      direction: 'forward',
    });
    try {
      return response(200, JSON.stringify(answerQuery([...visible.values()], parameters)));
    } catch (error) {
      return response(400, (error as Error).message);
    }
  }

  const model: FlushableLokiModel = {
    entries: () => stored,
    advance,
    flush() {
      for (const stream of streams.values()) stream.flushAll();
      streams.clear();
    },
    async push(body, _timeoutMs, signal) {
      signal?.throwIfAborted();
      let pushed: PushedStream[];
      try {
        pushed = decodePush(Buffer.from(body));
      } catch (error) {
        return response(400, (error as Error).message);
      }
      const fault = model.fault?.();
      if (!fault) return toResponse(push(pushed));
      push(firstOf(pushed, fault.stored));
      return toResponse(fault);
    },
    async queryRange(asked, _timeoutMs, signal) {
      signal?.throwIfAborted();
      return query(asked);
    },
    close: async () => {},
  };
  return model;
}

const STORED: StreamAnswer = { status: 204, body: '' };

/** Blocked with 200, Loki says that it stored what it did not. */
function blockedAnswer(status: number): StreamAnswer | undefined {
  if (status === 200) return undefined;
  const until = '2100-01-01T00:00:00Z';
  return { status, body: `ingestion blocked for user 'fake' until '${until}' with status code '${status}'` };
}

function firstOf(pushed: readonly PushedStream[], count: number): PushedStream[] {
  let left = count;
  return pushed.map(({ labels, entries }) => {
    const kept = entries.slice(0, Math.max(0, left));
    left -= kept.length;
    return { labels, entries: kept };
  });
}

function isWithin(timestampNs: string, start: bigint, end: bigint): boolean {
  const time = BigInt(timestampNs);
  return time >= start && time < end;
}

function readLabels(text: string): Record<string, string> | undefined {
  try {
    return parseLabels(text);
  } catch {
    return undefined;
  }
}

function toResponse({ status, body }: StreamAnswer): HttpResponse {
  return response(status, body);
}

function response(status: number, body: string): HttpResponse {
  return { status, headers: {}, body: Buffer.from(body), cut: false };
}
