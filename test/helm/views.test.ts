/** Dashboards and rules as files: what Grafana and Loki would take without a word, and show wrongly. */

import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { list, read } from './support.ts';

interface Panel {
  id: number;
  title: string;
  type: string;
  gridPos: { x: number; y: number; w: number; h: number };
  datasource?: { uid: string };
  targets?: { expr: string; datasource: { uid: string } }[];
  fieldConfig?: { defaults: { unit?: string } };
}

interface Dashboard {
  uid: string;
  title: string;
  panels: Panel[];
  templating: { list: { name: string }[] };
}

const files = list('dashboards');
const dashboards = files.map((file) => JSON.parse(read(`dashboards/${file}`)) as Dashboard);
const each = dashboards.map((dashboard) => ({ uid: dashboard.uid, dashboard }));

/** What Grafana itself sets. */
const BUILT_IN = ['__range', '__interval', '__data', '__url_time_range', '__all'];

test('three dashboards, named as their files', () => {
  expect(dashboards.map(({ uid }) => uid)).toEqual(files.map((file) => `falco-relay-${file.replace('.json', '')}`));
});

describe.each(each)('$uid', ({ dashboard }) => {
  const { panels, templating } = dashboard;
  const shown = panels.filter(({ type }) => type !== 'row' && type !== 'text');

  test('has panels apart, each with an id and a title of its own', () => {
    const titles = panels.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    expect(panels.filter((a) => panels.some((b) => a !== b && overlap(a, b))).map(({ title }) => title)).toEqual([]);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test('asks the Loki that is chosen, and nothing else', () => {
    const asked = shown.flatMap(({ datasource, targets = [] }) => [datasource, ...targets.map((of) => of.datasource)]);
    expect(asked.length).toBeGreaterThan(10);
    expect(asked.filter((of) => of?.uid !== `\${datasource}`)).toEqual([]);
  });

  test('uses variables that there are', () => {
    const known = new Set([...templating.list.map(({ name }) => name), ...BUILT_IN]);
    const used = [...JSON.stringify(dashboard).matchAll(/\$\{?([a-zA-Z_]\w*)/g)].map(([, name]) => name ?? '');
    expect(used.filter((name) => !known.has(name))).toEqual([]);
  });

  test('numbers and graphs have a unit', () => {
    const numbers = shown.filter(({ type }) => ['stat', 'timeseries', 'bargauge'].includes(type));
    expect(numbers.filter(({ fieldConfig }) => !fieldConfig?.defaults.unit).map(({ title }) => title)).toEqual([]);
  });

  test('adds up events by uuid', () => {
    const sums = shown.flatMap(({ title, targets = [] }) =>
      targets.filter(({ expr }) => /\bsum\b.*count_over_time/.test(expr.split(' unless ')[0] ?? '')).map(() => title),
    );
    // What is more than one a uuid can't be asked any other way.
    expect(sums).toEqual(dashboard.uid === 'falco-relay-pipeline' ? ['Raw second copies'] : []);
    // The greatest of an hour is not the sum of its entries: docs/protocol.md, "What is promised".
    expect(JSON.stringify(shown)).not.toMatch(/sum\([^)]*max_over_time[^)]*unwrap n/);
  });

  test('links to dashboards and variables that there are', () => {
    const links = [...JSON.stringify(dashboard).matchAll(/\/d\/([\w-]+)\?([^"]*)/g)];
    for (const [, uid, query] of links) {
      const target = dashboards.find((other) => other.uid === uid);
      const names = [...(query ?? '').matchAll(/var-(\w+)=/g)].map(([, name]) => name);
      expect(target?.templating.list.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    }
  });
});

test('the overview begins with what is open, and leads to the incident', () => {
  const overview = dashboards.find(({ uid }) => uid === 'falco-relay-overview');
  expect(overview?.panels.map(({ title }) => title)).toEqual([
    ...['Now', 'Open incidents', 'Nodes speaking', 'Clusters whose canary is silent', 'The last canary'],
    ...['Incidents', 'What is critical'],
    ...['On the way', 'System calls lost before Falco saw them', 'Alerts that Falco could not hand on'],
    ...['Parked and retried', 'Lag: 99 of 100 events'],
    ...['What happens', 'Alerts by priority', 'New in seven days: rule, workload, program', 'Shells: who and where'],
    ...['Top talkers: new against repeated', 'Clusters by priority', 'Techniques'],
    ...['Log', 'Alerts'],
  ]);
  expect(JSON.stringify(overview)).toContain('/d/falco-relay-incident?');
});

test('what has a limit shows it', () => {
  const limited = dashboards.flatMap(({ panels }) =>
    panels.filter(({ fieldConfig }) => JSON.stringify(fieldConfig ?? {}).includes('"red"')).map(({ title }) => title),
  );
  expect(limited).toEqual(
    expect.arrayContaining([
      ...['Open incidents', 'Nodes speaking', 'Clusters whose canary is silent', 'Lag: 99 of 100 events'],
      ...['Lag', 'The page that waits longest'],
    ]),
  );
});

describe('rules', () => {
  const rules = list('rules').flatMap((file) =>
    (parse(read(`rules/${file}`)) as { groups: { rules: Record<string, unknown>[] }[] }).groups.flatMap(
      (group) => group.rules,
    ),
  );

  test.each(rules)('$alert says what happened and where to look', (rule) => {
    expect(rule).toMatchObject({
      expr: expect.stringMatching(/service_name="falco(-relay)?"/),
      labels: { severity: expect.stringMatching(/^(critical|warning)$/) },
      annotations: { summary: expect.any(String), description: expect.any(String) },
    });
  });
});

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
