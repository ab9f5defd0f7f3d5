import { describe, expect, test } from '@jest/globals';
import { parsePipeline } from '../../functions/config.ts';
import type { Context } from '../../functions/core/event/alert.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { type JudgeOptions, judge } from '../../functions/ingest/judge.ts';
import { type EventChanges, eventText, shellEvent } from '../support/events.ts';

const CONTEXT: Context = {
  cluster: { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' },
  clusterStatus: 'listed',
  clusterMismatch: false,
  namespace: 'payments',
  pod: 'ledger-api-7c9d4f8b6d-x2x8k',
  enrichment: 'partial',
  enrichmentReasons: [],
};

function options(text: string): JudgeOptions {
  const problems: string[] = [];
  const pipeline = parsePipeline(text, problems);
  if (!pipeline) throw new Error(problems.join('\n'));
  return pipeline;
}

function judged(pipeline: string, changes: EventChanges = {}, context: Context = CONTEXT) {
  const read = readEvent(eventText(shellEvent(changes)));
  if (!read.ok) throw new Error(read.detail);
  return judge(read.event, context, options(pipeline));
}

describe('severity', () => {
  const tables: [string, string, string, string][] = [
    [
      'is Falco’s own where nothing matches',
      `severity: [{ match: ['rule="Other"'], priority: Alert }]`,
      'Notice',
      'as Falco says',
    ],
    [
      'is raised by the first that matches',
      `severity: [{ match: ['namespace="payments"'], priority: crit }, { match: ['rule=~".*"'], priority: Debug }]`,
      'Critical',
      'namespace="payments"',
    ],
    [
      'is lowered',
      `severity: [{ match: ['namespace="payments"'], priority: debug, reason: a sandbox }]`,
      'Debug',
      'a sandbox',
    ],
    [
      'is raised on what is not known',
      `severity: [{ match: ['team="payments"'], priority: Alert, reason: theirs }]`,
      'Alert',
      'theirs (unknown here, so the louder)',
    ],
    [
      'is never lowered on what is not known',
      `severity: [{ match: ['team="payments"'], priority: Debug }]`,
      'Notice',
      'as Falco says',
    ],
    [
      'goes on to the next where unknown would lower',
      `severity: [{ match: ['team="x"'], priority: Debug }, { match: ['namespace="payments"'], priority: Error }]`,
      'Error',
      'namespace="payments"',
    ],
  ];
  test.each(tables)('%s', (_, pipeline, priority, reason) => {
    expect(judged(pipeline)).toMatchObject({ priority, severityReason: reason });
  });
});

describe('escalation', () => {
  const raise = `severity: [{ match: ['rule=~".*"'], priority: PRIORITY }]`;
  test.each(['Emergency', 'Alert', 'Critical'])('is for %s', (priority) => {
    expect(judged(raise.replace('PRIORITY', priority)).escalates).toBe(true);
  });
  test.each(['Error', 'Warning', 'Notice', 'Informational', 'Debug'])('is not for %s', (priority) => {
    expect(judged(raise.replace('PRIORITY', priority)).escalates).toBe(false);
  });
  test('is as configured', () => {
    expect(judged(`escalate: { match: ['rule="Terminal shell in container"'] }`).escalates).toBe(true);
  });
  test('happens when what it asks for is not known', () => {
    expect(judged(`escalate: { match: ['team="payments"'] }`).escalates).toBe(true);
  });
  test('is not for Falco’s own events, whatever their priority', () => {
    const drop = { rule: 'Falco internal: syscall event drop', source: 'internal', priority: 'Critical' };
    expect(judged('', drop).escalates).toBe(false);
  });
});

describe('windows', () => {
  test('last ten minutes, and an hour for the API server', () => {
    expect(judged('').windowMs).toBe(600_000);
    expect(judged('', { rule: 'Contact K8S API Server From Container' }).windowMs).toBe(3_600_000);
  });
  test('are as configured, for all or for what matches', () => {
    const pipeline = `dedupe: { window: 5m, rules: [{ match: ['namespace="payments"'], window: 2h, keep: 3, by: [namespace, proc.name] }] }`;
    expect(judged(pipeline)).toMatchObject({ windowMs: 7_200_000, keep: 3 });
    expect(Object.keys(judged(pipeline).fingerprint.fields)).toEqual(
      expect.arrayContaining(['namespace', 'proc.name']),
    );
    expect(judged(pipeline, { fields: { 'k8s.ns.name': 'shop' } })).toMatchObject({ windowMs: 300_000, keep: 0 });
  });
  test.each([
    ['namespace="payments"', { namespace: 'shop' }],
    ['pod="ledger-api-7c9d4f8b6d-x2x8k"', { pod: 'other-0' }],
    ['workload="ledger-api"', { workload: { kind: 'Deployment', name: 'ledger' } }],
    ['container="ledger-api"', { container: 'other' }],
    ['image=~".*/ledger-api"', { image: 'other' }],
    ['image_tag="v41"', { imageTag: 'v42' }],
    ['node="gke-payments-eu1-default-pool-5b1c2f3a-g2q1"', { node: 'other' }],
  ] satisfies [string, Partial<Context>][])(
    'and what counts as the same do not flap with enrichment: %s',
    (matcher, enriched) => {
      const pipeline = `dedupe: { rules: [{ match: ['${matcher}'], window: 2h, by: [namespace] }] }`;
      const { derivedWorkload: _, ...bare } = CONTEXT;
      const before = judged(pipeline, {}, bare);
      const after = judged(pipeline, {}, { ...CONTEXT, ...enriched, enrichment: 'full' });
      expect(before.windowMs).toBe(7_200_000);
      expect(after).toMatchObject({ windowMs: before.windowMs, fingerprint: before.fingerprint });
    },
  );
  test('are not chosen by what the event does not say, whatever enrichment found', () => {
    const pipeline = `dedupe: { rules: [{ match: ['namespace!="shop"'], window: 2h }] }`;
    const late = { fields: { 'k8s.ns.name': null } };
    for (const enrichment of ['none', 'full'] as const)
      expect(judged(pipeline, late, { ...CONTEXT, enrichment }).windowMs).toBe(600_000);
  });
  test('are chosen by the cluster that the publisher claims', () => {
    const pipeline = `dedupe: { rules: [{ match: ['cluster="payments-eu1"'], window: 2h }] }`;
    expect(judged(pipeline).windowMs).toBe(7_200_000);
  });
  test.each([
    ['environment="production"', { environment: 'production' }, 7_200_000],
    ['environment="production"', { environment: 'development' }, 600_000],
    ['environment=""', {}, 7_200_000],
    ['environment=""', { clusterStatus: 'unlisted' }, 600_000],
  ] satisfies [string, Partial<Context>, number][])(
    'are chosen by what pipeline.yaml says of that cluster: %s, %j',
    (matcher, said, windowMs) => {
      const pipeline = `dedupe: { rules: [{ match: ['${matcher}'], window: 2h }] }`;
      for (const enrichment of ['none', 'full'] as const)
        expect(judged(pipeline, {}, { ...CONTEXT, ...said, enrichment }).windowMs).toBe(windowMs);
    },
  );
  test.each([
    'team',
    'workload_kind',
    'node_pool',
    'zone',
    'machine_type',
    'service_account',
    'image_digest',
    'cluster_status',
    'cluster_mismatch',
    'enrichment',
    'namespace_label_stage',
    'pod_label_app',
  ])('can not be chosen by %s, which only enrichment knows', (name) => {
    expect(() => options(`dedupe: { rules: [{ match: ['rule="a", ${name}="b"'], window: 2h }] }`)).toThrow(
      `dedupe.rules.0.match: "${name}" comes from enrichment`,
    );
    expect(() => options(`severity: [{ match: ['${name}="b"'], priority: Debug }]`)).not.toThrow();
  });
  test('of what escalates keep 20 repeats as evidence', () => {
    expect(judged(`escalate: { match: ['rule=~".*"'] }`).keep).toBe(20);
    expect(judged('').keep).toBe(0);
  });
  test('limit how many firsts one rule opens in a workload', () => {
    expect(judged('').overflow).toMatchObject({ limit: 50, windowMs: 600_000 });
  });
});
