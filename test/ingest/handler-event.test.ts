/** ingest against the rules of docs/protocol.md: an event, its redeliveries, its repeats. */

import { describe, expect, test } from '@jest/globals';
import { RETRY } from '../../functions/core/event/attributes.ts';
import { CLUSTER_ATTRIBUTES, quietEvent, shellEvent } from '../support/events.ts';
import { LOKI_DOWN, world } from '../support/world.ts';

describe('an event', () => {
  test('is written with its bytes as received, its labels and its metadata', async () => {
    const w = world();
    expect(await w.ingest()).toBe(204);
    const [entry] = w.stored;
    expect(entry?.labels).toEqual({
      project: 'acme-prod',
      cluster: 'payments-eu1',
      source: 'syscall',
      priority: 'Notice',
    });
    expect(entry?.timestampNs).toBe('1795424402500000000');
    expect(entry?.line).toContain('"evt.time":1795424402500000123');
    expect(entry?.metadata).toMatchObject({
      kind: 'event',
      uuid: '0b6a8f0e-3f57-4c64-9a53-0c9f4f6f7d01',
      n: '1',
      rule: 'Terminal shell in container',
      hostname: 'gke-payments-eu1-default-pool-5b1c2f3a-g2q1',
      k8s_ns_name: 'payments',
      k8s_pod_name: 'ledger-api-7c9d4f8b6d-x2x8k',
      container_name: 'ledger-api',
      mitre: 'T1059,mitre_execution',
      effective_priority: 'Critical',
      detected_level: 'critical',
    });
    expect(entry?.metadata.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that escalates is published once, with its raised priority', async () => {
    const w = world();
    await w.ingest();
    const [message] = w.on('escalations');
    expect(w.on('escalations')).toHaveLength(1);
    const view = JSON.parse(String(message?.data));
    expect(view).toMatchObject({ priority: 'Critical', falcoPriority: 'Notice', rule: 'Terminal shell in container' });
    expect(view.fingerprint).toBe(w.stored[0]?.metadata.fingerprint);
    expect(view.output).toBe('A shell was spawned in a container with an attached terminal | process=bash parent=runc');
  });

  test('of Falco itself is written and never escalates', async () => {
    const w = world();
    const drop = shellEvent({ rule: 'Falco internal: syscall event drop', priority: 'Critical', source: 'internal' });
    expect(await w.ingest(drop)).toBe(204);
    expect(w.stored).toHaveLength(1);
    expect(w.on('escalations')).toHaveLength(0);
  });

  test('without a uuid is known by its messageId, also on the retry topic', async () => {
    const w = world();
    const nameless = quietEvent('');
    w.faults.push = LOKI_DOWN;
    expect(await w.ingest(nameless, undefined, 'message-7')).toBe(204);
    delete w.faults.push;
    expect(await w.deliver('retry', 'ingest')).toEqual([204]);
    expect(w.stored.map(({ metadata }) => metadata.uuid)).toEqual(['message-7']);
  });

  test('of the audit log is known by its auditID and its rule', async () => {
    const w = world();
    const audit = (uuid: string, rule: string) =>
      shellEvent({
        uuid,
        rule,
        priority: 'Notice',
        source: 'k8s_audit',
        fields: { 'ka.auditid': 'a-1', 'ka.cluster.name': 'payments-eu1' },
      });
    await w.ingest(audit('u1', 'Attach/Exec Pod'));
    await w.ingest(audit('u2', 'Attach/Exec Pod'));
    await w.ingest(audit('u3', 'Another rule'));
    expect(w.stored).toHaveLength(2);
    expect(new Set(w.stored.map(({ metadata }) => metadata.uuid)).size).toBe(2);
  });
});

describe('a redelivery (a1, a7)', () => {
  test('of a settled event has no effect', async () => {
    const w = world();
    expect([await w.ingest(), await w.ingest(), await w.ingest()]).toEqual([204, 204, 204]);
    expect(w.stored).toHaveLength(1);
    expect(w.on('escalations')).toHaveLength(1);
    expect(w.observations.filter(({ kind }) => kind === 'event')).toMatchObject([
      { outcome: 'written' },
      { outcome: 'redelivery' },
      { outcome: 'redelivery' },
    ]);
  });

  test('after a push whose answer was lost looks first and writes nothing twice', async () => {
    const w = world();
    w.faults.push = 'lost';
    expect(await w.ingest(quietEvent('u1'))).toBe(204);
    delete w.faults.push;
    expect(await w.deliver('retry', 'ingest')).toEqual([204]);
    expect(w.stored).toHaveLength(1);
    expect(w.calls).toContain('has');
  });

  test('writes the bytes of the first attempt, whatever is known by now (a4)', async () => {
    const w = world();
    w.faults.push = LOKI_DOWN;
    await w.ingest(quietEvent('u1'));
    delete w.faults.push;
    const other = { ...CLUSTER_ATTRIBUTES, [RETRY]: '1', gke_cluster: 'renamed' };
    expect(await w.ingest(quietEvent('u1'), other)).toBe(204);
    expect(w.stored[0]?.labels.cluster).toBe('payments-eu1');
  });

  test('twice at the same moment is one event', async () => {
    const w = world();
    const answers = await Promise.all([w.ingest(), w.ingest(), w.ingest()]);
    expect(answers).toEqual([204, 204, 204]);
    expect(w.counted()).toBe(1);
  });
});

describe('a repeat (a2, a3, b1)', () => {
  test('is counted and not written, and its window becomes one summary', async () => {
    const w = world();
    for (let index = 0; index < 7; index += 1) expect(await w.ingest(quietEvent(`u${index}`))).toBe(204);
    expect(w.stored).toHaveLength(1);
    w.time.pass(10 * 60_000);
    expect((await w.call('sweep', {})).status).toBe(204);
    expect(w.stored[1]?.metadata).toMatchObject({ kind: 'repeats', n: '6', rule: 'Read sensitive file untrusted' });
    expect(JSON.parse(w.stored[1]?.line ?? '')).toMatchObject({ count: 6, pods: ['ledger-api-7c9d4f8b6d-x2x8k'] });
    expect(w.counted()).toBe(7);
  });

  test('of something that escalates is written for the first 20, and escalates every time', async () => {
    const w = world();
    for (let index = 0; index < 25; index += 1) await w.ingest(shellEvent({ uuid: `u${index}` }));
    expect(w.stored).toHaveLength(21);
    expect(w.on('escalations')).toHaveLength(25);
    w.time.pass(10 * 60_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(25);
  });

  test('after its window has ended is a first again', async () => {
    const w = world();
    await w.ingest(quietEvent('u1'));
    w.time.pass(10 * 60_000);
    await w.ingest(quietEvent('u2'));
    expect(w.stored.map(({ metadata }) => metadata.uuid)).toEqual(['u1', 'u2']);
  });

  test('under a randomised command line counts under one fingerprint after 50 (a15)', async () => {
    const w = world();
    for (let index = 0; index < 80; index += 1)
      await w.ingest(
        quietEvent(`u${index}`, {
          'fd.name': `/etc/${'abcdefghij'[index % 10]}${'klmnopqrst'[Math.floor(index / 10)]}`,
        }),
      );
    expect(w.stored.length).toBeLessThanOrEqual(51);
    w.time.pass(60 * 60_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(80);
  });
});

describe('an event older than every record (a13)', () => {
  const old = quietEvent('u1');

  test('is looked up, kept and never counted', async () => {
    const w = world();
    w.time.pass(9 * 24 * 3_600_000);
    expect(await w.ingest(old)).toBe(204);
    expect(w.calls).toEqual(expect.arrayContaining(['has', 'push']));
    expect(w.observations.at(-1)).toMatchObject({ role: 'keep', outcome: 'written' });
    expect(await w.ingest({ ...old, uuid: 'u2' })).toBe(204);
    expect(w.stored).toHaveLength(2);
  });

  test('that Loki has is not written again', async () => {
    const w = world();
    await w.ingest(old);
    w.time.pass(40 * 24 * 3_600_000);
    expect(await w.ingest(old)).toBe(204);
    expect(w.stored).toHaveLength(1);
  });
});
