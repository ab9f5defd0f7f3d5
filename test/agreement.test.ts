/** What the functions, the chart, the Terraform module and the documents each say of the same thing is the same. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { PATHS } from '../functions/adapters/store/firestore-group.ts';
import { firestoreSettings } from '../functions/adapters/store/firestore-rest.ts';
import { loadConfig, parsePipeline } from '../functions/config.ts';
import { wake } from '../functions/core/incident/wake.ts';
import { DROP_RULE, SNAPSHOT_RULE } from '../functions/core/watch/falco-metrics.ts';
import { type FalcoItem, list, read as readChart, values } from './helm/support.ts';
import { blocksOf, bodyOf, quoted } from './infra/hcl.ts';
import { SUBSCRIPTIONS } from './simulation/subscriptions.ts';

const ROOT = new URL('..', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const infra = (name: string): string => read(`infra/${name}`);
const group = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? '';
/** A member of an object that Terraform gives a default. */
const optional = (variable: string, name: string): string =>
  group(new RegExp(`^ {4}${name} += optional\\(\\w+, (.+)\\)$`, 'm'), bodyOf(blocks, 'variable', variable));

const blocks = blocksOf();
const { env, pipeline } = loadConfig({});
/** Dashboards and rules, with the escapes of JSON taken off. */
const views = ['dashboards', 'rules'].flatMap((folder) =>
  list(folder).map((file) => ({ file, text: readChart(`${folder}/${file}`).replaceAll('\\"', '"') })),
);

/** Every rule that a view asks Loki for by its whole name. */
const rulesAsked = views.flatMap(({ text }) => [...text.matchAll(/\brule="([^"]+)"/g)].map(([, rule = '']) => rule));

describe('the canary', () => {
  test('has one rule: for the relay, for the chart, for Falco and for what Loki is asked', () => {
    const { canary_rule: rule } = pipeline.nodes;
    const files = Object.values(values.falco.customRules ?? {});
    expect(values.canary.rule).toBe(rule);
    expect(files.flatMap((text) => parse(text) as FalcoItem[]).map((item) => item.rule)).toContain(rule);
    expect(rulesAsked.filter((each) => /canary/i.test(each))).toEqual(expect.arrayContaining([rule, rule]));
    expect(rulesAsked.filter((each) => /canary/i.test(each) && each !== rule)).toEqual([]);
  });

  test('trips more often than its silence is noticed', () => {
    const { schedule } = values.canary as unknown as { schedule: string };
    const minutes = Number(group(/^\*\/(\d+) \* \* \* \*$/, schedule));
    expect(minutes * 60_000 * 2).toBeLessThan(pipeline.nodes.cluster_silent_after);
  });
});

test('a node that misses three of its snapshots is silent, and half of a cluster that misses two', () => {
  const { silent_after: node, cluster_silent_after: cluster } = pipeline.nodes;
  for (const { metrics } of [values.falco, values.k8saudit] as unknown as { metrics: { interval: string } }[]) {
    const interval = Number(group(/^(\d+)m$/, metrics.interval)) * 60_000;
    expect([Math.floor(node / interval), Math.floor(cluster / interval)]).toEqual([3, 2]);
  }
});

test("Falco's own events have one name each", () => {
  const own = rulesAsked.filter((rule) => rule.startsWith('Falco internal'));
  expect([...new Set(own)]).toEqual([SNAPSHOT_RULE]);
  const patterns = views.flatMap(({ text }) => [...text.matchAll(/\brule=~"(Falco internal[^"]+)"/g)]);
  expect(patterns.map(([, pattern = '']) => new RegExp(`^(?:${pattern})$`).test(DROP_RULE))).toEqual([true]);
});

describe('topics', () => {
  const topics = quoted(group(/topics = toset\(\[(.*)\]\)/, infra('topics.tf')));

  test('have the names that a function takes when it is told none', () => {
    const told = [...infra('accounts.tf').matchAll(/^ {4}([\w-]+) += "(TOPIC_\w+)"$/gm)];
    const byDefault = Object.entries(env).filter(([name]) => name.startsWith('TOPIC_'));
    expect(Object.fromEntries(told.map(([, topic, variable]) => [variable, topic]))).toEqual(
      Object.fromEntries(byDefault),
    );
    expect(byDefault.map(([, topic]) => topic).filter((topic) => !topics.includes(String(topic)))).toEqual([]);
  });

  test('begin with the one that Falcosidekick publishes to, and may', () => {
    const { topic } = (values as unknown as { pubsub: { topic: string } }).pubsub;
    expect(topics[0]).toBe(topic);
    expect(bodyOf(blocks, 'resource', 'google_pubsub_topic_iam_member', 'falcosidekick')).toContain(
      `topic["${topic}"]`,
    );
    expect(bodyOf(blocks, 'output', 'topic')).toContain(`topic["${topic}"]`);
  });

  test('are tried for as long as docs/operate.md says, and as the simulation has it', () => {
    const text = infra('topics.tf');
    const tries = Number(group(/delivery_attempts += (\d+)/, text));
    const seconds = (waits: RegExpMatchArray): number[] => waits.slice(1).map(Number);
    const settings = [...text.matchAll(/minimum += "(\d+)s"[,\s]+maximum += "(\d+)s"/g)].map(seconds);
    const models = SUBSCRIPTIONS(['oncall'], async () => 204);
    expect(models.map((each) => [each.minBackoffMs / 1_000, each.maxBackoffMs / 1_000])).toEqual(settings);
    expect(models.map(({ maxAttempts }) => maxAttempts)).toEqual(settings.map(() => tries));
    const lasting = settings.map(([minimum = 0, maximum = 0]) => {
      const waits = Array.from({ length: tries - 1 }, (_, index) => Math.min(minimum * 2 ** index, maximum));
      const minutes = Math.floor(waits.reduce((sum, wait) => sum + wait, 0) / 60);
      return `${Math.floor(minutes / 60)} hours and ${minutes % 60} minutes`;
    });
    const [events, retry, ...others] = lasting;
    expect(others).toEqual([events, events]);
    const page = read('docs/operate.md').replaceAll('\n', ' ');
    expect(page).toContain(`hundred tries take ${events}, those of falco-retry ${retry}.`);
    expect(page).toContain(`Bring it back within ${events?.split(' and')[0]}:`);
  });

  test('a subscription of a receiver filters by the attribute that a wake-up has', async () => {
    const published: Readonly<Record<string, string>>[] = [];
    const publish = async (_topic: string, { attributes = {} }: { attributes?: Record<string, string> }) => {
      published.push(attributes);
    };
    await wake({ publish } as never, [{ groupKey: '{}', generation: 1, receiver: 'oncall' }]);
    const attribute = group(/filter += "attributes\.(\w+) = /, infra('topics.tf'));
    expect(published).toEqual([{ [attribute]: 'oncall' }]);
  });
});

describe('accounts', () => {
  const prefix = group(
    /account_id += "(.*)\$\{each\.key\}"/,
    bodyOf(blocks, 'resource', 'google_service_account', 'function'),
  );
  const example = parse(readChart('ci/enrichment-values.yaml')) as Record<string, { serviceAccount: string }>;

  test.each([
    { of: 'ingest', value: 'enrichment' },
    { of: 'sweep', value: 'nodeWatch' },
  ])("of $of are named in the chart's example as Terraform names them", ({ of, value }) => {
    expect(example[value]?.serviceAccount).toMatch(
      new RegExp(`^${prefix}${of}@[a-z-]+\\.iam\\.gserviceaccount\\.com$`),
    );
    expect(bodyOf(blocks, 'output', 'service_accounts')).toMatch(
      new RegExp(`${value}.serviceAccount (is )?that of ${of}`),
    );
  });

  test('of Falcosidekick, of Falco and of the audit logs are those that may publish, pull rules and read', () => {
    const [namespace, account] = ['namespace', 'service_account'].map((name) =>
      JSON.parse(optional('falcosidekick', name)),
    );
    const { falcosidekick, falco, k8saudit } = values;
    expect(account).toBe(falcosidekick.fullnameOverride);
    const page = read('docs/helm.md');
    expect(page).toContain(`--namespace ${namespace} `);
    const subjects = [...page.matchAll(/\/subject\/ns\/([\w-]+)\/sa\/([\w-]+)/g)].map(([, ...names]) => names);
    expect(subjects).toEqual(
      [falcosidekick, falco, k8saudit].map(({ fullnameOverride }) => [namespace, fullnameOverride]),
    );
  });
});

describe('Firestore', () => {
  const store = readdirSync(join(ROOT, 'functions/adapters/store'))
    .filter((name) => name.startsWith('firestore'))
    .map((name) => read(`functions/adapters/store/${name}`))
    .join('');
  const { prefix } = firestoreSettings(new URL('firestore://acme-prod'), undefined);
  const collections = Object.values(PATHS).map((path) => `${prefix}${path('x').split('/')[0]}`);

  test('has a rule of expiry for each collection', () => {
    expect(quoted(group(/firestore_expire = .*\? \[(.*)\]/, infra('store.tf'))).sort()).toEqual(collections.sort());
  });

  test('keeps the index of each field that is searched by', () => {
    const indexed = [...infra('store.tf').matchAll(/^ {4}"([\w-]+)" += "(\w+)"$/gm)].map(([, ...names]) => names);
    const searched = [...store.matchAll(/collection: '(\w+)',\s*orderBy: '(\w+)'/g)];
    const pairs = new Set(searched.map(([, collection, field]) => `${prefix}${collection} ${field}`));
    expect(indexed.map((names) => names.join(' ')).sort()).toEqual([...pairs].sort());
    expect(store.match(/orderBy: '/g)).toHaveLength(searched.length);
  });
});

describe('Loki', () => {
  /** What the writer puts into the index, and no more: test/ingest/entry.test.ts and docs/protocol.md. */
  const labels = ['service_name', 'project', 'cluster', 'source', 'priority', 'late_hour'];

  test.each(views)('is asked by $file for streams by labels that they have', ({ text }) => {
    const selectors = [...text.matchAll(/\{(service_name="[^}]*)\}/g)].map(([, inside = '']) => inside);
    expect(selectors.length).toBeGreaterThan(0);
    const asked = selectors.flatMap((inside) => [...inside.matchAll(/(\w+)(?:=~?|!=|!~)"/g)].map(([, name]) => name));
    expect(asked.filter((name) => !labels.includes(name ?? ''))).toEqual([]);
  });

  test('is of one version, in a trial and in the tests', () => {
    const { loki } = values as unknown as { loki: { loki: { image: { tag: string } } } };
    expect(loki.loki.image.tag).toBe(group(/^version=(.+)$/m, read('test/stack/install-loki')));
  });

  test('is one data source, in a trial and in the examples', () => {
    const { grafana } = values as unknown as {
      grafana: { datasources: Record<string, { datasources: { uid: string }[] }> };
    };
    const uids = Object.values(grafana.datasources).flatMap(({ datasources }) => datasources.map(({ uid }) => uid));
    for (const path of ['docs/configuration.md', 'functions/pipeline.yaml']) {
      expect([path, group(/loki_datasource: (\w+)/, read(path))]).toEqual([path, uids[0]]);
    }
  });
});

describe('functions', () => {
  test('run on the Node that tests run on', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: { node: string } };
    const runtime = group(/runtime += "nodejs(\d+)"/, infra('functions.tf'));
    expect(devDependencies.node.split('.')[0]).toBe(runtime);
    expect(process.versions.node.split('.')[0]).toBe(runtime);
  });

  test('take as many requests at once as ingest admits events', () => {
    const concurrency = [...infra('functions.tf').matchAll(/concurrency = (\d+)/g)].map(([, number]) => Number(number));
    expect(concurrency).toHaveLength(5);
    expect(Math.max(...concurrency)).toBeLessThanOrEqual(env.MAX_EVENTS_IN_FLIGHT);
  });

  test('may be sized as docs/deploy.md says', () => {
    const { cells } = {
      cells: read('docs/deploy.md')
        .split('\n')
        .find((line) => line.startsWith('| `functions` |')),
    };
    const ingest = group(/^ {4}ingest += \{(.*)\}$/m, infra('functions.tf'));
    const [memory, cpu, concurrency, least, most] = [...ingest.matchAll(/= "?(\w+)"?/g)].map(([, value]) => value);
    expect(cells).toContain(`| ${memory}, ${cpu} CPU; ingest ${concurrency} at once, ${least} to ${most} instances |`);
  });
});

test("Falco's versions are those of docs/policy.md", () => {
  const refs = values.falco.falcoctl.config.artifact.install.refs.map((ref) => ref.replace(':', '-'));
  const stable = group(/^### stable \(falcosecurity\/rules, (.+)\)$/m, read('docs/policy.md'));
  expect(refs).toEqual([stable]);
});

test('each example of a cluster is one that the relay may be told of', () => {
  for (const file of list('ci')) {
    const { cluster } = parse(readChart(`ci/${file}`)) as { cluster: Record<string, string> };
    const problems: string[] = [];
    parsePipeline(JSON.stringify({ clusters: [cluster] }), problems);
    expect([file, problems]).toEqual([file, []]);
  }
});
