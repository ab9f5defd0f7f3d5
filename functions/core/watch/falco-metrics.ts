/**
 * Falco's words about itself: metrics snapshots and drop events.
 * https://falco.org/docs/concepts/metrics/, https://github.com/falcosecurity/falco/blob/master/userspace/falco/stats_writer.cpp
 */

import type { FalcoEvent, FieldValue } from '../event/alert.ts';
import { fieldText } from '../match/facts.ts';
import { millisecondsOf } from '../time.ts';

export const SNAPSHOT_RULE = 'Falco internal: metrics snapshot';
export const DROP_RULE = 'Falco internal: syscall event drop';

export interface Snapshot {
  /** The event's own time, milliseconds. */
  ms: number;
  /** Changes when Falco starts or loads its rules anew, which sets its counters back. */
  run: string;
  /** Rules that matched since then: each is one output, none is limited. Rules below Falco's own `priority` don't count. */
  matches?: number | undefined;
  /** Outputs that Falco threw away since its start because its queue was full. */
  queueDrops: number;
  /** System calls lost since the previous snapshot, in percent. */
  dropPercent: number;
  /** Pub/Sub held it up: what belongs to its interval may still be held up as well. */
  late: boolean;
}

/** Each source of a Falco with plugins sends snapshots of its own; those of system calls are a node's. */
export function isOfNode({ fields }: FalcoEvent): boolean {
  const source = fields['evt.source'];
  return source === undefined || source === null || source === 'syscall';
}

export function snapshotOf(event: FalcoEvent, late: boolean): Snapshot {
  const { fields } = event;
  const matches = numberOf(fields['falco.rules.matches_total']);
  return {
    ms: msOf(event),
    run: `${fieldText(fields['falco.start_ts'])}/${fieldText(fields['falco.reload_ts'])}`.slice(0, 128),
    ...(matches === undefined ? {} : { matches }),
    queueDrops: numberOf(fields['falco.outputs_queue_num_drops']) ?? 0,
    dropPercent: numberOf(fields['scap.n_drops_perc']) ?? 0,
    late,
  };
}

/** What a drop event says of one second, in percent; its counters are strings, and the calls include the lost ones. */
export function dropPercentOf({ fields }: FalcoEvent): number {
  const drops = numberOf(fields.n_drops) ?? 0;
  const calls = numberOf(fields.n_evts) ?? 0;
  return calls > 0 ? Math.min(100, (100 * drops) / calls) : drops > 0 ? 100 : 0;
}

/** The event's own time in milliseconds. */
export function msOf({ timeNs }: FalcoEvent): number {
  return millisecondsOf(timeNs);
}

const NUMBER = /^\d{1,15}(?:\.\d{1,15})?$/;

function numberOf(value: FieldValue | undefined): number | undefined {
  if (typeof value === 'bigint') return value >= 0n ? Number(value) : undefined;
  if (typeof value === 'string') return NUMBER.test(value) ? Number(value) : undefined;
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}
