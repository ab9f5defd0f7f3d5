/** Closing windows and taking summaries on Firestore; a summary's count is computed once, after its window closed. */

import {
  DISTINCT_LIMIT,
  type EventStore,
  HOLD_MS,
  OWING_TTL_MS,
  type Summary,
  type WindowFailed,
} from '../../core/ports.ts';
import { LISTS, unpadNs } from './claim-input.ts';
import { closeWrites, PATHS } from './firestore-group.ts';
import { type FirestoreDocument, type FirestoreRest, isConflict, type Read } from './firestore-rest.ts';
import { type Fields, integer, text } from './firestore-values.ts';

/** So many repeats of a window are read for the lists; beyond, the lists say that they are cut. */
const LIST_READ = 1_000;
/** After each failure a window is counted with a longer limit, up to what a sweep has, and fewer of it are read. */
const COUNT_MS = 10_000;
const COUNT_LONGEST_MS = 40_000;
/** It waits as long again each time, so that it holds up none of those that can be counted. */
const AGAIN_MS = 60_000;
const AGAIN_LONGEST_MS = 3_600_000;
/** So many that failed before are counted at a time, after all others. */
const FAILED_AT_ONCE = 8;

type Tally = Pick<Summary, 'n' | 'firstNs' | 'lastNs' | 'pods' | 'nodes' | 'users' | 'remotes' | 'cut'>;

export function createFirestoreSummaries(
  rest: FirestoreRest,
): Pick<EventStore, 'closeWindows' | 'takeSummaries' | 'deleteSummary'> {
  return {
    async closeWindows(limit, failed) {
      const { now, documents: over } = await overWindows(rest, limit);
      const done = await eachApart(over, (document) => rest.commit(closeWrites(document, now)), failed);
      // What a claim closed meanwhile is closed as well. Where all were, another sweep is at it.
      return done.length > 0 ? over.length : 0;
    },
    async takeSummaries(limit, failed) {
      const { now, documents } = await rest.query({ collection: 'summaries', orderBy: 'until', limit });
      const free = documents.filter(({ fields }) => integer(fields, 'until') <= now);
      const fresh = free.filter(({ fields }) => failuresOf(fields) === 0);
      const some = fresh.length > 0 ? fresh : free.slice(0, FAILED_AT_ONCE);
      const done = await eachApart(some, (document) => take(rest, document, now, failed), failed);
      return done.flat();
    },
    async deleteSummary(id) {
      await rest.commit([{ kind: 'delete', path: PATHS.summary(id) }]);
    },
  };
}

/** Each document that is read is paid for: the oldest window tells the store's clock, and whether there is more to ask. */
async function overWindows(rest: FirestoreRest, limit: number): Promise<Read<FirestoreDocument[]>> {
  const byEnd = { collection: 'windows', orderBy: 'end' };
  const { now, documents } = await rest.query({ ...byEnd, limit: 1 });
  const over = documents.filter(({ fields }) => integer(fields, 'end') <= now);
  if (over.length < 1 || limit === 1) return { now, documents: over };
  return rest.query({ ...byEnd, to: now, limit });
}

/** How often its count failed so far. */
const failuresOf = (fields: Fields): number => integer(fields, 'failures');

const countLimitOf = (failures: number): number => Math.min(COUNT_MS * 2 ** Math.min(failures, 10), COUNT_LONGEST_MS);

/** The count is stored by the same commit that takes the summary, so before anybody pushes it. */
async function take(
  rest: FirestoreRest,
  document: FirestoreDocument,
  now: number,
  failed: WindowFailed | undefined,
): Promise<Summary[]> {
  const { fields, path, updateTime } = document;
  const id = text(fields, 'id');
  const failures = failuresOf(fields);
  const stored = text(fields, 'tally');
  let tally: Tally;
  try {
    tally = stored ? (JSON.parse(stored) as Tally) : await tallyOf(rest, id, failures);
  } catch (error) {
    await postpone(rest, document, now);
    failed?.(id, error as Error);
    return [];
  }
  if (tally.n === 0) {
    await rest.commit([{ kind: 'delete', path, when: { updateTime } }]);
    failed?.(id, new Error('its records have expired: its repeats are in no count'));
    return [];
  }
  // Held from when the count may have ended.
  const until = now + HOLD_MS + countLimitOf(failures) - COUNT_MS;
  const taken: Fields = { tried: true, until, tally: JSON.stringify(tally), failures: 0 };
  await rest.commit([{ kind: 'set', path, fields: taken, mask: Object.keys(taken), when: { updateTime } }]);
  return [
    {
      id,
      fingerprint: JSON.parse(text(fields, 'fingerprint')) as string,
      timestampNs: `${integer(fields, 'closed')}000000`,
      ...(JSON.parse(text(fields, 'head')) as Pick<Summary, 'labels' | 'rule'>),
      ...tally,
      tried: fields.tried === true,
    },
  ];
}

/** Behind all others, and with its whole life before it: it must not expire uncounted. */
async function postpone(
  rest: FirestoreRest,
  { fields, path, updateTime }: FirestoreDocument,
  now: number,
): Promise<void> {
  const failures = failuresOf(fields) + 1;
  const until = now + Math.min(AGAIN_MS * 2 ** Math.min(failures, 10), AGAIN_LONGEST_MS);
  const later: Fields = { failures, until, expires: new Date(now + OWING_TTL_MS) };
  await rest.commit([{ kind: 'set', path, fields: later, mask: Object.keys(later), when: { updateTime } }]);
}

async function tallyOf(rest: FirestoreRest, id: string, failures: number): Promise<Tally> {
  const counted = { collection: 'events', orderBy: 'counted', from: `${id}|`, to: `${id}|~` };
  const most = Math.max(1, Math.floor(LIST_READ / 10 ** failures));
  const { documents } = await rest.query({ ...counted, limit: most });
  const whole = documents.length < most;
  const [n, last] = whole
    ? [documents.length, documents.at(-1)]
    : await Promise.all([rest.count(counted, countLimitOf(failures)), lastOf(rest, counted)]);
  const time = (document: FirestoreDocument | undefined): string =>
    document ? unpadNs(text(document.fields, 'counted').slice(id.length + 1)) : '0';
  const lists = LISTS.map(([name, field]) => {
    const values = [...new Set(documents.map(({ fields }) => text(fields, field)).filter((value) => value !== ''))];
    return { name, values: values.slice(0, DISTINCT_LIMIT), cut: !whole || values.length > DISTINCT_LIMIT };
  });
  const values = (list: number): readonly string[] => lists[list]?.values ?? [];
  return {
    n,
    firstNs: time(documents[0]),
    lastNs: time(last),
    pods: values(0),
    nodes: values(1),
    users: values(2),
    remotes: values(3),
    cut: lists.filter(({ cut }) => cut).map(({ name }) => name),
  };
}

async function lastOf(
  rest: FirestoreRest,
  { collection, orderBy, from, to }: { collection: string; orderBy: string; from: string; to: string },
): Promise<FirestoreDocument | undefined> {
  // Descending, the bounds change places.
  const { documents } = await rest.query({ collection, orderBy, descending: true, from: to, to: from, limit: 1 });
  return documents[0];
}

/**
 * One that fails, or that somebody else was faster with, doesn't hold up the others. Gives what the others came to; throws
 * if all fail.
 */
async function eachApart<T>(
  documents: readonly FirestoreDocument[],
  run: (document: FirestoreDocument) => Promise<T>,
  failed: WindowFailed | undefined,
): Promise<T[]> {
  const results = await Promise.allSettled(documents.map(run));
  const errors: { id: string; error: Error }[] = [];
  results.forEach((result, index) => {
    if (result.status === 'fulfilled' || isConflict(result.reason)) return;
    errors.push({ id: text(documents[index]?.fields ?? {}, 'id'), error: result.reason as Error });
  });
  if (errors.length > 0 && errors.length === results.length) throw errors[0]?.error;
  for (const { id, error } of errors) failed?.(id, error);
  return results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
}
