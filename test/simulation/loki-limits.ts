/** What Loki's distributor refuses before any stream sees it, and the limits that it goes by. */

import type { PushedEntry, PushedStream } from '../../functions/local/loki-push.ts';
import type { LokiLimits } from './models.ts';

/** Read anew for each request, so that a test may change them. */
export interface LokiModelLimits extends LokiLimits {
  labels?: number;
  labelNameBytes?: number;
  labelValueBytes?: number;
  metadataBytes?: number;
  metadataPairs?: number;
  /** Streams that have anything in memory. */
  streams?: number;
  /** Of the tenant and of one stream: bytes a second, and at once. */
  tenantRate?: number;
  tenantBurst?: number;
  streamRate?: number;
  streamBurst?: number;
  /** What the distributor may hand to an ingester at once. */
  messageBytes?: number;
  /** The status of blocked ingestion; 260 is Loki's own choice. With 200 entries vanish. */
  blockedStatus?: number | undefined;
  headBlockBytes?: number;
  chunkBytes?: number;
  chunkIdleMs?: number;
  chunkAgeMs?: number;
  /** How often Loki looks for what to flush. */
  flushEveryMs?: number;
  /** What is older than this is invisible until it was flushed. */
  ingesterWindowMs?: number;
}

const MINUTE_MS = 60_000;
const MEBIBYTE = 1024 * 1024;

/**
 * Loki 3.7's defaults (https://grafana.com/docs/loki/latest/configure/#limits_config). How far back a single binary asks
 * its memory was tried, not read.
 */
export const LOKI_LIMITS = {
  rejectOldMs: 7 * 24 * 60 * MINUTE_MS,
  aheadMs: 10 * MINUTE_MS,
  behindMs: 60 * MINUTE_MS,
  lineBytes: 262_144,
  labels: 15,
  labelNameBytes: 1_024,
  labelValueBytes: 2_048,
  metadataBytes: 65_536,
  metadataPairs: 128,
  streams: 5_000,
  tenantRate: 4 * MEBIBYTE,
  tenantBurst: 6 * MEBIBYTE,
  streamRate: 3 * MEBIBYTE,
  streamBurst: 15 * MEBIBYTE,
  messageBytes: 4 * MEBIBYTE,
  blockedStatus: undefined,
  headBlockBytes: 262_144,
  chunkBytes: 1_572_864,
  chunkIdleMs: 30 * MINUTE_MS,
  chunkAgeMs: 120 * MINUTE_MS,
  flushEveryMs: MINUTE_MS / 2,
  ingesterWindowMs: 161 * MINUTE_MS,
} as const satisfies LokiModelLimits;

export type Limits = Required<LokiModelLimits>;

/** Why a stream is refused for its labels. */
export function labelFault(stream: PushedStream, labels: Readonly<Record<string, string>>, limits: Limits) {
  const names = Object.keys(labels);
  if (names.length === 0) return 'error at least one label pair is required per stream';
  // Loki may have added service_name by itself, so it is not counted.
  const counted = names.filter((name) => name !== 'service_name').length;
  if (counted > limits.labels) {
    return `entry for stream '${stream.labels}' has ${counted} label names; limit ${limits.labels}`;
  }
  for (const [name, value] of Object.entries(labels)) {
    if (name.length > limits.labelNameBytes) return `stream '${stream.labels}' has label name too long: '${name}'`;
    if (Buffer.byteLength(value) > limits.labelValueBytes) {
      return `stream '${stream.labels}' has label value too long: '${value}'`;
    }
  }
  return undefined;
}

/** Why an entry is refused for itself alone. */
export function entryFault(stream: string, entry: PushedEntry, nowMs: number, limits: Limits): string | undefined {
  const time = BigInt(entry.timestampNs);
  const oldest = nowMs - limits.rejectOldMs;
  if (time < toNs(oldest)) {
    return `entry for stream '${stream}' has timestamp too old: ${iso(time)}, oldest acceptable timestamp is: ${iso(toNs(oldest))}`;
  }
  if (time > toNs(nowMs + limits.aheadMs)) {
    return `entry for stream '${stream}' has timestamp too new: ${iso(time)}`;
  }
  const line = Buffer.byteLength(entry.line);
  if (line > limits.lineBytes) {
    return `max entry size '${limits.lineBytes}' bytes exceeded for stream '${stream}' while adding an entry with length '${line}' bytes`;
  }
  const metadata = metadataBytes(entry);
  if (metadata > limits.metadataBytes) {
    return `stream '${stream}' has structured metadata too large: '${metadata}' bytes, limit: '${limits.metadataBytes}' bytes`;
  }
  const pairs = Object.keys(entry.metadata).length;
  if (pairs > limits.metadataPairs) {
    return `stream '${stream}' has too many structured metadata labels: '${pairs}', limit: '${limits.metadataPairs}'`;
  }
  return undefined;
}

/** What every limit by bytes counts. */
export function entryBytes(entry: PushedEntry): number {
  return Buffer.byteLength(entry.line) + metadataBytes(entry);
}

/** Loki may have added the level by itself, so it is not counted. */
function metadataBytes({ metadata }: PushedEntry): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(metadata)) {
    if (name !== 'detected_level') bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
  }
  return bytes;
}

/** Throws for a name of which nothing is left, which Loki answers with 500. */
export function normalise(entry: PushedEntry): PushedEntry {
  const metadata: Record<string, string> = {};
  for (const [name, value] of Object.entries(entry.metadata)) {
    const kept = name.replace(/[^a-zA-Z0-9]+/g, '_');
    if (/^_*$/.test(kept)) throw new Error(`label name "${name}" contains only underscores`);
    metadata[labelName(name)] = value.replaceAll('\uFFFD', ' ');
  }
  return { ...entry, metadata };
}

function labelName(name: string): string {
  const kept = name.replace(/[^a-zA-Z0-9_]/g, '_');
  return /^[0-9]/.test(kept) ? `key_${kept}` : kept;
}

export function toNs(ms: number): bigint {
  return BigInt(Math.round(ms)) * 1_000_000n;
}

function iso(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}
