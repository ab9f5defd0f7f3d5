/** What sweep says in Loki of incidents and deliveries, and what that must not cost. */

import { describe, expect, test } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import { groupKeyOf, INCIDENT_KIND } from '../../functions/core/incident/documents.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { receiverNames } from '../../functions/roles.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { LOKI_DOWN, PIPELINE, START, world } from '../support/world.ts';

const MINUTE_MS = 60_000;

const at = (uuid: string, changes: Partial<AlertView> = {}, where: Partial<AlertView['where']> = {}): AlertView =>
  alertLike(SHELL, { ...changes, uuid, where: { ...SHELL.where, ...where } });

/** On a minute, with a shell in the ledger and one in the shop, both told. */
async function twoShells() {
  const w = world();
  w.time.pass(MINUTE_MS - (START % MINUTE_MS));
  await w.escalate(at('ledger'));
  await w.escalate(at('shop', {}, { namespace: 'shop', derivedWorkload: 'web', workload: undefined }));
  await w.deliver('notifications', 'notify');
  return w;
}

/** What a person does about the incident of a workload. */
async function act(w: ReturnType<typeof world>, kind: 'acknowledge' | 'resolve', workload: string): Promise<void> {
  const does = createAct({ store: w.memory, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const keys = (await w.memory.list(INCIDENT_KIND, 10)).map(groupKeyOf);
  const groupKey = keys.find((key) => key.includes(`workload="${workload}"`)) ?? '';
  await does({
    kind,
    incident: { groupKey, generation: 1 },
    by: 'ana',
    via: 'slack',
    requestId: `${kind} ${workload}`,
  });
}

const BY_CLUSTER = PIPELINE.replace('receiver: oncall }', 'receiver: oncall, group_by: [cluster] }');
const OBSERVED = `mode: observe\n${PIPELINE}`;
const CALM = `storm: { incidents: 1000 }\n${PIPELINE}`;

const swept = async (w: ReturnType<typeof world>) => {
  w.reported.splice(0);
  const { status } = await w.call('sweep', {});
  const of = (kind: string) => w.reported.map(({ metadata }) => metadata).filter((each) => each.kind === kind);
  return { status, health: of('health')[0], deliveries: of('deliveries'), incidents: of('incident') };
};

describe('a report', () => {
  test('counts what is open and what somebody took on', async () => {
    const w = await twoShells();
    expect((await swept(w)).health).toMatchObject({ open: '2', acknowledged: '0', waiting: '0', page_wait_ms: '0' });
    await act(w, 'acknowledge', 'ledger-api');
    const { health, incidents } = await swept(w);
    expect(health).toMatchObject({ open: '1', acknowledged: '1' });
    expect(incidents.map(({ k8s_ns_name, standing }) => [k8s_ns_name, standing]).sort()).toEqual([
      ['payments', 'acknowledged'],
      ['shop', 'open'],
    ]);
  });

  test('has each incident under the names that events have in Loki, in a stream of the relay', async () => {
    const w = await twoShells();
    w.time.pass(MINUTE_MS);
    const { incidents } = await swept(w);
    expect(incidents).toContainEqual({
      kind: 'incident',
      uuid: expect.stringMatching(/^incident \{.*\}#1 acme-prod payments-eu1 payments ledger-api \d+$/),
      n: '1',
      incident: expect.stringMatching(/#1$/),
      standing: 'open',
      severity: SHELL.priority,
      rule: SHELL.rule,
      alerts: '1',
      opened: new Date(w.time.clock() - MINUTE_MS).toISOString(),
      idle_ms: String(MINUTE_MS),
      receivers: 'oncall',
      project: 'acme-prod',
      cluster: 'payments-eu1',
      location: 'europe-west1',
      source: 'syscall',
      k8s_ns_name: 'payments',
      workload_name: 'ledger-api',
    });
    for (const { labels, timestampNs } of w.reported) {
      expect([labels, timestampNs]).toEqual([{ service_name: 'falco-relay' }, `${w.time.clock()}000000`]);
    }
  });

  test('names each place of an incident once', async () => {
    const w = world({ pipeline: BY_CLUSTER });
    await w.escalate(at('one'));
    await w.escalate(at('two', { rule: 'Another rule' }, { namespace: 'shop' }));
    await w.escalate(at('three', { rule: 'A third rule' }));
    const { health, incidents } = await swept(w);
    expect(health?.open).toBe('1');
    expect(incidents.map(({ k8s_ns_name, alerts }) => [k8s_ns_name, alerts])).toEqual([
      ['payments', '3'],
      ['shop', '3'],
    ]);
    expect(new Set(incidents.map(({ uuid }) => uuid)).size).toBe(2);
  });

  test('says who waits, since when, and who fails; of who waits for nothing, nothing', async () => {
    const w = world();
    w.time.pass(MINUTE_MS - (START % MINUTE_MS));
    w.answers.oncall = { kind: 'retry', reason: 'receiver-unavailable', detail: 'HTTP 500' };
    await w.escalate(at('ledger'));
    await w.deliver('notifications', 'notify');
    w.time.pass(3 * MINUTE_MS);
    const { health, deliveries } = await swept(w);
    const waits = { waiting: '1', page_wait_ms: String(3 * MINUTE_MS) };
    expect(health).toMatchObject(waits);
    expect(deliveries).toEqual([
      expect.objectContaining({ receiver: 'oncall', failing: '1', ...waits }),
      expect.objectContaining({ receiver: 'leads', waiting: '0', failing: '0', page_wait_ms: '0' }),
    ]);
  });

  test('of an update that waits says so, and not that a page does', async () => {
    const w = await twoShells();
    await act(w, 'acknowledge', 'ledger-api');
    w.time.pass(5 * MINUTE_MS);
    expect((await swept(w)).health).toMatchObject({ waiting: '1', page_wait_ms: '0' });
  });

  test('counts apart what a storm holds and what is only observed', async () => {
    const w = world({ pipeline: OBSERVED });
    await w.escalate(at('ledger'));
    expect((await swept(w)).health).toMatchObject({ open: '0', observed: '1' });
    const stormy = world();
    for (let n = 0; n < 13; n += 1) {
      await stormy.escalate(at(`of-${n}`, {}, { derivedWorkload: `w-${n}`, workload: undefined }));
    }
    expect((await swept(stormy)).health).toMatchObject({ open: '11', held: '3' });
  });

  test('says nothing of what is over', async () => {
    const w = await twoShells();
    await act(w, 'resolve', 'ledger-api');
    expect((await swept(w)).incidents.map(({ k8s_ns_name }) => k8s_ns_name)).toEqual(['shop']);
  });

  test('of two sweeps in a minute has the same bytes', async () => {
    const w = await twoShells();
    await w.call('sweep', {});
    const first = w.reported.splice(0);
    w.time.pass(MINUTE_MS - 1);
    await w.call('sweep', {});
    expect(w.reported).toEqual(first);
    w.time.pass(1);
    await swept(w);
    expect(w.reported.map(({ metadata }) => metadata.uuid)).not.toEqual(first.map(({ metadata }) => metadata.uuid));
  });

  test('has those with the latest alerts first, and says that there are more', async () => {
    const w = world({ pipeline: CALM });
    for (let n = 0; n < 505; n += 1) {
      await w.escalate(at(`of-${n}`, {}, { derivedWorkload: `w-${n}`, workload: undefined }));
      w.time.pass(10);
    }
    const { health, incidents } = await swept(w);
    expect(health).toMatchObject({ open: '505', cut: 'true' });
    expect(incidents).toHaveLength(500);
    expect(incidents[0]?.workload_name).toBe('w-504');
    expect(incidents.map(({ workload_name }) => workload_name)).not.toContain('w-0');
  });

  test('names the receivers of the configuration and those that were given, each once', () => {
    const config = { receivers: [{ name: 'oncall' }, { name: 'leads' }] };
    const roles = { config, receivers: [{ name: 'leads' }, { name: 'outbox' }] };
    expect(receiverNames(roles as unknown as Parameters<typeof receiverNames>[0])).toEqual([
      'oncall',
      'leads',
      'outbox',
    ]);
  });
});

describe('a report that fails', () => {
  test('for Loki fails no sweep, says so, and wakes who is due all the same', async () => {
    const w = world();
    await w.escalate(at('ledger'));
    w.published.splice(0);
    w.faults.report = LOKI_DOWN;
    expect((await swept(w)).status).toBe(204);
    expect(w.on('notifications')).toHaveLength(1);
    expect(w.lines.filter(({ reason }) => reason === 'report-unavailable')).toMatchObject([
      { severity: 'WARNING', message: 'report: connection refused' },
    ]);
  });

  test('is written nowhere but in its own stream', async () => {
    const w = await twoShells();
    await swept(w);
    expect(w.stored).toEqual([]);
    expect(w.counted()).toBe(0);
  });
});
