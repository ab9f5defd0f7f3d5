/**
 * Asks Loki which entries it already has, by uuid. Look-ups that wait together share a query.
 *
 * The selector names project and cluster only: an entry too far behind lies in a stream with one label more.
 */

import type { LogEntry } from '../../core/event/alert.ts';
import { createGate, createLane, type Lane } from '../../core/lane.ts';
import { ok } from '../../core/outcome.ts';
import type { After } from '../../core/ports.ts';
import { classify } from './classify.ts';
import type { LokiClient } from './client.ts';
import { escapeRegExp, quote } from './names.ts';

/** A gateway in front of Loki commonly takes 8 KiB of request line, and this is escaped for the URL already. */
const MAX_QUERY_BYTES = 4_096;
const MAX_UUIDS = 100;
/** Raw copies of one entry are rare; a query whose answer was full is asked again for what it did not name. */
const LINES_PER_UUID = 10;
const MARGIN_NS = 1_000_000_000n;
/** Loki splits a query by the hour anyway. */
const BUCKET_SECONDS = 3_600;
/** Look-ups under way at once. */
const GATE = 4;

class LookupError extends Error {
  override readonly name = 'LookupError';
}

export interface Lookup {
  /** Whether an entry with this entry's uuid is stored. Throws when Loki can't tell. */
  has(entry: LogEntry): Promise<boolean>;
  /** Those of `entries` that are stored. They share project and cluster. Throws when Loki can't tell. */
  find<E extends LogEntry>(entries: readonly E[], signal: AbortSignal): Promise<Set<E>>;
}

export function createLookup(options: { client: LokiClient; after: After; timeoutMs: number }): Lookup {
  const { client, after, timeoutMs } = options;
  const lanes = new Map<string, Lane<LogEntry, boolean>>();
  const gate = createGate(GATE);

  /** One query, asked again while its answer is full. */
  async function findGroup<E extends LogEntry>(group: readonly E[], signal: AbortSignal): Promise<Set<E>> {
    let asked = group.filter((entry) => storedUuid(entry) !== '');
    const found = new Set<E>();
    while (asked.length > 0) {
      const limit = LINES_PER_UUID * asked.length;
      const response = await client.queryRange(
        { ...rangeOf(asked), query: lookupQuery(asked), limit },
        timeoutMs,
        signal,
      );
      const { uuids, lines } = readAnswer(response.status, response.cut, response.body);
      const rest = asked.filter((entry) => !uuids.has(storedUuid(entry)));
      for (const entry of asked) if (uuids.has(storedUuid(entry))) found.add(entry);
      if (lines < limit) break;
      if (rest.length === asked.length) throw new LookupError('Loki: a look-up was answered with other entries');
      asked = rest;
    }
    return found;
  }

  function laneOf(entry: LogEntry): [string, Lane<LogEntry, boolean>] {
    const key = `${selector(entry)} ${Math.floor(Number(entry.timestampNs.slice(0, -9)) / BUCKET_SECONDS)}`;
    const lane =
      lanes.get(key) ??
      createLane<LogEntry, boolean>({
        name: 'loki look-up',
        async flush(group, signal) {
          const found = await findGroup(group, signal);
          return group.map((waiting) => ok(found.has(waiting)));
        },
        maxItems: MAX_UUIDS,
        maxBytes: MAX_QUERY_BYTES,
        sizeOf: queryBytes,
        keyOf: storedUuid,
        deadlineMs: 2 * timeoutMs,
        waitMs: 2 * timeoutMs,
        after,
        gate,
      });
    lanes.set(key, lane);
    return [key, lane];
  }

  return {
    async has(entry) {
      // Nothing to look for: writing it once more is the side that loses nothing.
      if (storedUuid(entry) === '') return false;
      const [key, lane] = laneOf(entry);
      try {
        return await lane.submit(entry);
      } finally {
        if (lane.idle && lanes.get(key) === lane) lanes.delete(key);
      }
    },
    async find(entries, signal) {
      const found = new Set<(typeof entries)[number]>();
      for (const group of groupsOf(entries)) {
        for (const entry of await findGroup(group, signal)) found.add(entry);
      }
      return found;
    },
  };
}

/** The LogQL of a look-up: one line per stored copy, with its uuid and nothing else. */
export function lookupQuery(entries: readonly LogEntry[]): string {
  const [first] = entries;
  const uuids = entries.map((entry) => escapeRegExp(storedUuid(entry))).join('|');
  const filter = entries.length === 1 && first ? `uuid=${quote(storedUuid(first))}` : `uuid=~${quote(uuids)}`;
  return `${first ? selector(first) : '{}'} | ${filter} | keep uuid | line_format ""`;
}

function selector({ labels }: LogEntry): string {
  return `{service_name="falco", project=${quote(labels.project ?? '')}, cluster=${quote(labels.cluster ?? '')}}`;
}

/** Loki stores a space for what is no character in structured metadata. */
function storedUuid({ metadata }: LogEntry): string {
  return (metadata.uuid ?? '').toWellFormed().replaceAll('\uFFFD', ' ');
}

function queryBytes(entry: LogEntry): number {
  return encodeURIComponent(quote(escapeRegExp(storedUuid(entry)))).length;
}

function groupsOf<E extends LogEntry>(entries: readonly E[]): E[][] {
  const groups: E[][] = [];
  let bytes = Infinity;
  for (const entry of entries) {
    const size = queryBytes(entry);
    const last = groups.at(-1);
    if (!last || last.length >= MAX_UUIDS || bytes + size > MAX_QUERY_BYTES) {
      groups.push([entry]);
      bytes = size;
    } else {
      last.push(entry);
      bytes += size;
    }
  }
  return groups;
}

function rangeOf(entries: readonly LogEntry[]): { startNs: string; endNs: string } {
  let first = BigInt(entries[0]?.timestampNs ?? 0);
  let last = first;
  for (const { timestampNs } of entries) {
    const time = BigInt(timestampNs);
    if (time < first) first = time;
    if (time > last) last = time;
  }
  return { startNs: String(first - MARGIN_NS), endNs: String(last + MARGIN_NS) };
}

/** `{"data":{"resultType":"streams","result":[{"stream":{"uuid":".."},"values":[["<ns>",""]]}]}}` */
function readAnswer(status: number, cut: boolean, body: Buffer): { uuids: Set<string>; lines: number } {
  if (status !== 200) {
    const answer = classify(status, body.toString('utf8'));
    throw new LookupError('detail' in answer ? answer.detail : `Loki answered ${status}`);
  }
  const result = cut ? undefined : resultOf(body.toString('utf8'));
  if (!Array.isArray(result)) throw new LookupError('Loki: the answer to a look-up is not a list of streams');
  const uuids = new Set<string>();
  let lines = 0;
  for (const { stream, values } of result as readonly { stream?: { uuid?: unknown }; values?: unknown }[]) {
    if (typeof stream?.uuid === 'string') uuids.add(stream.uuid);
    if (Array.isArray(values)) lines += values.length;
  }
  return { uuids, lines };
}

function resultOf(text: string): unknown {
  try {
    const answer = JSON.parse(text) as { data?: { resultType?: unknown; result?: unknown } } | null;
    return answer?.data?.resultType === 'streams' ? answer.data.result : undefined;
  } catch {
    return undefined;
  }
}
