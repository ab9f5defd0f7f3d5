import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createKubernetesSource } from '../../functions/adapters/kubernetes.ts';
import type { Lookup, WorkloadSource } from '../../functions/core/event/metadata.ts';
import type { After } from '../../functions/core/ports.ts';

const { signal } = new AbortController();
const closing: (() => Promise<unknown>)[] = [];
const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return (server.address() as AddressInfo).port;
}

function sourceOf(token: () => Promise<string> = async () => 'a-token', timeoutMs = 5_000): WorkloadSource {
  const source = createKubernetesSource({ token, timeoutMs, after });
  closing.push(() => source.close());
  return source;
}

/** An API server on loopback that answers everything the same way; null says nothing at all. */
async function setUp(answer: { status?: number; body: unknown } | null, timeoutMs?: number) {
  const requests: { path: string; authorization: string | undefined }[] = [];
  const server = createServer((request, response) => {
    requests.push({ path: request.url ?? '', authorization: request.headers.authorization });
    if (answer) response.writeHead(answer.status ?? 200).end(JSON.stringify(answer.body));
  });
  const target = { endpoint: `http://127.0.0.1:${await listen(server)}` };
  return { source: sourceOf(undefined, timeoutMs), target, requests };
}

const ID = 'a8871b35411b'.padEnd(64, '0');
const DIGEST = `sha256:${'a'.repeat(64)}`;
const POD = {
  kind: 'Pod',
  metadata: {
    name: 'ledger-api-7c9d5b8f6-x2x8k',
    namespace: 'payments',
    uid: 'pod-uid',
    labels: { app: 'ledger-api' },
    ownerReferences: [
      { kind: 'Other', name: 'other', controller: false },
      { kind: 'ReplicaSet', name: 'ledger-api-7c9d5b8f6', controller: true },
    ],
  },
  spec: { nodeName: 'node-1', serviceAccountName: 'ledger', containers: [] },
  status: {
    containerStatuses: [{ name: 'api', containerID: `containerd://${ID}`, imageID: `docker.io/acme/api@${DIGEST}` }],
    initContainerStatuses: [{ name: 'init', containerID: '', imageID: '' }],
  },
};

describe('what is read of', () => {
  test('a pod', async () => {
    const { source, target, requests } = await setUp({ body: POD });
    expect(await source.pod(target, 'payments', 'ledger-api-7c9d5b8f6-x2x8k', signal)).toEqual({
      found: true,
      value: {
        uid: 'pod-uid',
        node: 'node-1',
        serviceAccount: 'ledger',
        labels: { app: 'ledger-api' },
        owner: { kind: 'ReplicaSet', name: 'ledger-api-7c9d5b8f6' },
        containers: [
          { name: 'api', id: ID, digest: DIGEST },
          { name: 'init', id: '' },
        ],
      },
    });
    expect(requests).toEqual([
      { path: '/api/v1/namespaces/payments/pods/ledger-api-7c9d5b8f6-x2x8k', authorization: 'Bearer a-token' },
    ]);
  });

  test('a pod that was only just made', async () => {
    const { source, target } = await setUp({ body: { metadata: { name: 'x', uid: 'u' }, spec: {} } });
    expect(await source.pod(target, 'payments', 'x', signal)).toEqual({
      found: true,
      value: { uid: 'u', labels: {}, containers: [] },
    });
  });

  test('a static pod', async () => {
    const annotations = { 'kubernetes.io/config.mirror': 'uid-on-the-node' };
    const { source, target } = await setUp({ body: { metadata: { name: 'x', uid: 'u', annotations }, spec: {} } });
    expect(await source.pod(target, 'kube-system', 'x', signal)).toEqual({
      found: true,
      value: { uid: 'u', staticUid: 'uid-on-the-node', labels: {}, containers: [] },
    });
  });

  test('the pods of a node', async () => {
    const { source, target, requests } = await setUp({ body: { items: [POD, { metadata: {}, spec: {} }] } });
    expect(await source.podsOnNode(target, 'node-1', signal)).toEqual({
      found: true,
      value: [{ namespace: 'payments', name: 'ledger-api-7c9d5b8f6-x2x8k', uid: 'pod-uid', containerIds: [ID] }],
    });
    expect(requests[0]?.path).toBe('/api/v1/pods?fieldSelector=spec.nodeName%3Dnode-1&limit=512');
  });

  test('the owner of a ReplicaSet', async () => {
    const owner = { kind: 'Deployment', name: 'web' };
    const { source, target, requests } = await setUp({
      body: { metadata: { ownerReferences: [{ ...owner, controller: true }] } },
    });
    expect(await source.ownerOf(target, 'ReplicaSet', 'payments', 'web-1', signal)).toEqual({
      found: true,
      value: owner,
    });
    expect(requests[0]?.path).toBe('/apis/apps/v1/namespaces/payments/replicasets/web-1');
  });

  test('a Job that nobody owns', async () => {
    const { source, target, requests } = await setUp({ body: { metadata: {} } });
    expect(await source.ownerOf(target, 'Job', 'payments', 'report-1', signal)).toEqual({ found: true, value: null });
    expect(requests[0]?.path).toBe('/apis/batch/v1/namespaces/payments/jobs/report-1');
  });

  test('a node', async () => {
    const labels = {
      'cloud.google.com/gke-nodepool': 'spot-pool',
      'cloud.google.com/gke-spot': 'true',
      'topology.kubernetes.io/zone': 'europe-west1-b',
      'node.kubernetes.io/instance-type': 'e2-small',
    };
    const { source, target, requests } = await setUp({ body: { metadata: { labels } } });
    expect(await source.node(target, 'node-1', signal)).toEqual({
      found: true,
      value: { pool: 'spot-pool', zone: 'europe-west1-b', machineType: 'e2-small', spot: true },
    });
    expect(requests[0]?.path).toBe('/api/v1/nodes/node-1');
  });

  test.each([
    { status: 'True', ready: true },
    { status: 'False', ready: false },
    // The node's controller has not heard of its kubelet.
    { status: 'Unknown', ready: false },
  ])('a node whose condition Ready is $status', async ({ status, ready }) => {
    const conditions = [
      { type: 'DiskPressure', status: 'False' },
      { type: 'Ready', status },
    ];
    const { source, target } = await setUp({ body: { metadata: {}, status: { conditions } } });
    expect(await source.node(target, 'node-1', signal)).toEqual({ found: true, value: { spot: false, ready } });
  });

  test('a namespace', async () => {
    const { source, target, requests } = await setUp({ body: { metadata: { labels: { team: 'money' } } } });
    expect(await source.namespace(target, 'payments', signal)).toEqual({
      found: true,
      value: { labels: { team: 'money' } },
    });
    expect(requests[0]?.path).toBe('/api/v1/namespaces/payments');
  });
});

describe('an answer', () => {
  test.each([
    [401, {}, 'enrich-denied'],
    [403, {}, 'enrich-denied'],
    [404, {}, 'enrich-not-found'],
    [302, {}, 'enrich-unavailable'],
    [429, {}, 'enrich-unavailable'],
    [500, {}, 'enrich-unavailable'],
    [200, [], 'enrich-unavailable'],
    [200, { metadata: { labels: 'none' } }, 'enrich-unavailable'],
  ])('%d with %j is %s', async (status, body, reason) => {
    const { source, target } = await setUp({ status, body });
    expect(await source.namespace(target, 'payments', signal)).toEqual({ found: false, reason });
  });

  test('that is no JSON is unavailable', async () => {
    const port = await listen(createServer((_request, response) => response.end('<html>')));
    expect(await sourceOf().namespace({ endpoint: `http://127.0.0.1:${port}` }, 'payments', signal)).toEqual({
      found: false,
      reason: 'enrich-unavailable',
    });
  });

  test('that does not come is unavailable', async () => {
    const { source, target } = await setUp(null, 50);
    expect(await source.namespace(target, 'payments', signal)).toEqual({ found: false, reason: 'enrich-unavailable' });
  });

  test('nobody waits for any more is unavailable', async () => {
    const { source, target } = await setUp(null);
    const abort = new AbortController();
    const answer = source.namespace(target, 'payments', abort.signal);
    abort.abort();
    expect(await answer).toEqual({ found: false, reason: 'enrich-unavailable' });
  });
});

test('without a token nothing is asked', async () => {
  const { target, requests } = await setUp({ body: {} });
  const source = sourceOf(() => Promise.reject(new Error('no credentials')));
  expect(await source.namespace(target, 'payments', signal)).toEqual({ found: false, reason: 'enrich-unavailable' });
  expect(requests).toEqual([]);
});

const hostile = [
  '../..',
  '..',
  '.',
  'a/b',
  'a%2fb',
  'x?y',
  'x#y',
  'x&y',
  'x y',
  'x\n',
  'pöd',
  '',
  'X',
  '-x',
  'x'.repeat(300),
];
test.each(hostile)('a name that is none is never asked for: %j', async (name) => {
  const { source, target, requests } = await setUp({ body: {} });
  const answers: Lookup<unknown>[] = await Promise.all([
    source.pod(target, name, 'x', signal),
    source.pod(target, 'x', name, signal),
    source.podsOnNode(target, name, signal),
    source.ownerOf(target, 'ReplicaSet', name, 'x', signal),
    source.ownerOf(target, 'Job', 'x', name, signal),
    source.node(target, name, signal),
    source.namespace(target, name, signal),
  ]);
  expect(answers).toEqual(Array(7).fill({ found: false, reason: 'enrich-invalid-name' }));
  expect(requests).toEqual([]);
});
