/** Our values and the charts that they are for: each is one that its chart knows, and nothing else of Falco's differs from its defaults. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { notRun } from '../not-run.ts';
import {
  CHART,
  CHECKOUTS,
  type Chart,
  chartOfDefaults,
  ci,
  copyChart,
  FALCO_CHARTS,
  type Manifest,
} from './programs/helm.ts';
import { type Any, effective, find, flattened } from './support/manifests.ts';

interface Dependency {
  name: string;
  alias?: string;
  version: string;
}

const read = (path: string): Any => parse(readFileSync(path, 'utf8'));
const { dependencies } = read(join(CHART, 'Chart.yaml')) as { dependencies: Dependency[] };
const here = dependencies.filter(({ name }) => CHECKOUTS[name]);
const ours = [join(CHART, 'values.yaml'), ...readdirSync(join(CHART, 'ci')).map((file) => join(CHART, 'ci', file))];

/** Paths of values that a chart has nowhere; what it has as an empty map takes anything. */
function unknownTo(known: Any, given: Any, path = ''): string[] {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return [];
  if (typeof known !== 'object' || known === null || Object.keys(known).length === 0) return [];
  return Object.entries(given).flatMap(([name, value]) =>
    name in known ? unknownTo(known[name], value, `${path}.${name}`) : [`${path}.${name}`],
  );
}

test('a value that a chart does not know is found', () => {
  expect(unknownTo({ a: { b: 1 }, c: {} }, { a: { b: 2, x: 1 }, c: { y: 1 }, z: 1 })).toEqual(['.a.x', '.z']);
});

/** What a chart writes out whole, or its templates take though its values don't have it. */
const TAKEN: Readonly<Record<string, readonly string[]>> = {
  falco: ['.falcoctl.config.registry'],
  falcosidekick: ['.podSecurityContext.runAsNonRoot', '.podSecurityContext.seccompProfile'],
  loki: [
    '.loki.ingester.chunk_encoding',
    '.loki.rulerConfig.storage',
    '.loki.rulerConfig.rule_path',
    '.loki.rulerConfig.enable_api',
  ],
  grafana: ['.fullnameOverride'],
};

if (here.length < dependencies.length) {
  notRun('our values against every chart that they are for', 'FALCO_CHARTS and GRAFANA_CHARTS are not both set');
}

for (const { name, alias = name, version } of here) {
  const folder = join(CHECKOUTS[name] ?? '', 'charts', name);

  test(`the chart of ${alias} that is here is the one that ours depends on`, () => {
    expect(read(join(folder, 'Chart.yaml')).version).toBe(version);
  });

  test(`every value for ${alias} is one that its chart knows`, () => {
    // A condition is the parent's own.
    const known = { enabled: true, ...read(join(folder, 'values.yaml')) };
    const unknown = ours.flatMap((path) => unknownTo(known, read(path)[alias]));
    expect([...new Set(unknown)]).toEqual(TAKEN[alias] ?? []);
  });
}

if (FALCO_CHARTS) describe('key by key', keyByKey);

function keyByKey(): void {
  let chart: Chart;
  let defaults: readonly Manifest[];
  beforeAll(async () => {
    chart = await copyChart();
    const bare = await chartOfDefaults();
    defaults = await bare.render('loki.enabled=false', 'grafana.enabled=false', 'k8saudit.enabled=false');
    await bare.remove();
  });
  afterAll(() => chart?.remove());

  const configIn = (manifests: readonly Manifest[], name: string): Map<string, unknown> =>
    flattened(parse(find(manifests, 'ConfigMap', name).data['falco.yaml']));
  const defaultName = (): string => defaults.find(({ data }) => data?.['falco.yaml'])?.metadata.name ?? '';

  /** What is other than when nobody sets anything. */
  function changed(before: Map<string, unknown>, after: Map<string, unknown>): Record<string, unknown> {
    const paths = [...new Set([...before.keys(), ...after.keys()])].sort();
    const differs = (path: string): boolean => JSON.stringify(before.get(path)) !== JSON.stringify(after.get(path));
    return Object.fromEntries(paths.filter(differs).map((path) => [path, after.get(path)]));
  }
  const changedIn = async (example: string, name: string): Promise<Record<string, unknown>> =>
    changed(configIn(defaults, defaultName()), configIn(await chart.render(ci(example)), name));

  const sending = {
    'http_output.enabled': true,
    'http_output.url': 'http://falcosidekick:2801/',
    json_output: true,
    log_syslog: false,
    'syslog_output.enabled': false,
    'metrics.enabled': true,
    'metrics.interval': '5m',
    'metrics.output_rule': true,
    'metrics.convert_memory_to_mb': true,
    'metrics.include_empty_values': false,
    'metrics.jemalloc_stats_enabled': false,
    'metrics.kernel_event_counters_enabled': true,
    'metrics.kernel_event_counters_per_cpu_enabled': false,
    'metrics.kernel_iter_event_counters_enabled': true,
    'metrics.libbpf_stats_enabled': true,
    'metrics.plugins_metrics_enabled': true,
    'metrics.resource_utilization_enabled': true,
    'metrics.rules_counters_enabled': true,
    'metrics.state_counters_enabled': true,
    'webserver.prometheus_metrics_enabled': true,
  };
  const anyList = expect.any(Array);

  test('Falco on every node', async () => {
    expect(await changedIn('minimal', 'falco')).toEqual({
      ...sending,
      // Its values are checked in helm-falco.stack.ts.
      append_output: anyList,
      plugins: anyList,
      // Modern eBPF, hence nothing of the kernel module.
      'engine.kmod.buf_size_preset': undefined,
      'engine.kmod.drop_failed_exit': undefined,
    });
  });

  test('Falco for the audit logs', async () => {
    expect(await changedIn('audit', 'falco-k8saudit')).toEqual({
      ...sending,
      append_output: anyList,
      plugins: anyList,
      load_plugins: ['k8saudit-gke', 'json'],
      rules_files: anyList,
      plugins_hostinfo: false,
      // It watches no system calls.
      'engine.kind': undefined,
      'engine.kmod.buf_size_preset': undefined,
      'engine.kmod.drop_failed_exit': undefined,
      'engine.modern_ebpf.buf_size_preset': undefined,
      'engine.modern_ebpf.cpus_for_each_buffer': undefined,
      'engine.modern_ebpf.disable_iterators': undefined,
      'engine.modern_ebpf.drop_failed_exit': undefined,
    });
  });

  test('Falcosidekick', async () => {
    const container = (manifests: readonly Manifest[]): Any => {
      const deployment = manifests.find(
        ({ kind, metadata }) => kind === 'Deployment' && /falcosidekick$/.test(metadata.name),
      );
      return deployment?.spec.template.spec.containers[0];
    };
    const environmentOf = (manifests: readonly Manifest[]): Map<string, unknown> =>
      flattened(effective(manifests, container(manifests)));
    const manifests = await chart.render(ci('minimal'));
    expect(changed(environmentOf(defaults), environmentOf(manifests))).toEqual({
      GCP_PUBSUB_PROJECTID: 'acme-prod',
      GCP_PUBSUB_TOPIC: 'falco-events',
      GCP_PUBSUB_CUSTOMATTRIBUTES: 'gke_project:acme-prod,gke_location:europe-west1,gke_cluster:payments-eu1',
    });
    expect(environmentOf(defaults).size).toBeGreaterThan(300);
  });
}
