/**
 * No pattern backtracks without measure: each is given up to twenty thousand characters of its own pieces. One that takes the
 * square of a text's length takes sixteen times as long for four times the text, any other four times. `npm run fuzz` measures.
 */

import { attacksOn, type Pattern, patternsBelow, textOf } from './patterns.ts';

/** The short ones first, for what would never end on a long one: a power of two shows at twenty characters. */
const LENGTHS = [20, 28, 300, 2_000, 20_000] as const;
/** What takes less is not worth a look: a square takes ten times that. */
const LIMIT_US = 20_000;
/** A text, to four of a quarter: between one and four. */
const SQUARE = 2;
/** No noise is that long. */
const PROOF_US = 400_000;
const ROUNDS = 2;
/** What is slow is slow each time; what a busy machine made slow is not. */
const TRIALS = 3;

/** Those that would take the square of a long text, and why no long text reaches them. */
export const BOUNDED: Readonly<Record<string, string>> = {
  '\\/+$': "an address of pipeline.yaml's or of the environment's",
  '(\\d+)(ms|s|m|h|d)': 'a duration of pipeline.yaml',
  '^\\{(0|[1-9]\\d*)(,?)(0|[1-9]\\d*|)\\}': 'a matcher of pipeline.yaml, at most 4,096 characters',
  '\\.?0*Z$': 'a time that we wrote ourselves',
  '^(.+?)-gke-.+-[0-9a-f]{8}-[a-z0-9]{4}$': 'a name of 253 characters at most; a longer one is none',
  '^(?:[a-z0-9-]+-)?falco(?:-[a-z0-9-]+)?-[bcdfghjklmnpqrstvwxz2456789]{5}$': 'a name of 253 characters at most',
  '"(?:[^"\\\\]|\\\\.)*"|`[^`]*`': "a query to Loki's stand-in, of whoever runs npm start",
};

/** Whether some text takes the square of its length, or more. */
function isSlow({ source, flags }: Pick<Pattern, 'source' | 'flags'>): boolean {
  const pattern = new RegExp(source, flags);
  const attacks = attacksOn({ source, flags });
  return LENGTHS.some((length) =>
    attacks.some((attack) => {
      const text = textOf(attack, length);
      const once = measure(pattern, text);
      if (once < LIMIT_US) return false;
      if (once > PROOF_US) return true;
      const quarter = textOf(attack, length / 4);
      for (let trial = 0; trial < TRIALS; trial += 1) if (!grows(pattern, quarter, text)) return false;
      return true;
    }),
  );
}

/** In turn, so that what slows the machine for a while slows both, and all summed, since the clock goes by milliseconds. */
function grows(pattern: RegExp, quarter: string, text: string): boolean {
  let short = 0;
  let long = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    long += measure(pattern, text);
    for (let time = 0; time < 4; time += 1) short += measure(pattern, quarter);
  }
  return long > ROUNDS * LIMIT_US && long > SQUARE * short;
}

/** Microseconds of processor time of this thread: the machine's other work does not count. */
function measure(pattern: RegExp, text: string): number {
  const start = process.threadCpuUsage();
  pattern.lastIndex = 0;
  if (pattern.global) for (const _ of text.matchAll(pattern));
  else pattern.exec(text);
  const { user, system } = process.threadCpuUsage(start);
  return user + system;
}

/** What a module builds when it is loaded. */
async function builtBy(modules: readonly string[]): Promise<Pattern[]> {
  const found: Pattern[] = [];
  const Native = globalThis.RegExp;
  globalThis.RegExp = new Proxy(Native, {
    construct(target, [source, flags = '']: [string, string?]) {
      found.push({ file: 'built', source, flags });
      return new target(source, flags);
    },
  });
  try {
    for (const module of modules) await import(`../../functions/${module}.ts`);
  } finally {
    globalThis.RegExp = Native;
  }
  return found;
}

/** Of our own code, each once: literals, and what is built where modules are loaded. */
export async function ourPatterns(): Promise<{ patterns: Pattern[]; builders: string[] }> {
  const { literals, builders } = patternsBelow('functions');
  const built = await builtBy(['ingest/redact-patterns', 'core/event/workload']);
  const all = [...literals, ...built].map((each) => [`${each.source}/${each.flags}`, each] as const);
  return { patterns: [...new Map(all).values()], builders };
}

/** What is slow and not known to be bounded, what is said to be slow and is not, and what should be found and is not. */
export async function slowPatterns(): Promise<string[]> {
  const { patterns } = await ourPatterns();
  const told = (list: readonly Pattern[], what: string): string[] =>
    list.map(({ file, source }) => `${file}: /${source}/ ${what}`);
  return [
    ...told(
      patterns.filter((each) => !(each.source in BOUNDED) && isSlow(each)),
      'takes the square of its text',
    ),
    ...told(
      patterns.filter((each) => each.source in BOUNDED && !isSlow(each)),
      'is linear: nothing need bound it',
    ),
    ...told(
      KNOWN_SLOW.filter((each) => !isSlow(each)),
      'was not found, so that others may not be',
    ),
  ];
}

const KNOWN_SLOW: readonly Pattern[] = ['\\s+$', 'a*b$', '(?:a+b?)*:', '"[^x]*x'].map((source) => {
  return { file: 'a known one', source, flags: '' };
});
