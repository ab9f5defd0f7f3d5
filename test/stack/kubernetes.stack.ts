/** Enrichment out of a real kube-apiserver, through the real adapter: what the API means, not what we think it says. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKubernetesSource } from '../../functions/adapters/kubernetes.ts';
import type { WorkloadSource } from '../../functions/core/event/metadata.ts';
import type { After } from '../../functions/core/ports.ts';
import { createEnricher, type EnrichOptions, enrichOptions } from '../../functions/ingest/enrich.ts';
import { ATTRIBUTES, CLUSTER, eventOf } from '../ingest/enrich/support.ts';
import { type Kubernetes, type KubernetesObject, startKubernetes } from './programs/kubernetes.ts';

const NODE = 'gke-payments-eu1-spot-pool-1df9fd78-h0m4';
const DIGEST = `sha256:${'ab'.repeat(32)}`;
const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

let kubernetes: Kubernetes;
const sources: WorkloadSource[] = [];

beforeAll(async () => {
  kubernetes = await startKubernetes();
  await populate(kubernetes);
});

afterAll(async () => {
  await Promise.all(sources.map((source) => source.close()));
  await kubernetes?.stop();
});

function setUp(token = kubernetes.tokens.relay, more: Partial<Record<'endpoint' | 'ca', string>> = {}) {
  const options: EnrichOptions = enrichOptions.parse({
    clusters: [{ ...CLUSTER, kubernetes: { endpoint: kubernetes.url, ca: kubernetes.caFile, ...more } }],
    // A busy machine must not fail the test; the budget has tests of its own.
    enrich: { budget: '10s' },
  });
  const source = createKubernetesSource({ token: async () => token, timeoutMs: 5_000, after });
  sources.push(source);
  return createEnricher({ options, kubernetes: source, clock: Date.now, after });
}

function shellIn(pod: string | null, containerId = 'cccccccccccc', hostname = NODE) {
  const namespace = pod === null ? null : 'payments';
  return eventOf({ 'k8s.pod.name': pod, 'k8s.ns.name': namespace, 'container.id': containerId }, { hostname });
}

describe('an alert is filled from the objects that are there', () => {
  test('all of it', async () => {
    const context = await setUp().enrich(
      shellIn('ledger-api-7c9d5b8f6-x2x8k', idOf('ledger').slice(0, 12)),
      ATTRIBUTES,
    );
    expect(context).toMatchObject({
      enrichment: 'full',
      enrichmentReasons: [],
      clusterMismatch: false,
      workload: { kind: 'Deployment', name: 'ledger-api' },
      derivedWorkload: 'ledger-api',
      podUid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      serviceAccount: 'ledger',
      imageDigest: DIGEST,
      node: NODE,
      nodePool: 'spot-pool',
      zone: 'europe-west1-b',
      machineType: 'e2-standard-4',
      spot: true,
      team: 'money',
      podLabels: { app: 'ledger-api' },
      namespaceLabels: expect.objectContaining({ team: 'money', 'kubernetes.io/metadata.name': 'payments' }),
    });
  });

  test.each([
    ['ledger-api-7c9d5b8f6-x2x8k', { kind: 'Deployment', name: 'ledger-api' }],
    ['report-29000000-abcde', { kind: 'CronJob', name: 'report' }],
    ['migrate-abcde', { kind: 'Job', name: 'migrate' }],
    ['db-0', { kind: 'StatefulSet', name: 'db' }],
    ['agent-abcde', { kind: 'DaemonSet', name: 'agent' }],
    ['lone-abcde', { kind: 'ReplicaSet', name: 'lone' }],
    ['debug', { kind: 'Pod', name: 'debug' }],
  ])('the workload of %s', async (pod, workload) => {
    expect(await setUp().enrich(shellIn(pod), ATTRIBUTES)).toMatchObject({ enrichment: 'full', workload });
  });

  test('the pod, by its short container id', async () => {
    const context = await setUp().enrich(shellIn(null, idOf('db').slice(0, 12)), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'full', namespace: 'payments', pod: 'db-0', imageDigest: DIGEST });
  });
});

describe('what is not there', () => {
  test('a pod that is gone', async () => {
    const context = await setUp().enrich(shellIn('gone-7c9d5b8f6-x2x8k'), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'partial', enrichmentReasons: ['enrich-not-found'], team: 'money' });
  });

  test('a node that the cluster does not have', async () => {
    const event = shellIn('debug', undefined, 'gke-payments-eu1-spot-pool-00000000-0000');
    expect(await setUp().enrich(event, ATTRIBUTES)).toMatchObject({
      clusterMismatch: true,
      enrichment: 'partial',
      enrichmentReasons: ['enrich-not-found', 'cluster-mismatch'],
    });
  });

  test('a container that no pod of the node has', async () => {
    expect(await setUp().enrich(shellIn(null, 'ffffffffffff'), ATTRIBUTES)).toMatchObject({
      enrichment: 'partial',
      enrichmentReasons: ['enrich-no-pod'],
      nodePool: 'spot-pool',
    });
  });
});

describe('an alert passes', () => {
  const untouched = { pod: 'debug', derivedWorkload: 'debug', enrichment: 'none' };

  test('when our user has no rights', async () => {
    const context = await setUp(kubernetes.tokens.stranger).enrich(shellIn('debug'), ATTRIBUTES);
    expect(context).toMatchObject({ ...untouched, enrichmentReasons: ['enrich-denied'] });
  });

  test('when our token is none', async () => {
    const context = await setUp('no-token').enrich(shellIn('debug'), ATTRIBUTES);
    expect(context).toMatchObject({ ...untouched, enrichmentReasons: ['enrich-denied'] });
  });

  test("when the API's certificate is signed by somebody else", async () => {
    const options = enrichOptions.parse({
      clusters: [{ ...CLUSTER, kubernetes: { endpoint: kubernetes.url } }],
      enrich: { budget: '10s' },
    });
    const source = createKubernetesSource({ token: async () => kubernetes.tokens.relay, timeoutMs: 5_000, after });
    sources.push(source);
    const { enrich } = createEnricher({ options, kubernetes: source, clock: Date.now, after });
    const context = await enrich(shellIn('debug'), ATTRIBUTES);
    expect(context).toMatchObject({ ...untouched, enrichmentReasons: ['enrich-unavailable'] });
  });

  test('when the API is gone, and what was known before still helps', async () => {
    let now = Date.now();
    const options = enrichOptions.parse({
      clusters: [{ ...CLUSTER, kubernetes: { endpoint: kubernetes.url, ca: kubernetes.caFile } }],
      enrich: { budget: '10s' },
    });
    const source = createKubernetesSource({ token: async () => kubernetes.tokens.relay, timeoutMs: 5_000, after });
    sources.push(source);
    const { enrich } = createEnricher({ options, kubernetes: source, clock: () => now, after });
    await enrich(shellIn('db-0'), ATTRIBUTES);
    await kubernetes.server.stop();
    now += options.enrich.ttl;
    expect(await enrich(shellIn('db-0'), ATTRIBUTES)).toMatchObject({
      enrichment: 'full',
      workload: { kind: 'StatefulSet', name: 'db' },
    });
    expect((await enrich(shellIn('debug'), ATTRIBUTES)).enrichmentReasons).toContain('enrich-unavailable');
  });
});

/** The runtime's id of a container, made up from a name. */
function idOf(name: string): string {
  return Buffer.from(name.repeat(16)).toString('hex').slice(0, 64);
}

async function populate({ create, patch }: Kubernetes): Promise<void> {
  const core = '/api/v1';
  const apps = '/apis/apps/v1/namespaces/payments';
  const batch = '/apis/batch/v1/namespaces/payments';
  await create(
    `${core}/namespaces`,
    object('v1', 'Namespace', 'payments', { metadata: { labels: { team: 'money' } } }),
  );
  const labels = {
    'cloud.google.com/gke-nodepool': 'spot-pool',
    'cloud.google.com/gke-spot': 'true',
    'topology.kubernetes.io/zone': 'europe-west1-b',
    'node.kubernetes.io/instance-type': 'e2-standard-4',
  };
  await create(`${core}/nodes`, object('v1', 'Node', NODE, { metadata: { labels } }));

  const selector = (app: string) => ({ selector: { matchLabels: { app } }, template: template(app) });
  const deployment = await create(
    `${apps}/deployments`,
    object('apps/v1', 'Deployment', 'ledger-api', { spec: selector('ledger-api') }),
  );
  const replicaSet = await create(
    `${apps}/replicasets`,
    object('apps/v1', 'ReplicaSet', 'ledger-api-7c9d5b8f6', {
      metadata: ownedBy(deployment),
      spec: selector('ledger-api'),
    }),
  );
  const lone = await create(`${apps}/replicasets`, object('apps/v1', 'ReplicaSet', 'lone', { spec: selector('lone') }));
  const statefulSet = await create(
    `${apps}/statefulsets`,
    object('apps/v1', 'StatefulSet', 'db', { spec: { ...selector('db'), serviceName: 'db' } }),
  );
  const daemonSet = await create(
    `${apps}/daemonsets`,
    object('apps/v1', 'DaemonSet', 'agent', { spec: selector('agent') }),
  );
  const jobSpec = { template: template('job', { restartPolicy: 'Never' }) };
  const cronJob = await create(
    `${batch}/cronjobs`,
    object('batch/v1', 'CronJob', 'report', { spec: { schedule: '0 3 * * *', jobTemplate: { spec: jobSpec } } }),
  );
  const scheduled = await create(
    `${batch}/jobs`,
    object('batch/v1', 'Job', 'report-29000000', { metadata: ownedBy(cronJob), spec: jobSpec }),
  );
  const job = await create(`${batch}/jobs`, object('batch/v1', 'Job', 'migrate', { spec: jobSpec }));

  const pods: [string, string, KubernetesObject | undefined][] = [
    ['ledger-api-7c9d5b8f6-x2x8k', 'ledger', replicaSet],
    ['lone-abcde', 'lone', lone],
    ['db-0', 'db', statefulSet],
    ['agent-abcde', 'agent', daemonSet],
    ['report-29000000-abcde', 'report', scheduled],
    ['migrate-abcde', 'migrate', job],
    ['debug', 'debug', undefined],
  ];
  for (const [name, id, owner] of pods) {
    const { spec } = template('ledger-api', { nodeName: NODE, serviceAccountName: 'ledger' });
    const metadata = { labels: { app: 'ledger-api' }, ...(owner && ownedBy(owner)) };
    await create(`${core}/namespaces/payments/pods`, object('v1', 'Pod', name, { metadata, spec }));
    const status = {
      name: 'api',
      image: 'registry.example/ledger-api:v41',
      imageID: `registry.example/ledger-api@${DIGEST}`,
      containerID: `containerd://${idOf(id)}`,
      ready: true,
      restartCount: 0,
    };
    await patch(`${core}/namespaces/payments/pods/${name}/status`, { status: { containerStatuses: [status] } });
  }

  // Exactly what the adapter says it needs.
  const rules = [
    { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] },
    { apiGroups: [''], resources: ['nodes', 'namespaces'], verbs: ['get'] },
    { apiGroups: ['apps'], resources: ['replicasets'], verbs: ['get'] },
    { apiGroups: ['batch'], resources: ['jobs'], verbs: ['get'] },
  ];
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  await create(`${rbac}/clusterroles`, object('rbac.authorization.k8s.io/v1', 'ClusterRole', 'falco-relay', { rules }));
  await create(
    `${rbac}/clusterrolebindings`,
    object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'falco-relay', {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'falco-relay' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'relay' }],
    }),
  );
}

function object(
  apiVersion: string,
  kind: string,
  name: string,
  { metadata = {}, ...rest }: { metadata?: object; [field: string]: unknown },
) {
  return { apiVersion, kind, metadata: { name, ...metadata }, ...rest };
}

function template(app: string, spec: object = {}) {
  const containers = [{ name: 'api', image: 'registry.example/ledger-api:v41' }];
  return { metadata: { labels: { app } }, spec: { containers, ...spec } };
}

function ownedBy({ apiVersion, kind, metadata: { name, uid } }: KubernetesObject) {
  return { ownerReferences: [{ apiVersion, kind, name, uid, controller: true }] };
}
