/** Says a word of the relay's own: in one transaction with the record that it was said, so that two sweeps at once say it once. */

import { type Announcement, announced } from '../core/incident/announcement.ts';
import { writeIncident } from '../core/incident/documents.ts';
import { tell } from '../core/incident/tell.ts';
import type { WriteLog } from '../core/log.ts';
import type { DocumentStore, Transaction } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';

export interface SayDeps {
  store: DocumentStore;
  /** Receivers that hear of it. */
  announce: readonly string[];
  writeLog: WriteLog;
}

export interface Word extends Announcement {
  reason: ReasonCode;
  /** The receivers that hear it, where some know already. */
  to?: readonly string[] | undefined;
}

/** @param next what there is to say, with its record written; undefined where there is nothing */
export async function say(
  { store, announce, writeLog }: SayDeps,
  next: (tx: Transaction) => Promise<Word | undefined>,
): Promise<void> {
  const word = await store.transact(async (tx) => {
    const found = await next(tx);
    const to = found?.to ?? announce;
    if (!found || to.length === 0) return found;
    const incident = announced(found, to, tx.now);
    writeIncident(tx, incident);
    tell(tx, incident, new Map(), { page: to });
    return found;
  });
  if (word) writeLog({ severity: 'NOTICE', message: `${word.title}: ${word.text}`, reason: word.reason });
}

/** All of them are tried; @throws the first failure. */
export async function each(work: readonly Promise<void>[]): Promise<void> {
  const done = await Promise.allSettled(work);
  const failure = done.find(({ status }) => status === 'rejected');
  if (failure?.status === 'rejected') throw failure.reason;
}

export const alerts = (n: number): string => `${n} ${n === 1 ? 'alert' : 'alerts'}`;

/** `2026-11-23 10:00:05 UTC` */
export const momentText = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
