/** The loop: takes a text that reached something new, changes it, and keeps what reaches something new again. */

import type { Random } from '../../stack/support/random.ts';
import type { Coverage } from './coverage.ts';
import { mutated } from './mutate.ts';

export interface Target {
  name: string;
  /** Texts to begin with. */
  seeds(): readonly string[];
  /** Throws what is wrong about how this text was taken. */
  run(input: string): void | Promise<void>;
  /** Of our code's blocks, for each character of the input; the default is enough for most. */
  stepsPerCharacter?: number;
}

export interface Found {
  input: string;
  problem: string;
}

export interface Report {
  runs: number;
  /** Texts that reached something new. */
  kept: number;
  blocks: number;
  found: readonly Found[];
}

const BATCH = 25;
const MOST_FOUND = 5;
const STEPS_PER_CHARACTER = 150;
/** For what is done once, however short the text. */
const FREE_CHARACTERS = 4_000;

/** @param goOn asked before each text */
export async function fuzz(target: Target, random: Random, coverage: Coverage, goOn: () => boolean): Promise<Report> {
  const corpus = [...target.seeds()];
  const seen = new Set<string>();
  const places = new Set<string>();
  const found = new Map<string, Found>();
  let runs = 0;

  const most = (input: string): number =>
    (target.stepsPerCharacter ?? STEPS_PER_CHARACTER) * (input.length + FREE_CHARACTERS);

  async function tried(input: string): Promise<void> {
    runs += 1;
    try {
      await target.run(input);
    } catch (error) {
      const problem = String((error as Error)?.stack ?? error);
      const kind = problem.split('\n', 1)[0]?.slice(0, 80) ?? '';
      if (!found.has(kind)) found.set(kind, { input, problem });
    }
  }

  async function isNew(input: string): Promise<boolean> {
    coverage.take();
    await tried(input);
    const { blocks, steps } = coverage.take();
    if (steps > most(input)) found.set('steps', { input, problem: `${steps} steps for ${input.length} characters` });
    const before = seen.size;
    for (const block of blocks) {
      seen.add(block);
      places.add(placeOf(block));
    }
    return seen.size > before;
  }

  for (const input of corpus) await isNew(input);
  const pick = (): string => {
    // The last ones are where something happens.
    const from = random.below(2) === 0 ? Math.max(0, corpus.length - 40) : 0;
    return corpus[from + random.below(corpus.length - from)] ?? '';
  };
  while (found.size < MOST_FOUND && goOn()) {
    // Asking the engine costs more than most runs do, so several share it.
    const batch = Array.from({ length: BATCH }, () => mutated(pick(), pick(), random));
    coverage.take();
    for (const input of batch) await tried(input);
    const { blocks, steps } = coverage.take();
    const usual = blocks.every((block) => places.has(placeOf(block)));
    if (usual && steps < most('')) continue;
    for (const input of batch) if (await isNew(input)) corpus.push(input);
  }
  return { runs, kept: corpus.length, blocks: places.size, found: [...found.values()] };
}

/** Without its count. */
function placeOf(block: string): string {
  return block.slice(0, block.indexOf(' '));
}
