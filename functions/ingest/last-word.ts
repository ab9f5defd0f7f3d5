/**
 * Last word: notes for each node that it spoke, and writes that down beside the event's own way.
 *
 * In memory a word is a few numbers. What matters is written at once (a snapshot, an alert), and once a minute all that
 * waits, in few transactions. All of it is awaited by requests, since between them there is no CPU. Nothing here costs an
 * event: a failure is said, and the next word repairs it.
 */

import type { ClusterRef, Context, FalcoEvent } from '../core/event/alert.ts';
import { clusterKey, isObjectName } from '../core/event/metadata.ts';
import { createLane } from '../core/lane.ts';
import type { WriteLog } from '../core/log.ts';
import { failed, type Outcome, ok } from '../core/outcome.ts';
import type { After, Clock, DocumentStore } from '../core/ports.ts';
import { type Priority, rank } from '../core/priority.ts';
import { millisecondsOf, parseTime } from '../core/time.ts';
import { DROP_RULE, dropPercentOf, isOfNode, msOf, SNAPSHOT_RULE, snapshotOf } from '../core/watch/falco-metrics.ts';
import { isHeldUp } from '../core/watch/flow.ts';
import { arrives, drops, noWords, putBack, reports } from '../core/watch/node-words.ts';
import type { WatchOptions } from '../core/watch/watch-options.ts';
import { type NodeEntry, recordFlow, recordWords } from './record-words.ts';

/** An event on its way, as far as it is somebody's word. */
export interface Word {
  event: FalcoEvent;
  context: Context;
  judgement: { /** Effective. */ priority: Priority };
  /** Pub/Sub's own time, RFC 3339. */
  message: { publishTime: string };
}

export interface LastWord {
  /**
   * A promise where something is to be written; it never rejects.
   * @param again a redelivery is nobody's word
   */
  hear(word: Word, again: boolean): Promise<unknown> | undefined;
  /** An event that was parked: nobody's word, and not lost either. */
  arrived(event: FalcoEvent, context: Context): void;
  /** Whether this event will ever be counted is not known. */
  doubt(event: FalcoEvent, context: Context): void;
}

export interface LastWordDeps {
  store: DocumentStore;
  options: WatchOptions;
  /** How many clusters pipeline.yaml lists; without any, each one's nodes are watched. */
  listed: number;
  clock: Clock;
  after: After;
  writeLog: WriteLog;
}

/** All that waits is written so often. */
const EVERY_MS = 60_000;
/** What matters is written sooner, and still bounded: events may be made to matter. */
const SOON_MS = 10_000;
const ALERT_EVERY_MS = 300_000;
const FLOW_EVERY_MS = 30_000;
/** Nodes that an instance remembers. */
const MOST_ENTRIES = 20_000;
/** It looks for those that are written once there are so many: or each invented name would have it look through all. */
const WORTH_FORGETTING = 1_000;
/** Of those that wait, in one request. */
const MOST_AT_ONCE = 500;
/** A transaction reads and writes a document for each. */
const MAX_GROUP = 50;
const DEADLINE_MS = 10_000;
const WARNING = rank('Warning');

interface Entry extends NodeEntry {
  /** When it was last written, and when its alert was. */
  writtenAt: number;
  alertWrittenAt: number;
}

export function createLastWord(deps: LastWordDeps): LastWord {
  const { store, options, listed, clock, after, writeLog } = deps;
  const entries = new Map<string, Entry>();
  const waiting = new Set<Entry>();
  const ensured = new Set<string>();
  let roundAt = clock();
  let flowAt = 0;
  let refusedAt = 0;

  const words = createLane<Entry, void>({
    name: 'last word',
    async flush(items) {
      const taken = items.map((entry) => {
        const heard = entry.words;
        entry.words = noWords();
        waiting.delete(entry);
        return { entry, heard };
      });
      try {
        await recordWords({ store, options, clock, writeLog, ensured }, taken);
        return items.map(() => ok(undefined));
      } catch (error) {
        for (const { entry, heard } of taken) {
          entry.words = putBack(entry.words, heard);
          waiting.add(entry);
        }
        return unrecorded(error, items);
      }
    },
    maxItems: MAX_GROUP,
    keyOf: ({ key }) => key,
    deadlineMs: DEADLINE_MS,
    after,
  });
  const flows = createLane<number, void>({
    name: 'flow',
    async flush(items) {
      try {
        await recordFlow({ store, options }, Math.max(...items));
        return items.map(() => ok(undefined));
      } catch (error) {
        return unrecorded(error, items);
      }
    },
    maxItems: MAX_GROUP,
    deadlineMs: DEADLINE_MS,
    after,
  });

  /** Said once for all of them. */
  function unrecorded(error: unknown, items: readonly unknown[]): Outcome<void>[] {
    const message = `last word: ${(error as Error).message}`;
    const labels = { words: String(items.length) };
    writeLog({ severity: 'WARNING', message, reason: 'last-word-unrecorded', labels });
    return items.map(() => failed(error));
  }

  function entryOf(event: FalcoEvent, context: Context, now: number): Entry | undefined {
    const { cluster, clusterStatus } = context;
    // Known is a cluster that is listed, or any where none is; and a node that the event itself names as a name can be.
    if (!cluster || context.clusterMismatch || (listed > 0 && clusterStatus !== 'listed')) return undefined;
    if (context.node !== event.hostname || event.source === 'k8s_audit') return undefined;
    const key = `${clusterKey(cluster)}/${event.hostname}`;
    const known = entries.get(key);
    if (known) return known;
    if (!isObjectName(event.hostname)) return undefined;
    if (entries.size >= MOST_ENTRIES && !forgetWritten()) {
      if (now - refusedAt >= EVERY_MS) tooMany(cluster);
      refusedAt = now;
      return undefined;
    }
    const entry: Entry = { key, cluster, node: event.hostname, words: noWords(), writtenAt: 0, alertWrittenAt: 0 };
    entries.set(key, entry);
    return entry;
  }

  function tooMany({ name }: ClusterRef): void {
    const message = `an instance remembers at most ${MOST_ENTRIES} nodes`;
    writeLog({ severity: 'WARNING', message, reason: 'nodes-too-many', labels: { cluster: name } });
  }

  /** Whether it forgot any, and then so many. */
  function forgetWritten(): boolean {
    if (entries.size - waiting.size < WORTH_FORGETTING) return false;
    for (const [key, entry] of entries) if (!waiting.has(entry)) entries.delete(key);
    return true;
  }

  /** Gives the entry where it is to be written now. */
  function note({ event, context, judgement, message }: Word, now: number): Entry | undefined {
    const entry = entryOf(event, context, now);
    if (!entry) return undefined;
    const { words: heard } = entry;
    const ms = msOf(event);
    let soon = false;
    if (event.source === 'internal') {
      if (event.rule !== SNAPSHOT_RULE && event.rule !== DROP_RULE) return undefined;
      if (!isOfNode(event)) {
        heard.others = true;
        waiting.add(entry);
        return undefined;
      }
      soon = now - entry.writtenAt >= SOON_MS;
      if (event.rule === SNAPSHOT_RULE) reports(heard, snapshotOf(event, isHeldUp(heldMs(message, now))));
      else drops(heard, ms, dropPercentOf(event));
    } else if (event.source === 'syscall') {
      arrives(heard, ms);
      if (event.rule === options.canary_rule) heard.canaryAt = now;
      else if (rank(judgement.priority) <= WARNING) {
        heard.alertedAt = now;
        soon = now - entry.alertWrittenAt >= ALERT_EVERY_MS;
        if (soon) entry.alertWrittenAt = now;
      }
    } else return undefined;
    heard.heardAt = now;
    heard.eventMs = Math.max(heard.eventMs, ms);
    waiting.add(entry);
    return soon ? entry : undefined;
  }

  function submit(entry: Entry, now: number): Promise<void> {
    entry.writtenAt = now;
    return words.submit(entry).catch(saidAlready);
  }

  function write(entry: Entry | undefined, flowing: Word['message'] | undefined, now: number): Promise<unknown> {
    const writes: Promise<void>[] = entry ? [submit(entry, now)] : [];
    if (flowing) {
      flowAt = now;
      writes.push(flows.submit(heldMs(flowing, now)).catch(saidAlready));
    }
    if (now - roundAt >= EVERY_MS) {
      roundAt = now;
      for (const other of waiting) {
        if (writes.length >= MOST_AT_ONCE) {
          // The next request takes more of them.
          roundAt = 0;
          break;
        }
        if (now - other.writtenAt >= EVERY_MS) writes.push(submit(other, now));
      }
    }
    return Promise.all(writes);
  }

  return {
    hear(word, again) {
      const now = clock();
      const entry = again ? undefined : note(word, now);
      const flowing = !again && now - flowAt >= FLOW_EVERY_MS ? word.message : undefined;
      return entry || flowing || now - roundAt >= EVERY_MS ? write(entry, flowing, now) : undefined;
    },
    arrived(event, context) {
      const entry = event.source === 'syscall' ? entryOf(event, context, clock()) : undefined;
      if (!entry) return;
      arrives(entry.words, msOf(event));
      waiting.add(entry);
    },
    doubt(event, context) {
      const entry = entryOf(event, context, clock());
      if (entry) entry.words.unsure = true;
    },
  };
}

/** By the flush; one that misses its deadline says so when it ends. */
function saidAlready(): void {}

/** How long Pub/Sub held a message; 0 where it does not say. */
function heldMs({ publishTime }: Word['message'], now: number): number {
  const ns = parseTime(publishTime);
  return ns === undefined ? 0 : Math.max(0, now - millisecondsOf(ns));
}

/** Where nothing is watched. */
export const NO_LAST_WORD: LastWord = { hear: () => undefined, arrived() {}, doubt() {} };
