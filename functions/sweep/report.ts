/**
 * Report: how incidents and deliveries stand, said in Loki once a minute for its dashboards and rules. It only reads the
 * store, decides nothing, and nobody waits for it: a report that fails is one that is missing.
 */

import {
  DELIVERY_KIND,
  deliveryRefOf,
  groupKeyOf,
  INCIDENT_KIND,
  readDelivery,
  readIncident,
} from '../core/incident/documents.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore, Log, Transaction } from '../core/ports.ts';
import { readAll } from './parts.ts';
import { reportEntries } from './report-entries.ts';

/** Each is read every minute, and paid for. */
const MOST_INCIDENTS = 1_000;
const MOST_DELIVERIES = 2_000;
/** Of deliveries that wait most say all in their keys; those that wait longest are looked at. */
const MOST_READ = 200;
/** Documents a transaction, and transactions at once. */
const GROUP = 20;
const AT_ONCE = 4;

export interface ReportDeps {
  store: DocumentStore;
  log: Log;
  /** The names of all that are configured. */
  receivers: readonly string[];
  writeLog: WriteLog;
}

/** Never throws. */
export async function report(deps: ReportDeps): Promise<void> {
  try {
    const outcomes = await Promise.all((await entriesOf(deps)).map((entry) => deps.log.push(entry)));
    const failed = outcomes.find(({ kind }) => kind !== 'stored');
    if (failed) throw new Error('detail' in failed ? failed.detail : failed.kind);
  } catch (error) {
    const message = `report: ${(error as Error).message}`;
    deps.writeLog({ severity: 'WARNING', message, reason: 'report-unavailable' });
  }
}

async function entriesOf({ store, receivers }: ReportDeps): Promise<ReturnType<typeof reportEntries>> {
  const [now, keys, due] = await Promise.all([
    store.transact(async (tx) => tx.now),
    store.list(INCIDENT_KIND, MOST_INCIDENTS),
    store.list(DELIVERY_KIND, MOST_DELIVERIES),
  ]);
  const refs = due.map(deliveryRefOf);
  const waiting = new Map(receivers.map((name) => [name, 0]));
  for (const { receiver } of refs) waiting.set(receiver, (waiting.get(receiver) ?? 0) + 1);
  return reportEntries({
    now,
    incidents: await readEach(store, keys.map(groupKeyOf), readIncident),
    waiting,
    deliveries: await readEach(store, refs.slice(0, MOST_READ), readDelivery),
    cut: keys.length === MOST_INCIDENTS || refs.length === MOST_DELIVERIES,
  });
}

/** Small transactions, since each must be begun anew where one of its documents was written meanwhile. */
async function readEach<Name, Document>(
  store: DocumentStore,
  names: readonly Name[],
  read: (tx: Transaction, name: Name) => Promise<Document | undefined>,
): Promise<Document[]> {
  const groups = Array.from({ length: Math.ceil(names.length / GROUP) }, (_, at) =>
    names.slice(at * GROUP, (at + 1) * GROUP),
  );
  const readGroup = (group: readonly Name[]): Promise<(Document | undefined)[]> =>
    store.transact((tx) => Promise.all(group.map((name) => read(tx, name))));
  const documents = await readAll(groups, AT_ONCE, readGroup);
  return documents.flat().filter((document) => document !== undefined);
}
