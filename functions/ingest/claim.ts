/** Claim: what an event asks of the store, and whether a store can hold it at all. */

import type { Context, FalcoEvent, LogEntry } from '../core/event/alert.ts';
import { type EventClaim, RECORD_TTL_MS } from '../core/ports.ts';
import { millisecondsOf } from '../core/time.ts';
import type { Judgement } from './judge.ts';

/** A Firestore document has at most 1 MiB (https://cloud.google.com/firestore/quotas#limits), the entry's field almost all of it. */
const MOST_BYTES = 900_000;
/** Below, no spelling of a line and its metadata reaches that. */
const SURELY_SMALL = 100_000;

/** The year 5138: a summary's times have 20 digits. */
const LATEST_NS = 10n ** 20n - 1n;

export interface Claimant {
  uuid: string;
  /** As Loki may see it: a summary goes there. */
  event: FalcoEvent;
  context: Context;
  judgement: Judgement;
  entry: LogEntry;
  replay: boolean;
}

/** @param now milliseconds since the epoch */
export function claimOf({ uuid, event, context, judgement, entry, replay }: Claimant, now: number): EventClaim {
  const { fingerprint, overflow, windowMs, keep, escalates } = judgement;
  const ageMs = now - millisecondsOf(event.timeNs);
  const { fields } = event;
  return {
    uuid,
    fingerprint: fingerprint.fingerprint,
    overflow,
    windowMs,
    keep,
    escalates,
    entry,
    replay,
    pastHorizon: ageMs > RECORD_TTL_MS,
    seen: {
      timeNs: event.timeNs > LATEST_NS ? String(LATEST_NS) : entry.timestampNs,
      pod: context.pod ?? '',
      node: context.node ?? event.hostname,
      user: text(fields['ka.user.name'] ?? fields['user.name']),
      remote: text(fields['ka.sourceips'] ?? fields['fd.sip'] ?? fields['fd.rip']),
    },
  };
}

/** Several times what Loki takes as well, so nothing is lost by not asking either of them. */
export function isTooLarge(entry: LogEntry): boolean {
  return entry.line.length > SURELY_SMALL && Buffer.byteLength(JSON.stringify(entry)) > MOST_BYTES;
}

function text(value: unknown): string {
  return typeof value === 'string' && value !== '<NA>' ? value.slice(0, 256) : '';
}
