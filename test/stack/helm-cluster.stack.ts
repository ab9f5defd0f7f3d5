/** The chart in front of a real Kubernetes API: every manifest is taken, and the relay may read what it needs and no more. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createKubernetesSource } from '../../functions/adapters/kubernetes.ts';
import { createPresence } from '../../functions/sweep/node-presence.ts';
import { CHART, type Chart, ci, copyChart, FALCO_CHARTS, GRAFANA_CHARTS, NAMESPACE } from './programs/helm.ts';
import { INGEST, type Kubernetes, SWEEP, startKubernetes } from './programs/kubernetes.ts';

const EXAMPLES = readdirSync(join(CHART, 'ci')).map((file) => file.replace('-values.yaml', ''));
const others = [...(FALCO_CHARTS ? [] : ['Falco']), ...(GRAFANA_CHARTS ? [] : ['Loki and Grafana'])];
/** What a test without these charts does not show is said in its name. */
const but = others.length === 0 ? '' : ` (stand-ins for ${others.join(', ')}: FALCO_CHARTS, GRAFANA_CHARTS)`;

let chart: Chart;
let kubernetes: Kubernetes;

beforeAll(async () => {
  [chart, kubernetes] = await Promise.all([copyChart(), startKubernetes()]);
  for (const name of [NAMESPACE, 'grafana', 'loki', 'payments']) {
    await kubernetes.create('/api/v1/namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }
});

afterAll(async () => {
  await chart?.remove();
  await kubernetes?.stop();
});

describe(`every manifest is applied${but}`, () => {
  test.each(EXAMPLES)('of the example %s', async (name) => {
    const manifests = await chart.render(ci(name));
    const refused: string[] = [];
    for (const manifest of manifests) {
      await kubernetes.apply(namespaced(manifest)).catch((error: Error) => refused.push(error.message));
    }
    expect(manifests.length).toBeGreaterThan(1);
    expect(refused).toEqual([]);
  });

  test('but not one with a field that Kubernetes does not know', async () => {
    const [configMap] = await chart.render(ci('minimal'));
    await expect(kubernetes.apply({ ...configMap, spoilt: true } as never)).rejects.toThrow('spoilt');
  });
});

async function applyAccess(): Promise<void> {
  for (const manifest of await chart.render(ci('enrichment'))) await kubernetes.apply(namespaced(manifest));
}

describe('what ingest may', () => {
  beforeAll(applyAccess);

  const allowed = [
    ['get', '', 'pods'],
    ['list', '', 'pods'],
    ['get', 'apps', 'replicasets'],
    ['get', 'batch', 'jobs'],
    ['get', '', 'namespaces'],
    ['get', '', 'nodes'],
  ] as const;

  test.each(allowed)('%s %s %s: yes', async (verb, group, resource) => {
    expect(await may('ingest', { verb, group, resource })).toBe(true);
  });

  test.each([
    ...['watch', 'create', 'update', 'patch', 'delete', 'deletecollection'].map((verb) => [verb, '', 'pods'] as const),
    ...['list', 'create', 'delete'].map((verb) => [verb, '', 'nodes'] as const),
    ...['list', 'create', 'delete'].map((verb) => [verb, '', 'namespaces'] as const),
    ...['list', 'create', 'delete'].map((verb) => [verb, 'apps', 'replicasets'] as const),
    ...['list', 'create', 'delete'].map((verb) => [verb, 'batch', 'jobs'] as const),
    ...['secrets', 'configmaps', 'serviceaccounts', 'services', 'events'].map((what) => ['get', '', what] as const),
    ['get', 'batch', 'cronjobs'],
    ['get', 'apps', 'deployments'],
    ['get', 'rbac.authorization.k8s.io', 'clusterroles'],
    ['impersonate', '', 'users'],
    ['*', '*', '*'],
  ])('%s %s %s: no', async (verb, group, resource) => {
    expect(await may('ingest', { verb, group, resource })).toBe(false);
  });

  test.each(['exec', 'log', 'portforward', 'attach', 'proxy'])('get pods/%s: no', async (subresource) => {
    expect(await may('ingest', { verb: 'get', group: '', resource: 'pods', subresource })).toBe(false);
    expect(await may('ingest', { verb: 'create', group: '', resource: 'pods', subresource })).toBe(false);
  });

  test('is, by the server itself, what everybody may and these six', async () => {
    expect(await grantsOf('ingest')).toEqual([...allowed].map((grant) => [...grant]).sort());
  });

  test('is enough for all that the adapter asks', async () => {
    const source = sourceOf('ingest');
    const target = { endpoint: kubernetes.url, ca: { file: kubernetes.caFile } };
    const { signal } = new AbortController();
    const answers = await Promise.all([
      source.pod(target, 'payments', 'none', signal),
      source.podsOnNode(target, 'none', signal),
      source.ownerOf(target, 'ReplicaSet', 'payments', 'none', signal),
      source.ownerOf(target, 'Job', 'payments', 'none', signal),
      source.node(target, 'none', signal),
      source.namespace(target, 'none', signal),
    ]);
    await source.close();
    const absent = { found: false, reason: 'enrich-not-found' };
    expect(answers).toEqual([absent, { found: true, value: [] }, absent, absent, absent, absent]);
  });
});

describe('what sweep may', () => {
  beforeAll(applyAccess);

  test('is to get a node', async () => {
    expect(await may('sweep', { verb: 'get', group: '', resource: 'nodes' })).toBe(true);
  });

  test.each([
    ...['list', 'watch', 'create', 'update', 'patch', 'delete'].map((verb) => [verb, '', 'nodes'] as const),
    ...['pods', 'namespaces', 'secrets', 'configmaps', 'events'].map((what) => ['get', '', what] as const),
    ['list', '', 'pods'],
    ['get', 'apps', 'replicasets'],
    ['get', 'batch', 'jobs'],
    ['impersonate', '', 'users'],
    ['*', '*', '*'],
  ])('not %s %s %s', async (verb, group, resource) => {
    expect(await may('sweep', { verb, group, resource })).toBe(false);
  });

  test.each(['proxy', 'status'])('not get or update nodes/%s', async (subresource) => {
    expect(await may('sweep', { verb: 'get', group: '', resource: 'nodes', subresource })).toBe(false);
    expect(await may('sweep', { verb: 'update', group: '', resource: 'nodes', subresource })).toBe(false);
  });

  test('is, by the server itself, what everybody may and this one', async () => {
    expect(await grantsOf('sweep')).toEqual([['get', '', 'nodes']]);
  });

  test.each([
    { as: 'sweep', here: 'ready', gone: 'absent' },
    { as: 'stranger', here: 'unknown', gone: 'unknown' },
  ] as const)('tells $as that a node is $here, and a deleted one $gone', async ({ as, here, gone }) => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: `node-of-${as}` } };
    await kubernetes.create('/api/v1/nodes', node);
    const conditions = [{ type: 'Ready', status: 'True' }];
    await kubernetes.patch(`/api/v1/nodes/${node.metadata.name}/status`, { status: { conditions } });
    const source = sourceOf(as);
    const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
    const presence = createPresence({
      clusters: [{ ...cluster, kubernetes: { endpoint: kubernetes.url, ca: kubernetes.caFile } }],
      // An endpoint that is given is not asked for.
      gke: { cluster: () => Promise.reject(new Error('asked')), close: async () => {} },
      kubernetes: source,
      clock: () => 0,
      signal: () => new AbortController().signal,
    })(cluster);
    expect([await presence?.(node.metadata.name), await presence?.('no-such-node')]).toEqual([here, gone]);
    await source.close();
  });
});

test.each(['minimal', 'trial'])('the example %s lets the relay do nothing', async (name) => {
  const roles = (await chart.render(ci(name))).filter(({ kind }) => kind.startsWith('ClusterRole'));
  expect(roles.filter(({ metadata }) => metadata.name.startsWith('falco-relay'))).toEqual([]);
});

type User = keyof Kubernetes['tokens'];

interface Access {
  verb: string;
  group: string;
  resource: string;
  subresource?: string;
}

function sourceOf(user: User): ReturnType<typeof createKubernetesSource> {
  const after = (ms: number, run: () => void) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  };
  return createKubernetesSource({ token: async () => kubernetes.tokens[user], timeoutMs: 10_000, after });
}

/** By the server's own list: verb, group and resource of what this user may and a stranger may not. */
async function grantsOf(user: User): Promise<string[][]> {
  const rulesOf = async (token: string): Promise<string[]> => {
    const { text } = await kubernetes.ask(token, 'POST', '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectRulesReview',
      spec: { namespace: 'payments' },
    });
    const { resourceRules, nonResourceRules } = JSON.parse(text).status;
    return [...resourceRules, ...nonResourceRules].map((rule) => JSON.stringify(rule));
  };
  const everybody = new Set(await rulesOf(kubernetes.tokens.stranger));
  const own = (await rulesOf(kubernetes.tokens[user])).filter((rule) => !everybody.has(rule));
  const grants = own.flatMap((rule) => {
    const { verbs = [], apiGroups = [], resources = [] } = JSON.parse(rule) as Partial<Record<string, string[]>>;
    return verbs.flatMap((verb) => apiGroups.flatMap((group) => resources.map((what) => [verb, group, what])));
  });
  return grants.sort();
}

/** Asked by the user itself, of a namespace and of all of them. */
async function may(user: User, access: Access): Promise<boolean> {
  const answers = await Promise.all(
    ['payments', ''].map(async (namespace) => {
      const { status, text } = await kubernetes.ask(
        kubernetes.tokens[user],
        'POST',
        '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
        {
          apiVersion: 'authorization.k8s.io/v1',
          kind: 'SelfSubjectAccessReview',
          spec: { resourceAttributes: { ...access, namespace } },
        },
      );
      expect(status).toBe(201);
      return JSON.parse(text).status.allowed === true;
    }),
  );
  expect(answers[0]).toBe(answers[1]);
  return answers[0] ?? false;
}

/** As `helm install --namespace` does for what names none. */
function namespaced<T extends { metadata: { namespace?: string } }>(manifest: T): T {
  return { ...manifest, metadata: { namespace: NAMESPACE, ...manifest.metadata } };
}

test('the example and the test mean the same service accounts', async () => {
  const bindings = (await chart.render(ci('enrichment'))).filter(({ kind }) => kind === 'ClusterRoleBinding');
  const names = bindings.flatMap(({ subjects }) => subjects).map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining([INGEST, SWEEP]));
});
