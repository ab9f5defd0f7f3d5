/** The places of the demo: three invented clusters with their nodes and pods, named the way GKE and Kubernetes name them. */

export interface Cluster {
  project: string;
  location: string;
  name: string;
}

export interface Place {
  cluster: Cluster;
  node: string;
  namespace: string;
  pod: string;
  container: string;
  containerId: string;
  image: string;
  tag: string;
}

export const PAYMENTS: Cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
export const DATA: Cluster = { project: 'acme-prod', location: 'europe-west4-b', name: 'data-eu4' };
export const DEV: Cluster = { project: 'acme-dev', location: 'us-central1', name: 'dev-us1' };

const REGISTRY = 'europe-west1-docker.pkg.dev/acme-prod/services';

export const NODES = {
  paymentsA: 'gke-payments-eu1-default-pool-4a23d596-g2q1',
  paymentsB: 'gke-payments-eu1-default-pool-4a23d596-w7xk',
  paymentsSpot: 'gke-payments-eu1-spot-pool-0cb1e29c-d0q2',
  dataA: 'gke-data-eu4-batch-pool-1df9fd78-h0m4',
  dataB: 'gke-data-eu4-batch-pool-1df9fd78-t5rz',
  dev: 'gke-dev-us1-default-pool-92276658-e8m1',
} as const;

export const LEDGER: Place = {
  cluster: PAYMENTS,
  node: NODES.paymentsA,
  namespace: 'payments',
  pod: 'ledger-api-7c9d8f5b46-x2x8k',
  container: 'ledger-api',
  containerId: '3f9a1c07be52',
  image: `${REGISTRY}/ledger-api`,
  tag: 'v41',
};

export const REPORTS: Place = {
  cluster: PAYMENTS,
  node: NODES.paymentsSpot,
  namespace: 'payments',
  pod: 'settlement-report-29411640-qv7wl',
  container: 'report',
  containerId: '50fcf57d1709',
  image: `${REGISTRY}/settlement-report`,
  tag: 'v16.0',
};

export const SPARK: Place = {
  cluster: DATA,
  node: NODES.dataA,
  namespace: 'analytics',
  pod: 'feature-store-2',
  container: 'feature-store',
  containerId: '9651f7e147fd',
  image: 'europe-west4-docker.pkg.dev/acme-prod/data/feature-store',
  tag: '2026.11.2',
};

export const AGENT: Place = {
  cluster: DATA,
  node: NODES.dataB,
  namespace: 'monitoring',
  pod: 'inventory-agent-r4tw9',
  container: 'agent',
  containerId: 'a8871b35411b',
  image: 'europe-west4-docker.pkg.dev/acme-prod/platform/inventory-agent',
  tag: 'v26.8',
};

export const RUNNER: Place = {
  cluster: DEV,
  node: NODES.dev,
  namespace: 'ci',
  pod: 'runner-6b5f9c8d74-k9vzm',
  container: 'runner',
  containerId: 'c71e90d2ab44',
  image: 'us-central1-docker.pkg.dev/acme-dev/ci/runner',
  tag: 'main-8812',
};

/** A red team's pod: pipeline.yaml silences it. */
export const EXERCISE: Place = {
  cluster: PAYMENTS,
  node: NODES.paymentsB,
  namespace: 'checkout',
  pod: 'red-team-0',
  container: 'red-team',
  containerId: '0d95b3e8a41c',
  image: `${REGISTRY}/red-team`,
  tag: 'v3',
};

/** Where the page's button opens a shell, in turn. */
export const SHELL_PLACES: readonly Place[] = [
  place('checkout', 'cart-web', '5d8c6f9b47-m4qhz', '1b77c0de9a31', NODES.paymentsB),
  place('ledger', 'balance-reader', '84f6b9d5c7-t8xnp', '7e02d4b1f6c9', NODES.paymentsA),
  place('payments', 'fraud-score', '6c4d9b8f75-hwz6s', 'd40c2f8a1e77', NODES.paymentsSpot),
  place('checkout', 'price-engine', '9b7d5f8c64-2kvqj', '66a3e90bd1f2', NODES.paymentsB),
  place('payments', 'card-vault', '58c9d7f6b4-zt5rg', 'f2b81c6d0e95', NODES.paymentsA),
];

const STORM_PARTS = ['api', 'web', 'worker'];
const STORM_SERVICES = [
  'basket',
  'catalogue',
  'image',
  'label',
  'offer',
  'order',
  'price',
  'review',
  'search',
  'stock',
];
export const STORM_SIZE = STORM_SERVICES.length * STORM_PARTS.length;

/** As many workloads of one cluster; another time in another namespace, so that it is a storm again. */
export function stormPlaces(time: number): readonly Place[] {
  const namespace = time === 1 ? 'shop' : `shop-${time}`;
  const names = STORM_SERVICES.flatMap((service) => STORM_PARTS.map((part) => `${service}-${part}`));
  return names.map((name, index) => {
    const containerId = (0xa0_0000_0000 + time * 100 + index).toString(16).padStart(12, '0');
    return place(namespace, name, '6f7b9c5d84-q8wvd', containerId, NODES.paymentsB);
  });
}

function place(namespace: string, name: string, suffix: string, containerId: string, node: string): Place {
  return {
    cluster: PAYMENTS,
    node,
    namespace,
    pod: `${name}-${suffix}`,
    container: name,
    containerId,
    image: `${REGISTRY}/${name}`,
    tag: 'v12',
  };
}
