/** Answers a log query over entries as Loki's `query_range` would, and reads labels as a push writes them. */

import { type LogQuery, parseLogQuery } from './logql.ts';

export interface StoredEntry {
  /** Index labels. */
  labels: Readonly<Record<string, string>>;
  /** Nanoseconds since the epoch, in decimal. */
  timestampNs: string;
  line: string;
  metadata: Readonly<Record<string, string>>;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 5_000;

/** Takes the parameters of the request. Throws for a query that it does not know. */
export function answerQuery(stored: readonly StoredEntry[], parameters: URLSearchParams): unknown {
  const query = parseLogQuery(parameters.get('query') ?? '');
  const start = BigInt(parameters.get('start') ?? 0);
  const end = BigInt(parameters.get('end') ?? '9223372036854775807');
  const limit = Math.min(Number(parameters.get('limit') ?? DEFAULT_LIMIT), MAX_LIMIT);
  const forward = parameters.get('direction') === 'forward';
  const found = stored.filter((entry) => {
    const time = BigInt(entry.timestampNs);
    return time >= start && time < end && query.stream(entry.labels) && query.entry(entry.line, allLabels(entry));
  });
  found.sort((a, b) => Number(BigInt(a.timestampNs) - BigInt(b.timestampNs)) * (forward ? 1 : -1));
  return { status: 'success', data: { resultType: 'streams', result: toStreams(found.slice(0, limit), query) } };
}

const LABEL = /\s*([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")\s*(?:,|(?=\}))/y;

/** Labels as a push writes them, `{name="value", ...}`. Throws for what is none. */
export function parseLabels(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 1;
  let end = 1;
  for (let match = LABEL.exec(text); match; match = LABEL.exec(text)) {
    const [, name = '', value = '""'] = match;
    labels[name] = JSON.parse(value) as string;
    end = LABEL.lastIndex;
  }
  if (!text.startsWith('{') || text.slice(end).trim() !== '}')
    throw new Error(`couldn't parse labels: ${text.slice(0, 100)}`);
  return labels;
}

/** The same text for the same labels in any order. */
export function labelSet(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function allLabels(entry: StoredEntry): Record<string, string> {
  return { ...entry.metadata, ...entry.labels };
}

function toStreams(found: readonly StoredEntry[], query: LogQuery): unknown[] {
  const streams = new Map<string, { stream: Record<string, string>; values: [string, string][] }>();
  for (const entry of found) {
    const all = Object.entries(allLabels(entry));
    const shown = Object.fromEntries(query.keep ? all.filter(([name]) => query.keep?.includes(name)) : all);
    const key = labelSet(shown);
    const stream = streams.get(key) ?? { stream: shown, values: [] };
    stream.values.push([entry.timestampNs, query.lineFormat ?? entry.line]);
    streams.set(key, stream);
  }
  return [...streams.values()];
}
