/** The documents of muting: silences that buttons made, and how many alerts each silence and exception has muted. */

import type { Json } from '../json.ts';
import type { DocumentStore, Transaction } from '../ports.ts';
import type { Mute, StoredSilence } from './mute.ts';

export const SILENCE_KIND = 'silence';
/** A count outlives what it counts by the time in which people ask for it. */
const KEPT_MS = 31 * 24 * 3_600_000;
/** So many are in force at once; more would be no silences but a broken button. */
const MOST = 500;

export interface Tally {
  id: string;
  n: number;
  /** By the store's clock. */
  firstAt: number;
  lastAt: number;
}

/** What people were told of a silence, an exception or the day, and the count of that time. */
export interface Said {
  last: string;
  n: number;
  /** When, by the store's clock; of an exception the time from which its days without a match count. */
  at: number;
  /** How often it was told that it begins. */
  times?: number | undefined;
  /** Of a silence of pipeline.yaml until its end was told: all there is to tell it by, once pipeline.yaml has it no more. */
  begun?: { mute: Mute; until: number } | undefined;
}

/** The kind under which sweep finds silences of pipeline.yaml whose end was not told. */
export const BEGUN_KIND = 'begun';

const silenceKey = (groupKey: string): string => `Q:${groupKey}`;
const tallyKey = (id: string): string => `M:${id}`;
const saidKey = (id: string): string => `C:${id}`;

// What these read was written below by this code; the store gives back what it was given.
export async function readSilence(tx: Transaction, groupKey: string): Promise<StoredSilence | undefined> {
  return (await tx.get(silenceKey(groupKey))) as StoredSilence | undefined;
}

/** Due when it ends, for sweep to say so. */
export function writeSilence(tx: Transaction, silence: StoredSilence): void {
  tx.set(silenceKey(silence.groupKey), {
    value: silence as unknown as Json,
    expiresAt: silence.until + KEPT_MS,
    due: { kind: SILENCE_KIND, at: silence.until },
  });
}

export function deleteSilence(tx: Transaction, groupKey: string): void {
  tx.delete(silenceKey(groupKey));
}

export async function readTally(tx: Transaction, id: string): Promise<Tally | undefined> {
  return (await tx.get(tallyKey(id))) as Tally | undefined;
}

export function writeTally(tx: Transaction, tally: Tally): void {
  tx.set(tallyKey(tally.id), { value: { ...tally }, expiresAt: tx.now + KEPT_MS });
}

export async function readSaid(tx: Transaction, id: string): Promise<Said | undefined> {
  return (await tx.get(saidKey(id))) as Said | undefined;
}

/** For as long as a silence may last: one that was forgotten would be announced anew. */
export function writeSaid(tx: Transaction, id: string, said: Said): void {
  tx.set(saidKey(id), {
    value: said as unknown as Json,
    expiresAt: tx.now + 12 * KEPT_MS,
    ...(said.begun && { due: { kind: BEGUN_KIND, at: said.begun.until } }),
  });
}

/** The id of a silence, as `list()` gives the key of what was said of it. */
export const saidIdOf = (key: string): string => key.slice(2);

/** The group keys of silences, as `due()` and `list()` give their documents' keys. */
export const silencedGroupOf = (key: string): string => key.slice(2);

/** Every silence that a button made and that was not ended yet. */
export async function storedSilences(store: DocumentStore): Promise<StoredSilence[]> {
  const keys = await store.list(SILENCE_KIND, MOST);
  if (keys.length === 0) return [];
  const read = await store.transact((tx) => Promise.all(keys.map((key) => readSilence(tx, silencedGroupOf(key)))));
  return read.filter((silence) => silence !== undefined);
}
