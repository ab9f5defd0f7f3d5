/** Breakers: a receiver that fails again and again is left alone for a while, so that each page does not wait for it anew. */

import { admit, type BreakerState, CLOSED, record } from '../core/incident/breaker.ts';
import type { Clock, SendOutcome } from '../core/ports.ts';
import type { ReasonCode } from '../core/reasons.ts';

/** In a row, in this instance. */
const FAILURES = 5;
const PAUSE_MS = 30_000;

/** What a receiver answers that lives is none of these. */
const DEAD: ReadonlySet<ReasonCode> = new Set(['receiver-unavailable', 'receiver-timeout']);

/** Sends unless the receiver is left alone; what it answers, a refusal too, shows that it lives. */
export type Guard = (receiver: string, send: () => Promise<SendOutcome>) => Promise<SendOutcome>;

export function createGuard(clock: Clock): Guard {
  const breakers = new Map<string, BreakerState>();
  return async (receiver, send) => {
    const now = clock();
    const { admitted, state } = admit(breakers.get(receiver) ?? CLOSED, now);
    if (!admitted) {
      const detail = 'it failed repeatedly and is left alone for a while';
      // While another one finds out, there is no end to name.
      const afterMs = Math.max(state.openUntil - now, 1_000);
      return { kind: 'retry', reason: 'receiver-left-alone', detail, afterMs };
    }
    breakers.set(receiver, state);
    const outcome = await send();
    const failed = outcome.kind === 'retry' && DEAD.has(outcome.reason);
    const settings = { failures: FAILURES, pauseMs: PAUSE_MS };
    breakers.set(receiver, record(breakers.get(receiver) ?? CLOSED, !failed, clock(), settings));
    return outcome;
  };
}
