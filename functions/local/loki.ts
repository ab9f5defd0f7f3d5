/** A log that answers like Loki, for `npm start` without one: bounded, in memory, spoken to over HTTP by the real writer. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../core/ports.ts';
import { decodePush, type PushedEntry } from './loki-push.ts';
import { answerQuery, labelSet, parseLabels, type StoredEntry } from './loki-query.ts';
import { readBytes } from './read-body.ts';

export interface LocalLoki {
  /** Answers `POST /loki/api/v1/push` and `GET /loki/api/v1/query_range`. Gives false for any other request, untouched. */
  handle(request: IncomingMessage, response: ServerResponse): Promise<boolean>;
  /** While true every request is answered 503. */
  broken: boolean;
  /** In the order in which they were stored. */
  entries(): readonly StoredEntry[];
  /** Called for each entry once it is stored. Gives what ends that. */
  onEntry(listener: (entry: StoredEntry) => void): () => void;
}

// Loki's defaults (https://grafana.com/docs/loki/latest/configure/#limits_config).
const MAX_LINE_BYTES = 262_144;
const MAX_AGE_MS = 7 * 24 * 3_600_000;
const MAX_AHEAD_MS = 10 * 60_000;
const MAX_BEHIND_MS = 3_600_000;
const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** Keeps the newest `maxEntries`, 10,000 unless told. */
export function createLocalLoki(options: { clock: Clock; maxEntries?: number }): LocalLoki {
  const { clock, maxEntries = 10_000 } = options;
  const listeners = new Set<(entry: StoredEntry) => void>();
  let stored: StoredEntry[] = [];
  /** Newest timestamp of a stream in milliseconds, and what it holds. */
  const streams = new Map<string, { newestMs: number; keys: Set<string> }>();

  /** Gives what is wrong with it, or undefined once it is stored. */
  function store(streamText: string, labels: Readonly<Record<string, string>>, entry: PushedEntry): string | undefined {
    const ms = Number(entry.timestampNs) / 1e6;
    const streamKey = labelSet(labels);
    const stream = streams.get(streamKey) ?? { newestMs: ms, keys: new Set<string>() };
    const fault = faultOf(streamText, entry, ms, clock()) ?? behindBy(entry, ms, stream.newestMs);
    if (fault) return fault;
    const key = JSON.stringify([entry.timestampNs, entry.line, entry.metadata]);
    streams.set(streamKey, stream);
    stream.newestMs = Math.max(stream.newestMs, ms);
    if (stream.keys.has(key)) return undefined;
    stream.keys.add(key);
    const kept = { ...entry, labels };
    stored.push(kept);
    if (stored.length > maxEntries) forget(maxEntries);
    for (const listener of listeners) listener(kept);
    return undefined;
  }

  /** Cuts a tenth at once, so that a full log is not moved with each entry; the streams keep what they recognise. */
  function forget(limit: number): void {
    stored = stored.slice(-Math.max(1, Math.floor(limit * 0.9)));
    streams.clear();
    for (const entry of stored) {
      const streamKey = labelSet(entry.labels);
      const ms = Number(entry.timestampNs) / 1e6;
      const stream = streams.get(streamKey) ?? { newestMs: ms, keys: new Set<string>() };
      stream.newestMs = Math.max(stream.newestMs, ms);
      stream.keys.add(JSON.stringify([entry.timestampNs, entry.line, entry.metadata]));
      streams.set(streamKey, stream);
    }
  }

  function push(body: Buffer): { status: number; text: string } {
    const faults: string[] = [];
    let total = 0;
    for (const stream of decodePush(body)) {
      const labels = parseLabels(stream.labels);
      for (const entry of stream.entries) {
        total += 1;
        const fault = store(stream.labels, labels, entry);
        if (fault) faults.push(fault);
      }
      if (faults.some((fault) => fault.includes('too far behind'))) {
        faults.push(`total ignored: ${faults.length} out of ${total} for stream: ${stream.labels}`);
      }
    }
    return faults.length === 0 ? { status: 204, text: '' } : { status: 400, text: faults.join(',\n') };
  }

  const local: LocalLoki = {
    broken: false,
    entries: () => stored,
    onEntry(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async handle(request, response) {
      const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
      const isPush = request.method === 'POST' && pathname === '/loki/api/v1/push';
      const isQuery = request.method === 'GET' && pathname === '/loki/api/v1/query_range';
      if (!isPush && !isQuery) return false;
      try {
        const body = await readBytes(request, MAX_BODY_BYTES);
        if (local.broken) answer(response, 503, 'broken on purpose\n');
        else if (body === undefined) answer(response, 413, 'request body too large\n');
        else if (isQuery) answer(response, 200, JSON.stringify(answerQuery(stored, searchParams)), 'application/json');
        else {
          const { status, text } = push(body);
          answer(response, status, text);
        }
      } catch (error) {
        answer(response, 400, error instanceof Error ? error.message : 'bad request');
      }
      return true;
    },
  };
  return local;
}

function faultOf(streamText: string, { line }: PushedEntry, ms: number, now: number): string | undefined {
  const time = Number.isFinite(ms) && Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : 'out of range';
  if (ms < now - MAX_AGE_MS) {
    const oldest = new Date(now - MAX_AGE_MS).toISOString();
    return `entry for stream '${streamText}' has timestamp too old: ${time}, oldest acceptable timestamp is: ${oldest}`;
  }
  if (ms > now + MAX_AHEAD_MS) return `entry for stream '${streamText}' has timestamp too new: ${time}`;
  const bytes = Buffer.byteLength(line);
  if (bytes <= MAX_LINE_BYTES) return undefined;
  return `max entry size '${MAX_LINE_BYTES}' bytes exceeded for stream '${streamText}' while adding an entry with length '${bytes}' bytes`;
}

function behindBy({ timestampNs }: PushedEntry, ms: number, newestMs: number): string | undefined {
  if (ms >= newestMs - MAX_BEHIND_MS) return undefined;
  const [time, cutoff] = [ms, newestMs - MAX_BEHIND_MS].map((at) => new Date(at).toISOString());
  const reason = `entry too far behind, entry timestamp is: ${time}, oldest acceptable timestamp is: ${cutoff}`;
  return `entry with timestamp ${timestampNs} ignored, reason: '${reason}'`;
}

function answer(response: ServerResponse, status: number, text: string, type = 'text/plain; charset=utf-8'): void {
  response.writeHead(status, status === 204 ? {} : { 'content-type': type });
  response.end(text);
}
