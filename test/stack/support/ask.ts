/** Asks a real Loki what Grafana asks it, and gives the answer as lines that a test can name. */

import { type Asked, STEP } from './grafana.ts';

const DAY_MS = 24 * 3_600_000;

interface Series {
  metric: Record<string, string>;
  value?: [number, string];
  values?: [number, string][];
}

interface Stream {
  stream: Record<string, string>;
  values: [string, string][];
}

/**
 * For numbers, each series as `value label=value ...` in order: of bars their sum, of a line its highest point. For lines of the
 * log, each as its rule and uuid, newest first.
 */
export async function ask(url: string, { expr, kind }: Pick<Asked, 'expr' | 'kind'>, now: number): Promise<string[]> {
  const range = kind !== 'instant';
  const time = range
    ? { start: nanoseconds(now - DAY_MS), end: nanoseconds(now), step: STEP }
    : { time: nanoseconds(now) };
  const data = await get(`${url}/loki/api/v1/${range ? 'query_range' : 'query'}`, {
    query: expr,
    limit: '1000',
    ...time,
  });
  if (data.resultType === 'streams') return lines(data.result as Stream[]);
  return (data.result as Series[])
    .map(({ metric, value, values = [] }) => {
      const points = (value ? [value] : values).map(([, number]) => Number(number));
      const number = kind === 'bars' ? points.reduce((sum, each) => sum + each, 0) : Math.max(...points);
      const labels = Object.entries(metric).sort(([a], [b]) => a.localeCompare(b));
      return [number, ...labels.map((pair) => pair.join('='))].join(' ');
    })
    .sort();
}

/** The values of a label, as a variable of Grafana asks for them. */
export async function askVariable(
  url: string,
  { label, stream }: { label: string; stream: string },
  now: number,
): Promise<string[]> {
  const query = { query: stream, start: nanoseconds(now - DAY_MS), end: nanoseconds(now) };
  const data = await get(`${url}/loki/api/v1/label/${label}/values`, query);
  // Loki says nothing at all where there is no such label.
  return ((data ?? []) as string[]).sort();
}

// biome-ignore lint/suspicious/noExplicitAny: read by who asked.
async function get(url: string, query: Record<string, string>): Promise<any> {
  const response = await fetch(`${url}?${new URLSearchParams(query)}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`Loki answered ${response.status}: ${text}`);
  return JSON.parse(text).data;
}

function lines(streams: readonly Stream[]): string[] {
  return streams
    .flatMap(({ stream, values }) =>
      values.map(([at]) => ({ at, text: `${stream.rule} ${stream.kind === 'repeats' ? 'repeats' : stream.uuid}` })),
    )
    .sort((a, b) => b.at.localeCompare(a.at) || a.text.localeCompare(b.text))
    .map(({ text }) => text);
}

function nanoseconds(ms: number): string {
  return String(BigInt(ms) * 1_000_000n);
}
