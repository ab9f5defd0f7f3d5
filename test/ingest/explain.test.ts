/** ingest against the rules of docs/protocol.md on audit records: who opened a shell, with the events as they come. */

import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { fixture, fixtureText } from '../fixtures/load.ts';
import { pushOf, shellEvent } from '../support/events.ts';
import { START, world } from '../support/world.ts';

// Static facts, so that nobody is asked for metadata.
const FACTS = join(import.meta.dirname, '../../functions/local/clusters.yaml');
const PIPELINE = `
clusters: [{ project: acme-prod, location: europe-west1, name: payments-eu1, metadata: ${FACTS} }]
severity: [{ match: ['rule="Terminal shell in container"'], priority: Critical, reason: production }]
route: { receiver: oncall }
receivers: [{ name: oncall, webhook: { url: 'https://oncall.acme.example/' } }]
`;
const ANA = { user: 'ana@acme.example', from: '203.0.113.7', agent: 'kubectl/v1.36.1 (linux/amd64)' };

/** With the fixtures as Pub/Sub pushes them. */
function relay() {
  const w = world({ pipeline: PIPELINE });
  return {
    ...w,
    bring: async (name: string) => (await w.call('ingest', { message: fixture(name), subscription: 's' })).status,
    async page(): Promise<void> {
      await w.deliver('escalations', 'escalate');
      await w.deliver('notifications', 'notify');
    },
  };
}

describe('an exec in the audit log', () => {
  test('that comes after its shell names the person in an update', async () => {
    const w = relay();
    expect(await w.bring('shell-terminal')).toBe(204);
    await w.page();
    expect(await w.bring('audit-exec')).toBe(204);
    await w.deliver('notifications', 'notify');
    expect(w.sent).toMatchObject([
      { type: 'page', shells: [{ by: [] }] },
      { type: 'update', shells: [{ by: [ANA] }] },
    ]);
  });

  test('that comes before it names the person in the page', async () => {
    const w = relay();
    await w.bring('audit-exec');
    await w.bring('shell-terminal');
    await w.page();
    expect(w.sent).toMatchObject([{ type: 'page', shells: [{ by: [ANA] }] }]);
  });

  test('is of no concern to a shell in another pod', async () => {
    const w = relay();
    await w.bring('audit-exec');
    await w.bring('shell-terminal-other-pod');
    await w.page();
    expect(w.sent).toMatchObject([{ type: 'page', shells: [{ by: [] }] }]);
  });

  test('is found by a redelivery where the first attempt ended too early', async () => {
    const w = relay();
    await w.bring('shell-terminal');
    await w.page();
    w.faults.transact = 'before';
    await w.bring('audit-exec');
    delete w.faults.transact;
    await w.bring('audit-exec');
    await w.deliver('notifications', 'notify');
    expect(w.sent).toMatchObject([{ type: 'page' }, { type: 'update', shells: [{ by: [ANA] }] }]);
  });

  test('costs no event: where the store fails on it, a line says so and the message is acknowledged', async () => {
    const w = relay();
    w.faults.transact = 'before';
    expect(await w.bring('audit-exec')).toBe(204);
    expect(w.stored).toHaveLength(1);
    const lines = w.lines.filter(({ reason }) => reason === 'exec-not-joined');
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatchObject({ severity: 'WARNING', message: 'who: the connection was refused' });
    expect(JSON.stringify(lines)).not.toContain('ana@acme.example');
  });

  test('delays no page and no line: both are on their way while the store has not answered', async () => {
    let answer = (): void => {};
    const answered = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const { memory } = world();
    const { transact } = memory;
    const w = world({
      pipeline: PIPELINE,
      memory: { ...memory, transact: (body) => answered.then(() => transact(body)) },
    });
    const critical = fixtureText('audit-exec').replace('"priority":"Notice"', '"priority":"Critical"');
    const exec = w.call('ingest', pushOf(critical));
    while (w.stored.length === 0 || w.on('escalations').length === 0) await new Promise(setImmediate);
    answer();
    expect((await exec).status).toBe(204);
  });
});

describe('that audit records arrive', () => {
  const unexplained = async (w: ReturnType<typeof relay>): Promise<unknown> => {
    await w.ingest(shellEvent({ time: new Date(w.time.clock()).toISOString() }));
    await w.page();
    w.time.pass(90_000);
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    return w.sent.at(-1)?.shells?.[0]?.unexplained;
  };

  test('is known by any audit event of the cluster, for a day', async () => {
    const w = relay();
    await w.bring('audit-secret-get');
    w.time.pass(24 * 3_600_000 - 1_000);
    expect(await unexplained(w)).toBe(true);
  });

  test('is forgotten after a day', async () => {
    const w = relay();
    await w.bring('audit-secret-get');
    w.time.pass(24 * 3_600_000);
    expect(await unexplained(w)).toBeUndefined();
  });

  test('is not known by a record that comes late', async () => {
    const w = relay();
    w.time.pass(6 * 60_000);
    await w.bring('audit-secret-get');
    expect(await unexplained(w)).toBeUndefined();
  });

  test('is written once in five minutes by an instance', async () => {
    const w = relay();
    let transactions = 0;
    const { transact } = w.memory;
    const counting = world({
      // The watch over nodes writes for itself.
      pipeline: `nodes: { watch: false }\n${PIPELINE}`,
      time: w.time,
      memory: {
        ...w.memory,
        transact(body) {
          transactions += 1;
          return transact(body);
        },
      },
    });
    const bring = (auditId: string): Promise<number> => {
      const time = new Date(w.time.clock()).toISOString();
      const fields = { 'ka.auditid': auditId, 'ka.cluster.name': 'payments-eu1', 'ka.user.name': auditId };
      return counting.ingest(shellEvent({ time, source: 'k8s_audit', rule: 'Read', priority: 'Notice', fields }));
    };
    for (const id of ['a', 'b', 'c']) await bring(id);
    expect(transactions).toBe(1);
    w.time.pass(5 * 60_000);
    await bring('d');
    expect(transactions).toBe(2);
    expect(w.time.clock()).toBe(START + 5 * 60_000);
  });
});
