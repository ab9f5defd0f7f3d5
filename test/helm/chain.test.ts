/** What the chart makes Falco and Falcosidekick say is what the relay reads. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { saidBy } from '../../functions/ingest/enrich/said.ts';
import { eventOf } from '../ingest/enrich/support.ts';
import { UPSTREAM } from '../support/policy.ts';
import { type FalcoItem, read, values } from './support.ts';

/** As Falcosidekick reads GCP_PUBSUB_CUSTOMATTRIBUTES: what has not exactly one colon is dropped. */
function attributesOf(text: string): Record<string, string> {
  const pairs = text.split(',').map((pair) => pair.split(':'));
  return Object.fromEntries(pairs.filter(({ length }) => length === 2));
}

test('the attributes of a message name the cluster to ingest', () => {
  const [, format = ''] = /printf "(gke_[^"]+)" \.project \.location \.name/.exec(read('templates/cluster.yaml')) ?? [];
  const names = ['acme-prod', 'europe-west1', 'payments-eu1'];
  const attributes = attributesOf(format.replace(/%s/g, () => names.shift() ?? ''));
  expect(saidBy(eventOf(), attributes, [])).toMatchObject({
    project: 'acme-prod',
    location: 'europe-west1',
    cluster: 'payments-eu1',
  });
});

test('an audit event names its cluster itself', () => {
  const fields = values.k8saudit.falco.append_output.flatMap(({ extra_fields = [] }) => extra_fields);
  const event = eventOf(Object.fromEntries(fields.map((field) => [field, field])), { source: 'k8s_audit' });
  const said = saidBy(event, { gke_project: 'other', gke_location: 'other', gke_cluster: 'other' }, []);
  expect(said).toMatchObject({
    project: 'jevt.value[/annotations/project_id]',
    location: 'jevt.value[/annotations/location]',
    cluster: 'ka.cluster.name',
  });
  // The identity of an audit event, of which several instances may read the same log.
  expect(fields).toContain('ka.auditid');
});

test('the Falco of the audit logs speaks for no node', () => {
  const { fullnameOverride, falcoHostnameEnv } = values.k8saudit;
  const pod = eventOf({}, { source: 'internal', hostname: `${fullnameOverride}-7d9c5b8f6d-x2x8k` });
  expect([falcoHostnameEnv, saidBy(pod, {}, []).node]).toEqual([false, undefined]);
});

describe('the canary', () => {
  const files = Object.values(values.falco.customRules ?? {});
  const rules = files.flatMap((text) => parse(text) as FalcoItem[]);
  const command = /command: \[(.+)\]/.exec(read('templates/canary.yaml'))?.[1] ?? '';

  test('trips the rule that values.yaml names', () => {
    expect(rules.map(({ rule }) => rule)).toEqual([values.canary.rule]);
  });

  test('has the arguments that its rule looks for, once, when it replaces its shell', () => {
    const [, wanted = ''] = /proc\.args = "([^"]+)"/.exec(rules[0]?.condition ?? '') ?? [];
    expect(wanted).not.toBe('');
    expect(command).toMatch(new RegExp(`exec /bin/true ${wanted}$`));
    // The shell's own arguments are others, or one tripping would be two.
    expect(command.replace(/^.*-c, /, '')).not.toBe(wanted);
  });

  test('passes the priority that Falco reports', () => {
    expect(values.falco.falco).toHaveProperty('priority', 'debug');
    expect(rules[0]?.priority).toBe('INFO');
  });
});

describe('versions', () => {
  const refs = ({ falcoctl }: typeof values.falco): string[] => falcoctl.config.artifact.install.refs;
  const example = parse(read('ci/more-rules-values.yaml')) as Pick<typeof values, 'falco'>;
  const versionsOf = (maturity: string) =>
    UPSTREAM.filter((set) => set.maturity === maturity).map((set) => set.version);

  test("of Falco's rules are those that the policy was made for", () => {
    expect(refs(values.falco).map((ref) => ref.replace(':', '-'))).toEqual(versionsOf('stable'));
    expect(refs(example.falco).map((ref) => ref.replace(':', '-'))).toEqual(
      ['stable', 'incubating', 'sandbox'].flatMap(versionsOf),
    );
  });

  test('of the audit rules as well', () => {
    const [version = ''] = versionsOf('k8s_audit');
    expect(refs(values.k8saudit)).toContain(`k8saudit-rules:${version.replace(/^.*\/v/, '')}`);
  });

  test('stay until somebody changes them', () => {
    const follows = [values.falco, values.k8saudit].map(({ falcoctl }) => falcoctl.artifact.follow.enabled);
    expect(follows).toEqual([false, false]);
  });
});

test('Falco sends to the service of Falcosidekick', () => {
  const hosts = [values.falco, values.k8saudit].map(({ falco }) => new URL(falco.http_output.url).host);
  expect(hosts).toEqual([1, 2].map(() => `${values.falcosidekick.fullnameOverride}:2801`));
});

function grantedBy(path: string): string[] {
  const template = read(path).replace(/^.*\{\{.*$/gm, '');
  const [role] = template.split('\n---\n');
  const { rules } = parse(role ?? '') as { rules: { resources: string[]; verbs: string[] }[] };
  return rules
    .flatMap(({ resources, verbs }) => resources.flatMap((of) => verbs.map((verb) => `${verb} ${of}`)))
    .sort();
}

test('what ingest may ask is what it asks, by the words of the adapter', () => {
  const adapter = readFileSync(new URL('../../functions/adapters/kubernetes.ts', import.meta.url), 'utf8');
  const [, got = '', listed = ''] = /Needs `get` on (.+), and `list` on (\w+)\./.exec(adapter) ?? [];
  const asked = [...got.split(/, | and /).map((of) => `get ${of}`), `list ${listed}`];
  expect(grantedBy('templates/enrichment-rbac.yaml')).toEqual(asked.sort());
});

test('what sweep may ask is what it asks', () => {
  const presence = readFileSync(new URL('../../functions/sweep/node-presence.ts', import.meta.url), 'utf8');
  const asked = [...presence.matchAll(/deps\.kubernetes\.(\w+)\(/g)].map(([, name]) => `get ${name}s`);
  expect(grantedBy('templates/node-watch-rbac.yaml')).toEqual(asked);
});
