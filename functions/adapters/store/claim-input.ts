/** What every store does with a claim before it decides: refuses what is malformed, bounds what a summary gathers. */

import type { EventClaim, Summary } from '../../core/ports.ts';

/** The lists of a summary and the part of a claim that each gathers. */
export const LISTS = [
  ['pods', 'pod'],
  ['nodes', 'node'],
  ['users', 'user'],
  ['remotes', 'remote'],
] as const satisfies readonly (readonly [keyof Summary, keyof EventClaim['seen']])[];

/** Far above any real name; a summary with 40 of them stays below Loki's 64 KB of metadata. */
const VALUE_LENGTH = 256;
const NANOSECONDS = /^-?\d{1,20}$/;

export class BadClaimError extends Error {
  override readonly name = 'BadClaimError';
  constructor(field: string) {
    super(`the claim's ${field} is malformed`);
  }
}

/** The error of a claim that no store can take, so that it fails without its neighbours. */
export function claimError(claim: EventClaim): BadClaimError | undefined {
  const field = badField(claim);
  return field === undefined ? undefined : new BadClaimError(field);
}

function badField(claim: EventClaim): string | undefined {
  const { overflow, seen, entry } = claim;
  if (!isText(claim.uuid)) return 'uuid';
  if (!isText(claim.fingerprint)) return 'fingerprint';
  if (!isText(overflow?.key) || !isText(overflow.fingerprint)) return 'overflow';
  if (!isCount(overflow.limit) || !isCount(overflow.windowMs) || overflow.windowMs === 0) return 'overflow';
  if (!isCount(claim.windowMs) || claim.windowMs === 0) return 'windowMs';
  if (!isCount(claim.keep)) return 'keep';
  if (typeof seen?.timeNs !== 'string' || !NANOSECONDS.test(seen.timeNs)) return 'seen.timeNs';
  for (const [, field] of LISTS) if (typeof seen[field] !== 'string') return `seen.${field}`;
  if (typeof entry?.line !== 'string' || !entry.labels || !entry.metadata) return 'entry';
  return undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

/** A value as a summary lists it. */
export function listed(value: string): string {
  return value.slice(0, VALUE_LENGTH).toWellFormed();
}

/** Nanoseconds as 20 digits, so that they order as text. Times before 1970 (Go's zero time) count as 1970. */
export function padNs(timeNs: string): string {
  return timeNs.startsWith('-') ? '0'.repeat(20) : timeNs.padStart(20, '0');
}

/** The decimal again, without the zeros in front. */
export function unpadNs(padded: string): string {
  return padded.replace(/^0+(?=\d)/, '');
}

/** What a window keeps of its first event for its summary. */
export function headOf(claim: EventClaim): Pick<Summary, 'labels' | 'rule'> {
  return { labels: claim.entry.labels, rule: claim.entry.metadata.rule ?? '' };
}
