/**
 * `npm run simulate`: fresh seeds for a while, or one seed with its trace. Exits 1 if a promise was broken, after printing the
 * seed, the promise, and the smallest plan that still breaks it.
 */

import { spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { addFigures, addResult, type Figures, noFigures, textOf } from './figures.ts';
import { type Plan, planOf } from './plan.ts';
import { type Result, run } from './run.ts';
import { shrink } from './shrink.ts';

const { values: options } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    seeds: { type: 'string' },
    /** One seed, with its whole trace. */
    seed: { type: 'string' },
    /** The first of many: seeds are numbers counted from here. */
    from: { type: 'string' },
    workers: { type: 'string', default: '1' },
    json: { type: 'string' },
    /** Prints figures alone, for the process that started this one. */
    worker: { type: 'boolean', default: false },
  },
});

const SHRINK_MS = 60_000;
/** So far apart are the first seeds of two workers. */
const APART = 1_000_000;

async function one(seed: string): Promise<Result> {
  const result = await run(planOf(seed), (line) => console.log(line));
  console.log(`trace ${result.trace}, ${result.steps} steps, ${result.events} events, ${result.sends} messages`);
  return result;
}

async function many(first: number): Promise<Figures> {
  const figures = noFigures();
  const began = performance.now();
  const most = options.seeds === undefined ? Number.POSITIVE_INFINITY : Number(options.seeds);
  const endsAt = options.seeds === undefined ? began + Number(options.seconds) * 1_000 : Number.POSITIVE_INFINITY;
  for (let seed = first; figures.seeds < most && performance.now() < endsAt; seed += 1) {
    const result = await run(planOf(String(seed)));
    addResult(figures, result);
    if (result.failure !== undefined) {
      await explain(result);
      break;
    }
  }
  figures.seconds = (performance.now() - began) / 1_000;
  return figures;
}

/** Says what is wrong on the error channel, which a worker shares with whoever started it. */
async function explain({ seed, failure = '', tail }: Result): Promise<void> {
  const said = [`seed ${seed} breaks a promise:`, `  ${failure}`, ...tail.map((line) => `  ${line}`)];
  console.error([...said, `npm run simulate -- --seed ${seed}`].join('\n'));
  const kind = failure.split(':')[0];
  const fails = async (plan: Plan): Promise<boolean> => (await run(plan)).failure?.split(':')[0] === kind;
  const endsAt = performance.now() + SHRINK_MS;
  const smallest = await shrink(planOf(seed), fails, () => performance.now() > endsAt);
  console.error(`the smallest plan that still does:\n${JSON.stringify(smallest, null, 1)}`);
}

/** The same in several processes, each with seeds of its own. */
async function inWorkers(count: number, first: number): Promise<Figures> {
  const sum = noFigures();
  const began = performance.now();
  const own = fileURLToPath(import.meta.url);
  const each = Array.from({ length: count }, (_, index) => {
    const limit = options.seeds === undefined ? ['--seconds', options.seconds] : ['--seeds', share(index, count)];
    return figuresOf([own, '--worker', '--from', String(first + index * APART), ...limit]);
  });
  for (const figures of await Promise.all(each)) addFigures(sum, figures);
  sum.seconds = (performance.now() - began) / 1_000;
  return sum;
}

function share(index: number, count: number): string {
  const seeds = Number(options.seeds);
  return String(Math.floor(seeds / count) + (index < seeds % count ? 1 : 0));
}

function figuresOf(args: readonly string[]): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const worker = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    worker.stdout.on('data', (part) => {
      said += String(part);
    });
    worker.on('error', reject);
    worker.on('close', (code) => {
      try {
        resolve(JSON.parse(said) as Figures);
      } catch {
        reject(new Error(`a worker ended with ${code} and said no figures`));
      }
    });
  });
}

if (options.seed !== undefined) {
  const { failure } = await one(options.seed);
  if (failure !== undefined) {
    console.log(`broken: ${failure}`);
    process.exitCode = 1;
  }
} else {
  // The only thing that is left to real chance.
  const first = options.from === undefined ? randomInt(2 ** 40) : Number(options.from);
  const workers = Number(options.workers);
  if (!options.worker) console.log(`seeds from ${first}`);
  const figures = workers > 1 ? await inWorkers(workers, first) : await many(first);
  console.log(options.worker ? JSON.stringify(figures) : textOf(figures));
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify({ first, ...figures })}\n`);
  if (figures.failed > 0 && !options.worker) process.exitCode = 1;
}
