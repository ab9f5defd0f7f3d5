/**
 * One stream in Loki's ingester: which entries it takes, which it recognises, and what it forgets by time.
 *
 * After https://github.com/grafana/loki/blob/v3.7.8/pkg/ingester/stream.go.
 */

import type { PushedEntry } from '../../functions/local/loki-push.ts';
import type { StoredEntry as QueriedEntry } from '../../functions/local/loki-query.ts';
import { entryBytes, type Limits, toNs } from './loki-limits.ts';
import type { StoredEntry } from './models.ts';
import { createTokenBucket } from './token-bucket.ts';

/** An entry as the model keeps it. */
export interface KeptEntry extends StoredEntry, QueriedEntry {
  /** Until then it is in memory alone, and queries for long ago do not see it. */
  flushed: boolean;
  /** The same for an exact copy in this stream: a query for lines shows one of them. */
  identity: string;
}

export interface StreamAnswer {
  status: number;
  body: string;
}

export interface LokiStream {
  /** Stores what it takes of `entries`; gives an answer for what it does not. */
  push(entries: readonly PushedEntry[], nowMs: number, limits: Limits): StreamAnswer | undefined;
  /** Flushes what is full, idle or old. True once nothing is in memory: Loki then forgets the stream. */
  flushDue(nowMs: number, limits: Limits): boolean;
  flushAll(): void;
}

interface Chunk {
  entries: KeptEntry[];
  /** What a repeated entry is recognised by; a block that is cut forgets it. */
  head: Set<string>;
  headBytes: number;
  cutBytes: number;
  fromNs: bigint;
  toNs: bigint;
  updatedMs: number;
}

/** Of a block that is cut; only how soon a chunk is full depends on it. */
const COMPRESSION = 0.3;
/** A name and a value of structured metadata are two numbers in a head block. */
const PAIR_BYTES = 8;

/** `keep` is given each entry that is stored, a raw copy included. */
export function createLokiStream(
  text: string,
  labels: Readonly<Record<string, string>>,
  keep: (entry: KeptEntry) => void,
): LokiStream {
  const rate = createTokenBucket();
  let chunk: Chunk | undefined;
  let full: Chunk[] = [];
  let newest: bigint | undefined;
  let last = '';

  function append(entry: PushedEntry, key: string, nowMs: number, limits: Limits): void {
    const bytes = entryBytes(entry);
    if (chunk && chunk.cutBytes + chunk.headBytes + bytes >= limits.chunkBytes) {
      full.push(chunk);
      chunk = undefined;
    }
    const time = BigInt(entry.timestampNs);
    chunk ??= { entries: [], head: new Set(), headBytes: 0, cutBytes: 0, fromNs: time, toNs: time, updatedMs: nowMs };
    chunk.updatedMs = nowMs;
    if (!chunk.head.has(key)) {
      const kept: KeptEntry = { ...entry, stream: text, labels, flushed: false, identity: `${text}${key}` };
      chunk.entries.push(kept);
      keep(kept);
      chunk.head.add(key);
      chunk.headBytes += Buffer.byteLength(entry.line) + PAIR_BYTES * Object.keys(entry.metadata).length;
      if (time < chunk.fromNs) chunk.fromNs = time;
      if (time > chunk.toNs) chunk.toNs = time;
    }
    if (chunk.headBytes >= limits.headBlockBytes) {
      chunk.cutBytes += chunk.headBytes * COMPRESSION;
      chunk.head.clear();
      chunk.headBytes = 0;
    }
  }

  return {
    push(entries, nowMs, limits) {
      const faults: Fault[] = [];
      const taken: [PushedEntry, string][] = [];
      for (const entry of entries) {
        const key = keyOf(entry);
        // The last line is recognised whatever became of its block, and costs nothing.
        if (key === last) continue;
        const bytes = entryBytes(entry);
        if (!rate.allow(bytes, nowMs, limits.streamRate, limits.streamBurst)) {
          faults.push({ kind: 'rate', entry, reason: rateReason(text, bytes, limits) });
          continue;
        }
        const time = BigInt(entry.timestampNs);
        const cutoff = newest === undefined ? undefined : newest - toNs(limits.behindMs);
        if (cutoff !== undefined && time < cutoff) {
          faults.push({ kind: 'behind', entry, reason: behindReason(time, cutoff) });
          continue;
        }
        if (newest === undefined || time > newest) newest = time;
        last = key;
        taken.push([entry, key]);
      }
      for (const [entry, key] of taken) append(entry, key, nowMs, limits);
      return answerOf(faults, entries.length, text);
    },
    flushDue(nowMs, limits) {
      if (chunk) {
        const idle = nowMs - chunk.updatedMs > limits.chunkIdleMs;
        const old = chunk.toNs - chunk.fromNs > toNs(limits.chunkAgeMs);
        if (idle || old) {
          full.push(chunk);
          chunk = undefined;
        }
      }
      for (const { entries } of full) for (const entry of entries) entry.flushed = true;
      full = [];
      return chunk === undefined;
    },
    flushAll() {
      if (chunk) full.push(chunk);
      chunk = undefined;
      for (const { entries } of full) for (const entry of entries) entry.flushed = true;
      full = [];
    },
  };
}

interface Fault {
  kind: 'rate' | 'behind';
  entry: PushedEntry;
  reason: string;
}

/** https://grafana.com/docs/loki/latest/configure/#ingester, max_returned_stream_errors */
const MAX_RETURNED_ERRORS = 10;

/** The last entry that failed decides on the status. */
function answerOf(faults: readonly Fault[], total: number, stream: string): StreamAnswer | undefined {
  const lastFault = faults.at(-1);
  if (!lastFault) return undefined;
  const lines = faults
    .slice(0, MAX_RETURNED_ERRORS)
    .map(({ entry, reason }) => `entry with timestamp ${entry.timestampNs} ignored, reason: '${reason}',\n`);
  const sum = `user 'fake', total ignored: ${faults.length} out of ${total} for stream: ${stream}`;
  return { status: lastFault.kind === 'rate' ? 429 : 400, body: lines.join('') + sum };
}

function keyOf({ timestampNs, line, metadata }: PushedEntry): string {
  const pairs = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([timestampNs, line, pairs]);
}

function rateReason(stream: string, bytes: number, { streamRate }: Limits): string {
  return `Per stream rate limit exceeded (limit: ${streamRate}B/sec) while attempting to ingest for stream '${stream}' totaling ${bytes}B, consider splitting a stream via additional labels`;
}

function behindReason(time: bigint, cutoff: bigint): string {
  const [at, oldest] = [time, cutoff].map((ns) => new Date(Number(ns / 1_000_000n)).toISOString());
  return `entry too far behind, entry timestamp is: ${at}, oldest acceptable timestamp is: ${oldest}`;
}
