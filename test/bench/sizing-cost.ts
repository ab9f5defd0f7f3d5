/** A month's cost of so many events a day, from rates and prices. */

import { ASSUMED, MEASURED, PRICES } from './sizing-prices.ts';
import type { Rates } from './sizing-rates.ts';

export interface Size {
  /** Events a day, snapshots included. */
  events: number;
  /** How many reach ingest together, which is measured. */
  atOnce: 1 | 10 | 50;
}

export type Line = 'functions' | 'requests' | 'waiting' | 'pubsub' | 'firestore' | 'redis' | 'loki' | 'requestLogs';

export interface Cost {
  lines: Readonly<Record<Line, number>>;
  /** With Firestore, and with Redis, without request logs. */
  onFirestore: number;
  onRedis: number;
  redisGb: number;
  /** Instances of ingest at work, on average. */
  instances: number;
}

const DAYS = 30;
const DAY_S = 86_400;
const MONTH_S = DAYS * DAY_S;
const MONTH_H = DAYS * 24;
const SWEEPS = DAYS * 1_440;
const GIB = 2 ** 30;
const MEMORY_GIB = 0.5;
/** Records live for eight days; Firestore deletes within a day of that. */
const RECORD_DAYS = 8;

export function costOf({ events }: Size, rates: Rates): Cost {
  const month = DAYS * events;
  const perSecond = events / DAY_S;
  const ingest = Math.max(busy(perSecond, ASSUMED.ingest.value), (perSecond * MEASURED.cpu.value) / ASSUMED.full.value);
  const escalate = busy(perSecond * rates.escalations, ASSUMED.told.value);
  const notify = busy(perSecond * rates.notifications, ASSUMED.told.value);
  const sweep = (SWEEPS * ASSUMED.sweep.value) / MONTH_S;
  const redisGb = redisGbOf(events);
  const lines = {
    functions: (ingest + escalate + notify + sweep) * instanceOf(PRICES.cpu.usd) + PRICES.scheduler.usd,
    requests: (messagesOf(month, rates) / 1e6) * PRICES.requests.usd,
    waiting: (Math.max(0, 1 - ingest) + (1 - escalate)) * instanceOf(PRICES.idleCpu.usd),
    pubsub: ((2 * (rates.messageBytes + rates.ownBytes) * month) / 2 ** 40) * PRICES.pubsub.usd,
    firestore: firestoreOf(events, rates),
    redis: redisGb * MONTH_H * redisPrice(redisGb),
    loki: ((rates.entryBytes * month) / 1e9) * PRICES.loki.usd,
    requestLogs: ((ASSUMED.requestLog.value * messagesOf(month, rates)) / GIB) * PRICES.logging.usd,
  };
  const { firestore, redis, requestLogs, ...common } = lines;
  const shared = Object.values(common).reduce((sum, line) => sum + line, 0);
  return { lines, onFirestore: shared + firestore, onRedis: shared + redis, redisGb, instances: ingest };
}

/** From how many events a day on Firestore costs more than Redis. */
export function breakEven(rates: Rates): number {
  const dearer = (events: number): boolean =>
    firestoreOf(events, rates) > redisGbOf(events) * MONTH_H * redisPrice(redisGbOf(events));
  let [low, high] = [1_000, 1_000_000_000];
  while (high / low > 1.01) {
    const middle = Math.sqrt(low * high);
    if (dearer(middle)) high = middle;
    else low = middle;
  }
  return high;
}

/** The share of time in which at least one request is under way, where they come as they like: what is paid for. */
export function busy(perSecond: number, seconds: number): number {
  return 1 - Math.exp(-perSecond * seconds);
}

/** One instance for a month. */
function instanceOf(cpu: number): number {
  return MONTH_S * (cpu + MEMORY_GIB * PRICES.memory.usd);
}

function messagesOf(month: number, { escalations, notifications }: Rates): number {
  return month * (1 + escalations + notifications) + SWEEPS;
}

function firestoreOf(events: number, { firestore, kept, keptBytes, idleSweep }: Rates): number {
  const month = DAYS * events;
  const of = (what: 'reads' | 'writes' | 'deletes'): number =>
    month * (firestore.ingest[what] + firestore.people[what] + firestore.sweep[what]) + SWEEPS * idleSweep[what];
  const deletes = of('deletes') + month * kept;
  const operations = of('reads') * PRICES.reads.usd + of('writes') * PRICES.writes.usd + deletes * PRICES.deletes.usd;
  return operations / 1e5 + ((keptBytes * events * (RECORD_DAYS + 1)) / GIB) * PRICES.stored.usd;
}

/** In whole gigabytes, as `store.memory_gb` takes them. */
export function redisGbOf(events: number): number {
  return Math.max(1, Math.ceil((events * RECORD_DAYS * MEASURED.redisRecord.value * ASSUMED.spare.value) / GIB));
}

function redisPrice(gb: number): number {
  return (gb < 5 ? PRICES.redis1 : gb < 11 ? PRICES.redis5 : PRICES.redis11).usd;
}
