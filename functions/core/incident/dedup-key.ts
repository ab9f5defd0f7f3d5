/** The key by which an incident is known outside: as text while the vendor takes it, else its hash; and the way back. */

import { hash } from 'node:crypto';

/** https://developer.pagerduty.com/docs/events-api-v2/trigger-events/: characters. */
export const DEDUP_KEY_LIMIT = 255;

/** `{group key}/{generation}`, as people can search for it. */
export const incidentKeyOf = (groupKey: string, generation: number): string => `${groupKey}/${generation}`;

/** The key of one round: what pages again has a key of its own, since an acknowledged alert does not ring. */
export function roundKeyOf(dedupKey: string, round: number): string {
  const key = round === 1 ? dedupKey : `${dedupKey}/${round}`;
  if (key.length <= DEDUP_KEY_LIMIT) return key;
  return `${isDownKey(key) ? DOWN_HASHED : 'falco-relay:'}${hash('sha256', key, 'hex')}`;
}

/** A group's key ends in its brace, or, where it was too long, in a hash. */
const KEY = /^(?<groupKey>\{.*?\}|\{.*?…[0-9a-f]{64})\/(?<generation>[1-9]\d{0,8})(?:\/(?<round>[1-9]\d{0,8}))?$/s;

/** Reads a key back; undefined for a hash and for what is none of ours. */
export function readDedupKey(key: string): { groupKey: string; generation: number; round: number } | undefined {
  const { groupKey, generation, round = '1' } = KEY.exec(key)?.groups ?? {};
  return groupKey && generation ? { groupKey, generation: Number(generation), round: Number(round) } : undefined;
}

const DOWN_HASHED = 'falco-relay-down:';
const DOWN = /(?:\}|…[0-9a-f]{64})#down\/\d{1,10}$/;

/** Whether it is the key of a page that was told while the store was down: no incident has it, then or later. */
export const isDownKey = (key: string): boolean => DOWN.test(key) || key.startsWith(DOWN_HASHED);

export const isHashedKey = (key: string): boolean => /^falco-relay:[0-9a-f]{64}$/.test(key);
