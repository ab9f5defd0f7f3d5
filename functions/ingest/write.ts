/** Write: brings an event's entry to Loki, and says what became of it. */

import type { LogEntry } from '../core/event/alert.ts';
import type { EventRecord, Log } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';

/** The window of a record that was claimed past the horizon of all records: an earlier one may have been forgotten. */
const PAST_HORIZON = '';

export type Written =
  | { kind: 'stored' }
  | { kind: 'refused'; detail: string }
  | { kind: 'unavailable'; reason: ReasonCode; detail: string };

/**
 * Writes what the record stored at its first claim, byte for byte. An earlier attempt may have got through without
 * our knowing, and Loki has no conditional write: so whoever comes again looks first.
 */
export async function write(log: Log, record: EventRecord, rendered: LogEntry): Promise<Written> {
  const stored = record.entry ?? rendered;
  const entry = { ...stored, metadata: { ...stored.metadata, fingerprint: record.fingerprint } };
  if (record.again || record.windowId === PAST_HORIZON) {
    try {
      if (await log.has(entry)) return { kind: 'stored' };
    } catch (error) {
      return { kind: 'unavailable', reason: 'loki-unavailable', detail: `look-up: ${(error as Error).message}` };
    }
  }
  return log.push(entry);
}
