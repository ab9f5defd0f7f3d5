/** What somebody asks of an incident from outside, and what became of it. */

export type ActionKind = 'acknowledge' | 'resolve' | 'mute' | 'unmute' | 'page' | 'why';

/** What somebody asks of one incident. */
export interface Action {
  kind: ActionKind;
  /** Which incident: as a button carries it, or by the key that PagerDuty gives back. */
  incident: { groupKey: string; generation: number; round?: number | undefined } | { dedupKey: string };
  /** Who, as the vendor names them for display; bounded and plain. */
  by: string;
  via: 'slack' | 'pagerduty';
  /** Identifies the request: the same one again has no effect. */
  requestId: string;
  /** mute only, in milliseconds. */
  forMs?: number;
  /** Only say what would become of it: nothing is changed, and nothing remembered. */
  onlyAsked?: true;
}

export type Unchanged = 'stale' | 'already' | 'replayed' | 'unknown' | 'impossible';

export type ActionResult =
  /** `text` is one or two plain sentences for whoever pressed. */
  { kind: 'done'; text: string } | { kind: 'unchanged'; reason: Unchanged; text: string };

/** Throws when the store is down. */
export type Act = (action: Action) => Promise<ActionResult>;

/** Older requests are refused before they are asked about: each request's id must be remembered for longer than this. */
export const REQUEST_HORIZON_MS = 49 * 3_600_000;
