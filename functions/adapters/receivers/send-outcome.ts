/** What an HTTP answer, or the lack of one, means for a delivery; the same for every receiver. */

import { jsonIn } from '../../core/json.ts';
import type { Clock, SendOutcome } from '../../core/ports.ts';
import type { HttpResponse } from '../http.ts';
import { HttpError } from '../http-error.ts';

/** A vendor that asks for more would outlast the delivery's own backoff. */
const LONGEST_WAIT_MS = 3_600_000;

/** The address or the credentials are at fault: another send of the same can't succeed before someone has mended them. */
const MISCONFIGURED = new Set([401, 402, 403, 404, 405, 407, 410, 421]);
const TRY_AGAIN = new Set([408, 423, 425, 429]);

/** By the status alone. A redirect is not followed: it could lead inside, so the address has to be corrected. */
export function outcomeOfStatus({ status, headers }: HttpResponse, clock: Clock): SendOutcome {
  const detail = `HTTP ${status}`;
  if (status >= 200 && status < 300) return { kind: 'delivered' };
  if (status >= 300 && status < 400) {
    return { kind: 'misconfigured', reason: 'receiver-denied', detail: `${detail}, a redirect, which is not followed` };
  }
  if (MISCONFIGURED.has(status)) return { kind: 'misconfigured', reason: 'receiver-denied', detail };
  if (TRY_AGAIN.has(status) || status >= 500) {
    const afterMs = retryAfter(headers['retry-after'], clock);
    const reason = status === 429 ? 'receiver-throttled' : 'receiver-unavailable';
    return { kind: 'retry', reason, detail, ...(afterMs !== undefined && { afterMs }) };
  }
  return { kind: 'refused', reason: 'receiver-refused', detail };
}

/** https://www.rfc-editor.org/rfc/rfc9110#field.retry-after: seconds or a date. Undefined for what is neither. */
export function retryAfter(value: string | undefined, clock: Clock): number | undefined {
  if (value === undefined) return undefined;
  const seconds = /^\d{1,9}$/.test(value.trim());
  // Date.parse would take "-5" for a month.
  if (!seconds && !/^[A-Z][a-z]+, /.test(value)) return undefined;
  const ms = seconds ? Number(value) * 1_000 : Date.parse(value) - clock();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), LONGEST_WAIT_MS);
}

/** A certificate does not mend itself between two tries. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_(GET|VERIFY)/;

/** Runs one send; whatever it throws becomes an outcome without addresses, payload or secrets. */
export async function attempt(send: () => Promise<SendOutcome>): Promise<SendOutcome> {
  try {
    return await send();
  } catch (error) {
    if (!(error instanceof HttpError)) {
      return { kind: 'refused', reason: 'receiver-refused', detail: `could not be rendered: ${(error as Error).name}` };
    }
    const detail = error.message;
    if (error.kind === 'forbidden') return { kind: 'misconfigured', reason: 'receiver-address-forbidden', detail };
    if (CERTIFICATE.test(error.code)) return { kind: 'misconfigured', reason: 'receiver-denied', detail };
    const gaveUp = error.kind === 'timeout' || error.kind === 'aborted';
    return { kind: 'retry', reason: gaveUp ? 'receiver-timeout' : 'receiver-unavailable', detail };
  }
}

/** A vendor's JSON answer, or undefined where it is none or was cut. */
export function jsonOf({ body, truncated }: HttpResponse): unknown {
  return truncated ? undefined : jsonIn(body);
}
