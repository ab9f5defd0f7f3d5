/** Claims on Firestore: read the group's documents, decide, commit under the condition that none has changed. */

import { randomUUID } from 'node:crypto';
import { failed, type Outcome, ok } from '../../core/outcome.ts';
import { pause } from '../../core/pause.ts';
import type { After, Clock, EventClaim, EventRecord } from '../../core/ports.ts';
import { claimEvent } from './claim-event.ts';
import { claimError } from './claim-input.ts';
import { createGroup, decodeRecord, PATHS, UnreadError } from './firestore-group.ts';
import { type FirestoreDocument, FirestoreError, type FirestoreRest, isConflict } from './firestore-rest.ts';
import type { Recent } from './firestore-settle.ts';

const ATTEMPTS = 12;
const LONGEST_PAUSE_MS = 500;
/** A commit holds at most 10 MiB. */
const GROUP_BYTES = 4 * 1024 * 1024;
const GROUP_ITEMS = 100;
const KNOWN_WINDOWS = 10_000;

/**
 * A group that meets a conflict is split by fingerprint and tried again, one at a time within an overflow key, so that
 * an instance contends only with others. `recent` learns what settling would otherwise have to read.
 */
export function createFirestoreClaims(rest: FirestoreRest, recent: Recent, clock: Clock, after: After) {
  // Which windows this instance has seen open: their overflow documents need not be read. Only a hint.
  const knownOpen = new Map<string, number>();
  const losers = new Map<string, Promise<unknown>>();

  async function attempt(claims: readonly EventClaim[]): Promise<EventRecord[]> {
    const own = new Set<string>();
    const overflow = new Set<string>();
    for (const claim of claims) {
      own.add(PATHS.event(claim.uuid));
      if (claim.pastHorizon) continue;
      own.add(PATHS.window(claim.fingerprint));
      const known = (knownOpen.get(claim.fingerprint) ?? 0) > clock();
      const paths = known ? overflow : own;
      paths.add(PATHS.openings(claim.overflow.key));
      paths.add(PATHS.window(claim.overflow.fingerprint));
    }
    const documents = new Map<string, FirestoreDocument | undefined>();
    const now = await readInto(documents, [...own]);
    try {
      return await decideAndCommit(claims, documents, now);
    } catch (error) {
      if (!(error instanceof UnreadError)) throw error;
      const later = await readInto(documents, [...overflow]);
      return decideAndCommit(claims, documents, later);
    }
  }

  async function readInto(documents: Map<string, FirestoreDocument | undefined>, paths: string[]): Promise<number> {
    const unread = paths.filter((path) => !documents.has(path));
    const read = await rest.get(unread);
    unread.forEach((path, index) => {
      documents.set(path, read.documents[index]);
    });
    return read.now;
  }

  async function decideAndCommit(
    claims: readonly EventClaim[],
    documents: ReadonlyMap<string, FirestoreDocument | undefined>,
    now: number,
  ): Promise<EventRecord[]> {
    const group = createGroup(documents, now);
    const answers = claims.map((claim) => claimEvent(group, claim, now, randomUUID));
    const writes = group.writes();
    const times = writes.length > 0 ? await rest.commit(writes) : [];
    for (const { uuid } of claims) {
      const document = documents.get(PATHS.event(uuid));
      if (document)
        recent.remember(uuid, { record: decodeRecord(document.fields), updateTime: document.updateTime, now });
    }
    [...group.changed()].forEach(([uuid, record], index) => {
      recent.remember(uuid, { record, updateTime: times[index] ?? '', now });
    });
    for (const [fingerprint, end] of group.opened()) {
      knownOpen.delete(fingerprint);
      knownOpen.set(fingerprint, end);
    }
    for (const fingerprint of knownOpen.keys()) {
      if (knownOpen.size <= KNOWN_WINDOWS) break;
      knownOpen.delete(fingerprint);
    }
    return answers;
  }

  async function claimPart(claims: readonly EventClaim[]): Promise<Outcome<EventRecord>[]> {
    try {
      return (await attempt(claims)).map((record) => ok(record));
    } catch (error) {
      if (isConflict(error)) return inParts(claims, ({ fingerprint }) => fingerprint, retry);
      // One that Firestore can't take must not fail its neighbours.
      if (error instanceof FirestoreError && error.status === 'INVALID_ARGUMENT' && claims.length > 1) {
        return inParts(claims, ({ uuid }) => uuid, claimPart);
      }
      return claims.map(() => failed(error));
    }
  }

  function retry(claims: readonly EventClaim[]): Promise<Outcome<EventRecord>[]> {
    const key = claims[0]?.overflow.key ?? '';
    const result = (losers.get(key) ?? Promise.resolve()).then(() => retryNow(claims));
    losers.set(key, result);
    return result.finally(() => {
      if (losers.get(key) === result) losers.delete(key);
    });
  }

  async function retryNow(claims: readonly EventClaim[]): Promise<Outcome<EventRecord>[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return (await attempt(claims)).map((record) => ok(record));
      } catch (error) {
        if (!isConflict(error) || tries >= ATTEMPTS) return claims.map(() => failed(error));
        await pause(after, Math.random() * Math.min(LONGEST_PAUSE_MS, 5 * 2 ** tries));
      }
    }
  }

  return async (claims: readonly EventClaim[]): Promise<Outcome<EventRecord>[]> => {
    const outcomes: Outcome<EventRecord>[] = [];
    let sound: { claim: EventClaim; index: number }[] = [];
    let bytes = 0;
    const flush = async (): Promise<void> => {
      if (sound.length === 0) return;
      const group = sound;
      sound = [];
      bytes = 0;
      const answers = await claimPart(group.map(({ claim }) => claim));
      group.forEach(({ index }, at) => {
        outcomes[index] = answers[at] ?? failed(new Error('Firestore: the claim has no answer'));
      });
    };
    for (const [index, claim] of claims.entries()) {
      const error = claimError(claim);
      if (error) {
        outcomes[index] = failed(error);
        continue;
      }
      if (sound.length >= GROUP_ITEMS || bytes + claim.entry.line.length > GROUP_BYTES) await flush();
      sound.push({ claim, index });
      bytes += claim.entry.line.length;
    }
    await flush();
    return outcomes;
  };
}

/** Runs each part of the claims on its own; the outcomes keep the claims' order. */
async function inParts(
  claims: readonly EventClaim[],
  partOf: (claim: EventClaim) => string,
  run: (part: readonly EventClaim[]) => Promise<Outcome<EventRecord>[]>,
): Promise<Outcome<EventRecord>[]> {
  const parts = new Map<string, number[]>();
  claims.forEach((claim, index) => {
    const part = partOf(claim);
    parts.set(part, [...(parts.get(part) ?? []), index]);
  });
  const outcomes: Outcome<EventRecord>[] = [];
  await Promise.all(
    [...parts.values()].map(async (indexes) => {
      const answers = await run(indexes.flatMap((index) => claims[index] ?? []));
      indexes.forEach((index, at) => {
        outcomes[index] = answers[at] ?? failed(new Error('Firestore: the claim has no answer'));
      });
    }),
  );
  return outcomes;
}
