/** A circuit breaker as a state machine: pure steps, the time passed in. */

export interface BreakerState {
  /** In a row. */
  readonly failures: number;
  /** Milliseconds since the epoch; until then nothing is asked. 0 while closed. */
  readonly openUntil: number;
  /** Half open: one request is on its way to find out. */
  readonly probing: boolean;
}

export interface BreakerSettings {
  readonly failures: number;
  readonly pauseMs: number;
}

export const CLOSED: BreakerState = { failures: 0, openUntil: 0, probing: false };

/** Whether a request may go now, and the state after asking. After the pause, one may go; its answer decides. */
export function admit(state: BreakerState, now: number): { admitted: boolean; state: BreakerState } {
  if (state.openUntil === 0) return { admitted: true, state };
  if (state.probing || now < state.openUntil) return { admitted: false, state };
  return { admitted: true, state: { ...state, probing: true } };
}

/** The state after a request that was admitted has ended. */
export function record(state: BreakerState, succeeded: boolean, now: number, settings: BreakerSettings): BreakerState {
  if (succeeded) return CLOSED;
  const failures = state.failures + 1;
  if (failures < settings.failures) return { failures, openUntil: 0, probing: false };
  return { failures, openUntil: now + settings.pauseMs, probing: false };
}
