/** Somebody who publishes events as the relay would its alerts: none of them takes the place of a real one. */

import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { OWN_IDENTITY, OWN_RULE, OWN_SOURCE } from '../../functions/core/event/own-names.ts';
import { announced } from '../../functions/core/incident/announcement.ts';
import { clusterAlert } from '../../functions/core/watch/watch-alerts.ts';
import { WATCH_RULES } from '../../functions/core/watch/watch-rules.ts';
import { CLUSTER_ATTRIBUTES, pushOf, quietEvent, shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const PIPELINE = `
clusters: [{ project: acme-prod, location: europe-west1, name: another }]
route: { receiver: oncall }
receivers: [{ name: oncall, webhook: { url: 'https://oncall.acme.example/' } }]
escalate: { match: ['priority=~"Emergency|Alert|Critical|Error|Warning"'] }
`;
const CLAIMED = `${OWN_RULE}an event in the relay's own name`;
const UNLISTED = `${OWN_RULE}events from an unlisted cluster`;
const SILENT = `${OWN_RULE}cluster silent`;
const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };

type World = ReturnType<typeof world>;

const open = (): World => world({ pipeline: PIPELINE, receivers: ['oncall'] });

async function toldBy(w: World): Promise<string[]> {
  const from = w.sent.length;
  await w.deliver('escalations', 'escalate');
  await w.deliver('notifications', 'notify');
  return w.sent.slice(from).map(({ lead }) => lead.rule);
}

describe('an event in the name of', () => {
  test.each([
    ["the relay's source and rule", { source: 'relay', rule: SILENT }],
    ['its source alone', { source: 'relay', rule: 'x' }],
    ['its rule alone', { rule: SILENT }],
    ['its rule in other letters', { rule: ` FALCO RELAY:cluster silent` }],
    ['its identity', { uuid: 'relay-1-2' }],
  ])('%s is kept, counted and told under another name, and is an alert itself', async (_name, claim) => {
    const w = open();
    expect(await w.ingest(shellEvent({ priority: 'Critical', fields: { 'container.id': 'host' }, ...claim }))).toBe(
      204,
    );
    expect(w.stored).toHaveLength(1);
    const [entry] = w.stored;
    expect(entry?.metadata).toMatchObject({ claims_relay: 'true', n: '1' });
    expect(entry?.metadata.rule?.startsWith(OWN_RULE)).toBe(false);
    expect(entry?.metadata.uuid?.startsWith(OWN_IDENTITY)).toBe(false);
    expect(entry?.labels.source).not.toBe(OWN_SOURCE);
    expect(JSON.parse(entry?.line ?? '')).toMatchObject(claim);
    expect(w.lines.filter(({ reason }) => reason === 'event-claims-relay')).toMatchObject([
      { severity: 'WARNING', reason: 'event-claims-relay' },
    ]);
    const rules = await toldBy(w);
    expect(rules).toHaveLength(3);
    expect(rules).toContain(CLAIMED);
  });

  test('the relay is told once an hour and node, beside what else is wrong with its origin', async () => {
    const w = open();
    const attributes = { ...CLUSTER_ATTRIBUTES, gke_cluster: 'fake' };
    for (const uuid of ['a', 'b']) await w.ingest({ ...quietEvent(uuid), source: 'relay' }, attributes);
    const rules = (await toldBy(w)).filter((rule) => rule.startsWith(OWN_RULE));
    expect(rules.sort()).toEqual([CLAIMED, UNLISTED].sort());
  });

  test('nobody is no such event', async () => {
    const w = open();
    for (const rule of ['Falco Relay canary', 'Terminal shell in container', 'Watch Falco Relay: x'])
      await w.ingest(shellEvent({ uuid: rule.length.toString(), rule, source: 'relays' }));
    expect(w.stored.map(({ metadata }) => metadata.claims_relay)).toEqual([undefined, undefined, undefined]);
    expect(w.stored.map(({ labels }) => labels.source)).toEqual(['relays', 'relays', 'relays']);
  });
});

describe('a real alert rings', () => {
  test('although one that was published in its name came before', async () => {
    const w = open();
    await w.ingest(
      shellEvent({ priority: 'Critical', source: 'relay', rule: SILENT, fields: { 'container.id': 'host' } }),
    );
    await toldBy(w);
    const real = clusterAlert(CLUSTER, { uuid: '', since: w.time.clock(), owed: true, why: 'half of the nodes' });
    await w.call('escalate', pushOf(JSON.stringify(real), { uuid: real.uuid }));
    expect(await toldBy(w)).toEqual([SILENT]);
  });

  test.each([
    ['uuid', {}],
    ['attribute', { falco_relay_identity: true }],
  ])('although an event had its identity as its %s', async (_name, attribute) => {
    const w = open();
    const fingerprint = hash('sha256', `${UNLISTED} acme-prod/europe-west1/fake`, 'hex').slice(0, 32);
    const uuid = `relay-${fingerprint}-${Math.floor(w.time.clock() / 3_600_000)}`;
    const named = 'falco_relay_identity' in attribute;
    await w.ingest(shellEvent({ uuid: named ? '' : uuid, rule: 'Boring', priority: 'Warning' }), {
      ...CLUSTER_ATTRIBUTES,
      ...(named && { falco_relay_identity: uuid }),
    });
    await toldBy(w);
    await w.ingest(quietEvent('e1'), { ...CLUSTER_ATTRIBUTES, gke_cluster: 'fake' });
    expect(w.on('escalations').map(({ attributes }) => attributes?.uuid)).toContain(uuid);
    expect(await toldBy(w)).toContain(UNLISTED);
  });

  test('since all that the relay says is said under the names that are kept for it', () => {
    const watch = clusterAlert(CLUSTER, { uuid: '', since: 1, owed: true, why: '' });
    const { uuid, rule, source } = watch;
    expect([uuid.slice(0, 6), rule.slice(0, 13), source]).toEqual([OWN_IDENTITY, OWN_RULE, OWN_SOURCE]);
    const { rules } = announced({ id: 'x', title: 'y', text: 'z' }, ['oncall'], 1);
    expect(rules[0]?.rule).toBe(`${OWN_RULE}y`);
    expect([...WATCH_RULES].filter((rule) => !rule.startsWith(OWN_RULE))).toEqual([]);
  });
});
