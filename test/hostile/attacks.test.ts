/** Somebody who controls a pod, its names or a publisher, against the whole relay: each test is named after the attack. */

import { describe, expect, test } from '@jest/globals';
import { createLog } from '../../functions/log.ts';
import { HOSTILE } from '../fixtures/notifications.ts';
import { CLUSTER_ATTRIBUTES, eventText, execEvent, pushOf, quietEvent, shellEvent } from '../support/events.ts';
import { PIPELINE, world } from '../support/world.ts';
import { alertmanager, entryProblems, googleChat, pagerduty, slack, webhook } from './oracles.ts';

type World = ReturnType<typeof world>;

const LINKS = `${PIPELINE}
links: { grafana: 'https://grafana.acme.example', loki_datasource: loki, runbooks: 'https://runbooks.acme.example/falco/' }
`;
const ORACLES = { slack, pagerduty, googleChat, webhook, alertmanager };

async function told(w: World): Promise<World['sent']> {
  await w.deliver('escalations', 'escalate');
  await w.deliver('notifications', 'notify');
  return w.sent;
}

async function ingested(event: object, pipeline = PIPELINE, attributes = CLUSTER_ATTRIBUTES): Promise<World> {
  const w = world({ pipeline });
  expect(await w.ingest(event, attributes)).toBe(204);
  return w;
}

describe('what acts on whoever reads it', () => {
  const FIELDS = [
    'proc.cmdline',
    'proc.name',
    'proc.exepath',
    'user.name',
    'k8s.pod.name',
    'k8s.ns.name',
    'container.name',
  ];
  const MORE = ['container.image.repository', 'container.image.tag', 'fd.name', 'proc.pname', 'evt.arg.path'];

  test.each(HOSTILE)('%s in every field reaches no receiver and no label', async (_name, text) => {
    const fields = Object.fromEntries([...FIELDS, ...MORE].map((name) => [name, text]));
    const w = await ingested(shellEvent({ fields }), LINKS);
    for (const entry of w.stored) expect(entryProblems(entry)).toEqual([]);
    const [notification] = await told(w);
    if (!notification) throw new Error('nobody was told');
    const problems = Object.entries(ORACLES).map(([name, oracle]) => [name, oracle(notification)]);
    expect(Object.fromEntries(problems)).toEqual(Object.fromEntries(problems.map(([name]) => [name, []])));
  });

  test.each([
    'x?project=evil',
    'x/../../../evil',
    '..',
    'x#',
    '%2e%2e%2f',
    '//evil.example/',
    'x&project=evil',
    'a"} | json',
  ])('a name of %j leads no link elsewhere', async (name) => {
    const fields = { 'k8s.pod.name': name, 'k8s.ns.name': name, 'container.name': name, 'user.name': name };
    const w = await ingested({ ...shellEvent({ fields, hostname: name }), rule: 'Terminal shell in container' }, LINKS);
    const [notification] = await told(w);
    if (!notification) throw new Error('nobody was told');
    for (const oracle of Object.values(ORACLES)) expect(oracle(notification)).toEqual([]);
  });

  test('terminal escapes, direction marks and line ends stay letters in the log', () => {
    const lines: string[] = [];
    const message = 'a\u001b[2J\u009b31mb\u202ec\u2028d\u{e0041}\r\ne\u007f';
    createLog((line) => lines.push(line))({ severity: 'ERROR', message, labels: { pod: message } });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ message });
  });
});

describe('names of every object', () => {
  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'prototype'])(
    '%s changes nothing',
    async (name) => {
      const raw = eventText(
        shellEvent({ fields: { 'k8s.ns.name': name, 'k8s.pod.name': name, 'container.name': name } }),
      );
      const w = world({ pipeline: LINKS });
      const polluting = raw.replace(
        '"output_fields":{',
        `"${name}":{"polluted":1},"output_fields":{"${name}":{"polluted":1},`,
      );
      const attributes = JSON.parse(JSON.stringify(CLUSTER_ATTRIBUTES).replace('{', `{"${name}":"x",`));
      expect((await w.call('ingest', pushOf(polluting, attributes))).status).toBe(204);
      expect(await told(w)).toHaveLength(1);
      expect(w.stored[0]).toMatchObject({ metadata: { k8s_ns_name: name }, labels: { cluster: 'payments-eu1' } });
      expect(({} as Record<string, unknown>).polluted).toBeUndefined();
    },
  );
});

describe('the name of a cluster that aims at another address', () => {
  test.each([
    '../../evil',
    'a/b',
    'x?y=z',
    'x#y',
    'x@evil.example',
    'x:80',
    '%2e%2e',
    'x'.repeat(300),
    'a\nb',
    '.',
    'Пример',
  ])('%j builds no address and is no label', async (name) => {
    for (const attribute of ['gke_project', 'gke_location', 'gke_cluster']) {
      const w = await ingested(shellEvent(), LINKS, { ...CLUSTER_ATTRIBUTES, [attribute]: name });
      expect(w.stored[0]).toMatchObject({
        labels: { project: 'unknown', cluster: 'unknown' },
        metadata: { cluster_status: 'invalid' },
      });
      const [notification] = await told(w);
      expect(notification?.links.console).toBeUndefined();
    }
  });
});

describe('a ride on a silence', () => {
  const silenced = (match: string): string =>
    `${PIPELINE}silences: [{ match: [${match}], until: 2027-01-31T00:00:00Z, owner: ana, reason: week }]\n`;
  const SANDBOX = silenced(`'namespace="sandbox"'`);

  test.each<[string, string, object, Record<string, string>, boolean]>([
    ['silenced itself', SANDBOX, { 'k8s.ns.name': 'sandbox' }, CLUSTER_ATTRIBUTES, true],
    [
      'a command that names the namespace',
      SANDBOX,
      { 'proc.cmdline': 'sh namespace="sandbox"' },
      CLUSTER_ATTRIBUTES,
      false,
    ],
    ['a pod of that name', SANDBOX, { 'k8s.pod.name': 'sandbox' }, CLUSTER_ATTRIBUTES, false],
    ['a longer name', SANDBOX, { 'k8s.ns.name': 'sandbox-2' }, CLUSTER_ATTRIBUTES, false],
    ['a name with a line end', SANDBOX, { 'k8s.ns.name': 'sandbox\n' }, CLUSTER_ATTRIBUTES, false],
    ['letters that look alike', SANDBOX, { 'k8s.ns.name': 'sаndbox' }, CLUSTER_ATTRIBUTES, false],
    ['a field named as the fact', SANDBOX, { namespace: 'sandbox' }, CLUSTER_ATTRIBUTES, false],
    ['no namespace at all', SANDBOX, { 'k8s.ns.name': null }, CLUSTER_ATTRIBUTES, false],
    [
      'a label that only enrichment knows',
      silenced(`'pod_label_tier="test"'`),
      { pod_label_tier: 'test', 'k8s.pod.label.tier': 'test' },
      CLUSTER_ATTRIBUTES,
      false,
    ],
    [
      'more than a pattern reads',
      silenced(`'"proc.cmdline"=~".*backup.*"'`),
      { 'proc.cmdline': `backup ${'x'.repeat(5_000)}` },
      CLUSTER_ATTRIBUTES,
      false,
    ],
    ['a team that nobody asked for', silenced(`'team="red"'`), { team: 'red' }, CLUSTER_ATTRIBUTES, false],
    [
      'another cluster of the same name',
      silenced(`'cluster="payments-eu1"', 'location="us-east1"'`),
      {},
      CLUSTER_ATTRIBUTES,
      false,
    ],
  ])('%s', async (_name, pipeline, fields, attributes, isMuted) => {
    const w = await ingested(
      shellEvent({ fields: fields as Record<string, unknown> }),
      pipeline,
      attributes as typeof CLUSTER_ATTRIBUTES,
    );
    expect(w.stored).toHaveLength(1);
    expect(await told(w)).toHaveLength(isMuted ? 0 : 1);
  });

  test('nothing mutes an Emergency, and what is muted is in Loki, marked', async () => {
    const emergency = SANDBOX.replace('priority: Critical', 'priority: Emergency');
    const w = await ingested(shellEvent({ fields: { 'k8s.ns.name': 'sandbox' } }), emergency);
    expect(await told(w)).toHaveLength(1);
    const muted = await ingested(shellEvent({ fields: { 'k8s.ns.name': 'sandbox' } }), SANDBOX);
    expect(Object.keys(muted.stored[0]?.metadata ?? {})).toContain('muted');
  });
});

describe('a storm to hide in', () => {
  test('thirty workloads of noise hold no Emergency', async () => {
    const w = world({ pipeline: `${PIPELINE}escalate: { match: [] }\n` });
    for (let index = 0; index < 30; index += 1) {
      const fields = { 'k8s.pod.name': `noise${index}`, 'k8s.ns.name': `n${index}` };
      await w.ingest(quietEvent(`noise-${index}`, fields));
    }
    await told(w);
    const before = w.sent.splice(0);
    expect(before.length).toBeLessThan(15);
    const attack = { uuid: 'the-attack', rule: 'Escape', priority: 'Emergency', fields: { 'k8s.ns.name': 'ledger' } };
    await w.ingest(shellEvent(attack));
    const [notification] = await told(w);
    expect(notification).toMatchObject({
      type: 'page',
      severity: 'Emergency',
      group: { namespace: 'ledger' },
    });
    expect(notification?.storm).toBeUndefined();
  });

  test('the storm counts and names what it holds', async () => {
    const w = world({ pipeline: `${PIPELINE}escalate: { match: [] }\n` });
    for (let index = 0; index < 30; index += 1) {
      await w.ingest(quietEvent(`noise-${index}`, { 'k8s.pod.name': `noise${index}`, 'k8s.ns.name': `n${index}` }));
    }
    const storms = (await told(w)).filter(({ storm }) => storm);
    expect(storms.at(-1)?.storm).toMatchObject({ size: 20 });
  });
});

describe('a flood', () => {
  test('of three hundred command lines that are all unlike opens fifty windows and one, and loses none', async () => {
    const w = world();
    for (let index = 0; index < 300; index += 1) {
      const name = `x${(index * 7919).toString(36)}zq`;
      const fields = { 'proc.cmdline': `${name} --${name}`, 'proc.exepath': `/tmp/${name}`, 'proc.name': name };
      await w.ingest({ ...quietEvent(`flood-${index}`, fields), rule: 'Drop and execute new binary in container' });
    }
    expect(w.stored.length).toBeLessThanOrEqual(51);
    w.time.pass(11 * 60_000);
    await w.call('sweep', {});
    expect(w.counted()).toBe(300);
  });

  test('of nine megabytes in one event is parked, and the next one is taken', async () => {
    const w = world();
    await w.ingest(shellEvent({ fields: { list: Array.from({ length: 2_000_000 }, () => 1) } }));
    expect(w.on('dead-letter')[0]?.attributes).toMatchObject({ reason: 'event-not-falco' });
    expect(await w.ingest()).toBe(204);
    expect(w.stored).toHaveLength(1);
  });
});

describe('an exec that passes for a redelivery', () => {
  test('by the auditID of something harmless is told all the same', async () => {
    const w = world({ pipeline: `${PIPELINE}escalate: { match: [] }\n` });
    await w.ingest(execEvent('chosen-by-the-client', { fields: { 'ka.target.name': 'harmless-0' } }));
    await w.ingest(execEvent('chosen-by-the-client', { uuid: 'another' }));
    expect(w.stored).toHaveLength(2);
    expect(w.on('escalations')).toHaveLength(2);
    await w.ingest(execEvent('chosen-by-the-client', { uuid: 'by another instance of the plugin' }));
    expect(w.stored).toHaveLength(2);
  });
});
