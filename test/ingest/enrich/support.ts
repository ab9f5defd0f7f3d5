/** Events, clusters and fake sources that the tests of enrichment share. */

import type { FalcoEvent, FieldValue } from '../../../functions/core/event/alert.ts';
import { type ClusterFacts, found, type Lookup, notFound } from '../../../functions/core/event/metadata.ts';
import type { Sources } from '../../../functions/ingest/enrich/views.ts';
import { createEnricher, enrichOptions } from '../../../functions/ingest/enrich.ts';
import { fakeAfter } from '../../support/time.ts';

export const ATTRIBUTES = { gke_project: 'acme-prod', gke_location: 'europe-west1', gke_cluster: 'payments-eu1' };
export const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
export const NODE = 'gke-payments-eu1-spot-pool-1df9fd78-h0m4';
export const CONTAINER_ID = 'a8871b35411b';
export const FULL_ID = `${CONTAINER_ID}${'0'.repeat(52)}`;
export const DIGEST = `sha256:${'a'.repeat(64)}`;

export function eventOf(fields: Record<string, FieldValue> = {}, changes: Partial<FalcoEvent> = {}): FalcoEvent {
  return {
    uuid: '1301818d-bbb9-4ad5-8672-691a995944e2',
    output: '',
    priority: 'Notice',
    rule: 'Terminal shell in container',
    time: '2026-11-23T09:00:00Z',
    timeNs: 1_795_424_400_000_000_000n,
    fields: {
      'container.id': CONTAINER_ID,
      'container.name': 'api',
      'container.image.repository': 'registry.example/ledger-api',
      'container.image.tag': 'v41',
      'k8s.ns.name': 'payments',
      'k8s.pod.name': 'ledger-api-7c9d5b8f6-x2x8k',
      ...fields,
    },
    source: 'syscall',
    tags: [],
    hostname: NODE,
    ...changes,
  };
}

export const FACTS: ClusterFacts = {
  version: '1.37.2-gke.1',
  nodePools: [{ name: 'spot-pool', zones: ['europe-west1-b'], machineType: 'e2-standard-4', spot: true }],
  dnsEndpoint: 'gke-0123.europe-west1.gke.goog',
};

/** Answers by question; what has none is not found. `asked` is what was asked, in order. */
export function fakeSources(answers: Record<string, Lookup<unknown> | Promise<Lookup<unknown>>> = {}) {
  const asked: string[] = [];
  const answer = async (question: string): Promise<Lookup<never>> => {
    asked.push(question);
    return ((await answers[question]) ?? notFound('enrich-not-found')) as Lookup<never>;
  };
  const sources: Sources = {
    gke: { cluster: (ref) => answer(`cluster ${ref.name}`), close: async () => {} },
    kubernetes: {
      pod: (_target, namespace, name) => answer(`pod ${namespace}/${name}`),
      podsOnNode: (_target, node) => answer(`pods on ${node}`),
      ownerOf: (_target, kind, namespace, name) => answer(`owner of ${kind} ${namespace}/${name}`),
      node: (_target, name) => answer(`node ${name}`),
      namespace: (_target, name) => answer(`namespace ${name}`),
      close: async () => {},
    },
  };
  return { asked, answers, sources };
}

/** All that the Kubernetes API would say of `eventOf()`. */
export function fullAnswers(): Record<string, Lookup<unknown>> {
  return {
    'cluster payments-eu1': found(FACTS),
    'pod payments/ledger-api-7c9d5b8f6-x2x8k': found({
      uid: 'pod-uid',
      node: NODE,
      serviceAccount: 'ledger',
      labels: { app: 'ledger-api' },
      owner: { kind: 'ReplicaSet', name: 'ledger-api-7c9d5b8f6' },
      containers: [{ name: 'api', id: FULL_ID, digest: DIGEST }],
    }),
    'owner of ReplicaSet payments/ledger-api-7c9d5b8f6': found({ kind: 'Deployment', name: 'ledger-api' }),
    [`node ${NODE}`]: found({ pool: 'spot-pool', zone: 'europe-west1-b', machineType: 'e2-standard-4', spot: true }),
    'namespace payments': found({ labels: { team: 'money' } }),
    [`pods on ${NODE}`]: found([
      { namespace: 'payments', name: 'ledger-api-7c9d5b8f6-x2x8k', uid: 'pod-uid', containerIds: [FULL_ID] },
      { namespace: 'payments', name: 'other', uid: 'other-uid', containerIds: ['b'.repeat(64)] },
    ]),
  };
}

export interface Setup {
  kubernetes?: 'dns' | 'ip' | undefined;
  clusters?: readonly object[];
  enrich?: object;
  answers?: Record<string, Lookup<unknown> | Promise<Lookup<unknown>>>;
  sources?: Sources;
}

/** An enricher over fake sources, in time that the test owns. */
export function setUp({ kubernetes = 'dns', clusters, enrich = {}, answers = fullAnswers(), sources }: Setup = {}) {
  const time = fakeAfter();
  const fake = fakeSources(answers);
  const options = enrichOptions.parse({ clusters: clusters ?? [{ ...CLUSTER, kubernetes }], enrich });
  const enricher = createEnricher({ options, ...fake.sources, ...sources, clock: time.clock, after: time.after });
  return { ...fake, ...enricher, time };
}
