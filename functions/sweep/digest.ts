/** The daily digest: whatever sweeps come twice at once, late or not at all, each day that had one is told once. */

import { type DigestTime, dueDay } from '../core/digest-options.ts';
import { FALLBACK_AFTER_MS, owesPage } from '../core/incident/delivery.ts';
import { type Counted, type DigestFacts, digestOf } from '../core/incident/digest.ts';
import {
  DELIVERY_KIND,
  deliveryRefOf,
  groupKeyOf,
  INCIDENT_KIND,
  readDelivery,
  readIncident,
} from '../core/incident/documents.ts';
import { type Incident, isLive } from '../core/incident/incident.ts';
import { reportOf } from '../core/mute/exception-report.ts';
import {
  exceptionOf,
  type Mute,
  type MuteOptions,
  muteText,
  type StoredSilence,
  silenceOf,
} from '../core/mute/mute.ts';
import { readSaid, readTally, storedSilences, writeSaid } from '../core/mute/mute-documents.ts';
import type { LinkOptions } from '../core/page/links.ts';
import type { DocumentStore, Transaction } from '../core/ports.ts';
import { CLUSTER_KIND, clusterOfKey, nodeKind, nodeNameOf } from '../core/watch/node-documents.ts';
import { readAll } from './parts.ts';
import { type SayDeps, say } from './say.ts';

const DAY_MS = 24 * 3_600_000;
/** Looked at, once a day: what there is beyond is said to be. */
const MOST_INCIDENTS = 2_000;
const MOST_DELIVERIES = 1_000;
const MOST_CLUSTERS = 500;
const MOST_NODES = 1_000;
/** Transactions at once. */
const AT_ONCE = 50;
/** The record of the last one, beside those of silences and exceptions. */
const ID = 'digest';

export interface DigestDeps extends SayDeps {
  mute: MuteOptions;
  links: LinkOptions;
}

export async function sweepDigest(deps: DigestDeps, time: DigestTime): Promise<void> {
  const { store, links } = deps;
  const first = await store.transact((tx) => readSaid(tx, ID).then((said) => ({ said, day: dueDay(time, tx.now) })));
  if (!first.said) return begin(deps, time);
  if (first.day <= first.said.last) return;
  const [incidents, untold, silentNodes, pressed] = await Promise.all([
    liveIncidents(store),
    untoldReceivers(store),
    silentNodesOf(store),
    storedSilences(store),
  ]);
  await say(deps, async (tx) => {
    const said = await readSaid(tx, ID);
    const day = dueDay(time, tx.now);
    // Told by another sweep meanwhile.
    if (!said || day <= said.last) return undefined;
    const counted = await countMutes(deps, tx, pressed);
    writeSaid(tx, ID, { last: day, n: 0, at: tx.now });
    const facts = { now: tx.now, since: said.at, ...incidents, untold, silentNodes, ...counted };
    return { id: `${ID}.${day}`, title: 'the daily digest', reason: 'digest-told', ...digestOf(facts, links) };
  });
}

/** The first one comes at the first such time, and tells what happened since now. */
async function begin(deps: DigestDeps, time: DigestTime): Promise<void> {
  const pressed = await storedSilences(deps.store);
  await deps.store.transact(async (tx) => {
    if (await readSaid(tx, ID)) return;
    await countMutes(deps, tx, pressed);
    writeSaid(tx, ID, { last: dueDay(time, tx.now), n: 0, at: tx.now });
  });
}

type MuteFacts = Pick<DigestFacts, 'muted' | 'shadowed' | 'unused' | 'ending'>;

/** What was muted since it was last told, and in the same transaction that it is told now. */
async function countMutes(
  { mute }: DigestDeps,
  tx: Transaction,
  pressed: readonly StoredSilence[],
): Promise<MuteFacts> {
  const current = [
    ...pressed.map((silence) => ({ mute: silence as Mute, from: 0, until: silence.until })),
    ...mute.silences.map((silence) => ({ mute: silenceOf(silence), from: silence.from ?? 0, until: silence.until })),
  ].filter(({ from, until }) => tx.now >= from && tx.now < until);
  const read = (id: string) => Promise.all([readSaid(tx, id), readTally(tx, id)]);
  const [silences, exceptions] = await Promise.all([
    Promise.all(current.map(async (each) => ({ ...each, read: await read(each.mute.id) }))),
    Promise.all(
      mute.exceptions.map(async (each) => {
        const { id } = exceptionOf(each);
        return { id, name: each.name, mode: each.mode, read: await read(id) };
      }),
    ),
  ]);
  const muted: Counted[] = [];
  const shadowed: Counted[] = [];
  const unused: string[] = [];
  for (const { mute: silence, read } of silences) {
    const [said, tally] = read;
    // One that was not told of yet is counted from then on.
    if (!said || !tally || tally.n <= said.n) continue;
    muted.push({ name: muteText(silence), n: tally.n - said.n });
    writeSaid(tx, silence.id, { ...said, n: tally.n });
  }
  for (const { id, name, mode, read } of exceptions) {
    const report = reportOf(read[0], read[1], tx.now);
    if (report.more > 0) (mode === 'shadow' ? shadowed : muted).push({ name: `exception ${name}`, n: report.more });
    if (report.unused) unused.push(name);
    writeSaid(tx, id, report.said);
  }
  const ending = current
    .filter(({ until }) => until - tx.now < DAY_MS)
    .sort((a, b) => a.until - b.until)
    .map(({ mute: silence, until }) => ({ name: muteText(silence), until }));
  return { muted, shadowed, unused, ending };
}

async function liveIncidents(store: DocumentStore): Promise<{ incidents: Incident[]; cut: boolean }> {
  const keys = await store.list(INCIDENT_KIND, MOST_INCIDENTS + 1);
  const incidents = await readAll(keys.slice(0, MOST_INCIDENTS), AT_ONCE, (key) =>
    store.transact((tx) => readIncident(tx, groupKeyOf(key))),
  );
  return { incidents: incidents.filter(isLive), cut: keys.length > MOST_INCIDENTS };
}

/** By the pages that are due for so long that somebody else was to be told: whatever notify found wrong, this is left of it. */
async function untoldReceivers(store: DocumentStore): Promise<DigestFacts['untold']> {
  const keys = await store.list(DELIVERY_KIND, MOST_DELIVERIES);
  const late = await readAll(keys, AT_ONCE, (key) =>
    store.transact(async (tx) => {
      const delivery = await readDelivery(tx, deliveryRefOf(key));
      return delivery && owesPage(delivery) && tx.now - delivery.dueSince >= FALLBACK_AFTER_MS ? delivery : undefined;
    }),
  );
  const byReceiver = Map.groupBy(late, ({ receiver }) => receiver);
  return [...byReceiver].map(([receiver, pages]) => {
    return { receiver, n: pages.length, since: Math.min(...pages.map(({ dueSince }) => dueSince)) };
  });
}

async function silentNodesOf(store: DocumentStore): Promise<string[]> {
  const clusters = (await store.list(CLUSTER_KIND, MOST_CLUSTERS)).map(clusterOfKey);
  const kinds = clusters.flatMap((cluster) => [nodeKind('told', cluster), nodeKind('missed', cluster)]);
  const keys = await readAll(kinds, AT_ONCE, (kind) => store.list(kind, MOST_NODES));
  return keys.flat().map((key) => nodeNameOf(key).node);
}
