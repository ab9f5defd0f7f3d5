/**
 * Claims on Redis: a group is one script, and so one round trip.
 *
 * Nearly all events are repeats, of which the store keeps no entry. Where this instance saw that a window is open, it claims
 * without one, at a tenth of the bytes: Redis then counts a repeat, or changes nothing and asks for the entry.
 */

import { randomUUID } from 'node:crypto';
import type { LogEntry } from '../../core/event/alert.ts';
import { failed, type Outcome, ok } from '../../core/outcome.ts';
import type { EventClaim, EventRecord, EventStore, Role } from '../../core/ports.ts';
import { claimError, headOf, listed, padNs } from './claim-input.ts';
import { keyOf } from './keys.ts';
import { type RedisConnection, script } from './redis-connection.ts';
import { CLAIM } from './redis-events.lua.ts';

const claimScript = script(CLAIM);

const ROLES: Readonly<Record<string, Role>> = { f: 'first', r: 'repeat', k: 'keep' };

/** What Redis answers to a claim without an entry that it needs. */
const ASKED = '?';
/** A shorter window is over before it was worth remembering. */
const SHORTEST_MS = 10_000;

/** Fingerprints that an instance remembers. */
const MOST_OPEN = 10_000;

export function createClaimGroup(connection: RedisConnection, prefix: string): EventStore['claim'] {
  /** Whose windows take nothing but repeats, as far as this instance saw: a guess that costs a round trip where it is wrong. */
  const open = new Set<string>();

  /** A replay, and an event past the horizon, may need their entries whatever is open. */
  const isRepeat = ({ fingerprint, replay, pastHorizon }: EventClaim): boolean =>
    !replay && !pastHorizon && open.has(fingerprint);

  async function claimSound(
    claims: readonly EventClaim[],
    isBare: (claim: EventClaim) => boolean,
  ): Promise<Outcome<EventRecord>[]> {
    if (claims.length === 0) return [];
    const args = [prefix];
    for (const claim of claims) pushClaim(args, claim, isBare(claim));
    let answers: readonly string[];
    try {
      answers = (await connection.write(claimScript, args)) as string[];
    } catch (error) {
      return claims.map(() => failed(error));
    }
    const asked = claims.filter((_, index) => answers[index] === ASKED);
    for (const { fingerprint } of asked) open.delete(fingerprint);
    const outcomes = claims.map((claim, index) => {
      if (answers[index] === ASKED) return undefined;
      const outcome = outcomeOf(claim, answers[index]);
      if (outcome.ok) learn(claim, outcome.value);
      return outcome;
    });
    return filled(outcomes, await claimSound(asked, () => false));
  }

  function learn(claim: EventClaim, { fingerprint, role, again }: EventRecord): void {
    const repeatsFollow = role === 'repeat' || (role === 'first' && claim.keep === 0);
    if (again || !repeatsFollow || fingerprint !== claim.fingerprint || claim.windowMs < SHORTEST_MS) return;
    if (open.size >= MOST_OPEN) open.clear();
    open.add(fingerprint);
  }

  return async (claims) => {
    const errors = claims.map(claimError);
    const sound = await claimSound(
      claims.filter((_, index) => !errors[index]),
      isRepeat,
    );
    return filled(
      errors.map((error) => error && failed<EventRecord>(error)),
      sound,
    );
  };
}

/** The outcomes, those that are not known yet taken from `others` in order. */
function filled(
  known: readonly (Outcome<EventRecord> | undefined)[],
  others: readonly Outcome<EventRecord>[],
): Outcome<EventRecord>[] {
  const next = others.values();
  return known.map((outcome) => outcome ?? next.next().value ?? failed(new Error('Redis: no answer')));
}

/** @param bare without head and entry, of which a repeat has no need */
function pushClaim(args: string[], claim: EventClaim, bare: boolean): void {
  const { overflow, seen } = claim;
  const flags = (claim.escalates ? 1 : 0) + (claim.replay ? 2 : 0) + (claim.pastHorizon ? 4 : 0);
  args.push(
    keyOf(claim.uuid),
    claim.fingerprint,
    overflow.key,
    overflow.fingerprint,
    `${claim.windowMs} ${claim.keep} ${overflow.limit} ${overflow.windowMs} ${flags} ${padNs(seen.timeNs)} ${bare ? '-' : randomUUID()}`,
    listed(seen.pod),
    listed(seen.node),
    listed(seen.user),
    listed(seen.remote),
    bare ? '' : JSON.stringify(headOf(claim)),
    bare ? '' : textOfEntry(claim.entry),
  );
}

/** The entry's line as it is, after a line of JSON for the rest: its quotes need no escaping, which costs at each claim. */
function textOfEntry({ line, ...rest }: LogEntry): string {
  return `${JSON.stringify(rest)}\n${line}`;
}

function entryOfText(text: string): LogEntry {
  const end = text.indexOf('\n');
  return { ...(JSON.parse(text.slice(0, end)) as Omit<LogEntry, 'line'>), line: text.slice(end + 1) };
}

/** Reads `0|1` and a record, as redis-events.lua.ts writes them. */
function outcomeOf(claim: EventClaim, answer: string | undefined): Outcome<EventRecord> {
  if (answer === undefined || answer.startsWith('!')) {
    return failed(new Error(`Redis: the claim failed: ${answer?.slice(1) ?? 'no answer'}`));
  }
  const again = answer[0] === '1';
  const owed = Number(answer[2]);
  const colon = answer.indexOf(':', 4);
  // The length counts bytes; only what is not plain ASCII needs them.
  const length = Number(answer.slice(4, colon));
  const fingerprint = takeBytes(answer, colon + 1, length);
  const start = colon + 1 + fingerprint.length;
  const line = answer.indexOf('\n', start);
  const entry = again ? (line < 0 ? undefined : entryOfText(answer.slice(line + 1))) : claim.entry;
  const log = owed % 2 === 1;
  return ok({
    uuid: claim.uuid,
    role: ROLES[answer[1] ?? ''] ?? 'first',
    windowId: line < 0 ? answer.slice(start) : answer.slice(start, line),
    fingerprint,
    owed: { log, escalation: owed >= 2 },
    again,
    parked: answer[3] === '1',
    ...(log && entry ? { entry } : {}),
  });
}

function takeBytes(text: string, start: number, bytes: number): string {
  const plain = text.slice(start, start + bytes);
  if (Buffer.byteLength(plain) === bytes) return plain;
  return Buffer.from(plain).subarray(0, bytes).toString();
}
