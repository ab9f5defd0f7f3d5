import { describe, expect, test } from '@jest/globals';
import type { Context } from '../../functions/core/event/alert.ts';
import { PRIORITIES, type Priority } from '../../functions/core/priority.ts';
import { entryOf } from '../../functions/ingest/entry.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { type EventChanges, eventText, shellEvent } from '../support/events.ts';

const CONTEXT: Context = {
  cluster: { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' },
  clusterStatus: 'listed',
  clusterMismatch: false,
  namespace: 'payments',
  pod: 'ledger-api-7c9d4f8b6d-x2x8k',
  enrichment: 'partial',
  enrichmentReasons: ['enrich-timeout'],
};

/** The shell, to the millisecond. */
const AT = Date.parse('2026-11-23T09:00:02.500Z');

function entry(changes: EventChanges = {}, context: Context = CONTEXT, priority: Priority = 'Emergency', now = AT) {
  const read = readEvent(eventText(shellEvent(changes)));
  if (!read.ok) throw new Error(read.detail);
  return entryOf('u1', read.event, read.raw, context, priority, now);
}

describe('an entry', () => {
  test('has few, bounded index labels, of which the priority is Falco’s own; the rest is metadata', () => {
    const { labels, metadata } = entry();
    expect(labels).toEqual({
      project: 'acme-prod',
      cluster: 'payments-eu1',
      source: 'syscall',
      priority: 'Notice',
    });
    expect(metadata).toMatchObject({
      kind: 'event',
      uuid: 'u1',
      n: '1',
      effective_priority: 'Emergency',
      k8s_ns_name: 'payments',
      k8s_pod_name: 'ledger-api-7c9d4f8b6d-x2x8k',
      enrichment: 'partial',
      enrichment_reasons: 'enrich-timeout',
      location: 'europe-west1',
    });
  });

  test('of no cluster has labels all the same: a stream without them would be another', () => {
    const { cluster: _, ...context } = CONTEXT;
    expect(entry({}, { ...context, clusterStatus: 'absent' })).toMatchObject({
      labels: { project: 'unknown', cluster: 'unknown' },
      metadata: { cluster_status: 'absent' },
    });
  });

  test.each([
    ['k8s_audit', 'k8s_audit'],
    ['a source with spaces', 'other'],
    ['x'.repeat(33), 'other'],
  ])('of source %s has the label %s', (source, label) => {
    expect(entry({ source }).labels.source).toBe(label);
  });

  test('has a level that Grafana colours', () => {
    const levels = PRIORITIES.map((priority) => entry({}, CONTEXT, priority).metadata.detected_level);
    expect(levels).toEqual(['critical', 'critical', 'critical', 'error', 'warn', 'info', 'info', 'debug']);
  });

  test.each([
    { name: 'says how late the event was, in milliseconds', now: AT + 1_234, lag: '1234' },
    { name: 'of a node whose clock is ahead was not late', now: AT - 90_000, lag: '0' },
  ])('$name', ({ now, lag }) => {
    expect(entry({}, CONTEXT, 'Notice', now).metadata.lag_ms).toBe(lag);
  });

  test('leaves out what is not known', () => {
    for (const value of Object.values(entry({ hostname: '' }).metadata)) expect(value).not.toBe('');
    expect(entry({ hostname: '' }).metadata).not.toHaveProperty('hostname');
  });
});
