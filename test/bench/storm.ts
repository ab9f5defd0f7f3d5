/**
 * A storm through escalate and notify, two instances of each on Redis and the Pub/Sub emulator: how many alerts a second
 * it takes, against one alert an incident, and how late pages are while another receiver hangs, against none that does.
 */

import { groupOf } from '../../functions/core/incident/group.ts';
import { createRandom, type Random } from '../stack/support/random.ts';
import { redisStore } from '../stack/support/stores.ts';
import { type StormShape, stormAlerts } from '../stack/support/storm-alerts.ts';
import { pageId } from '../stack/support/storm-receivers.ts';
import { type StormWorld, startStormWorld } from '../stack/support/storm-world.ts';
import type { Result } from './result.ts';

export interface StormSize {
  storm: Omit<StormShape, 'name'>;
  /** Each cluster opens ten incidents of one alert. */
  singleClusters: number;
}

interface Run {
  perSecond: number;
  incidents: number;
  pages: number;
  /** From the first publishing of an incident's alerts to its page, in milliseconds, sorted. */
  lateMs: readonly number[];
}

const PATIENCE_MS = 300_000;

export async function measureStorm({ storm, singleClusters }: StormSize): Promise<Result[]> {
  const random = createRandom();
  const store = await redisStore();
  const world = await startStormWorld(store, ['steady', 'hanging']);
  try {
    await world.warmUp(random);
    const single = { name: 'single', alerts: singleClusters * 10, clusters: singleClusters, crowd: 0 };
    const alone = await run(world, random, single);
    const without = await run(world, random, { name: 'control', ...storm });
    world.receivers.beginTrouble();
    const hanging = await run(world, random, { name: 'hanging', ...storm });
    return resultsOf(alone, without, hanging);
  } finally {
    await world.stop();
    await store.stop();
  }
}

async function run(world: StormWorld, random: Random, shape: StormShape): Promise<Run> {
  const { fleet, receivers, publishedAt } = world;
  const alerts = stormAlerts(shape, random, Date.now());
  const firstAt = new Map<string, number>();
  const acknowledged = fleet.acknowledged('escalate').size + alerts.length;
  const start = Date.now();
  await world.publish(alerts);
  await fleet.until(() => fleet.acknowledged('escalate').size >= acknowledged, PATIENCE_MS);
  const told = (await world.incidents()).filter(({ labels }) => labels.cluster?.startsWith(shape.name));
  const ids = new Map(told.filter(({ heldBy }) => !heldBy).map(({ groupKey }) => [pageId(groupKey), groupKey]));
  const pages = () => receivers.heard.filter(({ receiver, id }) => receiver === 'steady' && ids.has(id));
  await receivers.until(() => pages().length >= ids.size, PATIENCE_MS);
  const end = Math.max(...pages().map(({ at }) => at), ...fleet.pushes.flatMap(endOfAlert));
  for (const { uuid, ...alert } of alerts) {
    const { key } = groupOf({ uuid, ...alert });
    const at = publishedAt.get(uuid) ?? start;
    firstAt.set(key, Math.min(firstAt.get(key) ?? at, at));
  }
  const lateMs = pages().flatMap(({ id, at }) => {
    const since = firstAt.get(ids.get(id) ?? '');
    return since === undefined ? [] : [at - since];
  });
  await world.quiet(PATIENCE_MS);
  return {
    perSecond: (alerts.length / (end - start)) * 1_000,
    incidents: told.length,
    pages: ids.size,
    lateMs: lateMs.sort((a, b) => a - b),
  };
}

const endOfAlert = ({ name, ended }: { name: string; ended: number }): number[] => (name === 'escalate' ? [ended] : []);

function resultsOf(alone: Run, without: Run, hanging: Run): Result[] {
  const at = ({ lateMs }: Run, share: number): number => lateMs[Math.floor((lateMs.length - 1) * share)] ?? Number.NaN;
  return [
    {
      name: 'alerts per second through escalate and notify in a storm / one alert an incident',
      value: without.perSecond / alone.perSecond,
      raw: `${without.perSecond.toFixed(0)} / ${alone.perSecond.toFixed(0)} a second, ${without.incidents} incidents, ${without.pages} pages`,
    },
    ...[0.5, 0.99].map((share) => ({
      name: `p${share * 100} from publishing to the page in a storm, another receiver hanging / none`,
      value: at(hanging, share) / at(without, share),
      raw: `${at(hanging, share)} ms / ${at(without, share)} ms`,
    })),
  ];
}
