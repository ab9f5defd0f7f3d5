/** Answers of an API, remembered: one request under way per key, bounded, refreshed only when an event asks. */

import { LRUCache } from 'lru-cache';
import type { Lookup } from '../../core/event/metadata.ts';
import { admit, type BreakerSettings, CLOSED, record } from '../../core/incident/breaker.ts';
import { startOutsideOfAnyRequest } from '../../core/lane.ts';
import type { After, Clock } from '../../core/ports.ts';
import type { ReasonCode } from '../../core/reasons.ts';

/** After a failure the same object is not asked for again at once; the breaker looks after the cluster as a whole. */
const RETRY_MS = 5_000;
/** How often an answer that does not serve is asked for again. */
const AGAIN_MS = 2_000;
/** How long what an open breaker said is remembered by those above. */
const REFUSED_MS = 1_000;
/** Requests of one API under way at once. They outlive the events that asked, so those do not bound them. */
const MAX_LOADING = 256;

/** What is known right now of one object. */
export interface View<T> {
  /** The last answer, perhaps a stale one where a fresh one is not to be had. */
  value?: T;
  /** Why there is no value. */
  reason?: ReasonCode;
  /** A request is under way; it settles when it is done, and never rejects. */
  loading?: Promise<void>;
  /** Milliseconds since the epoch. */
  freshUntil: number;
}

/** Guards one API of one cluster. */
export interface Circuit {
  enter(): ReasonCode | undefined;
  leave(succeeded: boolean): void;
}

export function createCircuit(settings: BreakerSettings, clock: Clock): Circuit {
  let state = CLOSED;
  let loading = 0;
  return {
    enter() {
      if (loading >= MAX_LOADING) return 'enrich-unavailable';
      const answer = admit(state, clock());
      state = answer.state;
      if (!answer.admitted) return 'enrich-breaker-open';
      loading += 1;
      return undefined;
    },
    leave(succeeded) {
      loading -= 1;
      state = record(state, succeeded, clock(), settings);
    },
  };
}

export interface CacheSettings {
  ttlMs: number;
  /** For "not there" and "denied". */
  missingTtlMs: number;
  /** For how long past its time an answer may stand in. */
  staleMs: number;
  requestTimeoutMs: number;
  entries: number;
  clock: Clock;
  after: After;
}

export interface Cache<T> {
  /**
   * `load` is called at most once at a time for a key, outside of the request that asked. An answer that does not serve
   * who asks counts only while it is new; then it is asked for again.
   */
  view(
    key: string,
    circuit: Circuit,
    load: (signal: AbortSignal) => Promise<Lookup<T>>,
    serves?: (value: T) => boolean,
  ): View<T>;
}

interface Entry<T> {
  good?: T;
  goodUntil: number;
  /** Until when it is the last word even for whom it does not serve. */
  newUntil: number;
  reason?: ReasonCode;
  freshUntil: number;
  loading?: Promise<void> | undefined;
}

export function createCache<T>(settings: CacheSettings): Cache<T> {
  const { clock } = settings;
  const entries = new LRUCache<string, Entry<T>>({ max: settings.entries });

  function shown(value: T | undefined, freshUntil: number, reason: ReasonCode | undefined): View<T> {
    if (value !== undefined) return { value, freshUntil };
    return reason ? { reason, freshUntil } : { freshUntil };
  }

  function remember(key: string, entry: Entry<T>, answer: Lookup<T>): void {
    const now = clock();
    if (answer.found) {
      entry.good = answer.value;
      entry.freshUntil = now + settings.ttlMs;
      entry.goodUntil = entry.freshUntil + settings.staleMs;
      entry.newUntil = Math.min(entry.freshUntil, now + AGAIN_MS);
      delete entry.reason;
    } else {
      entry.reason = answer.reason;
      entry.freshUntil = now + (answer.reason === 'enrich-unavailable' ? RETRY_MS : settings.missingTtlMs);
    }
    entry.loading = undefined;
    entries.set(key, entry);
  }

  return {
    view(key, circuit, load, serves = () => true) {
      const now = clock();
      let entry = entries.get(key);
      if (!entry) {
        entry = { goodUntil: 0, newUntil: 0, freshUntil: 0 };
        entries.set(key, entry);
      }
      // What was there a while ago says more than nothing, even when it is gone by now: alerts arrive late.
      const good = now < entry.goodUntil ? entry.good : undefined;
      const serving = good !== undefined && serves(good) ? good : undefined;
      const lacking = good !== undefined && serving === undefined && entry.reason === undefined;
      const freshUntil = lacking ? entry.newUntil : entry.freshUntil;
      if (!entry.loading && now < freshUntil) return shown(lacking ? good : serving, freshUntil, entry.reason);
      if (!entry.loading) {
        const refused = circuit.enter();
        if (refused) return shown(serving, now + REFUSED_MS, refused);
        const asked = entry;
        asked.loading = loadOutside(load, settings).then((answer) => {
          circuit.leave(answer.found || answer.reason !== 'enrich-unavailable');
          remember(key, asked, answer);
        });
      }
      return { ...shown(serving, now, undefined), loading: entry.loading as Promise<void> };
    },
  };
}

/** Never rejects: a source that throws, or that says nothing until its time is over, was unavailable. */
function loadOutside<T>(
  load: (signal: AbortSignal) => Promise<Lookup<T>>,
  settings: Pick<CacheSettings, 'requestTimeoutMs' | 'after'>,
): Promise<Lookup<T>> {
  return new Promise((resolve) => {
    startOutsideOfAnyRequest(() => {
      const abort = new AbortController();
      const unavailable = (): void => resolve({ found: false, reason: 'enrich-unavailable' });
      const cancel = settings.after(settings.requestTimeoutMs, () => {
        unavailable();
        abort.abort();
      });
      try {
        load(abort.signal).then(resolve, unavailable).finally(cancel);
      } catch {
        cancel();
        unavailable();
      }
    });
  });
}
