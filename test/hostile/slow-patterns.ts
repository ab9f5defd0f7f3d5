/**
 * No pattern backtracks without measure: each is given twenty thousand characters of its own pieces. One that takes the
 * square of a text's length needs some hundred milliseconds and more for that, any other a few. `npm run fuzz` measures.
 */

import { type Pattern, patternsBelow, textsAgainst } from './patterns.ts';

/** The short ones first, for what would never end on a long one: a power of two shows at twenty characters. */
const LENGTHS = [20, 28, 300, 2_000, 20_000] as const;
const LIMIT_US = 60_000;
/** No noise is that long. */
const PROOF_US = 400_000;

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

/** Processor time of this thread, the best of three where it was much: the machine's other work does not count. */
function slowest({ source, flags }: Pick<Pattern, 'source' | 'flags'>): number {
  const pattern = new RegExp(source, flags);
  const global = flags.includes('g') ? pattern : undefined;
  const measure = (text: string): number => {
    const start = process.threadCpuUsage();
    pattern.lastIndex = 0;
    if (global) for (const _ of text.matchAll(global));
    else pattern.exec(text);
    const { user, system } = process.threadCpuUsage(start);
    return user + system;
  };
  let most = 0;
  const texts = LENGTHS.flatMap((length) => textsAgainst({ source, flags }, length));
  for (const text of texts) {
    let least = measure(text);
    for (let again = 0; again < 2 && least > LIMIT_US && least < PROOF_US; again += 1)
      least = Math.min(least, measure(text));
    most = Math.max(most, least);
    if (most > LIMIT_US) break;
  }
  return most;
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
  const isSlow = (pattern: Pattern): boolean => slowest(pattern) > LIMIT_US;
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
