/** The rules of docs/protocol.md on incidents, where breaking one has no other test that would notice. */

import { describe, expect, test } from '@jest/globals';
import { alertLike, SHELL } from '../support/alerts.ts';
import { pushOf } from '../support/events.ts';
import { world } from '../support/world.ts';

const HOUR = 3_600_000;
const RECEIVERS = `
receivers:
  - { name: oncall, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
`;

describe('c1: an alert that was counted keeps its group and generation', () => {
  test('when routes have changed before its redelivery', async () => {
    const before = world({ pipeline: `route: { receiver: oncall }${RECEIVERS}` });
    before.faults.publish = { notifications: 'before' };
    expect((await before.escalate()).status).toBe(503);

    const changed = `route: { receiver: leads, group_by: [rule] }${RECEIVERS}`;
    const after = world({ pipeline: changed, memory: before.memory });
    expect((await after.escalate()).status).toBe(204);
    expect(await after.memory.list('incident', 10)).toHaveLength(1);
    await after.deliver('notifications', 'notify');
    expect(after.sent).toMatchObject([{ receiver: 'oncall', generation: 1, count: 1 }]);
  });

  test('for as long as Pub/Sub may redeliver it, though the incident went quiet long ago', async () => {
    const w = world();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    w.time.pass(7 * 24 * HOUR);
    await w.escalate();
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });

  test('when it comes twice at the same moment', async () => {
    const w = world();
    await Promise.all([w.escalate(), w.escalate()]);
    await w.deliver('notifications', 'notify');
    expect(w.sent).toMatchObject([{ count: 1 }]);
  });

  test('in its old generation when the next one has opened', async () => {
    const w = world();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    w.time.pass(24 * HOUR);
    await w.escalate(alertLike(SHELL));
    await w.deliver('notifications', 'notify');
    await w.escalate();
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ generation, count }) => [generation, count])).toEqual([
      [1, 1],
      [2, 1],
    ]);
  });
});

test('c2: an incident goes quiet a day after its last alert, not after its first', async () => {
  const w = world();
  for (let hour = 0; hour <= 60; hour += 20) {
    await w.escalate(alertLike(SHELL));
    w.time.pass(20 * HOUR);
  }
  await w.deliver('notifications', 'notify');
  expect(w.sent).toMatchObject([{ generation: 1, count: 4 }]);
});

test('c3: what was heard is not woken again by a redelivery', async () => {
  const w = world();
  await w.escalate();
  await w.deliver('notifications', 'notify');
  await w.escalate();
  expect(w.on('notifications')).toEqual([]);
});

test('c3: an alert that escalate can not count wakes nobody', async () => {
  const w = world();
  w.faults.transact = 'before';
  expect((await w.escalate()).status).toBe(503);
  expect(w.calls).toEqual([]);
});

test('a12: an event that was escalated without a claim, and again with one, is one alert', async () => {
  const w = world();
  w.faults.claim = 'before';
  expect(await w.ingest()).toBe(503);
  delete w.faults.claim;
  expect(await w.ingest()).toBe(204);
  expect(w.on('escalations')).toHaveLength(2);
  await w.deliver('escalations', 'escalate');
  await w.deliver('notifications', 'notify');
  expect(w.sent).toMatchObject([{ count: 1 }]);
});

test('the incident of an alert is that of the workload its event names, whatever enrichment adds', async () => {
  const w = world();
  const workload = { kind: 'Deployment', name: 'ledger' };
  for (const where of [SHELL.where, { ...SHELL.where, workload }, { ...SHELL.where, enrichment: 'none' as const }]) {
    await w.call('escalate', pushOf(JSON.stringify(alertLike(SHELL, { where }))));
  }
  await w.deliver('notifications', 'notify');
  expect(w.sent).toMatchObject([{ count: 3 }]);
});
