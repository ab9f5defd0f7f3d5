/** The chart through the real helm: it lints, renders what each example asks for, and refuses what can't work. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CHART, type Chart, ci, copyChart, FALCO_CHARTS, type Manifest } from './programs/helm.ts';
import { find } from './support/manifests.ts';

const EXAMPLES = readdirSync(join(CHART, 'ci')).map((file) => file.replace('-values.yaml', ''));
const minimal = ci('minimal');

let chart: Chart;

beforeAll(async () => {
  chart = await copyChart();
});

afterAll(() => chart?.remove());

const ours = (manifests: readonly Manifest[]): string[] =>
  manifests
    .filter(({ metadata }) => metadata.labels?.['app.kubernetes.io/name'] === 'falco-relay')
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`)
    .sort();

describe('lint finds nothing', () => {
  test.each([...EXAMPLES.map((name) => ({ name, files: [ci(name)] })), { name: 'no values at all', files: [] }])(
    'in $name',
    async ({ files }) => {
      const { code, stdout, stderr } = await chart.lint(...files);
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.not.stringContaining('[ERROR]') });
      expect(stdout).toContain('0 chart(s) failed');
    },
  );
});

const ALWAYS = [
  'ConfigMap falco-relay',
  'CronJob falco-relay-canary',
  'NetworkPolicy falco-relay-falcosidekick',
  'PodDisruptionBudget falco-relay-falcosidekick',
  'PriorityClass falco-relay',
];
const ROLES = ['enrichment', 'node-watch'].flatMap((name) =>
  ['ClusterRole', 'ClusterRoleBinding'].map((kind) => `${kind} falco-relay-${name}`),
);
const VIEWS = [
  ...['incident', 'overview', 'pipeline'].map((name) => `ConfigMap falco-relay-dashboard-${name}`),
  'ConfigMap falco-relay-loki-rules',
];

describe('of our own it renders', () => {
  test.each(EXAMPLES)('for the example %s', async (name) => {
    const more: Readonly<Record<string, readonly string[]>> = { enrichment: ROLES, trial: VIEWS };
    const expected = name === 'views-only' ? VIEWS : [...ALWAYS, ...(more[name] ?? [])];
    expect(ours(await chart.render(ci(name)))).toEqual([...expected].sort());
  });

  test.each([
    { set: 'canary.enabled=false', gone: 'CronJob falco-relay-canary' },
    { set: 'networkPolicy.enabled=false', gone: 'NetworkPolicy falco-relay-falcosidekick' },
    { set: 'podDisruptionBudget.enabled=false', gone: 'PodDisruptionBudget falco-relay-falcosidekick' },
  ])('$set: no $gone', async ({ set, gone }) => {
    expect(ours(await chart.render(minimal, set))).toEqual(ALWAYS.filter((object) => object !== gone));
  });
});

describe('a value goes where it belongs', () => {
  test('the attributes, the project and the topic', async () => {
    const { data } = find(await chart.render(ci('central-topic')), 'ConfigMap', 'falco-relay');
    expect(data).toEqual({
      GCP_PUBSUB_PROJECTID: 'acme-security',
      GCP_PUBSUB_TOPIC: 'falco-events',
      GCP_PUBSUB_CUSTOMATTRIBUTES: 'gke_project:acme-prod,gke_location:europe-west1,gke_cluster:payments-eu1',
    });
  });

  test('the cluster is the default of what has a project', async () => {
    const manifests = await chart.render(minimal, 'k8saudit.enabled=true', 'audit.subscription=gke-audit');
    expect(find(manifests, 'ConfigMap', 'falco-relay').data).toMatchObject({
      GCP_PUBSUB_PROJECTID: 'acme-prod',
      AUDIT_PROJECT: 'acme-prod',
      AUDIT_SUBSCRIPTION: 'gke-audit',
    });
  });

  test('the canary', async () => {
    const digest = `sha256:${'ab'.repeat(32)}`;
    const set = [
      'canary.schedule=*/2 * * * *',
      'canary.image.registry=registry.example',
      `canary.image.digest=${digest}`,
    ];
    const { spec } = find(await chart.render(minimal, ...set), 'CronJob', 'falco-relay-canary');
    const { containers } = spec.jobTemplate.spec.template.spec;
    expect(spec.schedule).toBe('*/2 * * * *');
    expect(containers[0].image).toBe(`registry.example/library/busybox@${digest}`);
  });

  test.each([
    { binding: 'enrichment', user: 'falco-relay-ingest@acme-security.iam.gserviceaccount.com' },
    { binding: 'node-watch', user: 'falco-relay-sweep@acme-security.iam.gserviceaccount.com' },
  ])('who may read the cluster, for $binding', async ({ binding, user }) => {
    const { roleRef, subjects } = find(
      await chart.render(ci('enrichment')),
      'ClusterRoleBinding',
      `falco-relay-${binding}`,
    );
    expect(roleRef.name).toBe(`falco-relay-${binding}`);
    expect(subjects).toEqual([{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }]);
  });

  test.each([
    { off: 'enrichment', left: ['ClusterRole falco-relay-node-watch', 'ClusterRoleBinding falco-relay-node-watch'] },
    { off: 'nodeWatch', left: ['ClusterRole falco-relay-enrichment', 'ClusterRoleBinding falco-relay-enrichment'] },
  ])('$off.enabled=false leaves the other', async ({ off, left }) => {
    const roles = ours(await chart.render(ci('enrichment'), `${off}.enabled=false`));
    expect(roles.filter((object) => object.startsWith('ClusterRole'))).toEqual(left);
  });

  test('who may reach Falcosidekick, and what it may reach', async () => {
    const manifests = await chart.render(ci('monitoring'));
    const { spec } = find(manifests, 'NetworkPolicy', 'falco-relay-falcosidekick');
    expect(spec.ingress[0].from).toHaveLength(2);
    expect(spec.ingress[0].from[1]).toEqual({
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'monitoring' } },
    });
    expect(find(manifests, 'PodDisruptionBudget', 'falco-relay-falcosidekick').spec.minAvailable).toBe('50%');
  });

  test('the namespaces of views', async () => {
    const manifests = await chart.render(ci('views-only'));
    expect(find(manifests, 'ConfigMap', 'falco-relay-dashboard-overview').metadata.namespace).toBe('grafana');
    expect(find(manifests, 'ConfigMap', 'falco-relay-loki-rules').metadata.namespace).toBe('loki');
  });
});

describe('it refuses, and says why', () => {
  test.each([
    { set: ['clusterr.name=x'], says: "additional properties 'clusterr' not allowed" },
    { set: ['canary.imgae=x'], says: "additional properties 'imgae' not allowed" },
    { set: ['cluster.project=Acme'], says: "at '/cluster/project': 'Acme' does not match pattern" },
    { set: ['cluster.project='], says: 'cluster.project is empty: the relay needs to know whose alerts these are' },
    { set: ['cluster.location=europe'], says: "at '/cluster/location'" },
    { set: ['cluster.name='], says: 'e.g. --set cluster.name=payments-eu1' },
    { set: ['cluster.name=a\\,gke_cluster:b'], says: "at '/cluster/name'" },
    { set: ['pubsub.topic=projects/acme-prod/topics/falco-events'], says: "at '/pubsub/topic'" },
    { set: ['canary.image.tag=latest'], says: "at '/canary/image/tag'" },
    { set: ['canary.schedule=5m'], says: "at '/canary/schedule'" },
    { set: ['canary.rule=Another canary'], says: 'canary.rule "Another canary" is in no file of falco.customRules' },
    { set: ['enrichment.enabled=true'], says: 'enrichment.serviceAccount is empty' },
    { set: ['enrichment.serviceAccount=ana@acme.example'], says: "at '/enrichment/serviceAccount'" },
    { set: ['nodeWatch.enabled=true'], says: 'nodeWatch.serviceAccount is empty' },
    { set: ['nodeWatch.serviceAccount=ana@acme.example'], says: "at '/nodeWatch/serviceAccount'" },
    { set: ['podDisruptionBudget.minAvailable=0'], says: "at '/podDisruptionBudget/minAvailable'" },
    { set: ['networkPolicy.from[0].pods=x'], says: "at '/networkPolicy/from/0'" },
    { set: ['falco.driver.kind=kmod'], says: "at '/falco/driver/kind'" },
    { set: ['falco.falco.json_output=false'], says: "at '/falco/falco/json_output'" },
    { set: ['falco.falco.priority=warning'], says: 'falco.falco.priority "warning" hides Falco\'s own events' },
    { set: ['falco.metrics.interval=1h'], says: "at '/falco/metrics/interval'" },
    { set: ['falco.falcosidekick.enabled=true'], says: 'falco.falcosidekick.enabled brings a second Falcosidekick' },
    { set: ['falco.falcoctl.artifact.follow.enabled=true'], says: 'follow.enabled replaces rules by newer ones' },
    {
      set: ['falco.falcoctl.config.artifact.install.refs={falco-rules:5}'],
      says: 'has "falco-rules:5": name one version',
    },
    { set: ['falco.customRules.a\\.yaml=rule: x'], says: 'falco.customRules.a.yaml is not a list of rules' },
    { set: ['falco.customRules.a\\.txt=x'], says: "invalid propertyName 'a.txt'" },
    { set: ['k8saudit.enabled=true'], says: 'audit.subscription is empty: name the subscription' },
    {
      set: ['falcosidekick.replicaCount=1'],
      says: 'podDisruptionBudget.minAvailable 1 of 1 replicas lets no node be drained',
    },
    { set: ['priorityClass.enabled=false'], says: 'falco.podPriorityClassName is falco-relay, which is not made' },
    { set: ['priorityClass.value=2000000000'], says: "at '/priorityClass/value'" },
    { set: ['k8saudit.falcoHostnameEnv=true'], says: "at '/k8saudit/falcoHostnameEnv'" },
    { set: ['k8saudit.fullnameOverride=audit'], says: "at '/k8saudit/fullnameOverride'" },
    { set: ['falcosidekick.fullnameOverride=x'], says: "at '/falcosidekick/fullnameOverride'" },
    {
      set: ['falcosidekick.config.gcp.pubsub.topic=x'],
      says: 'falcosidekick.config.gcp.pubsub.topic has no effect: set `cluster` and `pubsub`',
    },
    {
      set: ['falcosidekick.config.gcp.pubsub.minimumpriority=warning'],
      says: 'falcosidekick.config.gcp.pubsub.minimumpriority is set',
    },
  ])('$set', async ({ set, says }) => {
    expect(await chart.refusal(minimal, ...set)).toContain(says);
  });

  test('every problem at once', async () => {
    const text = await chart.refusal('cluster.project=', 'enrichment.enabled=true', 'k8saudit.enabled=true');
    for (const name of ['cluster.project', 'cluster.name', 'enrichment.serviceAccount', 'audit.subscription']) {
      expect(text).toContain(`${name} is empty`);
    }
  });

  test.each([
    {
      name: 'a canary of another name that has its rule',
      file: 'minimal',
      set: ['canary.rule=A canary', rule('A canary')],
    },
    { name: 'a canary without Falco', file: 'views-only', set: ['canary.enabled=true'] },
    { name: 'a digest in the place of a version', file: 'minimal', set: [digestRef()] },
    {
      name: 'another class of priority',
      file: 'minimal',
      set: ['priorityClass.enabled=false', 'falco.podPriorityClassName=high', 'falcosidekick.priorityClassName=high'],
    },
    {
      name: 'the unique id of a service account',
      file: 'enrichment',
      set: ['enrichment.serviceAccount=112233445566778899001'],
    },
    { name: 'info as the priority', file: 'minimal', set: ['falco.falco.priority=info'] },
  ])('but not $name', async ({ file, set }) => {
    expect((await chart.render(ci(file), ...set)).length).toBeGreaterThan(0);
  });
});

describe(`the notes${FALCO_CHARTS ? '' : ' (by stand-ins for the charts of others)'}`, () => {
  test('say how to see the first alert, and who must be allowed to publish', async () => {
    const notes = await chart.notes(minimal);
    expect(notes).toContain('kubectl exec -it first-alert');
    expect(notes).toContain('{service_name="falco", cluster="payments-eu1"} | rule="Terminal shell in container"');
    expect(notes).toContain('acme-prod.svc.id.goog/subject/ns/falco/sa/falcosidekick');
    expect(notes).toContain('nothing is redacted there');
    expect(notes).toContain('--from=cronjob/falco-relay-canary');
  });

  test('say nothing of what is off', async () => {
    expect(await chart.notes(ci('quiet'))).not.toContain('nothing is redacted there');
    const views = await chart.notes(ci('views-only'));
    expect(views).not.toContain('first-alert');
    expect(views).not.toContain('rollout restart');
  });
});

function rule(name: string): string {
  const text = `- rule: ${name}\n  desc: x\n  condition: x\n  output: x\n  priority: INFO`;
  return `falco.customRules.own\\.yaml=${text}`;
}

function digestRef(): string {
  return `falco.falcoctl.config.artifact.install.refs={registry.example/falco-rules@sha256:${'0'.repeat(64)}}`;
}
