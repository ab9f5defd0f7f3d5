import { describe, expect, test } from '@jest/globals';
import { poolOf } from '../../../functions/ingest/enrich/node-pool.ts';

const pools = (...names: string[]) => names.map((name) => ({ name, zones: [] }));
const guess = (middle: string, cluster: string, ...listed: string[]) =>
  poolOf(`gke-${middle}-7731af10-h5n3`, cluster, pools(...listed));

// What stands between `gke-` and the hash, in the lengths in which such names are published.
test.each([
  ['shop-us1-spot-pool', 'shop-us1', 'spot-pool'],
  ['shop-shop', 'shop', 'shop'],
  // 32 characters and a dash: nothing is cut, however long one of them is.
  ['jenkins-test-jenkins-workers-new', 'jenkins-test', 'jenkins-workers-new'],
  ['orders-api-eu-cluste-default-pool', 'orders-api-eu-cluste', 'default-pool'],
  ['payments-production-euro-a-pool-1', 'payments-production-euro', 'a-pool-1'],
  // One is cut, to what the other leaves.
  ['orders-api-eu-cl-preemptible-pool', 'orders-api-eu-cluster', 'preemptible-pool'],
  ['main-gke-cluster-main-default-poo', 'main-gke-cluster', 'main-default-pool'],
  ['payments-production--default-pool', 'payments-production-europe', 'default-pool'],
  ['payments-production-euro-new-pool', 'payments-production-europe', 'new-pool'],
  ['agents-staging-nap-e2-standard-2-', 'agents-staging', 'nap-e2-standard-2-yg2nnsw8'],
  // Both are cut, to half each.
  ['gke-on-vpc-clust-default-node-poo', 'gke-on-vpc-cluster', 'default-node-pool'],
  ['acme-edp-anthos--nap-e2-standard-', 'acme-edp-anthos-1', 'nap-e2-standard-2-yg2nnsw8'],
])('%s is of %s and its pool %s', (middle, cluster, pool) => {
  expect(guess(middle, cluster, 'other-pool', pool, 'pool')).toEqual({
    pool: { name: pool, zones: [] },
    foreign: false,
  });
});

describe('no pool is named', () => {
  test.each([
    ['where it is not listed', 'shop-us1-gone', 'shop-us1', ['spot-pool']],
    [
      'where two would be cut alike',
      'shop-us1-an-even-longer-node-pool',
      'shop-us1',
      ['an-even-longer-node-pool-1', 'an-even-longer-node-pool-2'],
    ],
    ['where its name would not be cut', 'shop-us1-spot-po', 'shop-us1', ['spot-pool']],
    [
      'where another name is cut and not listed',
      'payments-production--another-pool',
      'payments-production-eu1',
      ['default-pool'],
    ],
    [
      'where GKE cut later than it does now',
      'payments-production-euro-default-pool',
      'payments-production-europe-west1',
      ['default-pool'],
    ],
    ['where the name has no cluster', 'tpu', 'shop-us1', ['spot-pool']],
  ])('%s, and the cluster is not accused', (_name, middle, cluster, listed) => {
    expect(guess(middle, cluster, ...listed)).toEqual({ foreign: false });
  });

  test('of a name that is not of GKE', () => {
    expect(poolOf('worker-1', 'shop-us1', pools('spot-pool'))).toEqual({ foreign: false });
  });
});

test.each([
  ['data-eu4-spot-pool', 'shop-us1'],
  ['payments-us1-default-pool', 'payments-eu1'],
  ['payments-default-pool', 'payments-eu1'],
  ['p-default-pool', 'payments-eu1'],
  ['payments-eu-default-pool', 'payments-eu1'],
  ['payments-eu10-default-pool', 'payments-eu1'],
  // Long, but not so long that anything would be cut.
  ['payments-production-us1-pool-1', 'payments-production-eu1'],
  ['payments-production-pool-1', 'payments-production-eu1'],
  // Cut, with another beginning.
  ['payments-productio-standard-pool-', 'payments-staging-europe-west1'],
  ['shop-us1-default-node-pool-of-2026', 'shop-us10'],
])('%s is no node of %s', (middle, cluster) => {
  expect(guess(middle, cluster, 'default-pool', 'spot-pool', 'pool-1')).toEqual({ foreign: true });
});
