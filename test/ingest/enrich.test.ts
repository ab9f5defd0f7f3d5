/** Enrichment: what fills a context. */

import { describe, expect, test } from '@jest/globals';
import type { Context } from '../../functions/core/event/alert.ts';
import { found, type Lookup } from '../../functions/core/event/metadata.ts';
import {
  ATTRIBUTES,
  CLUSTER,
  CONTAINER_ID,
  DIGEST,
  eventOf,
  FULL_ID,
  fullAnswers,
  NODE,
  setUp,
} from './enrich/support.ts';

const POD = 'pod payments/ledger-api-7c9d5b8f6-x2x8k';

describe('a context', () => {
  test('is filled from every source', async () => {
    const { enrich } = setUp();
    expect(await enrich(eventOf(), ATTRIBUTES)).toEqual({
      cluster: CLUSTER,
      clusterStatus: 'listed',
      clusterMismatch: false,
      clusterVersion: '1.37.2-gke.1',
      namespace: 'payments',
      pod: 'ledger-api-7c9d5b8f6-x2x8k',
      podUid: 'pod-uid',
      container: 'api',
      containerId: CONTAINER_ID,
      image: 'registry.example/ledger-api',
      imageTag: 'v41',
      imageDigest: DIGEST,
      node: NODE,
      nodePool: 'spot-pool',
      zone: 'europe-west1-b',
      machineType: 'e2-standard-4',
      spot: true,
      workload: { kind: 'Deployment', name: 'ledger-api' },
      derivedWorkload: 'ledger-api',
      serviceAccount: 'ledger',
      team: 'money',
      namespaceLabels: { team: 'money' },
      podLabels: { app: 'ledger-api' },
      enrichment: 'full',
      enrichmentReasons: [],
    } satisfies Context);
  });

  test('comes from GKE alone where the Kubernetes API is not opted in', async () => {
    const { enrich, asked } = setUp({ clusters: [CLUSTER] });
    const context = await enrich(eventOf(), ATTRIBUTES);
    expect(context).toMatchObject({
      enrichment: 'full',
      nodePool: 'spot-pool',
      zone: 'europe-west1-b',
      machineType: 'e2-standard-4',
      spot: true,
      clusterVersion: '1.37.2-gke.1',
    });
    expect(context.workload).toBeUndefined();
    expect(asked).toEqual(['cluster payments-eu1']);
  });

  test('names the team by the pod rather than by its namespace', async () => {
    const answers = fullAnswers();
    const pod = answers[POD] as { found: true; value: object };
    answers[POD] = found({ ...pod.value, labels: { owner: 'ledgers' } });
    expect((await setUp({ answers }).enrich(eventOf(), ATTRIBUTES)).team).toBe('ledgers');
  });

  test('takes the labels that pipeline.yaml names', async () => {
    const answers = { ...fullAnswers(), 'namespace payments': found({ labels: { 'acme.example/squad': 'blue' } }) };
    const { enrich } = setUp({ answers, enrich: { team_labels: ['acme.example/squad'] } });
    expect((await enrich(eventOf(), ATTRIBUTES)).team).toBe('blue');
  });

  const chains: [string, object, Record<string, Lookup<unknown>>, object | undefined][] = [
    ['a StatefulSet', { kind: 'StatefulSet', name: 'db' }, {}, { kind: 'StatefulSet', name: 'db' }],
    ['a DaemonSet', { kind: 'DaemonSet', name: 'agent' }, {}, { kind: 'DaemonSet', name: 'agent' }],
    [
      'a CronJob over a Job',
      { kind: 'Job', name: 'report-1' },
      { 'owner of Job payments/report-1': found({ kind: 'CronJob', name: 'report' }) },
      { kind: 'CronJob', name: 'report' },
    ],
    [
      'a Job alone',
      { kind: 'Job', name: 'report-1' },
      { 'owner of Job payments/report-1': found(null) },
      { kind: 'Job', name: 'report-1' },
    ],
    [
      'a ReplicaSet alone',
      { kind: 'ReplicaSet', name: 'web' },
      { 'owner of ReplicaSet payments/web': found(null) },
      { kind: 'ReplicaSet', name: 'web' },
    ],
    ['a ReplicaSet that is gone', { kind: 'ReplicaSet', name: 'web' }, {}, undefined],
    ['a custom controller', { kind: 'Rollout', name: 'web' }, {}, { kind: 'Rollout', name: 'web' }],
    ['a static pod', { kind: 'Node', name: NODE }, {}, { kind: 'Pod', name: 'ledger-api-7c9d5b8f6-x2x8k' }],
  ];
  test.each(chains)('names the workload of %s', async (_name, owner, more, workload) => {
    const answers = { ...fullAnswers(), ...more };
    const pod = answers[POD] as { found: true; value: object };
    answers[POD] = found({ ...pod.value, owner });
    expect((await setUp({ answers }).enrich(eventOf(), ATTRIBUTES)).workload).toEqual(workload);
  });

  test('of a bare pod names the pod as its workload', async () => {
    const answers = fullAnswers();
    const { owner: _, ...pod } = (answers[POD] as { found: true; value: { owner: unknown } }).value;
    const context = await setUp({ answers: { ...answers, [POD]: found(pod) } }).enrich(eventOf(), ATTRIBUTES);
    expect(context.workload).toEqual({ kind: 'Pod', name: 'ledger-api-7c9d5b8f6-x2x8k' });
  });

  test('of a process on the host wants no pod', async () => {
    const { enrich } = setUp();
    const fields = { 'container.id': 'host', 'container.name': 'host', 'k8s.ns.name': null, 'k8s.pod.name': null };
    const context = await enrich(eventOf(fields), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'full', node: NODE, nodePool: 'spot-pool' });
    expect(context.containerId).toBeUndefined();
    expect(context.container).toBeUndefined();
  });

  test('of an audit event on a pod is filled from the pod', async () => {
    const { enrich } = setUp();
    const event = eventOf(
      {},
      {
        source: 'k8s_audit',
        hostname: 'audit-reader',
        fields: {
          'ka.cluster.name': 'payments-eu1',
          'ka.target.resource': 'pods',
          'ka.target.namespace': 'payments',
          'ka.target.name': 'ledger-api-7c9d5b8f6-x2x8k',
        },
      },
    );
    expect(await enrich(event, {})).toMatchObject({
      cluster: CLUSTER,
      enrichment: 'full',
      node: NODE,
      nodePool: 'spot-pool',
      workload: { kind: 'Deployment', name: 'ledger-api' },
      team: 'money',
    });
  });
});

describe('a short container id', () => {
  const noPod = { 'k8s.ns.name': null, 'k8s.pod.name': null };

  test('finds the pod among those of the node, by prefix', async () => {
    const { enrich } = setUp();
    const context = await enrich(eventOf(noPod), ATTRIBUTES);
    expect(context).toMatchObject({
      namespace: 'payments',
      pod: 'ledger-api-7c9d5b8f6-x2x8k',
      workload: { kind: 'Deployment', name: 'ledger-api' },
      imageDigest: DIGEST,
      enrichment: 'full',
    });
    // Group keys come from the event alone, which did not name the pod.
    expect(context.derivedWorkload).toBeUndefined();
  });

  test.each([
    ['of another container', 'cccccccccccc'],
    ['that is too short to be one', 'a'],
    ['that is none', '../../secret'],
  ])('%s finds none', async (_name, id) => {
    const { enrich, asked } = setUp();
    const context = await enrich(eventOf({ ...noPod, 'container.id': id }), ATTRIBUTES);
    expect(context.pod).toBeUndefined();
    expect(context).toMatchObject({ enrichment: 'partial', enrichmentReasons: ['enrich-no-pod'] });
    expect(asked.filter((question) => question.startsWith('pod '))).toEqual([]);
  });

  test('without the Kubernetes API is said to lack its pod', async () => {
    const { enrich } = setUp({ clusters: [CLUSTER] });
    const context = await enrich(eventOf(noPod), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'partial', enrichmentReasons: ['enrich-no-pod'] });
  });
});

describe('a cluster', () => {
  const claims: [string, Record<string, string>, string][] = [
    ['absent', {}, 'cluster-absent'],
    ['unlisted', { ...ATTRIBUTES, gke_cluster: 'payments-eu2' }, 'cluster-unlisted'],
    ['unlisted', { ...ATTRIBUTES, gke_project: 'other-project' }, 'cluster-unlisted'],
    ['unlisted', { ...ATTRIBUTES, gke_location: 'europe-west4' }, 'cluster-unlisted'],
    ['invalid', { ...ATTRIBUTES, gke_cluster: '../../projects/other' }, 'cluster-invalid'],
  ];
  test.each(claims)('that is %s is not asked: %j', async (status, attributes, reason) => {
    const { enrich, asked } = setUp();
    const context = enrich(eventOf(), attributes);
    expect(context).not.toBeInstanceOf(Promise);
    expect(await context).toMatchObject({
      clusterStatus: status,
      enrichment: 'none',
      enrichmentReasons: [reason],
      namespace: 'payments',
      derivedWorkload: 'ledger-api',
    });
    expect(asked).toEqual([]);
  });

  test('has the environment that pipeline.yaml gives it, whoever else is asked', async () => {
    const { enrich } = setUp({ clusters: [{ ...CLUSTER, environment: 'staging' }], answers: {} });
    expect(await enrich(eventOf(), ATTRIBUTES)).toMatchObject({ environment: 'staging' });
    const other = { ...ATTRIBUTES, gke_cluster: 'payments-eu2' };
    expect(await enrich(eventOf(), other)).not.toHaveProperty('environment');
  });

  test('that does not have the node is marked', async () => {
    const answers = fullAnswers();
    delete answers[`node ${NODE}`];
    const context = await setUp({ answers }).enrich(eventOf(), ATTRIBUTES);
    expect(context.clusterMismatch).toBe(true);
    expect(context.enrichmentReasons).toContain('cluster-mismatch');
    expect(context.enrichment).toBe('partial');
    expect(context.nodePool).toBeUndefined();
  });

  test('that GKE knows, with a node of another by its name, is marked', async () => {
    const { enrich } = setUp({ clusters: [CLUSTER] });
    for (const other of ['data-eu4', 'payments-us1', 'payments', 'p']) {
      const context = await enrich(eventOf({}, { hostname: `gke-${other}-spot-pool-1df9fd78-h0m4` }), ATTRIBUTES);
      expect(context).toMatchObject({ clusterMismatch: true, enrichmentReasons: ['cluster-mismatch'] });
      expect(context.nodePool).toBeUndefined();
    }
  });

  test('that GKE knows, with a node whose name leaves the pool open, is not marked', async () => {
    const { enrich } = setUp({ clusters: [CLUSTER] });
    const context = await enrich(eventOf({}, { hostname: 'gke-payments-eu1-new-pool-1df9fd78-h0m4' }), ATTRIBUTES);
    expect(context).toMatchObject({ clusterMismatch: false, enrichment: 'partial' });
    expect(context.enrichmentReasons).toEqual(['enrich-not-found']);
    expect(context.nodePool).toBeUndefined();
  });

  test('that had the node a while ago is not marked: it was deleted', async () => {
    const { enrich, answers, time } = setUp();
    await enrich(eventOf(), ATTRIBUTES);
    delete answers[`node ${NODE}`];
    time.pass(11 * 60_000);
    expect(await enrich(eventOf(), ATTRIBUTES)).toMatchObject({ clusterMismatch: false, nodePool: 'spot-pool' });
  });

  test('without the endpoint that pipeline.yaml names says so', async () => {
    const { enrich } = setUp({ kubernetes: 'ip' });
    const context = await enrich(eventOf(), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'partial', enrichmentReasons: ['enrich-no-endpoint'] });
  });
});

describe('names', () => {
  const hostile = ['../..', 'a/b', 'x?y', 'x#y', 'pöd', '%2e%2e', 'UPPER', 'a b', 'x'.repeat(300), '.', '-'];
  test.each(hostile)('that are none are never asked for: %s', async (name) => {
    const { enrich, asked } = setUp();
    const event = eventOf({ 'k8s.ns.name': name, 'k8s.pod.name': name }, { hostname: name });
    const context = await enrich(event, ATTRIBUTES);
    expect(asked).toEqual(['cluster payments-eu1']);
    expect(context.enrichmentReasons).toContain('enrich-invalid-name');
    expect(context.clusterMismatch).toBe(false);
  });
});

test('equal digests and ids of other containers are not confused', async () => {
  const answers = fullAnswers();
  const pod = answers[POD] as { found: true; value: object };
  const sidecar = { name: 'proxy', id: 'd'.repeat(64), digest: `sha256:${'b'.repeat(64)}` };
  answers[POD] = found({ ...pod.value, containers: [sidecar, { name: 'api', id: FULL_ID, digest: DIGEST }] });
  const { enrich } = setUp({ answers });
  expect((await enrich(eventOf(), ATTRIBUTES)).imageDigest).toBe(DIGEST);
  expect((await enrich(eventOf({ 'container.id': 'dddddddddddd' }), ATTRIBUTES)).imageDigest).toBe(sidecar.digest);
  // Restarted since: known by its name.
  expect((await enrich(eventOf({ 'container.id': 'eeeeeeeeeeee' }), ATTRIBUTES)).imageDigest).toBe(DIGEST);
});
