/** The result of one item of a group: a group never fails as a whole by throwing, each item has its own answer. */

export type Outcome<T> = { ok: true; value: T } | { ok: false; error: Error };

export function ok<T>(value: T): Outcome<T> {
  return { ok: true, value };
}

export function failed<T>(error: unknown): Outcome<T> {
  return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
}
