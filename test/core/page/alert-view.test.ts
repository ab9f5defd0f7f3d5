import { describe, expect, test } from '@jest/globals';
import type { Context, FieldValue } from '../../../functions/core/event/alert.ts';
import { alertView, factsOfView, viewOf } from '../../../functions/core/page/alert-view.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { readEvent } from '../../../functions/ingest/event.ts';
import { eventText, shellEvent } from '../../support/events.ts';

const CONTEXT: Context = {
  cluster: { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' },
  clusterStatus: 'listed',
  environment: 'production',
  clusterMismatch: false,
  namespace: 'payments',
  pod: 'ledger-api-7c9d4f8b6d-x2x8k',
  enrichment: 'partial',
  enrichmentReasons: [],
};

function view(fields: Record<string, FieldValue> = {}, changes: Record<string, unknown> = {}): AlertView {
  const read = readEvent(eventText({ ...shellEvent({ fields }), ...changes }));
  if (!read.ok) throw new Error(read.detail);
  return viewOf({ uuid: 'u1', fingerprint: 'f', event: read.event, context: CONTEXT, priority: 'Critical' });
}

describe('the alert as people see it', () => {
  test('shows no field that says nothing', () => {
    const { fields } = view({ 'proc.tty': '<NA>', 'proc.cwd': null, 'proc.aname[2]': '', 'user.loginuid': -1 });
    expect(fields).not.toHaveProperty(['proc.tty']);
    expect(fields).not.toHaveProperty(['proc.cwd']);
    expect(fields).not.toHaveProperty(['proc.aname[2]']);
    expect(fields['user.loginuid']).toBe('-1');
  });

  test.each([
    ['09:00:02.500000000: Notice A shell | a=b', 'A shell | a=b'],
    ['23:59:59.000000001: Informational 09:00:02.5: Notice x', '09:00:02.5: Notice x'],
    ['A shell at 09:00:02.5: Notice', 'A shell at 09:00:02.5: Notice'],
  ])('has its output without the node’s time and the priority: %s', (output, shown) => {
    expect(view({}, { output }).output).toBe(shown);
  });

  test('is bounded in every part, and keeps both ends of what is long', () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`proc.field${index}`, 'x']));
    const long = view({ ...many, 'proc.cmdline': `begin${'x'.repeat(5_000)}end` }, { tags: Array(100).fill('tag') });
    expect(Object.keys(long.fields)).toHaveLength(64);
    expect(long.tags).toHaveLength(32);
    expect(long.fields['proc.cmdline']).toMatch(/^begin.{500,504}end$/);
  });

  test('is read back by escalate as it was, and answers matchers as the event did', () => {
    const seen = view({ 'fd.name': '/etc/shadow' });
    const read = alertView.parse(JSON.parse(JSON.stringify(seen)));
    expect(read).toEqual(JSON.parse(JSON.stringify(seen)));
    const facts = factsOfView(read);
    expect(
      ['namespace', 'environment', 'priority', 'falco_priority', 'fd.name', 'team'].map((name) => facts(name)),
    ).toEqual(['payments', 'production', 'Critical', 'Notice', '/etc/shadow', undefined]);
  });
});
