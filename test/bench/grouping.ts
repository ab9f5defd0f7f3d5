/** What group commit is worth: every event a first, as hard as it gets, against one claim and one push a request. */

import type { MixName } from './mix.ts';
import { serveFunction } from './process.ts';
import type { Result } from './result.ts';
import { type Load, MOST_CONNECTIONS, median } from './rounds.ts';
import { environment, hasRealLoki, ONE_BY_ONE, openLoki, openPubsub, openRedis, type Part } from './stage.ts';

export interface Size {
  rounds: number;
  events: number;
  warmUp: number;
}

/** Of one round, per event but for the rate. */
interface Cost {
  perSecond: number;
  lokiUs: number;
  roundTrips: number;
  pushes: number;
}

export async function measureGrouping(load: Load, dist: string, size: Size): Promise<Result[]> {
  const [redis, loki, pubsub] = await Promise.all([openRedis(), openLoki(), openPubsub()]);
  const env = environment(redis.url, loki.url, pubsub);
  const grouped = await serveFunction({ target: 'ingest', source: dist, env });
  const single = await serveFunction({ target: 'oneByOne', source: ONE_BY_ONE, env });
  try {
    const round = async (port: number, events: number, how: How = {}): Promise<Cost> => {
      const [trips, pushes] = [await roundTrips(redis), await pushesTo(loki)];
      const { seconds, cpu } = await load.round({ port, mix: 'firsts', ...how, events, watched: [loki.pid] });
      return {
        perSecond: events / seconds,
        lokiUs: ((cpu[0] ?? 0) / events) * 1e6,
        roundTrips: ((await roundTrips(redis)) - trips) / events,
        pushes: ((await pushesTo(loki)) - pushes) / events,
      };
    };
    for (const { port } of [grouped, single]) await round(port, size.warmUp);
    const pairsOf = async (how: How): Promise<Pair[]> => {
      const pairs: Pair[] = [];
      for (let index = 0; index < size.rounds; index += 1) {
        const first = await round(grouped.port, size.events, how);
        pairs.push({ grouped: first, single: await round(single.port, size.events, how) });
      }
      return pairs;
    };
    const pairs = await pairsOf({});
    const crowded = await pairsOf({ connections: MOST_CONNECTIONS });
    const varied = await round(grouped.port, size.events, { mix: 'varied' });
    return [lokiOf(crowded), ...resultsOf(pairs), variedOf(varied)];
  } finally {
    for (const { program } of [grouped, single]) await program.stop();
    for (const part of [redis, loki, pubsub]) await part.stop();
  }
}

interface Pair {
  grouped: Cost;
  single: Cost;
}

type How = { mix?: MixName; connections?: number };

const medianOf = (pairs: readonly Pair[], which: keyof Pair, what: keyof Cost): number =>
  median(pairs.map((pair) => pair[which][what]));

const ratioOf = (pairs: readonly Pair[], what: keyof Cost): number =>
  median(pairs.map((pair) => pair.grouped[what] / pair.single[what]));

/** At the load for which groups are made: what a busy instance gets at once. */
function lokiOf(pairs: readonly Pair[]): Result {
  const name = `Loki's CPU per event, grouped / one entry a push, ${MOST_CONNECTIONS} connections`;
  const limit = { atMost: 0.15 };
  if (!hasRealLoki()) return { name, limit, value: Number.NaN, raw: 'not measured: see test/stack/install-loki' };
  const [grouped, single] = [medianOf(pairs, 'grouped', 'lokiUs'), medianOf(pairs, 'single', 'lokiUs')];
  const size = 1 / medianOf(pairs, 'grouped', 'pushes');
  const raw = `${grouped.toFixed(0)} us / ${single.toFixed(0)} us, ${size.toFixed(0)} entries a push`;
  return { name, limit, value: ratioOf(pairs, 'lokiUs'), raw };
}

/** For comparison: a hundred connections can't make large groups in many streams. */
function variedOf({ pushes, roundTrips: trips, lokiUs }: Cost): Result {
  return {
    name: 'pushes per event, all fixtures in turn over some twenty streams',
    value: pushes,
    raw: `${trips.toFixed(2)} round trips, ${lokiUs.toFixed(0)} us of Loki an event`,
  };
}

function resultsOf(pairs: readonly Pair[]): Result[] {
  const single = (what: keyof Cost, digits = 2): string => medianOf(pairs, 'single', what).toFixed(digits);
  return [
    {
      name: 'store round trips per event',
      value: medianOf(pairs, 'grouped', 'roundTrips'),
      limit: { atMost: 0.2 },
      raw: `one by one ${single('roundTrips')}`,
    },
    {
      name: 'pushes per event',
      value: medianOf(pairs, 'grouped', 'pushes'),
      limit: { atMost: 0.1 },
      raw: `one by one ${single('pushes')}; ${medianOf(pairs, 'grouped', 'lokiUs').toFixed(0)} us of Loki an event, one by one ${single('lokiUs', 0)}`,
    },
    {
      name: 'events delivered per second / one by one',
      value: ratioOf(pairs, 'perSecond'),
      limit: { atLeast: 2 },
      raw: `${medianOf(pairs, 'grouped', 'perSecond').toFixed(0)} / ${single('perSecond', 0)} a second`,
    },
  ];
}

/** Scripts and commands that Redis ran: each is at most one round trip, and claims and settlements are one each. */
async function roundTrips({ url }: Part): Promise<number> {
  const { Redis } = await import('ioredis');
  const client = new Redis(url);
  try {
    const stats = await client.info('commandstats');
    return [...stats.matchAll(/^cmdstat_(?:eval|evalsha|wait):calls=(\d+)/gm)].reduce(
      (sum, [, calls]) => sum + Number(calls),
      0,
    );
  } finally {
    client.disconnect();
  }
}

/** Loki counts its requests by route; the local one says the same of itself. */
async function pushesTo({ url }: Part): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return [...metrics.matchAll(/^loki_request_duration_seconds_count\{.*route="loki_api_v1_push".*\} (\d+)/gm)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );
}
