/** docs/sizing.md shows what `npm run sizing` prints, and that is still what the code asks of the store. */

import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { breakEven, busy, costOf, redisGbOf } from './bench/sizing-cost.ts';
import { measureKinds } from './bench/sizing-kinds.ts';
import { measureAll, measureRates, roundedRates } from './bench/sizing-rates.ts';
import { type AllRates, sizingTables } from './bench/sizing-tables.ts';

const PAGE = new URL('../docs/sizing.md', import.meta.url);
const RATES = new URL('fixtures/sizing-rates.json', import.meta.url);
const HEAD = /^## The tables\n\n/m;

/** Made anew where the documents are; test/stack/sizing.stack.ts holds all of them to the code. */
async function kept(): Promise<AllRates> {
  if (process.env.UPDATE_DOCS) writeFileSync(RATES, `${JSON.stringify(roundedRates(await measureAll()), null, 2)}\n`);
  return JSON.parse(readFileSync(RATES, 'utf8')) as AllRates;
}

const rates = await kept();

test('docs/sizing.md ends with the tables', () => {
  const page = readFileSync(PAGE, 'utf8');
  const [head = ''] = page.split(HEAD, 1);
  const whole = `${head}## The tables\n\n${sizingTables(rates)}\n`;
  if (process.env.UPDATE_DOCS) writeFileSync(PAGE, whole);
  expect(readFileSync(PAGE, 'utf8')).toBe(whole);
});

test('nodes that speak ask of the store what they did when the tables were made', async () => {
  expect(roundedRates(await measureRates(1, 'snapshots'))).toEqual(rates.snapshot);
}, 60_000);

test('and so does an event of each kind', async () => {
  expect(await measureKinds()).toEqual(rates.kinds);
});

describe('a cost', () => {
  const day = (events: number) => costOf({ events, atOnce: 1 }, rates[1]);

  test('of a store on Firestore grows with events, beside what sweeping costs', () => {
    const idle = day(0).lines.firestore;
    expect(day(2_000_000).lines.firestore - idle).toBeCloseTo(2 * (day(1_000_000).lines.firestore - idle), 6);
    expect(idle).toBeGreaterThan(0);
  });

  test('of Redis is that of whole gigabytes, one at least', () => {
    expect([redisGbOf(0), redisGbOf(100_000), redisGbOf(10_000_000)]).toEqual([1, 1, 21]);
    expect(day(0).lines.redis).toBe(day(100_000).lines.redis);
  });

  test('is together what its lines are', () => {
    const { lines, onFirestore, onRedis } = day(100_000);
    const { firestore, redis, requestLogs, ...shared } = lines;
    const sum = Object.values(shared).reduce((total, line) => total + line, 0);
    expect([onFirestore, onRedis]).toEqual([sum + firestore, sum + redis]);
    expect(requestLogs).toBeGreaterThan(0);
  });

  test('of the two stores is one where they are said to meet', () => {
    const { lines } = costOf({ events: breakEven(rates[1]), atOnce: 1 }, rates[1]);
    expect(lines.firestore / lines.redis).toBeGreaterThan(0.98);
    expect(lines.firestore / lines.redis).toBeLessThan(1.02);
  });

  test.each([
    { perSecond: 0, seconds: 1, share: 0 },
    { perSecond: 1, seconds: 0.1, share: 0.095 },
    { perSecond: 1_000, seconds: 0.1, share: 1 },
  ])(
    'of $perSecond requests a second is that of the time in which one is under way',
    ({ perSecond, seconds, share }) => {
      expect(busy(perSecond, seconds)).toBeCloseTo(share, 3);
    },
  );
});
