/**
 * A storm: thousands of alerts of 360 groups within seconds, one receiver down a third of the time, another one hanging,
 * an instance of escalate and one of notify killed. Each alert counts once, and whoever is up hears each incident once.
 */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Loopback, startLoopback } from '../adapters/loopback.ts';
import { type Alertmanager, startAlertmanager } from './programs/alertmanager.ts';
import type { Push } from './support/fleet.ts';
import { createRandom, type Random } from './support/random.ts';
import { firestoreStore, redisStore, type ScenarioStore } from './support/stores.ts';
import { expectedStorm, stormAlerts } from './support/storm-alerts.ts';
import { proveStorm } from './support/storm-proof.ts';
import { type StormWorld, startStormWorld } from './support/storm-world.ts';

/** 300 groups of thirty clusters page each; of the sixty of one more cluster ten do, and one storm for the others. */
const SHAPE = { name: 'storm', clusters: 30, crowd: 60 };
const PAGES = 311;
const ALERTS = 5_000;
/** One alert in so many is published twice. */
const TWICE = 10;

describe.each([
  { name: 'Redis', start: redisStore },
  { name: 'Firestore', start: firestoreStore },
])('with $name', ({ name, start }) => {
  let random: Random;
  let store: ScenarioStore;
  let hook: Loopback;
  let alertmanager: Alertmanager;
  let world: StormWorld;
  beforeAll(async () => {
    random = createRandom();
    process.stdout.write(`storm with ${name}: SEED=${random.seed}\n`);
    store = await start();
    hook = await startLoopback((_request, response) => void response.writeHead(200, { connection: 'close' }).end());
    alertmanager = await startAlertmanager({ webhook: hook.url });
    world = await startStormWorld(store, ['steady', 'flaky', 'hanging'], alertmanager.url);
    await world.warmUp(random);
  });
  afterAll(async () => {
    await world?.stop();
    await Promise.all([store?.stop(), alertmanager?.stop(), hook?.close()]);
  });

  test('each alert counts once, each page comes once where its receiver is up, none waits for another', async () => {
    const alerts = stormAlerts({ ...SHAPE, alerts: ALERTS }, random, Date.now());
    const copies = alerts.filter((_, index) => index % TWICE === 0);
    world.receivers.beginTrouble();
    const killed = killInTheMiddle(world, ALERTS);
    await world.publish(random.shuffle([...alerts, ...copies]));
    const cut = await killed;
    await world.counted(500_000);
    world.receivers.mend();
    await world.quiet(300_000);

    await proveStorm(`storm with ${name}`, world, expectedStorm(alerts), cut, alertmanager);
    const told = (await world.incidents()).filter(({ heldBy }) => heldBy === undefined);
    expect(told.length).toBe(PAGES);
  }, 900_000);
});

/** Gives what the killed instance of notify had under way. */
async function killInTheMiddle({ fleet, receivers }: StormWorld, count: number): Promise<readonly Push[]> {
  const before = fleet.acknowledged('escalate').size;
  const heard = (): number => receivers.heard.filter(({ receiver }) => receiver === 'steady').length;
  const pages = heard() + PAGES / 3;
  await receivers.until(() => heard() >= pages);
  const cut = await fleet.kill9('notify');
  await fleet.until(() => fleet.acknowledged('escalate').size >= before + count / 2);
  await fleet.kill9('escalate');
  await Promise.all([fleet.restart('notify'), fleet.restart('escalate')]);
  return cut;
}
