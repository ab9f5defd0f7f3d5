/**
 * The same under fire: functions killed at random moments, answers lost, the Redis primary killed and its replica
 * promoted, Loki killed and started again. Nothing is lost and nothing counts twice; what may come twice is counted.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { prove } from './support/proof.ts';
import { createRandom, type Random } from './support/random.ts';
import { lateSamples, realSamples, refusedSamples, unreadableSamples } from './support/samples.ts';
import { type RedisPair, redisPair } from './support/stores.ts';
import { type FunctionName, startWorld, type World } from './support/world.ts';

/** Deliveries, so that every kill finds work under way: three of each message, more where the recorded ones are not there. */
const DELIVERIES = 1_440;
/** One acknowledgement in so many does not reach Pub/Sub. */
const LOST = 20;
/** A receiver answers within that time: long enough for notify to be killed between sending and recording. */
const RECEIVER_PAUSE_MS = 200;
/** A kill comes at most so long after the request that it is meant for began: in the middle of most. */
const KILL_WITHIN_MS = 40;

/** How often each function is killed, after between `least` and twice as many requests where there are 480 messages. */
const KILLS: readonly { name: FunctionName; times: number; least: number }[] = [
  { name: 'ingest', times: 4, least: 80 },
  { name: 'escalate', times: 2, least: 15 },
  { name: 'notify', times: 3, least: 20 },
  { name: 'sweep', times: 2, least: 2 },
];

let store: RedisPair;
let world: World;
beforeAll(async () => {
  const random = createRandom();
  const chance = createRandom(random.seed + 1);
  store = await redisPair();
  world = await startWorld({
    store,
    random,
    lose: () => chance.below(LOST) === 0,
    receiverPauseMs: () => chance.below(RECEIVER_PAUSE_MS),
    wakeUpsMayLinger: true,
  });
});
afterAll(async () => {
  await world?.stop();
  await store?.stop();
});

test('functions killed, answers lost, Redis failed over, Loki killed: each event counts once, each incident pages', async () => {
  const now = Date.now();
  const samples = [...realSamples(now), ...lateSamples(now), ...refusedSamples(now), ...unreadableSamples()];
  const { random, tap, loki } = world;
  const copies = Math.max(3, Math.ceil(DELIVERIES / samples.length));
  // Copies make more work for ingest alone: the others see each alert once.
  const fewer = copies > 3 ? 4 : 1;
  const trouble = [
    ...KILLS.map(({ name, times, least }) => {
      const requests = name === 'ingest' ? least : Math.ceil(least / fewer);
      return killAgainAndAgain({ name, times, least: requests }, random);
    }),
    tap.until(() => tap.begun('ingest') >= 200 + random.below(200)).then(() => store.failOver()),
    tap.until(() => tap.begun('ingest') >= 500 + random.below(400)).then(() => loki.restart('SIGKILL')),
  ];
  await world.publish(samples, copies);
  await Promise.all(trouble);
  await world.quiet(180_000);

  const { copies: rawCopies, entries } = await prove('under fire', world);

  expect(tap.lost).toBeGreaterThan(0);
  // Each stands for a push that Loki took while its sender was killed, or before Loki could say so.
  expect(rawCopies).toBeLessThan(entries.length / 10);
});

async function killAgainAndAgain({ name, times, least }: (typeof KILLS)[number], random: Random): Promise<void> {
  const gaps = Array.from({ length: times }, () => ({
    requests: least + random.below(least),
    ms: random.below(KILL_WITHIN_MS),
  }));
  for (const { requests, ms } of gaps) {
    const target = world.tap.begun(name) + requests;
    await world.tap.until(() => world.tap.begun(name) >= target);
    await sleep(ms);
    await world.relay.kill9(name);
    await world.relay.restart(name);
  }
}
