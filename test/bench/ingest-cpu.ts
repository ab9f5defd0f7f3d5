/** CPU per event of ingest against a function that only answers 204: the same requests, the same load. */

import type { MixName } from './mix.ts';
import { serveFunction } from './process.ts';
import type { Result } from './result.ts';
import { type Load, median } from './rounds.ts';
import { BARE, environment, openLoki, openPubsub, openRedis } from './stage.ts';

export interface Size {
  rounds: number;
  events: number;
  warmUp: number;
}

export async function measureIngestCpu(load: Load, dist: string, size: Size): Promise<Result[]> {
  const [redis, loki, pubsub] = await Promise.all([openRedis(), openLoki(), openPubsub()]);
  const bare = await serveFunction({ target: 'bare', source: BARE });
  const env = environment(redis.url, loki.url, pubsub);
  const ingest = await serveFunction({ target: 'ingest', source: dist, env });
  try {
    const results: Result[] = [];
    for (const mix of ['usual', 'firsts'] as const) {
      const { ratio, raw } = await ratioOf(load, { bare, ingest }, mix, size);
      const limit = mix === 'usual' ? { limit: { atMost: 1.5 } } : {};
      results.push({ name: `ingest CPU per event / bare function's, ${WORDS[mix]}`, value: ratio, raw, ...limit });
    }
    return results;
  } finally {
    for (const { program } of [bare, ingest]) await program.stop();
    for (const part of [redis, loki, pubsub]) await part.stop();
  }
}

const WORDS: Readonly<Record<'usual' | 'firsts', string>> = {
  usual: "a day's usual mix, a ninth of it firsts",
  firsts: 'the same rules, every event a first',
};

type Served = Awaited<ReturnType<typeof serveFunction>>;

/** Side by side in turn, so that whatever else the machine does befalls both. */
async function ratioOf(load: Load, { bare, ingest }: { bare: Served; ingest: Served }, mix: MixName, size: Size) {
  const cost = async ({ port, program }: Served, events: number): Promise<number> => {
    const { cpu } = await load.round({ port, mix, events, watched: [program.pid] });
    return ((cpu[0] ?? 0) / events) * 1e6;
  };
  for (const served of [bare, ingest]) await cost(served, size.warmUp);
  const costs: { bare: number; ingest: number }[] = [];
  for (let round = 0; round < size.rounds; round += 1) {
    costs.push({ bare: await cost(bare, size.events), ingest: await cost(ingest, size.events) });
  }
  const [a, b] = [median(costs.map((each) => each.ingest)), median(costs.map((each) => each.bare))];
  const ratios = costs.map((each) => each.ingest / each.bare);
  const spread = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
  return {
    ratio: median(ratios),
    raw: `${a.toFixed(0)} us / ${b.toFixed(0)} us, ${spread} in ${size.rounds} pairs of rounds`,
  };
}
