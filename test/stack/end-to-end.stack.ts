/**
 * The whole way on real parts: the Pub/Sub emulator pushes every message three times in random order to the built
 * functions; afterwards LogQL on a real Loki counts each event once, and each incident reached each receiver once.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { expectedOf } from './support/expected.ts';
import { type Proof, prove } from './support/proof.ts';
import { createRandom } from './support/random.ts';
import { attacks, lateSamples, realSamples, refusedSamples, unreadableSamples } from './support/samples.ts';
import { firestoreStore, redisStore, type ScenarioStore } from './support/stores.ts';
import { startWorld, type World } from './support/world.ts';

const COPIES = 3;

describe.each([
  { name: 'Redis', start: redisStore },
  { name: 'Firestore', start: firestoreStore },
])('with $name', ({ name, start }) => {
  let store: ScenarioStore;
  let world: World;
  beforeAll(async () => {
    store = await start();
    world = await startWorld({ store, random: createRandom() });
  });
  afterAll(async () => {
    await world?.stop();
    await store?.stop();
  });

  test('every event is counted once in Loki, every incident pages each of its receivers once', async () => {
    const now = Date.now();
    const real = realSamples(now);
    await world.publish([...real, ...refusedSamples(now), ...unreadableSamples()], COPIES);
    // Behind enough others for their streams to be ahead of them.
    await world.tap.until(() => world.tap.answers >= real.length);
    await world.publish(lateSamples(now), COPIES);
    await world.quiet(120_000);

    const proof = await prove(`end to end with ${name}`, world);

    expect(proof).toMatchObject({ copies: 0, repeatedPages: 0 });
    expectMetadata(proof);
    expectContent(world);
  });

  test('while Loki is down attacks page all the same; once it is back nothing is missing', async () => {
    await world.loki.end();
    const now = Date.now();
    const attacked = attacks(12, now);
    const handedOver = (await world.messages('falco-retry')).length;
    await world.publish([...attacked, ...realSamples(now).slice(0, 100)], COPIES);
    const { pages } = expectedOf(world.published);
    await world.receivers.until(() => world.receivers.pages.length >= pages);
    process.stdout.write(`${name}: the last page ${Date.now() - now} ms after its event, without Loki\n`);
    await expect(fetch(world.loki.url)).rejects.toThrow();
    const waiting = (await world.messages('falco-retry')).slice(handedOver).map(({ data }) => data);
    for (const { data } of attacked) expect(waiting).toContain(data);

    await world.loki.restart();
    await world.quiet(180_000);

    await expect(prove(`Loki down, with ${name}`, world)).resolves.toMatchObject({ copies: 0, repeatedPages: 0 });
  });
});

/** What people and dashboards ask Loki for, on the fixture of a netcat in the payments namespace. */
function expectMetadata({ entries }: Proof): void {
  const of = (rule: string) => entries.filter(({ labels }) => labels.rule === rule).map(({ labels }) => labels);
  expect(of('Netcat Remote Code Execution in Container')).toContainEqual(
    expect.objectContaining({
      service_name: 'falco',
      project: 'acme-prod',
      cluster: 'payments-eu1',
      source: 'syscall',
      priority: 'Warning',
      kind: 'event',
      n: '1',
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
      hostname: 'gke-payments-eu1-default-pool-3c401fa8-g2q1',
      k8s_ns_name: 'payments',
      k8s_pod_name: 'ledger-api-7c9d5b8f6d-x2x8k',
      workload_name: 'ledger-api',
      container_name: 'ledger-api',
      image: 'europe-west1-docker.pkg.dev/acme-prod/payments/ledger-api',
      node_pool: 'default-pool',
      zone: 'europe-west1-b',
      team: 'payments',
      mitre: 'T1059,mitre_execution',
      effective_priority: 'Critical',
      detected_level: 'critical',
    }),
  );
  expect(of('Late, the first')).toEqual([expect.objectContaining({ late_hour: expect.any(String) })]);
  const summaries = entries.filter(({ labels }) => labels.kind === 'repeats');
  expect(summaries.length).toBeGreaterThan(0);
  for (const { line, labels } of summaries) {
    expect(JSON.parse(line)).toMatchObject({ kind: 'repeats', window: labels.uuid, count: Number(labels.n) });
  }
}

function expectContent({ receivers: { pages } }: World): void {
  for (const { receiver, body } of pages) {
    if (receiver === 'oncall') {
      expect(body).toMatchObject({
        payload: { severity: 'critical', summary: expect.stringMatching(/^CRIT \S/) },
        client_url: expect.stringMatching(/^https:\/\/grafana\.acme\.example\/explore\?/),
      });
    } else if (receiver === 'chat') {
      expect(body).toMatchObject({
        channel: 'C0123456789',
        text: expect.stringMatching(/CRIT/),
        blocks: expect.any(Array),
      });
    } else
      expect(body).toMatchObject({ version: '4', status: 'firing', receiver, commonLabels: { severity: 'critical' } });
  }
}
