/** All parts of a run: the functions in two zones, Pub/Sub, a store, Loki and receivers, and a link between every two of them. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../functions/adapters/store/open.ts';
import type { Store } from '../../functions/core/ports.ts';
import { type Loki, startLoki } from '../stack/programs/loki.ts';
import { type Pubsub, type PulledMessage, startPubsub } from '../stack/programs/pubsub.ts';
import type { Published } from '../stack/support/expected.ts';
import { CLUSTERS, PIPELINE } from '../stack/support/pipeline.ts';
import { startPusher } from '../stack/support/pusher.ts';
import type { Random } from '../stack/support/random.ts';
import { type Receivers, receiversYaml, startReceivers } from '../stack/support/receivers.ts';
import { type Sweeper, startSweeper } from '../stack/support/sweeper.ts';
import { type SmallDisk, startSmallDisk } from './disk.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { type Link, startLink } from './link.ts';
import { FUNCTIONS, LINKED, type Linked, ZONES, type Zone } from './schedule.ts';
import type { TortureStore } from './stores.ts';

export interface TortureWorld {
  store: TortureStore;
  loki: Loki;
  /** Absent where this machine permits none. */
  disk: SmallDisk | undefined;
  receivers: Receivers;
  fleet: Fleet;
  link(to: Linked, zone: Zone): Link;
  /** Keep calling sweep, one in each zone. */
  sweepers: readonly Sweeper[];
  published: readonly Published[];
  /** Publishes each `copies` times. */
  publish(samples: readonly Published[], copies: number): Promise<void>;
  /** All that was ever published there, what the relay itself published included. */
  messages(topic: string): Promise<readonly PulledMessage[]>;
  withStore<T>(act: (opened: Store) => Promise<T>): Promise<T>;
  output(): string;
  stop(): Promise<void>;
}

/** Who is pushed what; a refused message comes again after so many seconds. */
export const SUBSCRIPTIONS = [
  { topic: 'falco-events', to: 'ingest', backoffSeconds: 1 },
  { topic: 'falco-retry', to: 'ingest', backoffSeconds: 3 },
  { topic: 'escalations', to: 'escalate', backoffSeconds: 1 },
  { topic: 'notifications', to: 'notify', backoffSeconds: 1 },
] as const;
export const DEAD_LETTER = 'falco-dead-letter';
export const TOPICS = [...SUBSCRIPTIONS.map(({ topic }) => topic), DEAD_LETTER];
/** More than comes while an instance is stopped, or what goes to the other one would wait for it. */
const AT_ONCE = 600;
/** Room for the WAL of some hours: Loki writes what it has in memory every few minutes. */
const DISK_MB = 512;
/** Long enough that kills find sends under way. */
const RECEIVER_PAUSE_MS = 100;

export async function startTortureWorld(store: TortureStore, chance: Random): Promise<TortureWorld> {
  const disk = await startSmallDisk(DISK_MB);
  const [pubsub, loki, receivers] = await Promise.all([
    startPubsub(),
    // What Loki takes while its disk is full is in memory alone: ending it is when that must reach the disk.
    startLoki({ config: { ingester: { wal: { flush_on_shutdown: true } } }, ...(disk ? { disk } : {}) }),
    startReceivers(() => chance.below(RECEIVER_PAUSE_MS)),
  ]);
  await Promise.all(TOPICS.map((topic) => pubsub.createTopic(topic)));
  const portOf = (url: string): number => Number(new URL(url).port);
  const ports: Record<Linked, number> = {
    store: store.port,
    loki: portOf(loki.url),
    pubsub: portOf(`http://${pubsub.host}`),
    receivers: portOf(receivers.url),
  };
  const links = new Map<string, Link>();
  for (const zone of ZONES) for (const to of LINKED) links.set(`${to} ${zone}`, await startLink(ports[to]));
  const link = (to: Linked, zone: Zone): Link => links.get(`${to} ${zone}`) as Link;

  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-torture-'));
  await writeFile(join(folder, 'clusters.yaml'), CLUSTERS);
  for (const zone of ZONES) {
    const pipeline = PIPELINE + receiversYaml(`http://127.0.0.1:${link('receivers', zone).port}`);
    await writeFile(join(folder, `pipeline-${zone}.yaml`), pipeline);
  }
  const fleet = await startFleet(
    (zone) => ({
      PIPELINE: join(folder, `pipeline-${zone}.yaml`),
      LOKI_URL: `http://127.0.0.1:${link('loki', zone).port}`,
      GOOGLE_CLOUD_PROJECT: pubsub.projectId,
      PUBSUB_EMULATOR_HOST: `127.0.0.1:${link('pubsub', zone).port}`,
      ...receivers.env,
      ...store.envBy(link('store', zone).port),
    }),
    chance,
  );
  const pushers = await Promise.all(
    SUBSCRIPTIONS.map(({ topic, to, backoffSeconds }) =>
      startPusher({
        ...{ pubsub, topic, name: `${topic}-push`, atOnce: AT_ONCE, backoffSeconds },
        push: (message) => fleet.push(to, message),
      }),
    ),
  );
  const sweepers = fleet.zones.map((zone) => startSweeper(zone.url('sweep')));
  const published: Published[] = [];

  return {
    ...{ store, loki, disk, receivers, fleet, link, sweepers, published },
    async publish(samples, copies) {
      const given = await pubsub.publish(
        'falco-events',
        samples.flatMap((sample) => Array(copies).fill(sample)),
      );
      samples.forEach((sample, index) => {
        published.push({ ...sample, messageIds: given.slice(index * copies, (index + 1) * copies) });
      });
    },
    messages: readerOf(pubsub),
    async withStore(act) {
      const env = store.envBy(store.port);
      Object.assign(process.env, env);
      const opened = await openStore(env.STORE_URL ?? '', { clock: Date.now });
      return act(opened).finally(() => opened.close());
    },
    output: () =>
      ZONES.flatMap((zone) =>
        FUNCTIONS.map((name) => `${name} ${zone}: ${fleet.zones[zone].output(name).slice(-1_500)}`),
      ).join('\n'),
    async stop() {
      await Promise.all(sweepers.map((sweeper) => sweeper.stop()));
      await Promise.all(pushers.map((pusher) => pusher.stop()));
      await fleet.stop();
      receivers.close();
      await Promise.all([...links.values()].map((each) => each.close()));
      await Promise.all([pubsub.program.stop(), loki.stop(), store.stop()]);
      await disk?.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function readerOf(pubsub: Pubsub): TortureWorld['messages'] {
  const pulled = new Map<string, PulledMessage[]>(TOPICS.map((topic) => [topic, []]));
  return async (topic) => {
    const known = pulled.get(topic) ?? [];
    known.push(...(await pubsub.pull(topic)));
    return known;
  };
}
