/** Closing windows and taking summaries on Firestore; a summary's count is computed once, after its window closed. */

import { DISTINCT_LIMIT, type EventStore, HOLD_MS, type Summary } from '../../core/ports.ts';
import { LISTS, unpadNs } from './claim-input.ts';
import { closeWrites, PATHS } from './firestore-group.ts';
import { type FirestoreDocument, type FirestoreRest, isConflict } from './firestore-rest.ts';
import { type Fields, integer, text } from './firestore-values.ts';

/** So many repeats of a window are read for the lists; beyond, the lists say that they are cut. */
const LIST_READ = 1_000;

type Tally = Pick<Summary, 'n' | 'firstNs' | 'lastNs' | 'pods' | 'nodes' | 'users' | 'remotes' | 'cut'>;

export function createFirestoreSummaries(
  rest: FirestoreRest,
): Pick<EventStore, 'closeWindows' | 'takeSummaries' | 'deleteSummary'> {
  return {
    async closeWindows(limit) {
      const { now, documents } = await rest.query({ collection: 'windows', orderBy: 'end', limit });
      const over = documents.filter(({ fields }) => integer(fields, 'end') <= now);
      const closed = await eachApart(over, async (document) => {
        await rest.commit(closeWrites(document, now));
        return [document];
      });
      return closed.length;
    },
    async takeSummaries(limit) {
      const { now, documents } = await rest.query({ collection: 'summaries', orderBy: 'until', limit });
      const free = documents.filter(({ fields }) => integer(fields, 'until') <= now);
      return eachApart(free, (document) => take(rest, document, now));
    },
    async deleteSummary(id) {
      await rest.commit([{ kind: 'delete', path: PATHS.summary(id) }]);
    },
  };
}

/** The count is stored by the same commit that takes the summary, so before anybody pushes it. */
async function take(rest: FirestoreRest, document: FirestoreDocument, now: number): Promise<Summary[]> {
  const { fields, path, updateTime } = document;
  const id = text(fields, 'id');
  const stored = text(fields, 'tally');
  const tally = stored ? (JSON.parse(stored) as Tally) : await tallyOf(rest, id);
  if (tally.n === 0) {
    await rest.commit([{ kind: 'delete', path, when: { updateTime } }]);
    return [];
  }
  const taken: Fields = { tried: true, until: now + HOLD_MS, tally: JSON.stringify(tally) };
  await rest.commit([{ kind: 'set', path, fields: taken, mask: ['tried', 'until', 'tally'], when: { updateTime } }]);
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

async function tallyOf(rest: FirestoreRest, id: string): Promise<Tally> {
  const counted = { collection: 'events', orderBy: 'counted', from: `${id}|`, to: `${id}|~` };
  const { documents } = await rest.query({ ...counted, limit: LIST_READ });
  const whole = documents.length < LIST_READ;
  const [n, last] = whole
    ? [documents.length, documents.at(-1)]
    : await Promise.all([rest.count(counted), lastOf(rest, counted)]);
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

/** One that fails, or that another sweep was faster with, doesn't hold up the others. Throws if all fail. */
async function eachApart<T>(
  documents: readonly FirestoreDocument[],
  run: (document: FirestoreDocument) => Promise<T[]>,
): Promise<T[]> {
  const results = await Promise.allSettled(documents.map(run));
  const errors = results.flatMap((result) =>
    result.status === 'rejected' && !isConflict(result.reason) ? [result.reason] : [],
  );
  if (errors.length > 0 && errors.length === results.length) throw errors[0];
  return results.flatMap((result) => (result.status === 'fulfilled' ? result.value : []));
}
