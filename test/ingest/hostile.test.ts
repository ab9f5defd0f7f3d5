/** ingest against what no honest node would send: times out of range, events without measure, attributes of others. */

import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const LOKI_DOWN = { kind: 'unavailable', reason: 'loki-unavailable', detail: 'connection refused' } as const;

describe('a critical event of', () => {
  const times = [
    '0001-01-01T00:00:00Z',
    '1969-12-31T23:59:59.5Z',
    '9999-12-31T23:59:59.999999999Z',
    '5200-01-01T00:00:00Z',
  ];
  test.each(times)('%s pages all the same, and is acknowledged', async (time) => {
    const w = world();
    expect(await w.ingest(shellEvent({ time }))).toBe(204);
    await w.deliver('escalations', 'escalate');
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
    expect(w.on('dead-letter')).toHaveLength(0);
  });

  test('more than a store can hold is parked once, and pages', async () => {
    const w = world();
    const event = shellEvent({ fields: { 'proc.cmdline': `bash ${'x'.repeat(1_200_000)}` } });
    expect(await w.ingest(event)).toBe(204);
    const [parked] = w.on('dead-letter');
    expect(parked?.attributes).toMatchObject({ reason: 'event-too-large', falco_relay_identity: event.uuid });
    expect(w.on('escalations')).toHaveLength(1);
    expect(w.calls).not.toContain('claim');
    await w.deliver('escalations', 'escalate');
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });
});

describe('the log of a cluster that nobody listed', () => {
  test('waits for no publish of our own suspicion', async () => {
    const w = world({ pipeline: 'clusters: [{ project: acme-prod, location: europe-west1, name: other }]\n' });
    await w.ingest(shellEvent({ priority: 'Critical' }));
    const rules = w.on('escalations').map(({ data }) => JSON.parse(String(data)).rule);
    expect(rules).toEqual(['Terminal shell in container', 'Falco Relay: events from an unlisted cluster']);
  });
});

describe('attributes that Pub/Sub sets and takes from nobody', () => {
  const attributes = { ...CLUSTER_ATTRIBUTES, googclient_schemaencoding: 'JSON' };
  test('do not go to the retry topic', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    expect(await w.ingest(shellEvent(), attributes)).toBe(204);
    expect(w.on('retry')[0]?.attributes).toMatchObject(CLUSTER_ATTRIBUTES);
    expect(Object.keys(w.on('retry')[0]?.attributes ?? {}).filter((name) => name.startsWith('goog'))).toEqual([]);
  });
  test('do not go to the dead-letter topic', async () => {
    const w = world();
    await w.call('ingest', pushOf('no JSON', attributes));
    expect(Object.keys(w.on('dead-letter')[0]?.attributes ?? {}).filter((name) => name.startsWith('goog'))).toEqual([]);
  });
  test('nor does a message get more of them than Pub/Sub takes', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    const many = Object.fromEntries(Array.from({ length: 96 }, (_, i) => [`attribute${i}`, 'x']));
    expect(await w.ingest(shellEvent(), { ...many, ...CLUSTER_ATTRIBUTES })).toBe(204);
    const kept = w.on('retry')[0]?.attributes ?? {};
    expect(Object.keys(kept).length).toBeLessThanOrEqual(100);
    expect(kept).toMatchObject({ ...CLUSTER_ATTRIBUTES, falco_relay_retry: '1' });
  });
});

describe('a step that throws for one event', () => {
  test('parks it, since the same step would throw again', async () => {
    const w = world();
    // An audited resource of this name once was looked up among the properties that every object has.
    const audit = shellEvent({
      source: 'k8s_audit',
      fields: { 'ka.auditid': 'a-1', 'ka.target.resource': 'constructor', 'ka.target.name': 'x' },
    });
    expect(await w.ingest(audit)).toBe(204);
    expect(w.stored[0]?.metadata).not.toHaveProperty('workload_kind');
  });
});

describe('what the summary gathers', () => {
  test('is redacted as the log is, even where receivers may see everything', async () => {
    const seen: string[] = [];
    const memory = createMemoryStore(
      () => 1_795_424_405_000,
      () => () => {},
    );
    const spied: typeof memory = {
      ...memory,
      claim: (claims) => {
        seen.push(...claims.map((claim) => claim.seen.user));
        return memory.claim(claims);
      },
    };
    const w = world({ pipeline: 'redact: { receivers: false }\n', memory: spied });
    await w.ingest(shellEvent({ fields: { 'user.name': 'https://ana:hunter2@x.example' } }));
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toContain('hunter2');
    expect(eventText(w.stored[0] ?? {})).not.toContain('hunter2');
  });
});

describe('while the store is down', () => {
  test('what escalates says that nobody claimed it', async () => {
    const w = world();
    w.faults.claim = 'before';
    expect(await w.ingest()).toBe(503);
    expect(w.on('escalations')[0]?.attributes).toMatchObject({ falco_relay_unclaimed: '1' });
  });
});
