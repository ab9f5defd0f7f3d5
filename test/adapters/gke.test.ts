import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { createGkeSource } from '../../functions/adapters/gke.ts';
import type { ClusterSource } from '../../functions/core/event/metadata.ts';

const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
const PEM = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
const { signal } = new AbortController();
const closing: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A GKE API on loopback: `answer` is its status and body; null says nothing at all. */
async function setUp(answer: { status: number; body: unknown } | null, timeoutMs = 5_000) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url?.split('?')[0]}`);
    if (!answer) return;
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  const gke: ClusterSource = createGkeSource({ timeoutMs, apiEndpoint: `http://127.0.0.1:${port}` });
  closing.push(() => gke.close());
  return { gke, requests };
}

/** As Google's API spells a refusal. https://cloud.google.com/apis/design/errors#http_mapping */
function refusal(status: number, name: string) {
  return { status, body: { error: { code: status, message: name, status: name } } };
}

test('gives the facts of a cluster', async () => {
  const { gke, requests } = await setUp({
    status: 200,
    body: {
      name: 'payments-eu1',
      location: 'europe-west1',
      endpoint: '203.0.113.9',
      currentMasterVersion: '1.37.2-gke.1',
      masterAuth: { clusterCaCertificate: Buffer.from(PEM).toString('base64') },
      controlPlaneEndpointsConfig: {
        dnsEndpointConfig: { endpoint: 'gke-0123.europe-west1.gke.goog', allowExternalTraffic: true },
      },
      nodePools: [
        {
          name: 'default-pool',
          locations: ['europe-west1-b', 'europe-west1-c'],
          config: { machineType: 'e2-standard-4' },
        },
        { name: 'spot-pool', locations: ['europe-west1-b'], config: { machineType: 'e2-small', spot: true } },
        { name: 'old-spot-pool', config: { preemptible: true } },
      ],
      aFieldThatDoesNotExistYet: { x: 1 },
    },
  });
  expect(await gke.cluster(CLUSTER, signal)).toEqual({
    found: true,
    value: {
      version: '1.37.2-gke.1',
      ipEndpoint: '203.0.113.9',
      dnsEndpoint: 'gke-0123.europe-west1.gke.goog',
      ca: PEM,
      nodePools: [
        {
          name: 'default-pool',
          zones: ['europe-west1-b', 'europe-west1-c'],
          machineType: 'e2-standard-4',
          spot: false,
        },
        { name: 'spot-pool', zones: ['europe-west1-b'], machineType: 'e2-small', spot: true },
        { name: 'old-spot-pool', zones: [], spot: true },
      ],
    },
  });
  expect(requests).toEqual(['GET /v1/projects/acme-prod/locations/europe-west1/clusters/payments-eu1']);
});

test('believes no control plane outside of Google, where a token would go', async () => {
  const { gke } = await setUp({
    status: 200,
    body: {
      endpoint: 'evil.example',
      controlPlaneEndpointsConfig: { dnsEndpointConfig: { endpoint: 'gke.goog.evil.example' } },
    },
  });
  expect(await gke.cluster(CLUSTER, signal)).toEqual({ found: true, value: { nodePools: [] } });
});

test.each([
  [404, 'NOT_FOUND', 'enrich-not-found'],
  [403, 'PERMISSION_DENIED', 'enrich-denied'],
  [401, 'UNAUTHENTICATED', 'enrich-denied'],
  [429, 'RESOURCE_EXHAUSTED', 'enrich-unavailable'],
  [500, 'INTERNAL', 'enrich-unavailable'],
  [503, 'UNAVAILABLE', 'enrich-unavailable'],
])('%d %s is %s, in one request', async (status, name, reason) => {
  const { gke, requests } = await setUp(refusal(status, name));
  expect(await gke.cluster(CLUSTER, signal)).toEqual({ found: false, reason });
  expect(requests).toHaveLength(1);
});

test('no answer in time is unavailable', async () => {
  const { gke, requests } = await setUp(null, 50);
  expect(await gke.cluster(CLUSTER, signal)).toEqual({ found: false, reason: 'enrich-unavailable' });
  expect(requests).toHaveLength(1);
});

test('nobody there is unavailable', async () => {
  const { gke } = await setUp(null);
  await closing.shift()?.();
  expect(await gke.cluster(CLUSTER, signal)).toEqual({ found: false, reason: 'enrich-unavailable' });
});

test.each(['../..', 'a/b', 'x?y', 'x#y', 'pöd', 'x'.repeat(300), ''])(
  'a name that is none is never asked for: %j',
  async (name) => {
    const { gke, requests } = await setUp({ status: 200, body: {} });
    for (const part of ['project', 'location', 'name']) {
      expect(await gke.cluster({ ...CLUSTER, [part]: name }, signal)).toEqual({
        found: false,
        reason: 'enrich-invalid-name',
      });
    }
    expect(requests).toEqual([]);
  },
);
