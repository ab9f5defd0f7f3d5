/** An alert of the relay's own that may be over one day: what must be published, and then resolved. */

/** For so long after the end the incident is resolved again and again: its alert may still lie on the topic. */
const RESOLVE_FOR_MS = 600_000;

export interface Told {
  /** Of the latest alert: escalate counted it in the incident that is to be resolved. */
  uuid: string;
  /** When it was decided, by the store's clock. */
  since: number;
  /** Not published yet. */
  owed: boolean;
  /** In words, for the alert. */
  why: string;
  /** Which nodes were silent then. */
  silent?: string | undefined;
  /** Since when there is nothing to tell of. */
  overAt?: number | undefined;
}

/** What was told is as before, true again, or over. An end that was seen before the alert was decided is none. */
export function followed(told: Told, isTrue: boolean, now: number, seenAt: number): Told {
  if (isTrue) return { ...told, overAt: undefined };
  if (told.overAt !== undefined || told.since >= seenAt) return told;
  return { ...told, overAt: now };
}

/** It is over for so long that its incident was resolved, whatever was late. */
export function isPast({ overAt }: Told, now: number): boolean {
  return overAt !== undefined && now - overAt >= RESOLVE_FOR_MS;
}
