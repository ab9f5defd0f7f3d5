/** A storm between real programs: the Pub/Sub emulator pushes to two instances of escalate and of notify, sweep is called. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore } from '../../../functions/adapters/store/open.ts';
import type { DeliveryRef } from '../../../functions/core/incident/delivery.ts';
import {
  DELIVERY_KIND,
  deliveryRefOf,
  groupKeyOf,
  INCIDENT_KIND,
  readIncident,
} from '../../../functions/core/incident/documents.ts';
import type { Incident } from '../../../functions/core/incident/incident.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import type { Store } from '../../../functions/core/ports.ts';
import { startPubsub } from '../programs/pubsub.ts';
import { startRelay } from '../programs/relay.ts';
import { createFleet, type Fleet } from './fleet.ts';
import { startPusher } from './pusher.ts';
import type { Random } from './random.ts';
import type { ScenarioStore } from './stores.ts';
import { type StormShape, stormAlerts } from './storm-alerts.ts';
import { type ReceiverName, type StormReceivers, startStormReceivers } from './storm-receivers.ts';
import { startSweeper } from './sweeper.ts';

export type Piece = 'escalate' | 'notify' | 'sweep';

/** Requests of one subscription under way: about what two instances take. */
const AT_ONCE = 100;
/** Where a subscription refuses often, Pub/Sub waits longer. */
const BACKOFF_SECONDS: Readonly<Record<string, number>> = { flaky: 5, hanging: 10 };
const LEAST_BACKOFF_SECONDS = 1;
const WARM_UP: StormShape = { name: 'warm', alerts: 100, clusters: 10, crowd: 0 };
/** Of one publish request. */
const BATCH = 100;
/** Incidents read in one transaction. */
const READ_AT_ONCE = 100;

export interface StormWorld {
  fleet: Fleet<Piece>;
  receivers: StormReceivers;
  /** When each alert was first published, by its uuid. */
  publishedAt: ReadonlyMap<string, number>;
  /** A few alerts, so that what is measured or killed is not just starting. */
  warmUp(random: Random): Promise<void>;
  /** Publishes to the escalations topic. */
  publish(alerts: readonly AlertView[]): Promise<void>;
  /** Resolves when each alert is acknowledged. */
  counted(timeoutMs: number): Promise<void>;
  /** Resolves when each alert is acknowledged and only receivers that hang are owed anything. */
  quiet(timeoutMs: number): Promise<void>;
  /** Those of the storm, without what warmed the world up. */
  incidents(): Promise<Incident[]>;
  /** What receivers are still owed. */
  due(): Promise<DeliveryRef[]>;
  /** How many messages lie on the dead-letter topic. */
  parked(): Promise<number>;
  stop(): Promise<void>;
}

export async function startStormWorld(
  store: ScenarioStore,
  names: readonly ReceiverName[],
  alertmanager?: string,
): Promise<StormWorld> {
  const [pubsub, receivers] = await Promise.all([startPubsub(), startStormReceivers(names, alertmanager)]);
  await Promise.all(['escalations', 'notifications', 'falco-dead-letter'].map((topic) => pubsub.createTopic(topic)));
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-storm-'));
  await writeFile(join(folder, 'pipeline.yaml'), receivers.yaml);
  const env = {
    PIPELINE: join(folder, 'pipeline.yaml'),
    STORE_URL: store.url,
    // Nothing is written to it: no event passes ingest.
    LOKI_URL: 'http://127.0.0.1:9',
    GOOGLE_CLOUD_PROJECT: pubsub.projectId,
    PUBSUB_EMULATOR_HOST: pubsub.host,
    ...receivers.env,
    ...store.env,
  };
  const instances = await Promise.all([
    startRelay<Piece>({ targets: ['escalate', 'notify', 'sweep'], env }),
    startRelay<Piece>({ targets: ['escalate', 'notify'], env }),
  ]);
  const fleet = createFleet<Piece>(instances);
  const pushers = await Promise.all([
    startPusher({
      ...{ pubsub, topic: 'escalations', name: 'escalate', atOnce: AT_ONCE },
      backoffSeconds: LEAST_BACKOFF_SECONDS,
      push: (message) => fleet.push('escalate', message),
    }),
    ...receivers.names.map((name) =>
      startPusher({
        ...{ pubsub, topic: 'notifications', name: `notify-${name}`, atOnce: AT_ONCE },
        backoffSeconds: BACKOFF_SECONDS[name] ?? LEAST_BACKOFF_SECONDS,
        // What the filter of a real subscription does, and the emulator's do not.
        push: async (message) => message.attributes.receiver !== name || fleet.push('notify', message),
      }),
    ),
  ]);
  Object.assign(process.env, store.env);
  const opened = await openStore(store.url, { clock: Date.now });
  const sweeper = startSweeper(instances[0].url('sweep'));
  const ids = new Set<string>();
  const publishedAt = new Map<string, number>();

  const due = async (): Promise<DeliveryRef[]> => (await opened.list(DELIVERY_KIND, 10_000)).map(deliveryRefOf);

  // No other message lies there.
  const unacknowledged = (): number => ids.size - fleet.acknowledged('escalate').size;

  async function owed(): Promise<string[]> {
    const waiting = unacknowledged();
    const late = (await due()).filter(({ receiver }) => receiver !== 'hanging').length;
    return [...(waiting > 0 ? [`${waiting} alerts`] : []), ...(late > 0 ? [`${late} deliveries`] : [])];
  }

  async function publish(alerts: readonly AlertView[]): Promise<void> {
    for (let from = 0; from < alerts.length; from += BATCH) {
      const batch = alerts.slice(from, from + BATCH);
      const now = Date.now();
      for (const { uuid } of batch) if (!publishedAt.has(uuid)) publishedAt.set(uuid, now);
      const messages = batch.map((alert) => ({ data: JSON.stringify(alert), attributes: { uuid: alert.uuid } }));
      for (const id of await pubsub.publish('escalations', messages)) ids.add(id);
    }
  }

  async function quiet(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    for (let calm = 0; calm < 2; ) {
      await sweeper.next();
      const rest = await owed().catch((error: Error) => [error.message]);
      calm = rest.length === 0 ? calm + 1 : 0;
      if (rest.length > 0 && Date.now() > deadline) {
        const said = instances.flatMap((each) => [each.output('escalate'), each.output('notify')]);
        throw new Error([`not quiet: ${rest.join(', ')}`, ...said.map((text) => text.slice(-1_500))].join('\n'));
      }
    }
  }

  return {
    fleet,
    receivers,
    publishedAt,
    due,
    incidents: async () =>
      (await incidentsOf(opened)).filter(({ labels }) => !labels.cluster?.startsWith(WARM_UP.name)),
    parked: async () => (await pubsub.pull('falco-dead-letter')).length,
    publish,
    async warmUp(random) {
      await publish(stormAlerts(WARM_UP, random, Date.now()));
      await quiet(120_000);
    },
    counted: (timeoutMs) => fleet.until(() => unacknowledged() === 0, timeoutMs),
    quiet,
    async stop() {
      await sweeper.stop();
      receivers.close();
      await Promise.all(pushers.map((pusher) => pusher.stop()));
      await Promise.all(instances.map((each) => each.stop()));
      await opened.close();
      await pubsub.program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function incidentsOf(store: Store): Promise<Incident[]> {
  const keys = (await store.list(INCIDENT_KIND, 10_000)).map(groupKeyOf);
  const found: Incident[] = [];
  for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
    const some = keys.slice(from, from + READ_AT_ONCE);
    const read = await store.transact((tx) => Promise.all(some.map((key) => readIncident(tx, key))));
    found.push(...read.filter((incident) => incident !== undefined));
  }
  return found;
}
