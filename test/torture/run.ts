/** One run: load and faults at the same time, then quiet, then the proof. */

import { setTimeout as sleep } from 'node:timers/promises';
import { DELIVERY_KIND } from '../../functions/core/incident/documents.ts';
import { createRandom } from '../stack/support/random.ts';
import { createLoad } from './load.ts';
import { type Proof, prove } from './proof.ts';
import { type Fault, scheduleOf } from './schedule.ts';
import { type TortureStore, tortureFirestore, tortureRedis } from './stores.ts';
import { strike } from './strike.ts';
import { SUBSCRIPTIONS, startTortureWorld, TOPICS, type TortureWorld } from './world.ts';

export const STORES = { redis: tortureRedis, firestore: tortureFirestore } as const;

export interface RunOptions {
  store: keyof typeof STORES;
  seed: number;
  minutes: number;
  /** Messages a second, on the average. */
  rate: number;
  print(line: string): void;
}

export interface Outcome extends Proof {
  schedule: readonly Fault[];
  diskFills: boolean;
}

const TICK_MS = 250;
/** One message in so many is published twice. */
const TWICE_ONE_IN = 20;
/** So often what the topics hold is taken from the emulator, which keeps all in memory. */
const TAKEN_EVERY_MS = 60_000;
/** Since the last fault: windows close after 10 s, what is refused comes again, and stopped senders' claims run out. */
const QUIET_WITHIN_MS = 300_000;

export async function run({ store: kind, seed, minutes, rate, print }: RunOptions): Promise<Outcome> {
  const store: TortureStore = await STORES[kind]();
  const world = await startTortureWorld(store, createRandom(seed + 1));
  try {
    const forMs = minutes * 60_000;
    const schedule = scheduleOf(forMs, createRandom(seed), [
      ...store.left,
      ...(world.disk ? [] : (['loki disk full'] as const)),
    ]);
    if (!world.disk) print('No small disk for Loki here: user namespaces are not permitted. It is never filled.');
    const from = Date.now() - 60_000;
    const load = publishFor(forMs, rate, world, seed);
    await Promise.all([load, playAll(schedule, world, print)]);
    print(`${world.published.length} messages are published; waiting until all is quiet`);
    const owed = await becomeQuiet(world);
    const proof = await prove(world, { from, to: Date.now() + 60_000 });
    const problems = [...owed.map((what) => `not quiet: ${what}`), ...proof.problems];
    if (problems.length > 0) print(world.output());
    return { ...proof, problems, schedule, diskFills: world.disk !== undefined };
  } finally {
    await world.stop();
  }
}

async function publishFor(forMs: number, rate: number, world: TortureWorld, seed: number): Promise<void> {
  const random = createRandom(seed + 2);
  const next = createLoad(random);
  const until = Date.now() + forMs;
  let takenAt = Date.now();
  const most = Math.ceil((2 * rate * TICK_MS) / 1_000);
  while (Date.now() < until) {
    const now = Date.now();
    const samples = Array.from({ length: random.below(most + 1) }, () => ({ ...next(now), messageIds: [] }));
    const again = samples.filter(() => random.below(TWICE_ONE_IN) === 0);
    const once = samples.filter((sample) => !again.includes(sample));
    if (once.length > 0) await world.publish(once, 1);
    if (again.length > 0) await world.publish(again, 2);
    if (now - takenAt > TAKEN_EVERY_MS) {
      for (const topic of TOPICS) await world.messages(topic);
      takenAt = now;
    }
    await sleep(Math.max(0, now + TICK_MS - Date.now()));
  }
}

/** Each at its time, but never before its part is well again. */
async function playAll(schedule: readonly Fault[], world: TortureWorld, print: RunOptions['print']): Promise<void> {
  const begun = Date.now();
  const parts = Map.groupBy(schedule, ({ part }) => part);
  await Promise.all(
    [...parts.values()].map(async (faults) => {
      for (const fault of faults) {
        await sleep(Math.max(0, begun + fault.at - Date.now()));
        print(`${seconds(Date.now() - begun)} ${fault.kind}: ${fault.part}, for ${seconds(fault.lastsMs)}`);
        await strike(fault, world);
      }
    }),
  );
}

/** Gives what is still owed when patience ends: nothing, if all is well. */
async function becomeQuiet(world: TortureWorld): Promise<string[]> {
  const deadline = Date.now() + QUIET_WITHIN_MS;
  for (let calm = 0; ; ) {
    await world.sweepers[0]?.next();
    const owed = await owedIn(world).catch((error: Error) => [error.message]);
    calm = owed.length === 0 ? calm + 1 : 0;
    if (calm >= 2 || (owed.length > 0 && Date.now() > deadline)) return owed;
  }
}

async function owedIn(world: TortureWorld): Promise<string[]> {
  const owed: string[] = [];
  // From the beginning of the way to its end: a function publishes before it acknowledges.
  for (const { topic, to } of SUBSCRIPTIONS) {
    const open = (await world.messages(topic)).filter(({ messageId }) => !world.fleet.acknowledged(to, messageId));
    const some = open
      .slice(0, 5)
      .map(({ messageId }) => `${messageId} got ${world.fleet.history(messageId).join(' ')}`);
    if (open.length > 0) owed.push(`${open.length} messages of ${topic} (${some.join(', ')})`);
  }
  const unfinished = await world.store.unfinished();
  if (unfinished > 0) owed.push(`${unfinished} windows and summaries`);
  const due = await world.withStore((opened) => opened.list(DELIVERY_KIND, 1_000));
  if (due.length > 0) owed.push(`${due.length} deliveries`);
  return owed;
}

export function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
