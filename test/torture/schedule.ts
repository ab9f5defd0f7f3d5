/** The faults of a run, and when: all of it follows from the seed. */

import type { Random } from '../stack/support/random.ts';
import { LINK_FAULTS } from './link.ts';

export const FUNCTIONS = ['ingest', 'escalate', 'notify', 'sweep'] as const;
export type FunctionName = (typeof FUNCTIONS)[number];
/** Each zone has an instance of every function, and links of its own to all that they need. */
export const ZONES = [0, 1] as const;
export type Zone = (typeof ZONES)[number];
export const LINKED = ['store', 'loki', 'pubsub', 'receivers'] as const;
export type Linked = (typeof LINKED)[number];

export interface Fault {
  /** Milliseconds after the load began, and from its beginning to its end. */
  at: number;
  lastsMs: number;
  /** What a report counts it as, like `kill -9` or `link black-hole`. */
  kind: string;
  /** What it happens to: no second fault comes to that before the first one is over. */
  part: string;
}

interface Card {
  kind: string;
  parts: readonly string[];
  leastMs: number;
  mostMs: number;
}

/** As notify's claims live for 30 s, and Pub/Sub waits 60 s for an answer: some of these outlive both. */
const STOPPED_MS = { leastMs: 35_000, mostMs: 70_000 };
const SHORT = { leastMs: 1_000, mostMs: 8_000 };
const LONG = { leastMs: 3_000, mostMs: 30_000 };
/** Between the beginnings of two faults. */
const GAP_MS = { least: 1_500, most: 8_000 };
/** Where a disk is not to be filled, or the store is no Redis, these are left out. */
export type Left = 'loki disk full' | 'store killed' | 'store failed over';

const instances = FUNCTIONS.flatMap((name) => ZONES.map((zone) => `${name} ${zone}`));
const links = LINKED.flatMap((to) => ZONES.map((zone) => `${to} of zone ${zone}`));

const CARDS: readonly Card[] = [
  ...Array.from({ length: 4 }, () => ({ kind: 'kill -9', parts: instances, ...SHORT })),
  ...Array.from({ length: 2 }, () => ({ kind: 'stop', parts: instances, ...STOPPED_MS })),
  ...LINK_FAULTS.flatMap((fault) => [
    { kind: `link ${fault}`, parts: links, ...LONG },
    { kind: `link ${fault}`, parts: links, ...LONG },
  ]),
  { kind: 'loki killed', parts: ['loki'], ...LONG },
  { kind: 'loki ended', parts: ['loki'], ...LONG },
  { kind: 'loki disk full', parts: ['loki'], ...LONG },
  { kind: 'store killed', parts: ['store'], ...SHORT },
  { kind: 'store failed over', parts: ['store'], ...SHORT },
  { kind: 'store stopped', parts: ['store'], ...SHORT },
  { kind: 'pushed twice', parts: ['pushes'], ...LONG },
  { kind: 'answers lost', parts: ['pushes'], ...LONG },
];

/** Ends with the load. Each kind comes once before any comes again. */
export function scheduleOf(forMs: number, random: Random, left: readonly Left[]): Fault[] {
  const cards = CARDS.filter(({ kind }) => !(left as readonly string[]).includes(kind));
  const busyUntil = new Map<string, number>();
  const faults: Fault[] = [];
  let deck: Card[] = [];
  for (let at = 3_000; at < forMs; at += between(GAP_MS.least, GAP_MS.most, random)) {
    if (deck.length === 0) deck = random.shuffle(cards);
    const now = at;
    const isFree = (part: string): boolean => (busyUntil.get(part) ?? 0) <= now;
    const card = deck.find(({ parts }) => parts.some(isFree));
    if (!card) continue;
    deck.splice(deck.indexOf(card), 1);
    const [part = ''] = random.shuffle(card.parts.filter(isFree));
    const lastsMs = Math.min(between(card.leastMs, card.mostMs, random), Math.max(forMs - at, 1_000));
    busyUntil.set(part, at + lastsMs + 1_000);
    faults.push({ at, lastsMs, kind: card.kind, part });
  }
  return faults;
}

function between(least: number, most: number, random: Random): number {
  return least + random.below(most - least);
}
