/** The watch against the rules of docs/protocol.md, section (e): who is told of which silence, and when it is over. */

import { describe, expect, test } from '@jest/globals';
import { readIncident } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { alertOn, incidents, minutes, snapshot, speak, watchAlerts } from '../support/falco.ts';
import { world } from '../support/world.ts';

const NODES = ['gke-a-1', 'gke-a-2', 'gke-a-3', 'gke-a-4', 'gke-a-5'];
const OTHERS = NODES.slice(1);
const SILENT = 'Falco Relay: node silent';
const CLUSTER = 'Falco Relay: cluster silent';

const ROUTED = `
route: { receiver: oncall, group_by: [project, cluster] }
receivers: [{ name: oncall, webhook: { url: 'https://oncall.acme.example/' } }]
`;

describe('a node that goes silent (e1)', () => {
  test('is one alert, at Warning, and one incident, however long it lasts', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 11, OTHERS);
    expect(watchAlerts(w)).toEqual([]);
    await minutes(w, 30, OTHERS);
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, priority: 'Warning', where: { node: 'gke-a-1' } }]);
    expect(watchAlerts(w)[0]?.output).toContain('gke-a-1 is silent: its last event is of 2026-11-23T09:25:05Z');
    expect(await incidents(w)).toMatchObject([
      { labels: { project: 'acme-prod', cluster: 'payments-eu1', rule: SILENT }, state: 'open', count: 1 },
    ]);
  });

  test('is Critical when it had alerted shortly before', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await speak(w, alertOn('gke-a-1'));
    await minutes(w, 22, OTHERS);
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, priority: 'Critical' }]);
    expect(watchAlerts(w)[0]?.output).toContain('shortly after it had alerted');
  });

  test('is Warning when it had alerted long before', async () => {
    const w = world();
    await minutes(w, 10, NODES);
    await speak(w, alertOn('gke-a-1'));
    await minutes(w, 40, NODES);
    await minutes(w, 20, OTHERS);
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, priority: 'Warning' }]);
  });

  test("is Warning when Falco's own word about itself was Critical", async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await speak(w, { ...snapshot('gke-a-1'), rule: 'Falco internal: syscall event drop', priority: 'Critical' });
    await minutes(w, 22, OTHERS);
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, priority: 'Warning' }]);
  });

  test('is Critical also when its alert was raised to Warning here', async () => {
    const pipeline = 'severity: [{ match: [rule="Read sensitive file untrusted"], priority: Warning }]';
    const w = world({ pipeline });
    await minutes(w, 30, NODES);
    await speak(w, alertOn('gke-a-1', { priority: 'Notice' }));
    await minutes(w, 22, OTHERS);
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, priority: 'Critical' }]);
  });

  test.each([
    { name: 'spoke for less than the grace', node: 'gke-a-1', spoken: 10 },
    { name: 'never sent two snapshots', node: 'gke-a-1', spoken: 5 },
  ])('is nobody when it $name', async ({ node, spoken }) => {
    const w = world();
    await minutes(w, 30, OTHERS);
    await minutes(w, spoken, [...OTHERS, node]);
    await minutes(w, 40, OTHERS);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('is not one that only alerts now and then', async () => {
    const w = world();
    await minutes(w, 30, OTHERS);
    for (let index = 0; index < 3; index += 1) {
      await speak(w, alertOn('gke-a-1'));
      await minutes(w, 10, OTHERS);
    }
    await minutes(w, 40, OTHERS);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('under its new name is a new node, and under its old one silent', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 40, [...OTHERS, 'gke-a-9']);
    expect(watchAlerts(w).map(({ where }) => where.node)).toEqual(['gke-a-1']);
  });

  test('is forgotten after a day, told once', async () => {
    const w = world({ pipeline: 'nodes: { forget_after: 1h }' });
    await minutes(w, 30, NODES);
    await minutes(w, 90, OTHERS);
    expect(watchAlerts(w)).toHaveLength(1);
    expect(w.lines.map(({ reason }) => reason)).toContain('node-forgotten');
    await minutes(w, 15, NODES);
    await minutes(w, 20, OTHERS);
    expect(watchAlerts(w)).toHaveLength(2);
  });
});

describe('who is no node', () => {
  test.each([
    { name: 'a Falco pod', hostname: 'falco-x2x8k' },
    { name: 'a path', hostname: '../../etc' },
    { name: 'markup', hostname: '<script>' },
    { name: 'nothing', hostname: '' },
    { name: 'very long', hostname: 'a'.repeat(300) },
  ])('$name', async ({ hostname }) => {
    const w = world();
    await minutes(w, 30, [...NODES, hostname]);
    await minutes(w, 30, NODES);
    expect(watchAlerts(w)).toEqual([]);
    expect(w.lines.filter(({ severity }) => severity !== 'INFO')).toEqual([]);
  });

  test('a node of a cluster that is not listed', async () => {
    const pipeline = 'clusters: [{ project: acme-prod, location: europe-west1, name: another }]';
    const w = world({ pipeline });
    await minutes(w, 30, NODES);
    await minutes(w, 30, OTHERS);
    expect(watchAlerts(w).map(({ rule }) => rule)).not.toContain(SILENT);
  });

  test('the speaker for another source of events on the same node', async () => {
    const w = world();
    const audit = () => snapshot('gke-a-1', { 'evt.source': 'k8s_audit' });
    await minutes(w, 30, NODES);
    for (let round = 0; round < 5; round += 1) {
      await speak(w, audit());
      await minutes(w, 5, OTHERS);
    }
    expect(watchAlerts(w)).toMatchObject([{ rule: SILENT, where: { node: 'gke-a-1' } }]);
  });
});

describe('a silent cluster (e2)', () => {
  test('is half of its nodes: one page after 11 minutes that stands for its nodes', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 30, NODES.slice(3));
    expect(watchAlerts(w)).toMatchObject([{ rule: CLUSTER, priority: 'Critical' }]);
    expect(watchAlerts(w)[0]?.silent).toContain('3 node(s): gke-a-1, gke-a-2, gke-a-3');
    expect(await incidents(w)).toMatchObject([{ labels: { rule: CLUSTER }, count: 1 }]);
  });

  test('is not one node of two', async () => {
    const w = world();
    await minutes(w, 30, ['gke-a-1', 'gke-a-2']);
    await minutes(w, 30, ['gke-a-2']);
    expect(watchAlerts(w).map(({ rule }) => rule)).toEqual([SILENT]);
  });

  test('is not half of it that went in the course of hours', async () => {
    const w = world();
    const nodes = [...NODES, 'gke-a-6'];
    await minutes(w, 30, nodes);
    for (let gone = 1; gone <= 4; gone += 1) await minutes(w, 40, nodes.slice(gone));
    expect(watchAlerts(w).map(({ rule, where }) => [rule, where.node])).toEqual(
      nodes.slice(0, 4).map((node) => [SILENT, node]),
    );
    expect(await incidents(w)).toMatchObject([{ state: 'open', count: 4 }]);
    await minutes(w, 5, nodes);
    expect(await incidents(w)).toMatchObject([{ state: 'resolved' }]);
  });

  test('speaks again: its incident is resolved, and what is still silent is told as nodes', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 15, NODES.slice(3));
    expect(await incidents(w)).toMatchObject([{ state: 'open' }]);
    await minutes(w, 20, OTHERS);
    expect(watchAlerts(w).map(({ rule, where }) => [rule, where.node])).toEqual([
      [CLUSTER, undefined],
      [SILENT, 'gke-a-1'],
    ]);
    expect(await incidents(w)).toMatchObject([
      { labels: { rule: CLUSTER }, state: 'resolved', by: { who: 'Falco Relay' } },
      { labels: { rule: SILENT }, state: 'open' },
    ]);
  });

  test('is its canary, which escalates nothing itself', async () => {
    const pipeline = 'escalate: { match: [\'priority=~".*"\'] }';
    const w = world({ pipeline });
    for (let round = 0; round < 6; round += 1) {
      await speak(w, alertOn('gke-a-1', { rule: 'Falco Relay canary' }));
      await minutes(w, 5, NODES);
    }
    expect(w.on('escalations')).toEqual([]);
    await minutes(w, 20, NODES);
    expect(watchAlerts(w)).toMatchObject([{ rule: CLUSTER, priority: 'Critical' }]);
    expect(watchAlerts(w)[0]?.output).toContain('the canary of payments-eu1 has not tripped since 2026-11-23T09:25:05');
  });
});

describe('the end of a silence (e3)', () => {
  test('resolves the incident once every silent node of the cluster speaks', async () => {
    const w = world();
    const nodes = [...NODES, 'gke-a-6', 'gke-a-7'];
    await minutes(w, 30, nodes);
    await minutes(w, 25, nodes.slice(2));
    expect(await incidents(w)).toMatchObject([{ labels: { rule: SILENT }, state: 'open', count: 2 }]);
    await minutes(w, 5, nodes.slice(1));
    expect(await incidents(w)).toMatchObject([{ state: 'open' }]);
    await minutes(w, 5, nodes);
    expect(await incidents(w)).toMatchObject([{ state: 'resolved', generation: 1 }]);
    await minutes(w, 20, nodes.slice(1));
    expect(await incidents(w)).toMatchObject([{ state: 'open', generation: 2 }]);
    await minutes(w, 20, nodes.slice(1));
    expect(await incidents(w)).toMatchObject([{ state: 'open', generation: 2 }]);
  });

  test('resolves it also when its alert is handled only after the end', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 17, OTHERS);
    await minutes(w, 5, NODES);
    expect(await incidents(w)).toMatchObject([{ state: 'open' }]);
    await minutes(w, 5, NODES);
    expect(await incidents(w)).toMatchObject([{ state: 'resolved' }]);
  });

  test('leaves an incident alone that alerts of another kind joined', async () => {
    const w = world({ pipeline: `${ROUTED}\n` });
    await minutes(w, 30, NODES);
    await minutes(w, 17, OTHERS);
    const [alert] = watchAlerts(w);
    if (!alert) throw new Error('no alert');
    await w.escalate(alert);
    await w.escalate(alertLike({ ...SHELL, where: { cluster: SHELL.where.cluster } }));
    await minutes(w, 15, NODES);
    const key = groupOf(alert, ['project', 'cluster']).key;
    expect(await w.memory.transact((tx) => readIncident(tx, key))).toMatchObject({ state: 'open', count: 2 });
  });
});
