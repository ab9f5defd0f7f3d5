/** Random pushes and look-ups for the model of Loki and the real one: every branch that a push can take is among them. */

import type { LogEntry } from '../../../functions/core/event/alert.ts';
import { entryOf } from '../../adapters/loki/support.ts';
import type { Random } from './random.ts';

export type LokiOperation =
  /** One stream an element; our writer sends one, others send several. */
  { kind: 'push'; streams: readonly (readonly LogEntry[])[] } | { kind: 'look-up'; entries: readonly LogEntry[] };

export interface OperationsOptions {
  random: Random;
  /** Entries count their age from there. */
  now: number;
  /** How many different streams there are. */
  streams: number;
  /** Bytes of a usual line, at most. */
  lineBytes: number;
  /** With entries that Loki refuses for themselves. */
  faults: boolean;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Far from where a second decides, and on both sides of what a stream and a query look back. */
const AGES_MS = [0, 1, 30 * MINUTE_MS, 59 * MINUTE_MS, HOUR_MS, HOUR_MS + 1, 2 * HOUR_MS, 3 * HOUR_MS, 30 * HOUR_MS];

type Change = Parameters<typeof entryOf>[1];

/** https://grafana.com/docs/loki/latest/configure/#limits_config: just within the limits, and just beyond. */
const oddOf = (now: number): readonly Change[] => [
  { line: 'x'.repeat(262_144) },
  { line: 'x'.repeat(262_145) },
  { ageMs: 7 * DAY_MS - MINUTE_MS },
  { ageMs: 7 * DAY_MS + MINUTE_MS },
  // Once it is flushed, no query finds what lies in an hour that has not begun (tried).
  { ageMs: -Math.min(9 * MINUTE_MS, HOUR_MS - 1_000 - (now % HOUR_MS)) },
  { ageMs: -11 * MINUTE_MS },
  { metadata: { big: 'x'.repeat(65_000) } },
  { metadata: { big: 'x'.repeat(65_536) } },
  { metadata: Object.fromEntries(Array.from({ length: 124 }, (_, index) => [`k${index}`, 'v'])) },
  { metadata: Object.fromEntries(Array.from({ length: 125 }, (_, index) => [`k${index}`, 'v'])) },
];

const ODD_LABELS: readonly Record<string, string>[] = [
  { big: 'x'.repeat(2_048) },
  { big: 'x'.repeat(2_049) },
  Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`l${index}`, 'v'])),
  Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`l${index}`, 'v'])),
];

/** Gives the next operation; what it pushed before comes again now and then. */
export function lokiOperations(options: OperationsOptions): () => LokiOperation {
  const { random } = options;
  const pushed: LogEntry[] = [];
  let made = 0;

  const oneOf = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;

  function newEntry(labels: LogEntry['labels']): LogEntry {
    made += 1;
    const odd = options.faults && chance(8) ? oneOf(oddOf(options.now)) : {};
    // All of one length: in an alternation Loki takes a uuid that holds another one for that one (tried).
    const entry = entryOf(`entry-${String(made).padStart(5, '0')}`, {
      now: options.now,
      ageMs: oneOf(AGES_MS) + random.below(3),
      line: `${made} ${'x'.repeat(random.below(options.lineBytes))}`,
      ...odd,
      labels,
    });
    pushed.push(entry);
    return entry;
  }

  function streamLabels(): Record<string, string> {
    const labels = {
      project: 'acme-prod',
      cluster: 'payments-eu1',
      source: 'syscall',
      priority: `p${random.below(options.streams)}`,
    };
    return options.faults && chance(3) ? { ...labels, ...oneOf(ODD_LABELS) } : labels;
  }

  function newStream(): LogEntry[] {
    if (pushed.length > 0 && chance(15)) return [oneOf(pushed.slice(-40))];
    const labels = streamLabels();
    const before = pushed.filter((entry) => entry.labels.priority === labels.priority).slice(-20);
    return Array.from({ length: 1 + random.below(chance(20) ? 12 : 3) }, () => {
      if (before.length > 0 && chance(25)) return { ...oneOf(before), labels };
      return newEntry(labels);
    });
  }

  return () => {
    if (pushed.length > 0 && chance(25)) {
      const unknown = entryOf('never-pushed', { now: options.now });
      const entries = Array.from({ length: 1 + random.below(4) }, () => oneOf([...pushed.slice(-60), unknown]));
      return { kind: 'look-up', entries };
    }
    const several = chance(20);
    return { kind: 'push', streams: Array.from({ length: several ? 2 + random.below(2) : 1 }, newStream) };
  };
}
