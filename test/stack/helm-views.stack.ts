/** What dashboards, variables and rules of the chart show of a day that is known, on a real Loki. */

import { readFileSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { CHART, FALCO_CHARTS } from './programs/helm.ts';
import { type Loki, startLoki } from './programs/loki.ts';
import { ask, askVariable } from './support/ask.ts';
import { dashboards, filled, queriesOf, rules } from './support/grafana.ts';
import { fill, knownDay } from './support/views.ts';

type Shown = Record<string, string[]>;

/** By `dashboard: panel`, `alert NAME` and `$variable`. */
const KNOWN = JSON.parse(await readFile(new URL('../fixtures/known-day-shown.json', import.meta.url), 'utf8')) as Shown;

let folder: string;
let loki: Loki;
let day: LogEntry[];
/** On a minute, so that what happened at once is in one step of a graph. */
const now = Math.floor(Date.now() / 60_000) * 60_000;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'falco-relay-rules-'));
  // `fake` is the tenant of a Loki without tenants; as the chart mounts them.
  await mkdir(join(folder, 'fake'));
  for (const file of await readdir(join(CHART, 'rules'))) {
    await copyFile(join(CHART, 'rules', file), join(folder, 'fake', file));
  }
  const ruler = {
    storage: { type: 'local', local: { directory: folder } },
    rule_path: join(folder, 'scratch'),
    enable_api: true,
  };
  loki = await startLoki({ config: { ruler } });
  day = await knownDay(now);
  await fill(loki.url, day);
});

afterAll(async () => {
  await loki?.stop();
  if (folder) await rm(folder, { recursive: true });
});

const queries = queriesOf();

describe('of the known day', () => {
  test.each(queries)('$name', async (asked) => {
    const shown = await ask(loki.url, asked, now);
    expect(shown.length).toBeGreaterThan(0);
    expect(shown).toEqual(KNOWN[asked.name]);
  });

  test.each(rules)('the alert $alert', async ({ alert, expr }) => {
    expect(await ask(loki.url, { expr, kind: 'instant' }, now)).toEqual(KNOWN[`alert ${alert}`]);
  });

  test.each(
    dashboards.flatMap(({ file, dashboard }) =>
      dashboard.templating.list.flatMap(({ name, type, query }) =>
        type === 'query' && query ? [{ file, name, query, dashboard }] : [],
      ),
    ),
  )('the variable $name of $file', async ({ name, query, dashboard }) => {
    const { label, stream } = query;
    const values = await askVariable(loki.url, { label, stream: filled(stream, dashboard) }, now);
    expect(values).toEqual(KNOWN[`$${name}`]);
  });

  test('nothing is known of what is not asked', () => {
    const asked = [...queries.map(({ name }) => name), ...rules.map(({ alert }) => `alert ${alert}`)];
    expect(Object.keys(KNOWN).sort()).toEqual([...asked, '$cluster', '$project'].sort());
  });
});

describe('what a person chooses', () => {
  const choose = async (values: Record<string, string>, name: string): Promise<string[]> => {
    const asked = queriesOf(values).find((each) => each.name === name);
    return asked ? ask(loki.url, asked, now) : [];
  };

  test.each([
    { chosen: { workload: 'ledger-api' }, events: 4 },
    { chosen: { namespace: 'sandbox' }, events: 1 },
    { chosen: { workload: 'report', namespace: 'payments' }, events: 2 },
    { chosen: { project: 'acme-dev' }, events: 1 },
    { chosen: { cluster: 'data-eu4|play-eu1' }, events: 3 },
  ])('$chosen: $events events', async ({ chosen, events }) => {
    expect(await choose(chosen as unknown as Record<string, string>, 'incident: Events')).toEqual([String(events)]);
  });

  test('narrows the clusters to those of the project', async () => {
    const [{ dashboard } = { dashboard: undefined }] = dashboards;
    const variable = dashboard?.templating.list.find(({ name }) => name === 'cluster');
    if (!dashboard || !variable?.query) throw new Error('there is no such variable');
    const stream = filled(variable.query.stream, dashboard, { project: 'acme-dev' });
    expect(await askVariable(loki.url, { label: 'cluster', stream }, now)).toEqual(['play-eu1']);
  });
});

describe('alerts', () => {
  test('are all taken by the ruler, with what they say', async () => {
    const response = await fetch(`${loki.url}/prometheus/api/v1/rules`);
    const { data } = (await response.json()) as {
      data: { groups: { rules: { name: string; lastError?: string }[] }[] };
    };
    const loaded = data.groups.flatMap((group) => group.rules);
    expect(loaded.map(({ name }) => name).sort()).toEqual(rules.map(({ alert }) => alert).sort());
    expect(loaded.filter(({ lastError }) => lastError)).toEqual([]);
  });

  const askElsewhere = (name: string, service: string): Promise<string[]> => {
    const { expr = '' } = rules.find(({ alert }) => alert === name) ?? {};
    return ask(loki.url, { expr: expr.replaceAll(`"${service}"`, '"nobody"'), kind: 'instant' }, now);
  };

  test('fire where nothing arrives, and where the relay says nothing', async () => {
    expect(await askElsewhere('FalcoNothingArrives', 'falco')).toEqual(['1 service_name=nobody']);
    expect(await askElsewhere('FalcoRelaySilent', 'falco-relay')).toEqual(['1 service_name=nobody']);
  });

  test('tell of all that is critical while the relay says of no incident', async () => {
    const told = KNOWN['alert FalcoCriticalSeen'] ?? [];
    const all = await askElsewhere('FalcoCriticalSeen', 'falco-relay');
    expect(told.map((each) => /k8s_ns_name=(\w+)/.exec(each)?.[1])).toEqual(['shop']);
    expect(all.filter((each) => !told.includes(each)).map((each) => /k8s_ns_name=(\w+)/.exec(each)?.[1])).toEqual([
      'payments',
      'payments',
      'payments',
    ]);
  });

  test('of the audit log name whom no incident of its cluster counts, whatever namespace it is of', async () => {
    const at = (minutes: number): string => `${now - minutes * 60_000}000000`;
    const place = { project: 'acme-prod', cluster: 'apart', location: 'europe-west1' };
    const seen = (uuid: string, source: string): LogEntry => ({
      labels: { service_name: 'apart', project: place.project, cluster: place.cluster, source, priority: 'Critical' },
      timestampNs: at(7),
      line: '{}',
      metadata: { uuid, n: '1', rule: source, effective_priority: 'Critical', k8s_ns_name: 'one' },
    });
    await fill(loki.url, [seen('binding', 'k8s_audit'), seen('shell', 'syscall')]);
    const { expr = '' } = rules.find(({ alert }) => alert === 'FalcoCriticalSeen') ?? {};
    const apart = expr.replaceAll('"falco"', '"apart"').replaceAll('"falco-relay"', '"apart-relay"');
    const told = async (): Promise<string[]> =>
      (await ask(loki.url, { expr: apart, kind: 'instant' }, now)).map((each) => /rule=(\w+)/.exec(each)?.[1] ?? '');
    expect(await told()).toEqual(['k8s_audit', 'syscall']);
    const incident = {
      kind: 'incident',
      incident: 'ana',
      alerts: '1',
      idle_ms: '0',
      source: 'k8s_audit',
      k8s_ns_name: 'two',
    };
    const labels = { service_name: 'apart-relay' };
    await fill(loki.url, [{ labels, timestampNs: at(6), line: '{}', metadata: { ...place, ...incident } }]);
    expect(await told()).toEqual(['syscall']);
  });

  test('an incident that has had no alert for long excuses none that is new', async () => {
    const { expr = '' } = rules.find(({ alert }) => alert === 'FalcoCriticalSeen') ?? {};
    // The second report alone: all incidents are open, and idle for a quarter of an hour.
    const late = expr.replaceAll('[20m]', '[2m]');
    expect(late).not.toBe(expr);
    expect(await ask(loki.url, { expr: late, kind: 'instant' }, now)).toHaveLength(4);
  });
});

/** By index label, with a parser that finds nothing in our lines: all that it asks is asked where its chart is here. */
describe("Falcosidekick's own dashboard", () => {
  test.each([
    {
      expr: 'count by (priority) (rate({priority=~".+"} | logfmt | k8s_ns_name =~ `.*` | priority =~ `.*` [24h]))',
      of: 5,
    },
    {
      expr: 'count by (rule) (rate({priority=~".+"} | logfmt | k8s_ns_name =~ `payments` | priority =~ `Notice` [24h]))',
      of: 3,
    },
    { expr: '{priority=~".+"} |= `kworker` | logfmt | k8s_ns_name =~ `.*` | priority =~ `.*`', of: 1 },
  ])("queries as Falcosidekick's own dashboard has them work: $expr", async ({ expr, of }) => {
    const kind = expr.startsWith('{') ? 'line' : 'instant';
    expect(await ask(loki.url, { expr, kind }, now)).toHaveLength(of);
  });

  const path = join(FALCO_CHARTS ?? '', 'charts/falcosidekick/dashboards/falcosidekick-loki-dashboard.json');
  const theirs = FALCO_CHARTS
    ? (JSON.parse(readFileSync(path, 'utf8')) as { panels: object[]; templating: object })
    : undefined;
  const asked = [...JSON.stringify(theirs?.panels ?? []).matchAll(/"expr":("(?:[^"\\]|\\.)*")/g)];
  const queries = [...new Set(asked.map(([, text = '""']) => JSON.parse(text) as string))];
  const fill = (expr: string, namespace: string): string =>
    expr
      .replace('$namespace', namespace)
      .replace('$priority', '.*')
      .replace('$line_filter', '')
      .replace('$__auto', '24h');

  if (theirs) {
    test.each(queries)('is answered: %s', async (expr) => {
      const kind = /^(?:count|sum)/.test(expr) ? 'instant' : 'line';
      const of = async (namespace: string): Promise<number> =>
        (await ask(loki.url, { expr: fill(expr, namespace).replace('[1m]', '[24h]'), kind }, now)).length;
      const [all, some, none] = [await of('.*'), await of('payments'), await of('nowhere')];
      expect([all >= some, some > 0, none]).toEqual([true, true, 0]);
    });

    test('has its six questions and two variables, of which ours have the priority', async () => {
      expect(queries).toHaveLength(6);
      const labels = [...JSON.stringify(theirs.templating).matchAll(/"label":"(\w+)","refId"/g)].map(
        ([, label]) => label,
      );
      expect(labels).toEqual(['namespace', 'priority']);
      const values = (label: string) => askVariable(loki.url, { label, stream: '{priority=~".+"}' }, now);
      expect(await values('priority')).toEqual(expect.arrayContaining(['Critical', 'Notice']));
      // Nor have Falcosidekick's own streams that label: it lists the namespaces of other logs, and takes what is typed.
      await expect(values('namespace')).resolves.toEqual([]);
    });
  }
});

test('raw second copies of everything change nothing but their own count and the log', async () => {
  // In a percentile a copy is one event more.
  const counted = queries.filter(({ expr, name }) => !/^[{q]/.test(expr) && name !== 'pipeline: Raw second copies');
  await fill(
    loki.url,
    day.map((entry) => ({ ...entry, metadata: { ...entry.metadata, copy: 'second' } })),
  );
  const second = queries.filter(({ name }) => name === 'pipeline: Raw second copies');
  const [copies] = await Promise.all(second.map((asked) => ask(loki.url, asked, now)));
  expect(Number(copies)).toBe(1 + day.filter(({ labels }) => labels.service_name === undefined).length);
  for (const asked of counted) {
    expect({ [asked.name]: await ask(loki.url, asked, now) }).toEqual({ [asked.name]: KNOWN[asked.name] });
  }
});
