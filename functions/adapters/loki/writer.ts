/** The log in Loki: entries of a stream that wait together share a push, look-ups that wait together share a query. */

import type { LogEntry } from '../../core/event/alert.ts';
import { createGate, createLane, type Lane } from '../../core/lane.ts';
import { ok } from '../../core/outcome.ts';
import type { After, Clock, Log, PushOutcome } from '../../core/ports.ts';
import { createLokiClient, type LokiClient, type LokiOptions } from './client.ts';
import { createGathering } from './gather.ts';
import { guardClient } from './guard.ts';
import { createLookup } from './lookup.ts';
import { isLabelName, streamLabels } from './names.ts';
import { encodeEntry } from './protobuf.ts';
import { createPush, describe, type Item } from './push.ts';

export type LokiWriterOptions = (LokiOptions | { client: LokiClient }) & {
  after: After;
  clock: Clock;
  /** For one push, in milliseconds; 5 s unless told. */
  pushTimeoutMs?: number;
  /** For one query, in milliseconds; 5 s unless told. */
  lookupTimeoutMs?: number;
  /** How many events are in flight that may come to be pushed; none unless told. While they are many, pushes are gathered. */
  inFlight?: () => number;
};

export interface LokiWriter extends Log {
  /** Pushes sent so far. */
  readonly pushes: number;
  close(): Promise<void>;
}

/** Far below the limits of a default Loki: 4 MB a message, 6 MB a burst. */
const MAX_GROUP_ENTRIES = 1_000;
const MAX_GROUP_BYTES = 1_000_000;
/** Pushes under way at once. */
const GATE = 4;
/** A flush that has to bisect stops there, so that what it knows by then reaches its waiters. */
const FLUSH_BUDGET_MS = 9_000;
/** For a flush, and for an entry's wait until its flush begins. */
const FLUSH_DEADLINE_MS = 10_000;
/** https://grafana.com/docs/loki/latest/configure/#limits_config: max_label_names_per_series, max_label_value_length */
const MAX_LABELS = 15;
const MAX_LABEL_VALUE_BYTES = 2_048;

/** Throws for an address that is none, and for both kinds of credentials at once. */
export function createLoki(options: LokiWriterOptions): LokiWriter {
  const { after, clock, pushTimeoutMs = 5_000, lookupTimeoutMs = 5_000, inFlight = () => 0 } = options;
  const client = guardClient('client' in options ? options.client : createLokiClient(options), clock);
  const lookup = createLookup({ client, after, timeoutMs: lookupTimeoutMs });
  /** Entries here, and of these the ones whose push is under way. */
  let entries = 0;
  let underWay = 0;
  const gate = createGathering({ gate: createGate(GATE), inFlight, waiting: () => entries - underWay, after });
  const lanes = new Map<string, Lane<Item, PushOutcome>>();
  let pushes = 0;
  const push = createPush({ client, lookup, clock, pushTimeoutMs, onPush: () => (pushes += 1) });

  async function flush(items: readonly Item[], deadline: AbortSignal) {
    const budget = new AbortController();
    const cancel = after(FLUSH_BUDGET_MS, () => budget.abort(new Error('no time left for this group')));
    underWay += items.length;
    try {
      return (await push(items, AbortSignal.any([deadline, budget.signal]))).map(ok);
    } finally {
      underWay -= items.length;
      cancel();
    }
  }

  /** Lanes live as long as something waits in them, so that there are never more of them than entries in flight. */
  function laneOf(key: string): Lane<Item, PushOutcome> {
    const lane =
      lanes.get(key) ??
      createLane<Item, PushOutcome>({
        name: 'loki push',
        flush,
        maxItems: MAX_GROUP_ENTRIES,
        maxBytes: MAX_GROUP_BYTES,
        sizeOf: ({ bytes }) => bytes.length,
        keyOf: ({ metadata, timestampNs, line }) => metadata.uuid || `${timestampNs} ${line}`,
        deadlineMs: FLUSH_DEADLINE_MS,
        waitMs: FLUSH_DEADLINE_MS,
        after,
        gate,
      });
    lanes.set(key, lane);
    return lane;
  }

  return {
    get pushes() {
      return pushes;
    },
    async push(entry) {
      try {
        const fault = faultOf(entry);
        if (fault) return { kind: 'refused', detail: fault };
        const { labels, timestampNs, line, metadata } = entry;
        client.check();
        const item = { labels, timestampNs, line, metadata, bytes: encodeEntry(entry) };
        const key = streamLabels(labels);
        const lane = laneOf(key);
        entries += 1;
        try {
          const outcome = lane.submit(item);
          gate.came();
          return await outcome;
        } finally {
          entries -= 1;
          if (lane.idle && lanes.get(key) === lane) lanes.delete(key);
        }
      } catch (error) {
        return { kind: 'unavailable', reason: 'loki-unavailable', detail: describe(error) };
      }
    },
    // What can't be pushed was not.
    async has(entry) {
      if (faultOf(entry)) return false;
      client.check();
      return lookup.has(entry);
    },
    close: () => client.close(),
  };
}

/** What would fail a whole group, said before it does. */
function faultOf({ labels, timestampNs }: LogEntry): string | undefined {
  if (!/^\d{10,19}$/.test(timestampNs)) return 'the timestamp is no count of nanoseconds';
  const names = Object.keys(labels);
  if (names.length > MAX_LABELS) return `more than ${MAX_LABELS} labels`;
  for (const name of names) {
    if (!isLabelName(name)) return 'a label name that Loki does not take';
    if (Buffer.byteLength(labels[name] ?? '') > MAX_LABEL_VALUE_BYTES) {
      return `the label ${name} is longer than ${MAX_LABEL_VALUE_BYTES} bytes`;
    }
  }
  return undefined;
}
