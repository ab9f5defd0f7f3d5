/** What Loki holds, by LogQL: the counts that the relay promises, and the raw entries behind them. */

export interface StoredEntry {
  timestampNs: string;
  line: string;
  /** Index labels and structured metadata together. */
  labels: Readonly<Record<string, string>>;
}

/** Covers the late samples; what is older or newer, Loki refuses in these scenarios. */
const RANGE = '3h';
const RANGE_MS = 3 * 3_600_000;
/** https://grafana.com/docs/loki/latest/configure/#limits_config: max_entries_limit_per_query */
const MOST_LINES = 5_000;

/** As docs/protocol.md has it: the `label_replace` that changes nothing keeps Loki from splitting the sum by the hour. */
const eachUuid = (labels: string): string =>
  `label_replace(last_over_time({service_name="falco"} | unwrap n [${RANGE}]) by (${labels}), "", "", "", "")`;

/** The equation's left side, but for what was parked. */
export async function countedEvents(loki: string): Promise<number> {
  const [sample] = await instant(loki, `sum(${eachUuid('uuid')})`);
  return Number(sample?.value[1] ?? 0);
}

/** The same by `project cluster rule`. */
export async function countedByRule(loki: string): Promise<Map<string, number>> {
  const samples = await instant(loki, `sum by (project, cluster, rule) (${eachUuid('uuid, project, cluster, rule')})`);
  return new Map(
    samples.map(({ metric, value }) => [`${metric.project} ${metric.cluster} ${metric.rule}`, Number(value[1])]),
  );
}

/** Every entry, raw copies included. */
export async function storedEntries(loki: string): Promise<StoredEntry[]> {
  const now = Date.now();
  const query = { query: '{service_name="falco"}', limit: String(MOST_LINES), direction: 'forward' };
  const range = { start: `${now - RANGE_MS}000000`, end: `${now + 1_000}000000` };
  const streams = await ask<{ stream: Record<string, string>; values: [string, string][] }>(loki, 'query_range', {
    ...query,
    ...range,
  });
  const entries = streams.flatMap(({ stream, values }) =>
    values.map(([timestampNs, line]) => ({ timestampNs, line, labels: stream })),
  );
  if (entries.length >= MOST_LINES) throw new Error(`Loki gives no more than ${MOST_LINES} lines at once`);
  return entries;
}

function instant(loki: string, query: string): Promise<{ metric: Record<string, string>; value: [number, string] }[]> {
  return ask(loki, 'query', { query, time: `${Date.now()}000000` });
}

async function ask<T>(loki: string, path: string, parameters: Record<string, string>): Promise<T[]> {
  const response = await fetch(`${loki}/loki/api/v1/${path}?${new URLSearchParams(parameters)}`);
  if (!response.ok) throw new Error(`Loki: ${response.status} ${await response.text()}`);
  const { data } = (await response.json()) as { data: { result: T[] } };
  return data.result;
}
