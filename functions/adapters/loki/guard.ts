/** Leaves a Loki alone that hangs or fails, so that what waits for it is answered at once and holds nothing up. */

import { admit, type BreakerSettings, CLOSED, record } from '../../core/incident/breaker.ts';
import type { Clock } from '../../core/ports.ts';
import type { HttpResponse } from '../http-pool.ts';
import { classify } from './classify.ts';
import type { LokiClient } from './client.ts';

const SETTINGS: BreakerSettings = { failures: 3, pauseMs: 5_000 };

export class LeftAloneError extends Error {
  override readonly name = 'LeftAloneError';
  constructor() {
    super(`left alone for ${SETTINGS.pauseMs / 1_000} s after ${SETTINGS.failures} failures`);
  }
}

export interface GuardedClient extends LokiClient {
  /** Throws a LeftAloneError where a request would not be sent right now. */
  check(): void;
}

/**
 * Pushes and queries count together: after three failures in a row none is sent for 5 s, and then one at a time until
 * one is answered. A request that is not sent throws a LeftAloneError before it gives a promise.
 */
export function guardClient(client: LokiClient, clock: Clock): GuardedClient {
  let state = CLOSED;

  function guarded(send: () => Promise<HttpResponse>): Promise<HttpResponse> {
    const asked = admit(state, clock());
    if (!asked.admitted) throw new LeftAloneError();
    state = asked.state;
    return observe(send());
  }

  async function observe(answer: Promise<HttpResponse>): Promise<HttpResponse> {
    let answered = false;
    try {
      const response = await answer;
      answered = !isFailure(response);
      return response;
    } finally {
      state = record(state, answered, clock(), SETTINGS);
    }
  }

  return {
    check() {
      if (!admit(state, clock()).admitted) throw new LeftAloneError();
    },
    push: (...request) => guarded(() => client.push(...request)),
    queryRange: (...request) => guarded(() => client.queryRange(...request)),
    close: () => client.close(),
  };
}

/** A throttled, blocked or denying Loki answers, and so does one that finds a message too large. */
function isFailure({ status, body }: HttpResponse): boolean {
  if (status < 500) return false;
  const answer = classify(status, body.toString('utf8'));
  return answer.kind === 'unavailable' && answer.reason === 'loki-unavailable';
}
