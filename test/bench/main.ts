/**
 * `npm run bench`: what the relay costs, as ratios measured in one run, each with its limit. Exits 1 if one is missed.
 *
 * `--only NAME` runs one part, `--quick` shows that all of it runs and measures too little to be believed. Needs Linux,
 * redis-server, the Pub/Sub emulator of gcloud and the Loki that test/stack/install-loki builds; without that one the
 * local stand-in takes its place, and what is said of Loki's own CPU stays unmeasured.
 */

import { parseArgs } from 'node:util';
import { measureColdStart } from './cold-start.ts';
import { measureGrouping } from './grouping.ts';
import { measureGrowth } from './growth.ts';
import { measureIngestCpu } from './ingest-cpu.ts';
import { holds, type Result, table } from './result.ts';
import { type Load, startLoad } from './rounds.ts';
import { bundleFunctions } from './stage.ts';
import { measureStorm } from './storm.ts';

const { values: options } = parseArgs({
  options: { only: { type: 'string' }, quick: { type: 'boolean', default: false } },
});

const SIZES = options.quick
  ? {
      cpu: { rounds: 1, events: 500, warmUp: 100 },
      grouping: { rounds: 1, events: 500, warmUp: 100 },
      starts: 1,
      growth: { rounds: 1, tries: 1 },
      storm: { storm: { alerts: 300, clusters: 3, crowd: 30 }, singleClusters: 10 },
    }
  : {
      cpu: { rounds: 9, events: 8_000, warmUp: 16_000 },
      grouping: { rounds: 5, events: 5_000, warmUp: 5_000 },
      starts: 21,
      growth: { rounds: 5, tries: 5 },
      storm: { storm: { alerts: 5_000, clusters: 30, crowd: 60 }, singleClusters: 100 },
    };

const PARTS: Readonly<Record<string, (load: Load, dist: string) => Promise<Result[]>>> = {
  'ingest-cpu': (load, dist) => measureIngestCpu(load, dist, SIZES.cpu),
  grouping: (load, dist) => measureGrouping(load, dist, SIZES.grouping),
  'cold-start': (_load, dist) => measureColdStart(dist, SIZES.starts),
  storm: () => measureStorm(SIZES.storm),
  growth: async () => measureGrowth(SIZES.growth),
};

const names = Object.keys(PARTS).filter((name) => options.only === undefined || name === options.only);
if (names.length === 0) throw new Error(`--only takes one of ${Object.keys(PARTS).join(', ')}`);
const load = startLoad();
const results: Result[] = [];
try {
  const dist = await bundleFunctions();
  for (const name of names) results.push(...((await PARTS[name]?.(load, dist)) ?? []));
} finally {
  load.stop();
}
console.log(table(results));
process.exitCode = results.every(holds) ? 0 : 1;
