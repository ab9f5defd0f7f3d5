/** The model of Loki against a real Loki: the same pushes and look-ups get the same answers and leave the same entries. */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, classify } from '../../functions/adapters/loki/classify.ts';
import { createLokiClient, type LokiClient } from '../../functions/adapters/loki/client.ts';
import { lookupQuery } from '../../functions/adapters/loki/lookup.ts';
import { streamLabels } from '../../functions/adapters/loki/names.ts';
import { encodeEntry, encodePush } from '../../functions/adapters/loki/protobuf.ts';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { after, entryOf } from '../adapters/loki/support.ts';
import type { LokiModelLimits } from '../simulation/loki-limits.ts';
import { createLokiModel, type FlushableLokiModel } from '../simulation/loki-model.ts';
import { joinPushes } from '../simulation/loki-pushes.ts';
import { type Loki, type Overrides, startLoki } from './programs/loki.ts';
import { instant } from './support/loki.ts';
import { type LokiOperation, lokiOperations, type OperationsOptions } from './support/loki-operations.ts';
import { createRandom } from './support/random.ts';

const MEBIBYTE = 1024 * 1024;
const TIMEOUT_MS = 20_000;
/** An entry's metadata here, and what a pair of it adds to a head block. */
const PAIRS = 4;
const PAIR_BYTES = 8;
/** No limit by bytes, and nothing that happens by time alone: when Loki looks for what to flush, can't be known. */
const FREE = { ingestion_rate_mb: 1_000, ingestion_burst_size_mb: 1_000 };
const FREE_STREAM = { per_stream_rate_limit: '900MB', per_stream_rate_limit_burst: '900MB' };
const FREE_LIMITS = {
  flushEveryMs: Infinity,
  tenantRate: 1e12,
  tenantBurst: 1e12,
  streamRate: 1e12,
  streamBurst: 1e12,
};

interface Tenant {
  overrides: Overrides[string];
  limits: LokiModelLimits;
  operations: number;
  shape: Pick<OperationsOptions, 'streams' | 'lineBytes' | 'faults'>;
  /** Kinds of answers that such a sequence must have met, or it shows little. */
  meets: readonly string[];
}

const TENANTS: Readonly<Record<string, Tenant>> = {
  open: {
    overrides: { ...FREE, ...FREE_STREAM },
    limits: FREE_LIMITS,
    operations: 260,
    shape: { streams: 4, lineBytes: 40_000, faults: true },
    meets: ['stored', 'refused', 'behind', 'behind all'],
  },
  'small-burst': {
    overrides: { ...FREE_STREAM, ingestion_rate_mb: 0.000001, ingestion_burst_size_mb: 0.25 },
    limits: { ...FREE_LIMITS, tenantRate: 1, tenantBurst: MEBIBYTE / 4 },
    operations: 60,
    shape: { streams: 2, lineBytes: 12_000, faults: true },
    meets: ['stored', 'throttled tenant'],
  },
  'slow-stream': {
    overrides: { ...FREE, per_stream_rate_limit: '1B', per_stream_rate_limit_burst: '100KB' },
    limits: { ...FREE_LIMITS, streamRate: 1, streamBurst: 100 * 1024 },
    operations: 80,
    shape: { streams: 3, lineBytes: 9_000, faults: false },
    meets: ['stored', 'throttled stream'],
  },
  'few-streams': {
    overrides: { ...FREE, ...FREE_STREAM, max_global_streams_per_user: 3 },
    limits: { ...FREE_LIMITS, streams: 3 },
    operations: 60,
    shape: { streams: 6, lineBytes: 2_000, faults: true },
    meets: ['stored', 'throttled streams'],
  },
  blocked: {
    overrides: { ...FREE, ...FREE_STREAM, block_ingestion_until: '2100-01-01T00:00:00Z' },
    limits: { ...FREE_LIMITS, blockedStatus: 260 },
    operations: 20,
    shape: { streams: 2, lineBytes: 2_000, faults: true },
    meets: ['unavailable loki-blocked'],
  },
  'blocked-unsaid': {
    overrides: { block_ingestion_until: '2100-01-01T00:00:00Z', block_ingestion_status_code: 200 },
    limits: { ...FREE_LIMITS, blockedStatus: 200 },
    operations: 20,
    shape: { streams: 2, lineBytes: 2_000, faults: true },
    meets: ['stored'],
  },
};

let loki: Loki;
const random = createRandom();

beforeAll(async () => {
  process.stdout.write(`SEED=${random.seed}\n`);
  loki = await startLoki({
    config: {
      auth_enabled: true,
      ingester: { flush_check_period: '1h' },
      limits_config: { reject_old_samples: true, reject_old_samples_max_age: '168h' },
    },
    overrides: Object.fromEntries(Object.entries(TENANTS).map(([name, { overrides }]) => [name, overrides])),
  });
});
afterAll(() => loki?.stop());

describe.each(Object.entries(TENANTS))('tenant %s', (tenant, { limits, operations, shape, meets }) => {
  let real: LokiClient;
  let model: FlushableLokiModel;
  const now = Date.now();

  beforeAll(() => {
    real = createLokiClient({ url: loki.url, tenant, after });
    model = createLokiModel({ clock: Date.now, limits });
  });
  afterAll(() => real?.close());

  test('answers alike, and keeps alike what it took', async () => {
    const next = lokiOperations({ random, now, ...shape });
    const met = new Set<string>();
    for (let step = 0; step < operations; step += 1) {
      if (tenant === 'open' && step === 90) await loki.restart('SIGKILL');
      if (tenant === 'open' && step === 180) await flush(model);
      const operation = next();
      const [said, expected] = [await run(real, operation), await run(model, operation)];
      met.add(said.split(':')[0] ?? '');
      expect([step, shown(operation), said]).toEqual([step, shown(operation), expected]);
    }
    for (const kind of meets) expect([...met]).toContain(kind);
    await flush(model);
    expect(await stored(real, now)).toEqual(await stored(model, now));
  });
});

test('a push that is too large for an ingester is stored by neither', async () => {
  const line = 'x'.repeat(262_144);
  const entries = Array.from({ length: 17 }, (_, index) => entryOf(`large-${index}`, { now: Date.now(), line }));
  const real = createLokiClient({ url: loki.url, tenant: 'open', after });
  const model = createLokiModel({ clock: Date.now, limits: FREE_LIMITS });
  const answers = [real, model].map((client) => run(client, { kind: 'push', streams: [entries] }));
  expect(await Promise.all(answers)).toEqual(['too-large: 500', 'too-large: 500']);
  const looked = [real, model].map((client) => run(client, { kind: 'look-up', entries }));
  expect(await Promise.all(looked)).toEqual(['look-up: ', 'look-up: ']);
  await real.close();
});

/** A repetition is recognised while less than that lies in the head block (chunk_block_size). */
const BLOCK_BYTES = 262_144;

test.each([-1, 0, 1, 20])('an entry that comes again after a block and %d bytes', async (more) => {
  const labels = { project: 'acme-prod', cluster: `again${more}` };
  const entry = (uuid: string, line: string) => entryOf(uuid, { now: Date.now() - 1_000, labels, line });
  const again = entry('again', 'x'.repeat(1_000));
  const between = entry('between', 'x'.repeat(BLOCK_BYTES + more - 1_001 - 3 * PAIRS * PAIR_BYTES));
  const real = createLokiClient({ url: loki.url, tenant: 'open', after });
  const model = createLokiModel({ clock: Date.now, limits: FREE_LIMITS });
  for (const pushed of [again, between, entry('last', 'x'), again]) {
    for (const client of [real, model]) {
      expect(await run(client, { kind: 'push', streams: [[pushed]] })).toBe('stored: 204');
    }
  }
  const raw = model.entries().filter(({ metadata }) => metadata.uuid === 'again').length;
  expect(raw).toBe(more < 0 ? 1 : 2);
  const query = `{service_name="falco", cluster="${labels.cluster}"} | uuid="again"`;
  expect(await instant(loki.url, `sum(count_over_time(${query} [1h]))`, 'open')).toBe(raw);
  await real.close();
});

/** What was answered, in a form that can be compared. */
async function run(client: LokiClient, operation: LokiOperation): Promise<string> {
  if (operation.kind === 'push') {
    const bodies = operation.streams.map((entries) =>
      encodePush(streamLabels({ ...entries[0]?.labels, service_name: 'falco' }), entries.map(encodeEntry)),
    );
    const { status, body } = await client.push(joinPushes(bodies), TIMEOUT_MS);
    return `${describeAnswer(classify(status, String(body)))}: ${status}`;
  }
  const times = operation.entries.map(({ timestampNs }) => BigInt(timestampNs)).sort((a, b) => (a < b ? -1 : 1));
  const startNs = String((times[0] ?? 0n) - 1_000_000_000n);
  const endNs = String((times.at(-1) ?? 0n) + 1_000_000_000n);
  const asked = { query: lookupQuery(operation.entries), startNs, endNs, limit: 1_000 };
  return `look-up: ${(await lines(client, asked)).join(' ')}`;
}

function describeAnswer(answer: Answer): string {
  switch (answer.kind) {
    case 'behind':
      return answer.all === undefined ? 'behind' : 'behind all';
    case 'throttled':
      return `throttled ${answer.scope}`;
    case 'unavailable':
      return `unavailable ${answer.reason}`;
    default:
      return answer.kind;
  }
}

/** One text a line of the answer: all its labels, its time and the line's length. */
async function lines(client: LokiClient, asked: Parameters<LokiClient['queryRange']>[0]): Promise<string[]> {
  const { status, body } = await client.queryRange(asked, TIMEOUT_MS);
  if (status !== 200) return [`${status} ${body}`];
  const { result } = JSON.parse(String(body)).data as {
    result: { stream: Record<string, string>; values: [string, string][] }[];
  };
  const all = result.flatMap(({ stream, values }) => {
    const labels = JSON.stringify(Object.entries(stream).sort(([a], [b]) => (a < b ? -1 : 1)));
    return values.map(([time, line]) => `${labels} ${time} ${line.length} ${line.slice(0, 10)}`);
  });
  return all.sort();
}

/** Everything, an hour's part at a time. */
async function stored(client: LokiClient, now: number): Promise<string[]> {
  const all: string[] = [];
  for (const [fromDays, toDays] of [
    [8, 1],
    [1, -1],
  ] as const) {
    const [startNs, endNs] = [fromDays, toDays].map((days) => `${now - days * 86_400_000}000000`) as [string, string];
    all.push(...(await lines(client, { query: '{service_name="falco"}', startNs, endNs, limit: 5_000 })));
  }
  return all;
}

/** A stream is forgotten by the flush after the one that wrote its last chunk. */
async function flush(model: FlushableLokiModel): Promise<void> {
  model.flush();
  for (;;) {
    await fetch(`${loki.url}/flush`, { method: 'POST' });
    const metrics = await (await fetch(`${loki.url}/metrics`)).text();
    const counts = [...metrics.matchAll(/^loki_ingester_memory_streams\{[^}]*\} (\d+)$/gm)];
    if (counts.every(([, count]) => count === '0')) return;
    await sleep(100);
  }
}

function shown(operation: LokiOperation): string {
  const entry = ({ labels, timestampNs, line, metadata }: LogEntry): string =>
    `${labels.priority}/${metadata.uuid}@${timestampNs}+${line.length}`;
  if (operation.kind === 'look-up') return `look up ${operation.entries.map(entry).join(' ')}`;
  return operation.streams.map((entries) => `push ${entries.map(entry).join(' ')}`).join(' and ');
}
