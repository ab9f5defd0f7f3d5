/** The tables of docs/sizing.md, as Markdown. */

import type { Bill } from '../support/counted-firestore.ts';
import { breakEven, type Cost, costOf, type Line, type Size } from './sizing-cost.ts';
import { ALERTS_A_DAY, EVENTS_A_DAY, NODES, SNAPSHOTS_A_DAY } from './sizing-day.ts';
import { KINDS, type Kind } from './sizing-kinds.ts';
import { ASSUMED, MEASURED, PRICES, PRICES_OF } from './sizing-prices.ts';
import type { Rates } from './sizing-rates.ts';

/** By how many events are brought at once. */
export type AllRates = Readonly<Record<1 | 10 | 50 | 'snapshot', Rates>> & {
  kinds: Readonly<Record<Kind, Bill>>;
};

const SIZES: readonly Size[] = [
  { events: 1_000, atOnce: 1 },
  { events: 100_000, atOnce: 1 },
  { events: 10_000_000, atOnce: 10 },
];

const NOTHING = { reads: 0, writes: 0, deletes: 0, roundTrips: 0 };

const LINES: Readonly<Record<Line, string>> = {
  functions: 'functions at work, and the schedule',
  requests: 'requests to functions',
  waiting: '`min_instances` of ingest and escalate, waiting',
  pubsub: 'Pub/Sub',
  firestore: 'the store on Firestore',
  redis: 'or the store on Redis',
  loki: 'Loki, hosted',
  requestLogs: "Cloud Run's request logs, unless excluded",
};

export function sizingTables(rates: AllRates): string {
  return [
    '### Measured, for an event',
    `Of a day of ${EVENTS_A_DAY.toLocaleString('en')} events: ${ALERTS_A_DAY.toLocaleString('en')} alerts, and the snapshots of ${NODES} nodes.`,
    ratesTable(rates),
    '### Firestore, for one event',
    kindsTable(rates),
    `### A month, in dollars of ${PRICES_OF}`,
    costTable(rates),
    sentences(rates),
    '### Prices',
    pricesTable(),
    '### Assumed, and measured elsewhere',
    assumedTable(),
  ].join('\n\n');
}

/** What follows from both tables. */
function sentences(rates: AllRates): string {
  const { firestore, escalations } = rates[1];
  const [reads, writes] = [firestore.people.reads / escalations, firestore.people.writes / escalations];
  const node = costOf({ events: SNAPSHOTS_A_DAY, atOnce: 1 }, { ...rates.snapshot, idleSweep: NOTHING }).lines
    .firestore;
  return [
    `Redis costs less than Firestore from ${short(breakEven(rates[10]) / 1e6)} million events a day on.`,
    `A node that only speaks costs ${dollars(node)} a month of Firestore.`,
    `An alert that escalates is another ${reads.toFixed(0)} reads and ${writes.toFixed(0)} writes, until people are told.`,
  ].join(' ');
}

function ratesTable(rates: AllRates): string {
  const columns = [1, 10, 50, 'snapshot'] as const;
  const all = (of: (each: Rates) => number, digits = 2): string[] =>
    columns.map((name) => of(rates[name]).toFixed(digits));
  const sum = ({ firestore }: Rates, what: 'reads' | 'writes' | 'deletes' | 'roundTrips'): number =>
    firestore.ingest[what] + firestore.people[what] + firestore.sweep[what];
  return table(
    ['of an event', 'one at a time', '10 at once', '50 at once', 'a snapshot'],
    [
      ['Firestore documents read by ingest', ...all(({ firestore }) => firestore.ingest.reads)],
      ['read by all', ...all((each) => sum(each, 'reads'))],
      ['written by ingest', ...all(({ firestore }) => firestore.ingest.writes)],
      ['written by all', ...all((each) => sum(each, 'writes'))],
      ['deleted, by sweep and by their time', ...all((each) => sum(each, 'deletes') + each.kept)],
      ['round trips of ingest', ...all(({ firestore }) => firestore.ingest.roundTrips)],
      ['bytes kept in Firestore', ...all(({ keptBytes }) => keptBytes, 0)],
      ['bytes of the message', ...all(({ messageBytes }) => messageBytes, 0)],
      ['entries in Loki', ...all(({ entries }) => entries)],
      ['bytes of them', ...all(({ entryBytes }) => entryBytes, 0)],
      ['escalations', ...all(({ escalations }) => escalations, 4)],
      ['messages to people', ...all(({ told }) => told, 4)],
    ],
  );
}

function kindsTable({ kinds }: AllRates): string {
  return table(
    ['an event that is', 'read', 'written', 'round trips'],
    KINDS.map((kind) => [kind, kinds[kind].reads, kinds[kind].writes, kinds[kind].roundTrips].map(String)),
  );
}

function costTable(rates: AllRates): string {
  const costs = SIZES.map((size) => costOf(size, rates[size.atOnce]));
  const all = (of: (cost: Cost) => string): string[] => costs.map(of);
  const lines = (Object.keys(LINES) as Line[]).map((line) => [
    LINES[line],
    ...all((cost) => dollars(cost.lines[line])),
  ]);
  return table(
    ['events a day', ...SIZES.map(({ events }) => events.toLocaleString('en'))],
    [
      ...lines,
      ['**together on Firestore**, without request logs', ...all(({ onFirestore }) => `**${dollars(onFirestore)}**`)],
      ['**together on Redis**, the same', ...all(({ onRedis }) => `**${dollars(onRedis)}**`)],
      ['events a second, on average', ...SIZES.map(({ events }) => short(events / 86_400))],
      ['instances of ingest at work, on average', ...all(({ instances }) => short(instances))],
      ['gigabytes for Redis', ...all(({ redisGb }) => String(redisGb))],
      [
        'gigabytes that Pub/Sub holds after a day without Loki',
        ...SIZES.map(({ events, atOnce }) => ((events * rates[atOnce].messageBytes) / 1e9).toPrecision(2)),
      ],
    ],
  );
}

function pricesTable(): string {
  return table(
    ['what', 'dollars', 'for a', 'from'],
    Object.values(PRICES).map(({ what, usd, per, source }) => [what, plain(usd), per, source]),
  );
}

function assumedTable(): string {
  return table(
    ['what', 'value', 'from'],
    [
      ...Object.values(MEASURED).map(({ what, value, unit, source }) => [
        what,
        `${plain(value)} ${unit}`,
        `\`${source}\``,
      ]),
      ...Object.values(ASSUMED).map(({ what, value, unit }) => [what, `${plain(value)} ${unit}`.trim(), 'assumed']),
    ],
  );
}

/** Two digits that count. */
function short(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 2 });
}

function dollars(usd: number): string {
  return usd < 10 ? usd.toFixed(2) : Math.round(usd).toLocaleString('en');
}

/** Without an exponent. */
function plain(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 10 });
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
