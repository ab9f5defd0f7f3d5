/** What Falco and Falcosidekick run with, key by key: by their own charts where these are, else by what our chart gives them. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { saidBy } from '../../functions/ingest/enrich/said.ts';
import { eventOf } from '../ingest/enrich/support.ts';
import { type Chart, ci, copyChart, FALCO_CHARTS, GRAFANA_CHARTS, type Manifest } from './programs/helm.ts';
import { type Any, effective, find, given } from './support/manifests.ts';

const real = FALCO_CHARTS !== undefined;
const by = real ? '' : ' (as given to its chart; its own templates need FALCO_CHARTS)';

let chart: Chart;

beforeAll(async () => {
  chart = await copyChart();
});

afterAll(() => chart?.remove());

/** What the objects of the two releases of the falco chart are called. */
const FULL_NAMES: Readonly<Record<string, string>> = { falco: 'falco', k8saudit: 'falco-k8saudit' };

/** falco.yaml of one of the two releases. */
const configOf = (manifests: readonly Manifest[], name: string): Any =>
  real ? parse(find(manifests, 'ConfigMap', FULL_NAMES[name] ?? '').data['falco.yaml']) : given(manifests, name).falco;

const COMMON = {
  priority: 'debug',
  rule_matching: 'first',
  json_output: true,
  json_include_output_property: true,
  json_include_output_fields_property: true,
  json_include_tags_property: true,
  http_output: { enabled: true, url: 'http://falcosidekick:2801/' },
  stdout_output: { enabled: true },
  syslog_output: { enabled: false },
  log_syslog: false,
};

describe(`Falco's configuration${by}`, () => {
  test('on every node', async () => {
    const config = configOf(await chart.render(ci('minimal')), 'falco');
    expect(config).toMatchObject(COMMON);
    expect(config.append_output).toEqual([
      { suggested_output: true },
      {
        match: { source: 'syscall' },
        extra_fields: [
          ...['k8s.pod.uid', 'container.image.digest', 'proc.pid', 'proc.sid', 'proc.cwd', 'proc.pcmdline'],
          ...['proc.aname[2]', 'proc.aname[3]', 'proc.aname[4]', 'fd.sip', 'fd.sport'],
        ],
      },
    ]);
  });

  test('for the audit logs', async () => {
    const manifests = await chart.render(ci('audit'));
    const config = configOf(manifests, 'k8saudit');
    expect(config).toMatchObject({
      ...COMMON,
      load_plugins: ['k8saudit-gke', 'json'],
      rules_files: [
        ...['/etc/falco/k8s_audit_rules.yaml', '/etc/falco/k8s_audit_rules_gke.yaml'],
        '/etc/falco/rules.d',
      ],
      plugins: [
        {
          name: 'k8saudit-gke',
          library_path: 'libk8saudit-gke.so',
          init_config: { project_id: `\${AUDIT_PROJECT}`, max_event_size: 8_000_000, use_async: false },
          open_params: `\${AUDIT_SUBSCRIPTION}`,
        },
        { name: 'json', library_path: 'libjson.so', init_config: '' },
      ],
    });
    expect(config.append_output[1].match).toEqual({ source: 'k8s_audit' });
  });

  test('prints nothing when it is to be quiet', async () => {
    expect(configOf(await chart.render(ci('quiet')), 'falco').stdout_output.enabled).toBe(false);
  });

  test('loads more rules when it is told to', async () => {
    const { rules_files: files } = configOf(await chart.render(ci('more-rules')), 'falco');
    expect(files).toEqual([
      ...['falco_rules', 'falco-incubating_rules', 'falco-sandbox_rules'].map((name) => `/etc/falco/${name}.yaml`),
      '/etc/falco/rules.d',
    ]);
  });
});

describe(`Falco's pods${by}`, () => {
  const podOf = (manifests: readonly Manifest[], kind = 'DaemonSet', name = 'falco'): Any =>
    find(manifests, kind, name).spec.template.spec;

  test('run on every node, and print each five minutes that they live', async () => {
    const manifests = await chart.render(ci('minimal'));
    if (real) {
      const pod = podOf(manifests);
      expect(pod.tolerations).toEqual([{ operator: 'Exists' }]);
      expect(pod.nodeSelector).toEqual({ 'kubernetes.io/os': 'linux' });
      expect(pod.priorityClassName).toBe(find(manifests, 'PriorityClass', 'falco-relay').metadata.name);
      const { env } = pod.containers[0];
      expect(env).toContainEqual({ name: 'FALCO_HOSTNAME', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } });
      const config = configOf(manifests, 'falco');
      expect(config.engine.kind).toBe('modern_ebpf');
      expect(config.metrics).toMatchObject({ enabled: true, interval: '5m', output_rule: true });
      expect(config.load_plugins).toEqual(['container']);
      const sockets = config.plugins[0].init_config.engines;
      expect(sockets.cri).toEqual({ enabled: true, sockets: ['/run/containerd/containerd.sock'] });
      expect(Object.keys(sockets).filter((name) => sockets[name].enabled)).toEqual(['cri']);
    } else {
      const { driver, tolerations, metrics } = given(manifests, 'falco');
      expect(tolerations).toEqual([{ operator: 'Exists' }]);
      expect(driver).toEqual({ kind: 'modern_ebpf' });
      expect(metrics).toEqual({ enabled: true, interval: '5m', outputRule: true });
    }
  });

  test.each([
    { name: 'falco', example: 'minimal', refs: ['falco-rules:5.1.0'] },
    {
      name: 'k8saudit',
      example: 'audit',
      refs: ['k8saudit-gke:0.9.0', 'json:0.7.4', 'k8saudit-rules:0.18.0', 'k8saudit-gke-rules:0.9.0'],
    },
  ])('of $name install exact versions and follow none', async ({ name, example, refs }) => {
    const manifests = await chart.render(ci(example));
    const config = real
      ? parse(find(manifests, 'ConfigMap', `${FULL_NAMES[name]}-falcoctl`).data['falcoctl.yaml'])
      : given(manifests, name).falcoctl.config;
    const container = real && name === 'falco' ? ['ghcr.io/falcosecurity/plugins/plugin/container:0.7.1'] : [];
    expect(config.artifact.install).toMatchObject({ refs: [...refs, ...container], resolveDeps: false });
    if (real) {
      const { containers, initContainers } = podOf(
        manifests,
        name === 'falco' ? 'DaemonSet' : 'Deployment',
        FULL_NAMES[name],
      );
      expect(containers).toHaveLength(1);
      expect(initContainers.map((container: Any) => container.name)).toEqual(['falcoctl-artifact-install']);
    } else {
      expect(given(manifests, name).falcoctl.artifact.follow.enabled).toBe(false);
    }
  });

  test('load the rule of the canary and those of the user', async () => {
    const manifests = await chart.render(ci('custom-rules'));
    const files = real ? find(manifests, 'ConfigMap', 'falco-rules').data : given(manifests, 'falco').customRules;
    const rules = Object.values<string>(files).flatMap((text) => parse(text) as { rule?: string }[]);
    expect(rules.flatMap(({ rule }) => rule ?? [])).toEqual([
      ...['Package manager in the ledger', 'Terminal shell in container', 'Falco Relay canary'],
    ]);
  });

  test('take everything from one registry where they are told to', async () => {
    const manifests = await chart.render(ci('private-registry'));
    // What `helm test` would run is a hook, and is not installed.
    const text = JSON.stringify(manifests.filter(({ metadata }) => !metadata.annotations?.['helm.sh/hook']));
    const images = [...text.matchAll(/"image":"([^"]+)"/g)].map(([, image]) => image ?? '');
    const config = real
      ? parse(find(manifests, 'ConfigMap', 'falco-falcoctl').data['falcoctl.yaml'])
      : given(manifests, 'falco').falcoctl.config;
    const sources = [...images, ...config.artifact.install.refs];
    expect(sources.length).toBeGreaterThan(real ? 5 : 1);
    expect(sources.filter((source) => !source.startsWith('europe-west1-docker.pkg.dev/'))).toEqual([]);
    expect(config.indexes).toEqual([]);
  });

  test('of the audit logs get nothing of their node', async () => {
    const manifests = await chart.render(ci('audit'));
    if (real) {
      const { volumes, containers } = podOf(manifests, 'Deployment', 'falco-k8saudit');
      expect(volumes.filter((volume: Any) => volume.hostPath)).toEqual([]);
      expect(containers[0].args).toEqual(['/usr/bin/falco', '--disable-source', 'syscall']);
      expect(effective(manifests, containers[0])).toMatchObject({
        AUDIT_PROJECT: 'acme-security',
        AUDIT_SUBSCRIPTION: 'falco-k8saudit',
      });
      // It may not speak for its node, and may reach Falcosidekick.
      expect(containers[0].env.map(({ name }: Any) => name)).not.toContain('FALCO_HOSTNAME');
      const [{ podSelector }] = find(manifests, 'NetworkPolicy', 'falco-relay-falcosidekick').spec.ingress[0].from;
      const { labels } = find(manifests, 'Deployment', 'falco-k8saudit').spec.template.metadata;
      expect(podSelector.matchExpressions[0].values).toContain(labels['app.kubernetes.io/name']);
      expect(labels).toMatchObject(podSelector.matchLabels);
    } else {
      expect(given(manifests, 'k8saudit')).toMatchObject({
        driver: { enabled: false },
        collectors: { enabled: false },
        falcoHostnameEnv: false,
        falco: { plugins_hostinfo: false },
      });
    }
  });
});

describe(`Falcosidekick${by}`, () => {
  test('publishes, says the cluster as ingest reads it, and has a Kubernetes service account for its only identity', async () => {
    const manifests = await chart.render(ci('central-topic'));
    const container = real
      ? find(manifests, 'Deployment', 'falcosidekick').spec.template.spec.containers[0]
      : { env: given(manifests, 'falcosidekick').config.extraEnv };
    const environment = effective(manifests, container);
    expect(environment).toMatchObject({ GCP_PUBSUB_PROJECTID: 'acme-security', GCP_PUBSUB_TOPIC: 'falco-events' });
    const pairs = environment.GCP_PUBSUB_CUSTOMATTRIBUTES?.split(',').map((pair) => pair.split(':')) ?? [];
    expect(saidBy(eventOf(), Object.fromEntries(pairs), [])).toMatchObject({
      project: 'acme-prod',
      location: 'europe-west1',
      cluster: 'payments-eu1',
    });
    if (!real) return;
    expect(environment).toMatchObject({ GCP_CREDENTIALS: '', GCP_PUBSUB_MINIMUMPRIORITY: '' });
    const account = find(manifests, 'ServiceAccount', 'falcosidekick').metadata;
    expect(account.annotations ?? {}).toEqual({});
  });

  test('runs twice, apart, and with no rights', async () => {
    const manifests = await chart.render(ci('minimal'));
    const { replicas, pod, context } = real ? rendered(manifests) : asGiven(manifests);
    expect(replicas).toBe(2);
    expect(pod.affinity.podAntiAffinity.preferredDuringSchedulingIgnoredDuringExecution).toHaveLength(1);
    expect(context).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    if (!real) return;
    // The policy and the budget are about these pods, and Falco's service is this one.
    const { labels } = find(manifests, 'Deployment', 'falcosidekick').spec.template.metadata;
    for (const [kind, field] of [
      ['NetworkPolicy', 'podSelector'] as const,
      ['PodDisruptionBudget', 'selector'] as const,
    ]) {
      const { matchLabels } = find(manifests, kind, 'falco-relay-falcosidekick').spec[field];
      expect(labels).toMatchObject(matchLabels);
    }
    expect(find(manifests, 'Service', 'falcosidekick').spec.ports[0].port).toBe(2801);
    const [{ podSelector }] = find(manifests, 'NetworkPolicy', 'falco-relay-falcosidekick').spec.ingress[0].from;
    const falco = find(manifests, 'DaemonSet', 'falco').spec.template.metadata.labels;
    expect(falco).toMatchObject(podSelector.matchLabels);
    expect(podSelector.matchExpressions[0].values).toContain(falco['app.kubernetes.io/name']);
  });

  const rendered = (manifests: readonly Manifest[]): Any => {
    const { replicas, template } = find(manifests, 'Deployment', 'falcosidekick').spec;
    return { replicas, pod: template.spec, context: template.spec.containers[0].securityContext };
  };
  const asGiven = (manifests: readonly Manifest[]): Any => {
    const values = given(manifests, 'falcosidekick');
    return { replicas: values.replicaCount, pod: values, context: values.securityContext };
  };
});

describe(`a trial's Loki and Grafana${GRAFANA_CHARTS ? '' : ' (as given to their charts; their own templates need GRAFANA_CHARTS)'}`, () => {
  test('find the rules and the dashboards by their labels', async () => {
    const manifests = await chart.render(ci('trial'));
    const labels = (name: string): Any => find(manifests, 'ConfigMap', name).metadata.labels;
    expect(labels('falco-relay-loki-rules')).toMatchObject({ loki_rule: '1' });
    expect(labels('falco-relay-dashboard-overview')).toMatchObject({ grafana_dashboard: '1' });
    if (GRAFANA_CHARTS) {
      const config = parse(find(manifests, 'ConfigMap', 'loki').data['config.yaml']);
      expect(config).toMatchObject({ auth_enabled: false, common: { replication_factor: 1 } });
      expect(config.ruler.storage).toEqual({ type: 'local', local: { directory: '/rules' } });
      expect(find(manifests, 'Service', 'loki-gateway').spec.type).toBe('LoadBalancer');
      expect(find(manifests, 'ConfigMap', 'grafana').data['datasources.yaml']).toContain('http://loki-gateway');
    } else {
      expect(given(manifests, 'loki').sidecar.rules).toEqual({
        folder: '/rules/fake',
        label: 'loki_rule',
        labelValue: '1',
      });
      expect(given(manifests, 'grafana').sidecar.dashboards).toMatchObject({
        label: 'grafana_dashboard',
        labelValue: '1',
      });
    }
  });
});
