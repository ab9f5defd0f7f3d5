/**
 * Brings a group of entries of one stream into Loki and says of each what became of it.
 *
 * One stream a push, because a push with several can lose entries silently: a stream's rejection is overwritten by a
 * later stream's success. Only 204 counts, or seeing the entry in Loki.
 */

import type { LogEntry } from '../../core/event/alert.ts';
import type { Clock, PushOutcome } from '../../core/ports.ts';
import { millisecondsOf } from '../../core/time.ts';
import { type Answer, classify } from './classify.ts';
import type { LokiClient } from './client.ts';
import { LeftAloneError } from './guard.ts';
import type { Lookup } from './lookup.ts';
import { streamLabels } from './names.ts';
import { encodePush } from './protobuf.ts';

/** An entry as it waits in a lane. */
export interface Item extends LogEntry {
  /** From `encodeEntry`. */
  bytes: Uint8Array;
}

// Loki's usual limits (https://grafana.com/docs/loki/latest/configure/#limits_config). They decide only which entries
// go alone, so that they don't spoil a group; what is acceptable, Loki says itself.
const USUAL_MAX_LINE_BYTES = 262_144;
const USUAL_MAX_METADATA_BYTES = 65_536;
const USUAL_MAX_METADATA = 128;
const USUAL_MAX_AGE_MS = 7 * 24 * 3_600_000;
const USUAL_MAX_AHEAD_MS = 10 * 60_000;

/**
 * A stream takes what is at most an hour older than its newest entry. Entries of one push lie closer together than
 * that, so that Loki refuses such a push whole, also where it divides a stream into shards by itself.
 */
const SPAN_MS = 55 * 60_000;
/** A throttled push is split down to this: any sensible burst lets it through once the tenant is within its rate. */
const MIN_SPLIT_BYTES = 65_536;

const STORED: PushOutcome = { kind: 'stored' };

export interface PusherOptions {
  client: LokiClient;
  lookup: Lookup;
  clock: Clock;
  pushTimeoutMs: number;
  /** Called for each push that is sent. */
  onPush(): void;
}

/** Gives one outcome per item, in order. Never throws; once `signal` aborts, what is undecided is unavailable. */
export type Push = (items: readonly Item[], signal: AbortSignal) => Promise<PushOutcome[]>;

/** One flush: what is known so far, and whether Loki can still be asked. */
interface Attempt {
  outcomes: Map<Item, PushOutcome>;
  signal: AbortSignal;
  /** Loki can't take more now: what is left gets this without being tried. */
  down?: PushOutcome;
}

interface Target {
  labels: Readonly<Record<string, string>>;
  late: boolean;
  /** What Loki has of the group was looked up already. */
  seen: boolean;
}

export function createPush({ client, lookup, clock, pushTimeoutMs, onPush }: PusherOptions): Push {
  async function send(
    labels: Readonly<Record<string, string>>,
    group: readonly Item[],
    signal: AbortSignal,
  ): Promise<Answer> {
    try {
      signal.throwIfAborted();
      const body = encodePush(
        streamLabels({ service_name: 'falco', ...labels }),
        group.map(({ bytes }) => bytes),
      );
      // A guarded client throws here for what it does not send.
      const sent = client.push(body, pushTimeoutMs, signal);
      onPush();
      const response = await sent;
      return classify(response.status, response.body.toString('utf8'));
    } catch (error) {
      // It may have been stored all the same: whoever tries again looks first.
      return { kind: 'unavailable', reason: 'loki-unavailable', detail: describe(error) };
    }
  }

  async function deliver(attempt: Attempt, target: Target, group: readonly Item[]): Promise<void> {
    const [only] = group;
    if (!only) return;
    if (attempt.down) return give(attempt, group, attempt.down);
    const answer = await send(target.labels, group, attempt.signal);
    const alone = group.length === 1;
    switch (answer.kind) {
      case 'stored':
        return give(attempt, group, STORED);
      case 'unavailable':
        return giveUp(attempt, group, answer);
      case 'too-large':
        if (alone) return give(attempt, group, { kind: 'refused', detail: answer.detail });
        return halves(attempt, target, group);
      case 'throttled':
        return throttled(attempt, target, group, answer);
      case 'behind':
        return behind(attempt, target, group, answer);
      case 'refused': {
        if (alone) return give(attempt, group, { kind: 'refused', detail: answer.detail });
        const rest = await unseen(attempt, target, group);
        return halves(attempt, { ...target, seen: true }, rest);
      }
    }
  }

  async function halves(attempt: Attempt, target: Target, group: readonly Item[]): Promise<void> {
    const middle = Math.ceil(group.length / 2);
    await deliver(attempt, target, group.slice(0, middle));
    await deliver(attempt, target, group.slice(middle));
  }

  /** A push above the burst never passes, so a large one is split; the first part that fails ends it. */
  async function throttled(
    attempt: Attempt,
    target: Target,
    group: readonly Item[],
    answer: Answer & { kind: 'throttled' },
  ): Promise<void> {
    const unavailable = { kind: 'unavailable', reason: 'loki-throttled', detail: answer.detail } as const;
    if (group.length === 1 || answer.scope === 'streams' || bytesOf(group) <= MIN_SPLIT_BYTES) {
      return giveUp(attempt, group, unavailable);
    }
    if (answer.scope === 'tenant') return halves(attempt, target, group);
    // Loki may count a stream's limit entry by entry, and have stored those that it still allowed.
    const rest = await unseen(attempt, target, group);
    if (rest.length < group.length) return giveUp(attempt, rest, unavailable);
    return halves(attempt, { ...target, seen: true }, rest);
  }

  /** Entries too far behind their stream go to a stream of their own hour. */
  async function behind(
    attempt: Attempt,
    target: Target,
    group: readonly Item[],
    answer: Answer & { kind: 'behind' },
  ): Promise<void> {
    const alone = group.length === 1;
    if (target.late) {
      if (alone) return give(attempt, group, { kind: 'refused', detail: answer.detail });
      return halves(attempt, target, group);
    }
    if (alone || answer.all === group.length) {
      for (const [hour, items] of byHour(group)) {
        await deliver(attempt, { labels: { ...target.labels, late_hour: hour }, late: true, seen: false }, items);
      }
      return;
    }
    const rest = await unseen(attempt, target, group);
    const next = { ...target, seen: true };
    // What is left is most likely what is behind, and Loki then says so of all of it.
    return rest.length < group.length ? deliver(attempt, next, rest) : halves(attempt, next, rest);
  }

  /**
   * A refused push may have stored its good entries. Pushing them again at once is mostly recognised as a repetition,
   * but not once Loki has closed the block that holds them, so they are looked up first. Where the look-up fails,
   * everything counts as unseen: a raw copy is counted once, a lost entry not at all.
   */
  async function unseen(attempt: Attempt, target: Target, group: readonly Item[]): Promise<readonly Item[]> {
    if (target.seen) return group;
    try {
      const found = await lookup.find(group, attempt.signal);
      give(attempt, [...found], STORED);
      return group.filter((item) => !found.has(item));
    } catch {
      return group;
    }
  }

  return async (items, signal) => {
    const attempt: Attempt = { outcomes: new Map(), signal };
    for (const group of plan(items, clock())) {
      await deliver(attempt, { labels: group[0]?.labels ?? {}, late: false, seen: false }, group);
    }
    return items.map((item) => attempt.outcomes.get(item) ?? UNDECIDED);
  };
}

/** Why there is no answer, in few words. */
export function describe(error: unknown): string {
  return error instanceof LeftAloneError ? error.message : String(error).slice(0, 200);
}

const UNDECIDED: PushOutcome = { kind: 'unavailable', reason: 'loki-unavailable', detail: 'not decided' };

/** The pushes to begin with: in the order of time, close together in time, and what Loki may refuse alone. */
function plan(items: readonly Item[], now: number): Item[][] {
  const groups: Item[][] = [];
  const alone: Item[][] = [];
  let start = -Infinity;
  const sorted = items.map((item) => ({ item, ms: Number(item.timestampNs) / 1e6 })).sort((a, b) => a.ms - b.ms);
  for (const { item, ms } of sorted) {
    const last = groups.at(-1);
    if (isSuspect(item, ms - now)) alone.push([item]);
    else if (last && ms - start <= SPAN_MS) last.push(item);
    else {
      groups.push([item]);
      start = ms;
    }
  }
  return [...groups, ...alone];
}

function isSuspect({ bytes, line, metadata }: Item, aheadMs: number): boolean {
  return (
    aheadMs > USUAL_MAX_AHEAD_MS ||
    aheadMs < -USUAL_MAX_AGE_MS ||
    bytes.length > USUAL_MAX_LINE_BYTES ||
    // What is not the line; an upper bound, as a line of other letters has more bytes than units.
    bytes.length - line.length > USUAL_MAX_METADATA_BYTES ||
    Object.keys(metadata).length > USUAL_MAX_METADATA
  );
}

function byHour(group: readonly Item[]): Map<string, Item[]> {
  return Map.groupBy(group, ({ timestampNs }) => new Date(millisecondsOf(timestampNs)).toISOString().slice(0, 13));
}

function bytesOf(group: readonly Item[]): number {
  return group.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function give(attempt: Attempt, group: readonly Item[], outcome: PushOutcome): void {
  for (const item of group) attempt.outcomes.set(item, outcome);
}

function giveUp(attempt: Attempt, group: readonly Item[], outcome: PushOutcome & { kind: 'unavailable' }): void {
  attempt.down = outcome;
  give(attempt, group, outcome);
}
