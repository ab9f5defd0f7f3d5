/** What the tests of the writer on a real Loki share: entries, pushes past the writer, and questions in LogQL. */

import { setTimeout as sleep } from 'node:timers/promises';
import { createLoki, type LokiWriter, type LokiWriterOptions } from '../../../functions/adapters/loki/writer.ts';
import type { LogEntry } from '../../../functions/core/event/alert.ts';
import { after, entryOf as entryAt } from '../../adapters/loki/support.ts';

export const HOUR_MS = 3_600_000;
export const STORED = { kind: 'stored' };

const writers: LokiWriter[] = [];
let clusters = 0;

export function writerTo(url: string, options: Partial<LokiWriterOptions> = {}): LokiWriter {
  const writer = createLoki({ url, after, clock: Date.now, ...options });
  writers.push(writer);
  return writer;
}

/** For `afterEach`. */
export async function closeWriters(): Promise<void> {
  for (const writer of writers.splice(0)) await writer.close();
}

/** A cluster of its own keeps a test apart. */
export function newCluster(): string {
  clusters += 1;
  return `cluster-${clusters}`;
}

function labelsOf(cluster: string): Record<string, string> {
  return { project: 'acme-prod', cluster, source: 'syscall', priority: 'Notice' };
}

type Changes = Parameters<typeof entryAt>[1];

export function entryOf(cluster: string, uuid: string, changes: Changes = {}): LogEntry {
  return entryAt(uuid, { labels: labelsOf(cluster), now: Date.now(), ...changes });
}

export function pushAll(writer: LokiWriter, entries: readonly LogEntry[]) {
  return Promise.all(entries.map((entry) => writer.push(entry)));
}

/** A push in JSON, of any number of streams, past our writer. */
export async function rawPush(
  url: string,
  entries: readonly LogEntry[],
  tenant?: string,
): Promise<{ status: number; text: string }> {
  const streams = entries.map(({ labels, timestampNs, line, metadata }) => ({
    stream: { service_name: 'falco', ...labels },
    values: [[timestampNs, line, metadata]],
  }));
  const response = await fetch(`${url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(tenant ? { 'x-scope-orgid': tenant } : {}) },
    body: JSON.stringify({ streams }),
  });
  return { status: response.status, text: await response.text() };
}

export async function instant(url: string, query: string, tenant?: string): Promise<number> {
  const response = await fetch(`${url}/loki/api/v1/query?${new URLSearchParams({ query })}`, {
    headers: tenant ? { 'x-scope-orgid': tenant } : {},
  });
  const { data } = JSON.parse(await response.text());
  return Number(data.result[0]?.value[1] ?? 0);
}

/** Lines as they lie in Loki. */
export function rawCount(url: string, cluster: string, tenant?: string): Promise<number> {
  return instant(url, `sum(count_over_time({service_name="falco", cluster="${cluster}"}[24h]))`, tenant);
}

/**
 * Each uuid once. `sum(max_over_time(..) by (uuid))` would be wrong twice: over more than an hour Loki pushes the sum
 * into each hour and takes the greatest, and where it divides a query by streams, a uuid in two streams counts twice.
 * `last_over_time` is not divided by time, nothing within `label_replace` by streams, and neither meets the limit of
 * 500 series.
 */
export function countByUuid(url: string, cluster: string, tenant?: string): Promise<number> {
  const selector = `{service_name="falco", cluster="${cluster}"}`;
  const each = `last_over_time(${selector} | unwrap n [24h]) by (uuid)`;
  return instant(url, `sum(label_replace(${each}, "", "", "", ""))`, tenant);
}

/** As ingest does it: tries until the entry is stored, and looks before it tries again. */
export async function deliver(
  writer: LokiWriter,
  entry: LogEntry,
  { again = false, failures = [] }: { again?: boolean; failures?: string[] },
): Promise<void> {
  for (let looks = again; ; looks = true) {
    const known = looks && (await writer.has(entry).catch(() => undefined));
    if (known === true) return;
    const outcome = known === undefined ? undefined : await writer.push(entry);
    if (outcome?.kind === 'stored') return;
    failures.push(outcome?.kind ?? 'unknown');
    // The retry topic waits as well.
    await sleep(100);
  }
}

export const names = (count: number): string[] => Array.from({ length: count }, (_, index) => `entry-${index}`);
/** About the size of an event with its fields. */
export const lineOf = (uuid: string, bytes = 1_500): string => JSON.stringify({ uuid, output: 'x'.repeat(bytes) });
