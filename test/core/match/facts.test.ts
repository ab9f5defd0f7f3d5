import { describe, expect, test } from '@jest/globals';
import type { Context, FalcoEvent } from '../../../functions/core/event/alert.ts';
import { factsOf, fieldText, isFactName } from '../../../functions/core/match/facts.ts';

const event: FalcoEvent = {
  uuid: 'u',
  output: 'it ran',
  priority: 'Notice',
  rule: 'Terminal shell in container',
  time: '2026-11-23T09:00:00Z',
  timeNs: 1795424400000000000n,
  fields: {
    'container.id': '410254ef125a',
    'proc.name': 'bash',
    'evt.time': 1795424400580211919n,
    'k8s.ns.name': null,
    'fd.name': '<NA>',
    list: [1n],
  },
  source: 'syscall',
  tags: ['TA0002', 'T1059', 'container', 'mitre_execution'],
  hostname: 'gke-payments-eu1-default-pool-3c401fa8-g2q1',
};
const host: FalcoEvent = { ...event, fields: { ...event.fields, 'container.id': 'host' } };
const audit: FalcoEvent = { ...event, source: 'k8s_audit', fields: { 'ka.user.name': 'ana@acme.example' } };

const bare: Context = { clusterStatus: 'absent', clusterMismatch: false, enrichment: 'none', enrichmentReasons: [] };
const full: Context = {
  ...bare,
  cluster: { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' },
  clusterStatus: 'listed',
  namespace: 'payments',
  pod: 'ledger-api-7c9d5b8f6d-x2x8k',
  derivedWorkload: 'ledger-api',
  workload: { kind: 'Deployment', name: 'ledger' },
  team: 'payments',
  namespaceLabels: { stage: 'prod' },
  enrichment: 'full',
};

describe('factsOf', () => {
  test.each<[string, FalcoEvent, Context, string, string | undefined]>([
    ['effective priority', event, bare, 'priority', 'Critical'],
    ["Falco's priority", event, bare, 'falco_priority', 'Notice'],
    ['rule', event, bare, 'rule', 'Terminal shell in container'],
    ['family', event, bare, 'family', 'shell'],
    ['tags', event, bare, 'tags', 'TA0002,T1059,container,mitre_execution'],
    ['technique, not the tactic id', event, bare, 'technique', 'T1059'],
    ['tactic', event, bare, 'tactic', 'execution'],
    ['cluster', event, full, 'cluster', 'payments-eu1'],
    ['cluster that nobody named', event, bare, 'cluster', undefined],
    ['environment', event, { ...full, environment: 'production' }, 'environment', 'production'],
    ['environment of a listed cluster that has none', event, full, 'environment', ''],
    [
      'environment of a cluster that is not listed',
      event,
      { ...full, clusterStatus: 'unlisted' },
      'environment',
      undefined,
    ],
    [
      'environment of a cluster that does not have the node',
      event,
      { ...full, environment: 'development', clusterMismatch: true },
      'environment',
      undefined,
    ],
    ['environment where nobody named the cluster', host, bare, 'environment', undefined],
    ["the API's owner", event, full, 'workload', 'ledger'],
    ['the derived workload', event, { ...bare, derivedWorkload: 'ledger-api' }, 'workload', 'ledger-api'],
    ['kind', event, full, 'workload_kind', 'Deployment'],
    ['kind that enrichment could not tell', event, bare, 'workload_kind', undefined],
    ['namespace that came late', event, bare, 'namespace', undefined],
    ['namespace of a host event', host, bare, 'namespace', ''],
    ['pod of a host event', host, bare, 'pod', ''],
    ['workload of a host event', host, bare, 'workload', ''],
    ['service account of a host event', host, bare, 'service_account', ''],
    ['node pool of a host event', host, bare, 'node_pool', undefined],
    ['pod of an audit event that concerns none', audit, bare, 'pod', ''],
    ['team', event, full, 'team', 'payments'],
    ['team that enrichment could not tell', event, bare, 'team', undefined],
    ['team, partly enriched', event, { ...bare, enrichment: 'partial' }, 'team', undefined],
    ['zone that a full enrichment did not find', event, full, 'zone', ''],
    ['namespace label', event, full, 'namespace_label_stage', 'prod'],
    ['namespace label that is absent', event, full, 'namespace_label_tier', ''],
    ['namespace label that is not known', event, bare, 'namespace_label_stage', undefined],
    ['label of a host event', host, bare, 'pod_label_app', ''],
    ["a label called like an object's member", event, full, 'namespace_label_constructor', ''],
    ['a field', event, bare, 'proc.name', 'bash'],
    ['a field past 2^53', event, bare, 'evt.time', '1795424400580211919'],
    ['a field that is null', event, bare, 'k8s.ns.name', ''],
    ['a field that says <NA>', event, bare, 'fd.name', ''],
    ['a field that is absent', event, bare, 'proc.pname', ''],
    ['a list', event, bare, 'list', '["1"]'],
    ['a name of every object', event, bare, 'constructor', ''],
    ['the user of an audit event', audit, bare, 'user', 'ana@acme.example'],
  ])('%s', (_name, of, context, fact, expected) => {
    expect(factsOf(of, context, 'Critical')(fact)).toBe(expected);
  });
});

test.each([
  ['rule', true],
  ['proc.aname[2]', true],
  ['namespace_label_app', true],
  ['n_drops', true],
  ['namespce', false],
  ['constructor', false],
  ['', false],
])('isFactName %s: %s', (name, expected) => {
  expect(isFactName(name)).toBe(expected);
});

test('fieldText of a number and a boolean', () => {
  expect([fieldText(-1), fieldText(true), fieldText(0), fieldText(undefined)]).toEqual(['-1', 'true', '0', '']);
});
