/** A request and its answer as the handlers see them: no framework, so that tests and the simulation call them as they are. */

import type { ReasonCode } from './reasons.ts';

export interface Request {
  method: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** What the bytes say as JSON; undefined where they are none, and where they are to be verified first. */
  body: unknown;
  /** As received; needed to verify signatures. */
  rawBody?: Uint8Array | undefined;
  /** Whoever read it counts it in the function's admission already, until it is answered. */
  admitted?: boolean;
}

export interface Answer {
  status: number;
  headers?: Readonly<Record<string, string>>;
  /** Holds no payload and no secret. */
  body?: Readonly<Record<string, string | number>>;
}

export type Handler = (request: Request) => Promise<Answer>;

/** Nothing is owed any more: Pub/Sub forgets the message. */
export const ACKNOWLEDGED: Answer = { status: 204 };

/** Pub/Sub and the scheduler post: whoever merely looks at the address sweeps and parks nothing. */
export const ONLY_POST: Answer = { status: 405, headers: { allow: 'POST' } };

/** More than Pub/Sub and the scheduler ever send. */
export const TOO_LARGE: Answer = { status: 413, body: { reason: 'message-too-large' satisfies ReasonCode } };

/** There is no room in this instance right now: Pub/Sub delivers the message again. */
export const OVERLOADED: Answer = { status: 429, body: { reason: 'overloaded' satisfies ReasonCode } };

/** Pub/Sub delivers the message again. */
export function nack(reason: string): Answer {
  return { status: 503, body: { reason } };
}
