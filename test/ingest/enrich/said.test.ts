import { describe, expect, test } from '@jest/globals';
import { identify, type Said, saidBy, teamFieldsOf } from '../../../functions/ingest/enrich/said.ts';
import { enrichOptions } from '../../../functions/ingest/enrich.ts';
import { ATTRIBUTES, CLUSTER, eventOf, NODE } from './support.ts';

const TEAM_FIELDS = teamFieldsOf(['team', 'owner']);

function said(fields: Parameters<typeof eventOf>[0], changes: Parameters<typeof eventOf>[1] = {}): Said {
  return saidBy(eventOf(fields, changes), ATTRIBUTES, TEAM_FIELDS);
}

describe('what a system call event says', () => {
  test.each([null, '', '<NA>', 7, {}, undefined as never])('%j is no value', (value) => {
    const names = ['k8s.ns.name', 'k8s.pod.name', 'container.id', 'container.name', 'container.image.repository'];
    const of = said(Object.fromEntries(names.map((name) => [name, value])));
    expect([of.namespace, of.pod, of.containerId, of.container, of.image]).toEqual(Array(5).fill(undefined));
    expect(of.onHost).toBe(false);
  });

  test('k8smeta stands in for k8s, which may be null for a while', () => {
    const of = said({
      'k8s.ns.name': null,
      'k8s.pod.name': '<NA>',
      'k8smeta.ns.name': 'web',
      'k8smeta.pod.name': 'web-1',
      'k8smeta.pod.uid': 'u',
      'k8smeta.deployment.name': 'web',
      'k8smeta.rs.name': 'web-7c9d5b8f6',
    });
    expect(of).toMatchObject({
      namespace: 'web',
      pod: 'web-1',
      podUid: 'u',
      workloadKind: 'Deployment',
      workloadName: 'web',
    });
  });

  test.each<[string, object, string | undefined]>([
    ["the pod's label before the namespace's", { 'k8smeta.ns.label[team]': 'a', 'k8s.pod.label[owner]': 'b' }, 'b'],
    ['labels in their order', { 'k8s.pod.label[owner]': 'b', 'k8s.pod.label[team]': 'a' }, 'a'],
    ['none where none is set', { 'k8s.pod.label[team]': null }, undefined],
  ])('team: %s', (_name, fields, team) => {
    expect(said(fields as Record<string, string | null>).team).toBe(team);
  });

  test.each([
    [NODE, NODE],
    ['falco-x2x8k', undefined],
    ['falco-relay-falco-zq7vd', undefined],
    ['falco-node-1', 'falco-node-1'],
    ['', undefined],
  ])('hostname %s is the node %s', (hostname, node) => {
    expect(said({}, { hostname }).node).toBe(node);
  });

  test('long values are cut, and a name that was cut is still none', () => {
    expect(said({ 'k8s.pod.name': 'x'.repeat(10_000) }).pod).toHaveLength(254);
    expect(said({ 'container.image.repository': 'x'.repeat(10_000) }).image).toHaveLength(1_024);
  });
});

describe('what an audit event says', () => {
  const audit = (fields: Record<string, string | null>): Said =>
    saidBy(eventOf({}, { source: 'k8s_audit', hostname: 'audit-reader', fields }), ATTRIBUTES, TEAM_FIELDS);

  test('its cluster, not the one that its message names', () => {
    expect(audit({ 'ka.cluster.name': 'data-eu4' })).toMatchObject({
      cluster: 'data-eu4',
      project: undefined,
      location: undefined,
    });
  });

  test('project and location where they are appended', () => {
    const fields = {
      'ka.cluster.name': 'data-eu4',
      'jevt.value[/annotations/project_id]': 'acme-prod',
      'jevt.value[/annotations/location]': 'europe-west4-b',
    };
    expect(audit(fields)).toMatchObject({ cluster: 'data-eu4', project: 'acme-prod', location: 'europe-west4-b' });
  });

  test('without a cluster of its own, the one that its message names', () => {
    expect(audit({ 'ka.cluster.name': null })).toMatchObject({ cluster: 'payments-eu1', project: 'acme-prod' });
  });

  test.each([
    ['pods', { pod: 'x', node: undefined, workloadKind: undefined }],
    ['nodes', { pod: undefined, node: 'x', workloadKind: undefined }],
    ['cronjobs', { pod: undefined, workloadKind: 'CronJob', workloadName: 'x' }],
    ['secrets', { pod: undefined, workloadKind: undefined, workloadName: undefined }],
  ])('%s: what is concerned', (resource, expected) => {
    const fields = { 'ka.target.resource': resource, 'ka.target.name': 'x', 'ka.target.namespace': 'web' };
    expect(audit(fields)).toMatchObject({ namespace: 'web', ...expected });
  });

  test('never its hostname as the node', () => {
    expect(audit({ 'ka.target.resource': 'pods' }).node).toBeUndefined();
  });
});

describe('which cluster', () => {
  const twin = { ...CLUSTER, location: 'us-east1' };
  const alone = { ...CLUSTER, name: 'shop-us1' };
  const { clusters } = enrichOptions.parse({ clusters: [CLUSTER, twin, alone] });
  const cases: [string, (string | undefined)[], object][] = [
    ['all three, listed', ['acme-prod', 'europe-west1', 'payments-eu1'], { status: 'listed', cluster: CLUSTER }],
    [
      'all three, unlisted',
      ['acme-prod', 'europe-west1', 'x'],
      { status: 'unlisted', cluster: { ...CLUSTER, name: 'x' } },
    ],
    ['a name that one listed cluster has', [undefined, undefined, 'shop-us1'], { status: 'listed', cluster: alone }],
    [
      'a name that two have',
      [undefined, undefined, 'payments-eu1'],
      { status: 'absent', cluster: { name: 'payments-eu1', project: 'unknown' } },
    ],
    [
      'a name that two have, and a location',
      [undefined, 'us-east1', 'payments-eu1'],
      { status: 'listed', cluster: twin },
    ],
    [
      'a name that none has',
      [undefined, undefined, 'other'],
      { status: 'unlisted', cluster: { name: 'other', location: 'unknown' } },
    ],
    ['a listed name in another project', ['other-project', undefined, 'shop-us1'], { status: 'unlisted' }],
    ['no name', ['acme-prod', 'europe-west1', undefined], { status: 'absent' }],
    ['an old project of a domain', ['acme.example:acme-prod', 'europe-west1', 'x'], { status: 'unlisted' }],
    ['a zone', ['acme-prod', 'us-central1-ai1a', 'x'], { status: 'unlisted' }],
    ['a project that climbs', ['../../x', 'europe-west1', 'x'], { status: 'invalid' }],
    ['a project with a query', ['acme-prod?x=y', 'europe-west1', 'x'], { status: 'invalid' }],
    ['a location with a slash', ['acme-prod', 'europe-west1/x', 'x'], { status: 'invalid' }],
    ['a location that is a wildcard', ['acme-prod', '-', 'x'], { status: 'invalid' }],
    ['a name in capitals', ['acme-prod', 'europe-west1', 'X'], { status: 'invalid' }],
    ['a name of 41 characters', ['acme-prod', 'europe-west1', 'x'.repeat(41)], { status: 'invalid' }],
    ['a name beyond ASCII', ['acme-prod', 'europe-west1', 'pаyments'], { status: 'invalid' }],
    ['a name with a line break', ['acme-prod', 'europe-west1', 'x\n'], { status: 'invalid' }],
    ['a hostile name alone', [undefined, undefined, '../x'], { status: 'invalid' }],
  ];
  test.each(cases)('%s', (_name, [project, location, cluster], expected) => {
    const identity = identify({ ...said({}), project, location, cluster }, clusters);
    expect(identity).toMatchObject(expected);
    if (identity.status !== 'listed') expect(identity.listed).toBeUndefined();
    if (identity.status === 'invalid') expect(identity.cluster).toBeUndefined();
  });
});
