import { expect, test } from '@jest/globals';
import { poolOf } from '../../../functions/ingest/enrich/node-pool.ts';

const pools = (...names: string[]) => names.map((name) => ({ name, zones: [] }));

const cases: [string, string, string, string[], string | undefined, boolean][] = [
  [
    'whole names',
    'gke-shop-us1-spot-pool-7731af10-h5n3',
    'shop-us1',
    ['spot-pool', 'default-pool'],
    'spot-pool',
    false,
  ],
  ['a pool with the name of the cluster', 'gke-shop-shop-7731af10-h5n3', 'shop', ['shop', 'spot'], 'shop', false],
  ['a cut pool', 'gke-shop-us1-spot-po-7731af10-h5n3', 'shop-us1', ['spot-pool', 'default-pool'], 'spot-pool', false],
  ['a cut cluster', 'gke-shop-u-spot-pool-7731af10-h5n3', 'shop-us1', ['spot-pool'], 'spot-pool', false],
  [
    'both cut',
    'gke-a-very-long-clust-default-poo-7731af10-h5n3',
    'a-very-long-cluster-name',
    ['default-pool'],
    'default-pool',
    false,
  ],
  [
    'a cut name that two pools explain',
    'gke-shop-us1-pool-7731af10-h5n3',
    'shop-us1',
    ['pool-a', 'pool-b'],
    undefined,
    false,
  ],
  ['a whole name before a cut one', 'gke-shop-us1-pool-7731af10-h5n3', 'shop-us1', ['pool', 'pool-b'], 'pool', false],
  ['a pool that is not listed', 'gke-shop-us1-gone-7731af10-h5n3', 'shop-us1', ['spot-pool'], undefined, false],
  ['another cluster', 'gke-data-eu4-spot-pool-7731af10-h5n3', 'shop-us1', ['spot-pool'], undefined, true],
  ['no GKE name', 'worker-1', 'shop-us1', ['spot-pool'], undefined, false],
];
test.each(cases)('%s', (_name, node, cluster, listed, pool, foreign) => {
  const guess = poolOf(node, cluster, pools(...listed));
  expect(guess.pool?.name).toBe(pool);
  expect(guess.foreign).toBe(foreign);
});
