/** The whole relay between real programs: Pub/Sub pushes to the built functions, Loki and the store are real, receivers are on loopback. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../functions/adapters/store/open.ts';
import { type Loki, startLoki } from '../programs/loki.ts';
import { type PulledMessage, startPubsub } from '../programs/pubsub.ts';
import { type Relay, startRelay } from '../programs/relay.ts';
import type { Published } from './expected.ts';
import { CLUSTERS, PIPELINE } from './pipeline.ts';
import type { Random } from './random.ts';
import { type Receivers, receiversYaml, startReceivers } from './receivers.ts';
import type { Sample } from './samples.ts';
import type { ScenarioStore } from './stores.ts';
import { startSweeper } from './sweeper.ts';
import { ACK_DEADLINE_MS, startTap, type Tap } from './tap.ts';

export const FUNCTIONS = ['ingest', 'escalate', 'notify', 'sweep'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];

/** Who pushes each topic to whom; the dead-letter topic is pulled. */
const SUBSCRIPTIONS: readonly { topic: string; to: FunctionName; backoffMs: number }[] = [
  { topic: 'falco-events', to: 'ingest', backoffMs: 500 },
  { topic: 'falco-retry', to: 'ingest', backoffMs: 2_000 },
  { topic: 'escalations', to: 'escalate', backoffMs: 500 },
  { topic: 'notifications', to: 'notify', backoffMs: 500 },
];
const DEAD_LETTER = 'falco-dead-letter';
/** Of one publish request. */
const BATCH = 50;

export interface World {
  random: Random;
  store: ScenarioStore;
  loki: Loki;
  relay: Relay<FunctionName>;
  tap: Tap;
  receivers: Receivers;
  /** All that was published so far. */
  published: readonly Published[];
  /** Publishes each sample `copies` times, all in random order. */
  publish(samples: readonly Sample[], copies: number): Promise<void>;
  /** What the relay itself published there so far. */
  messages(topic: 'falco-retry' | 'escalations' | 'notifications' | 'falco-dead-letter'): Promise<PulledMessage[]>;
  /** Resolves when every message is acknowledged, nothing waits in the store and no delivery is due. */
  quiet(timeoutMs: number): Promise<void>;
  /** The incidents as the store has them: how many alerts each counted. */
  counts(): Promise<number[]>;
  stop(): Promise<void>;
}

export interface WorldOptions {
  store: ScenarioStore;
  random: Random;
  /** Asked for each acknowledgement: whether Pub/Sub is not to hear of it. */
  lose?: () => boolean;
  /** How long a receiver takes to answer. */
  receiverPauseMs?: () => number;
  /** Quiet without every wake-up acknowledged: the emulator sometimes keeps back those that were refused often. */
  wakeUpsMayLinger?: boolean;
}

export async function startWorld(options: WorldOptions): Promise<World> {
  const { store, random } = options;
  process.stdout.write(`${store.name}: SEED=${random.seed}\n`);
  const [pubsub, loki, receivers] = await Promise.all([
    startPubsub(),
    startLoki(),
    startReceivers(options.receiverPauseMs),
  ]);
  const topics = [...SUBSCRIPTIONS.map(({ topic }) => topic), DEAD_LETTER];
  await Promise.all(topics.map((topic) => pubsub.createTopic(topic)));
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-world-'));
  await writeFile(join(folder, 'pipeline.yaml'), PIPELINE + receiversYaml(receivers.url));
  await writeFile(join(folder, 'clusters.yaml'), CLUSTERS);
  const relay = await startRelay({
    targets: FUNCTIONS,
    env: {
      PIPELINE: join(folder, 'pipeline.yaml'),
      STORE_URL: store.url,
      LOKI_URL: loki.url,
      GOOGLE_CLOUD_PROJECT: pubsub.projectId,
      PUBSUB_EMULATOR_HOST: pubsub.host,
      ...receivers.env,
      ...store.env,
    },
  });
  const tap = await startTap({
    target: (name) => relay.url(name as FunctionName),
    backoffMs: (subscription) => SUBSCRIPTIONS.find(({ topic }) => subscription === `${topic}-push`)?.backoffMs ?? 0,
    ...(options.lose ? { lose: options.lose } : {}),
  });
  await Promise.all(
    SUBSCRIPTIONS.map(({ topic, to }) =>
      pubsub.createPushSubscription({
        topic,
        endpoint: tap.url(to),
        ackDeadline: ACK_DEADLINE_MS / 1_000,
        deadLetterTopic: DEAD_LETTER,
        maxDeliveryAttempts: 100,
        noBackoff: true,
      }),
    ),
  );

  const published: Published[] = [];
  const pulled = new Map<string, PulledMessage[]>(topics.map((topic) => [topic, []]));
  const sweeper = startSweeper(tap.url('sweep'));

  async function messages(topic: string): Promise<PulledMessage[]> {
    const known = pulled.get(topic) ?? [];
    known.push(...(await pubsub.pull(topic)));
    return known;
  }

  /** Which messages are still on their way, by topic. */
  async function waiting(): Promise<string[]> {
    const found: string[] = [];
    // From the beginning of the way to its end: a function publishes before it acknowledges.
    for (const { topic } of SUBSCRIPTIONS) {
      // A wake-up says nothing that the delivery's record does not: what counts is that none of those is due.
      if (topic === 'notifications' && options.wakeUpsMayLinger) continue;
      const ids = (await messages(topic)).map(({ messageId }) => messageId);
      const open = ids.filter((id) => !tap.acknowledged(`${topic}-push`, id));
      const some = open
        .slice(0, 5)
        .map((id) => `${id}: ${tap.history(`${topic}-push`, id).join(' ') || 'never pushed'}`);
      if (open.length > 0) found.push(`${open.length} of ${topic} (${some.join(', ')})`);
    }
    return found;
  }

  async function pending(): Promise<string[]> {
    const unfinished = await store.unfinished();
    const due = await withStore((opened) => opened.list('delivery', 1_000));
    return [
      ...(await waiting()),
      ...(unfinished > 0 ? [`${unfinished} windows and summaries`] : []),
      ...(due.length > 0 ? [`${due.length} deliveries`] : []),
    ];
  }

  async function withStore<T>(act: (opened: Awaited<ReturnType<typeof openStore>>) => Promise<T>): Promise<T> {
    Object.assign(process.env, store.env);
    const opened = await openStore(store.url, { clock: Date.now });
    try {
      return await act(opened);
    } finally {
      await opened.close();
    }
  }

  return {
    random,
    store,
    loki,
    relay,
    tap,
    receivers,
    published,
    messages,
    async publish(samples, copies) {
      const ids = samples.map((): string[] => []);
      const deliveries = random.shuffle(samples.flatMap((_, index) => Array<number>(copies).fill(index)));
      samples.forEach((sample, index) => {
        published.push({ ...sample, messageIds: ids[index] ?? [] });
      });
      for (let at = 0; at < deliveries.length; at += BATCH) {
        const batch = deliveries.slice(at, at + BATCH);
        const given = await pubsub.publish(
          'falco-events',
          batch.map((index) => samples[index] as Sample),
        );
        batch.forEach((index, place) => {
          ids[index]?.push(given[place] ?? '');
        });
      }
    },
    async quiet(timeoutMs) {
      const deadline = Date.now() + timeoutMs;
      for (let calm = 0; calm < 2; ) {
        await sweeper.next();
        const rest = await pending().catch((error: Error) => [error.message]);
        calm = rest.length === 0 ? calm + 1 : 0;
        if (rest.length > 0 && Date.now() > deadline) {
          const said = FUNCTIONS.map((name) => `${name}: ${relay.output(name).slice(-1_500)}`);
          throw new Error([`not quiet after ${timeoutMs} ms: ${rest.join(', ')}`, ...said].join('\n'));
        }
      }
    },
    counts: () =>
      withStore(async (opened) => {
        const keys = await opened.list('incident', 10_000);
        return opened.transact(async (tx) => {
          const incidents = await Promise.all(keys.map((key) => tx.get(key)));
          return incidents.map((incident) => (incident as { count: number }).count);
        });
      }),
    async stop() {
      await sweeper.stop();
      tap.close();
      await relay.stop();
      receivers.close();
      await Promise.all([pubsub.program.stop(), loki.stop()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
