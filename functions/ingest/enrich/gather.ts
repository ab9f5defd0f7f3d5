/** What was gathered for one context so far: which answers are missing and why, and which are still on their way. */

import type { EnrichmentLevel } from '../../core/event/alert.ts';
import type { ReasonCode } from '../../core/reasons.ts';
import type { View } from './cache.ts';

export interface Gathering {
  /** The value of a view, if there is one; otherwise its reason is noted, or that it is still awaited. */
  take<T>(view: View<T> | undefined): T | undefined;
  /** Something was learned that the event did not say. */
  learn(): void;
  miss(reason: ReasonCode): void;
  /** Milliseconds since the epoch; the earliest time at which an answer is to be asked for again. */
  readonly freshUntil: number;
  readonly waiting: readonly Promise<void>[];
  outcome(): { enrichment: EnrichmentLevel; enrichmentReasons: readonly ReasonCode[] };
}

export function createGathering(): Gathering {
  const reasons = new Set<ReasonCode>();
  const waiting: Promise<void>[] = [];
  let freshUntil = Number.POSITIVE_INFINITY;
  let learned = false;
  return {
    take(view) {
      if (!view) return undefined;
      if (view.loading) waiting.push(view.loading);
      freshUntil = Math.min(freshUntil, view.freshUntil);
      if (view.value !== undefined) learned = true;
      else reasons.add(view.reason ?? 'enrich-timeout');
      return view.value;
    },
    learn() {
      learned = true;
    },
    miss(reason) {
      reasons.add(reason);
    },
    get freshUntil() {
      return freshUntil;
    },
    waiting,
    outcome() {
      const enrichmentReasons = Object.freeze([...reasons]);
      if (enrichmentReasons.length === 0) return { enrichment: 'full', enrichmentReasons };
      return { enrichment: learned ? 'partial' : 'none', enrichmentReasons };
    },
  };
}
