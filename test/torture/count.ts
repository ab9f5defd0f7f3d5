/** What Loki counts, by LogQL in steps of an hour, and each raw entry, in pages that it gives at once. */

import type { StoredEntry } from '../stack/support/stored.ts';

const HOUR_MS = 3_600_000;
/** Of raw entries; fewer come in that time than Loki gives at once. */
const PAGE_MS = 30_000;
/** https://grafana.com/docs/loki/latest/configure/#limits_config: max_entries_limit_per_query */
const MOST_LINES = 5_000;

/** Between two times in milliseconds since the epoch: all that was logged then. */
export interface Span {
  from: number;
  to: number;
}

/** The equation's left side by `project cluster rule`, but for what was parked. As docs/protocol.md has it. */
export async function countedByRule(loki: string, { from, to }: Span): Promise<Map<string, number>> {
  const query = `sum by (project, cluster, rule) (label_replace(
    last_over_time({service_name="falco"} | unwrap n [1h]) by (uuid, project, cluster, rule), "", "", "", ""))`;
  const counted = new Map<string, number>();
  // Copies of an entry have its time, so none of them is counted in two hours.
  for (let at = to; at > from; at -= HOUR_MS) {
    type Sample = { metric: Record<string, string>; value: [number, string] };
    for (const { metric, value } of await ask<Sample>(loki, 'query', { query, time: `${at}000000` })) {
      const key = `${metric.project} ${metric.cluster} ${metric.rule}`;
      counted.set(key, (counted.get(key) ?? 0) + Number(value[1]));
    }
  }
  return counted;
}

/** Every entry, raw copies included. */
export async function rawEntries(loki: string, { from, to }: Span): Promise<StoredEntry[]> {
  const entries: StoredEntry[] = [];
  for (let start = from; start < to; start += PAGE_MS) {
    type Stream = { stream: Record<string, string>; values: [string, string][] };
    const streams = await ask<Stream>(loki, 'query_range', {
      ...{ query: '{service_name="falco"}', limit: String(MOST_LINES), direction: 'forward' },
      ...{ start: `${start}000000`, end: `${Math.min(start + PAGE_MS, to)}000000` },
    });
    const page = streams.flatMap(({ stream, values }) =>
      values.map(([timestampNs, line]) => ({ timestampNs, line, labels: stream })),
    );
    if (page.length >= MOST_LINES) throw new Error(`Loki gives no more than ${MOST_LINES} lines at once`);
    entries.push(...page);
  }
  return entries;
}

async function ask<T>(loki: string, path: string, parameters: Record<string, string>): Promise<T[]> {
  const response = await fetch(`${loki}/loki/api/v1/${path}?${new URLSearchParams(parameters)}`);
  if (!response.ok) throw new Error(`Loki: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as { data: { result: T[] } };
  return data.result;
}
