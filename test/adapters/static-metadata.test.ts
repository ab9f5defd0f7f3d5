import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { openMetadata } from '../../functions/adapters/metadata.ts';
import { readStaticMetadata } from '../../functions/adapters/static-metadata.ts';
import { createEnricher, enrichOptions } from '../../functions/ingest/enrich.ts';
import { ATTRIBUTES, CLUSTER, eventOf } from '../ingest/enrich/support.ts';
import { fakeAfter } from '../support/time.ts';

const folder = mkdtempSync(join(tmpdir(), 'falco-relay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string): string {
  const path = join(mkdtempSync(join(folder, 'x')), 'clusters.yaml');
  writeFileSync(path, text);
  return path;
}

const FILE = fileOf(`
clusters:
  - project: acme-prod
    location: europe-west1
    name: payments-eu1
    version: 1.37.2-gke.1
    nodes:
      - { name: gke-payments-eu1-spot-pool-*, pool: spot-pool, zone: europe-west1-b, machine_type: e2-small, spot: true }
      - { name: '*', pool: other }
    namespaces:
      - { name: payments, team: money, labels: { tier: gold } }
      - { name: dev-*-x, team: dev }
    pods:
      - { namespace: payments, name: ledger-api-*, workload: { kind: Deployment, name: ledger-api }, service_account: ledger, team: ledgers }
`);

test('stands in for the APIs, which are not asked then', async () => {
  const options = enrichOptions.parse({ clusters: [{ ...CLUSTER, metadata: FILE }] });
  const { clock, after } = fakeAfter();
  const metadata = await openMetadata({
    clusters: options.clusters,
    timeoutMs: 1,
    after,
    gkeApiEndpoint: 'http://127.0.0.1:1',
  });
  const { enrich } = createEnricher({ options, ...metadata, clock, after });
  // At once: nobody was asked.
  expect(enrich(eventOf(), ATTRIBUTES)).toMatchObject({
    clusterVersion: '1.37.2-gke.1',
    nodePool: 'spot-pool',
    zone: 'europe-west1-b',
    machineType: 'e2-small',
    spot: true,
    workload: { kind: 'Deployment', name: 'ledger-api' },
    serviceAccount: 'ledger',
    team: 'ledgers',
    namespaceLabels: { tier: 'gold' },
    enrichment: 'full',
  });
  expect(enrich(eventOf({ 'k8s.ns.name': 'unheard-of' }), ATTRIBUTES)).toMatchObject({
    enrichment: 'partial',
    enrichmentReasons: ['enrich-not-found'],
  });
  await metadata.close();
});

test('is found beside pipeline.yaml', async () => {
  const time = fakeAfter();
  const clusters = [{ ...CLUSTER, metadata: FILE.slice(folder.length + 1) }];
  const metadata = await openMetadata({ clusters, timeoutMs: 1, after: time.after, directory: folder });
  expect(metadata.statics(CLUSTER)?.namespace('payments')?.team).toBe('money');
  expect(metadata.statics({ ...CLUSTER, name: 'other' })).toBeUndefined();
  await metadata.close();
});

test.each([
  ['dev-a-x', 'dev'],
  ['dev--x', 'dev'],
  ['dev-x', undefined],
  ['dev-a-xy', undefined],
  ['a-dev-a-x', undefined],
])('a * stands for any characters: %s', async (name, team) => {
  const statics = await readStaticMetadata(FILE, CLUSTER);
  expect(statics.namespace(name)?.team).toBe(team);
});

test('the first entry that fits wins', async () => {
  const statics = await readStaticMetadata(FILE, CLUSTER);
  expect(statics.node('gke-payments-eu1-spot-pool-1-2')?.pool).toBe('spot-pool');
  expect(statics.node('another')).toEqual({ pool: 'other', spot: false });
});

describe('is refused', () => {
  test.each([
    ['without the cluster', 'clusters: []', /does not have the cluster acme-prod\/europe-west1\/payments-eu1/],
    ['with a key that is none', 'clusters: []\nnodes: []', /nodes/],
    ['that is no YAML', 'clusters: [', /Flow sequence/],
    ['with a list as a key', 'clusters: []\n? [a, b]\n: 1', /keys must be strings at line 2/],
  ])('%s', async (_name, text, message) => {
    await expect(readStaticMetadata(fileOf(text), CLUSTER)).rejects.toThrow(message);
  });

  test('that is not there', async () => {
    await expect(readStaticMetadata(join(folder, 'absent'), CLUSTER)).rejects.toThrow(/ENOENT/);
  });
});
