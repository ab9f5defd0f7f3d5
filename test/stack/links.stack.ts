/** The links of a page on a real Loki: they find the incident's own entries, whatever an event calls itself, and no other. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Context, FalcoEvent, LogEntry } from '../../functions/core/event/alert.ts';
import { type GroupName, groupOf } from '../../functions/core/incident/group.ts';
import { viewOf } from '../../functions/core/page/alert-view.ts';
import { linksOf } from '../../functions/core/page/links.ts';
import type { PageLinks } from '../../functions/core/page/notification.ts';
import { entryOf } from '../../functions/ingest/entry.ts';
import { HOSTILE } from '../fixtures/notifications.ts';
import { type Loki, startLoki } from './programs/loki.ts';
import { queriesOf } from './support/grafana.ts';

let loki: Loki;

beforeAll(async () => {
  loki = await startLoki();
});

afterAll(async () => {
  await loki?.stop();
});

const startNs = BigInt(Date.now()) * 1_000_000n;
let count = 0;

interface Case {
  event: FalcoEvent;
  context: Context;
}

/** One alert of a cluster of its own, so that tests don't meet. */
function alertIn(cluster: string, context: Partial<Context> = {}, event: Partial<FalcoEvent> = {}): Case {
  count += 1;
  const timeNs = startNs + BigInt(count);
  const fields = { 'container.id': '69f46201a9d3', 'user.name': 'root', ...event.fields };
  return {
    event: {
      uuid: `${cluster}-${count}`,
      output: 'a shell',
      priority: 'Critical',
      rule: 'Terminal shell in container',
      time: new Date(Number(timeNs / 1_000_000n)).toISOString(),
      timeNs,
      source: 'syscall',
      tags: [],
      hostname: 'node-1',
      ...event,
      fields,
    },
    context: {
      cluster: { project: 'acme-prod', location: 'europe-west1', name: cluster },
      clusterStatus: 'listed',
      clusterMismatch: false,
      namespace: 'payments',
      pod: 'ledger-api-7c9d-x2x8k',
      derivedWorkload: 'ledger-api',
      node: 'node-1',
      enrichment: 'partial',
      enrichmentReasons: [],
      ...context,
    },
  };
}

function entry({ event, context }: Case): LogEntry {
  const line = JSON.stringify({ uuid: event.uuid, rule: event.rule, output_fields: event.fields });
  return entryOf(event.uuid, event, line, context, event.priority, 0);
}

async function push(alerts: readonly Case[]): Promise<void> {
  for (const alert of alerts) {
    const { labels, timestampNs, line, metadata: raw } = entry(alert);
    // As the bytes of a push have it: UTF-8 knows no half of a surrogate pair. The line keeps it, escaped.
    const metadata = Object.fromEntries(Object.entries(raw).map(([name, value]) => [name, value.toWellFormed()]));
    const stream = { service_name: 'falco', ...labels };
    const body = JSON.stringify({ streams: [{ stream, values: [[timestampNs, line, metadata]] }] });
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${loki.url}/loki/api/v1/push`, { method: 'POST', headers, body });
    expect(response.status).toBe(204);
  }
}

function linksTo({ event, context }: Case, groupBy?: readonly GroupName[]): PageLinks {
  const lead = viewOf({ uuid: event.uuid, fingerprint: 'f', event, context, priority: event.priority });
  const { labels } = groupOf(lead, groupBy);
  return linksOf(
    { group: labels, lead, firstNs: lead.timeNs, lastNs: lead.timeNs },
    { grafana: 'https://grafana.acme.example', loki_datasource: 'loki' },
  );
}

/** What the link to the logs shows: the same query over the same time. */
function foundBy(alert: Case, groupBy?: readonly GroupName[]): Promise<string[]> {
  const { logs } = linksTo(alert, groupBy);
  const { queries, range } = JSON.parse(new URL(logs ?? '').searchParams.get('panes') ?? '').a;
  return uuidsOf(queries[0].expr, range.from, range.to);
}

/** What the dashboard of the link has for its log, with what the link chooses. */
function shownBy(alert: Case): Promise<string[]> {
  const { dashboard } = linksTo(alert);
  const { from = '', to = '', ...chosen } = Object.fromEntries(new URL(dashboard ?? '').searchParams);
  const values = Object.entries(chosen).map(([name, value]) => [name.replace('var-', ''), value]);
  const log = queriesOf(Object.fromEntries(values)).find(({ name }) => name === 'incident: Alerts');
  return uuidsOf(log?.expr ?? '', from, to);
}

async function uuidsOf(query: string, from: string, to: string): Promise<string[]> {
  const search = new URLSearchParams({ query, start: `${from}000000`, end: `${to}000000`, limit: '100' });
  const response = await fetch(`${loki.url}/loki/api/v1/query_range?${search}`);
  const text = await response.text();
  if (!response.ok) throw new Error(`${query}: ${text}`);
  const { data } = JSON.parse(text) as { data: { result: { values: [string, string][] }[] } };
  return data.result.flatMap(({ values }) => values.map(([, line]) => String(JSON.parse(line).uuid))).sort();
}

const uuids = (...alerts: Case[]): string[] => alerts.map(({ event }) => event.uuid).sort();

describe('the query of an incident', () => {
  test('finds a workload, enriched or not, and not its neighbours', async () => {
    const lead = alertIn('c-workload');
    const owned = alertIn('c-workload', {
      pod: 'ledger-api-7c9d-zzzzz',
      workload: { kind: 'Deployment', name: 'ledger-api' },
    });
    const neighbours = [
      alertIn('c-workload', { pod: 'other-1', derivedWorkload: 'other' }),
      alertIn('c-workload', { namespace: 'web' }),
      alertIn('c-workload', { cluster: { project: 'acme-prod', location: 'us-east1', name: 'c-workload' } }),
      alertIn('c-elsewhere'),
    ];
    await push([lead, owned, ...neighbours]);
    expect(await foundBy(lead)).toEqual(uuids(lead, owned));
  });

  test('finds a workload under the name of its owner', async () => {
    const owner = { kind: 'CronJob', name: 'nightly' };
    const lead = alertIn('c-owner', { workload: owner, derivedWorkload: 'nightly-1' });
    const later = alertIn('c-owner', { workload: owner, derivedWorkload: 'nightly-1', pod: 'nightly-2' });
    await push([lead, later]);
    expect(await foundBy(lead)).toEqual(uuids(lead, later));
  });

  test('finds what happened on a node', async () => {
    const bare = { namespace: undefined, pod: undefined, derivedWorkload: undefined } as unknown as Partial<Context>;
    const fields = { 'container.id': 'host' };
    const lead = alertIn('c-node', bare, { fields });
    const other = alertIn('c-node', { ...bare, node: 'node-2' }, { fields, hostname: 'node-2' });
    await push([lead, other]);
    expect(await foundBy(lead)).toEqual(uuids(lead));
  });

  test('finds what an audited user did', async () => {
    const by = (user: string): Partial<FalcoEvent> => ({ source: 'k8s_audit', fields: { 'ka.user.name': user } });
    const lead = alertIn('c-user', {}, by('ana@acme.example'));
    const again = alertIn('c-user', { pod: 'p2' }, by('ana@acme.example'));
    await push([lead, again, alertIn('c-user', {}, by('ben@acme.example'))]);
    expect(await foundBy(lead)).toEqual(uuids(lead, again));
  });

  test('finds an image with and without its tag, and not one that a pattern would take for it', async () => {
    const at = (image: string, imageTag?: string): Case =>
      alertIn('c-image', { image, ...(imageTag ? { imageTag } : {}) });
    const [lead, tagged] = [at('r.io/a+b/api'), at('r.io/a+b/api', 'v1')];
    await push([lead, tagged, at('r.io/aab/api'), at('r.io/a+b/api-2')]);
    expect(await foundBy(lead, ['cluster', 'image'])).toEqual(uuids(lead, tagged));
  });

  // The neighbour's uuid tells whether the query was narrow; what Loki can't be asked for leaves it wide.
  test.each(HOSTILE.map(([name, text], index) => [name, text.slice(0, 200), `c-hostile-${index}`] as const))(
    'finds a rule and a user that are called %s',
    async (_name, text, cluster) => {
      const by = { source: 'k8s_audit', rule: text, fields: { 'ka.user.name': text } };
      const lead = alertIn(cluster, {}, by);
      const neighbour = alertIn(cluster, {}, { ...by, rule: 'another' });
      await push([lead, neighbour]);
      const found = await foundBy(lead, ['project', 'cluster', 'rule', 'user']);
      expect(found).toEqual(text.isWellFormed() ? uuids(lead) : uuids(lead, neighbour));
    },
  );
});

describe('the dashboard of an incident', () => {
  test('shows a workload, under its own name and that of its owner, and not its neighbours', async () => {
    const owner = { kind: 'CronJob', name: 'nightly.v1' };
    const lead = alertIn('d-workload', { workload: owner, derivedWorkload: 'nightly' });
    const bare = alertIn('d-workload', { derivedWorkload: 'nightly', pod: 'nightly-2' });
    const neighbours = [
      alertIn('d-workload', { derivedWorkload: 'nightly-v1' }),
      alertIn('d-workload', { workload: owner, namespace: 'web' }),
      alertIn('d-elsewhere', { workload: owner }),
    ];
    await push([lead, bare, ...neighbours]);
    expect(await shownBy(lead)).toEqual(uuids(lead, bare));
  });

  test('shows a node', async () => {
    const bare = { namespace: undefined, pod: undefined, derivedWorkload: undefined } as unknown as Partial<Context>;
    const fields = { 'container.id': 'host' };
    const lead = alertIn('d-node', bare, { fields });
    await push([lead, alertIn('d-node', { ...bare, node: 'node-2' }, { fields, hostname: 'node-2' })]);
    expect(await shownBy(lead)).toEqual(uuids(lead));
  });

  // Loki drops what no UTF-8 has, and such a name has no dashboard.
  test.each(
    HOSTILE.filter(([, text]) => text.isWellFormed() && !text.includes('\0')).map(
      ([name, text], index) => [name, text.slice(0, 200), `d-hostile-${index}`] as const,
    ),
  )('shows a workload that is called %s', async (_name, text, cluster) => {
    const lead = alertIn(cluster, { namespace: text, derivedWorkload: text });
    await push([lead, alertIn(cluster, { namespace: text, derivedWorkload: 'another' })]);
    expect(await shownBy(lead)).toEqual(uuids(lead));
  });
});
