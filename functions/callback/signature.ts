/** Whether a request is from whom it says: HMAC-SHA256 over the bytes as received, compared in constant time. */

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Request } from '../core/http.ts';

export type SignatureProblem = 'callback-no-signature' | 'callback-bad-signature' | 'callback-too-old';

export interface Signed {
  headers: Request['headers'];
  /** As received: what a parser writes anew may be the same JSON in other bytes. */
  body: Uint8Array;
  /** Any of them may have signed. */
  secrets: readonly string[];
}

export const SLACK_SIGNATURE = 'x-slack-signature';
export const SLACK_TIMESTAMP = 'x-slack-request-timestamp';
export const PAGERDUTY_SIGNATURE = 'x-pagerduty-signature';

/** Both ways, for clocks that differ: https://docs.slack.dev/authentication/verifying-requests-from-slack */
const SLACK_WINDOW_MS = 5 * 60_000;

/**
 * @param now milliseconds since the epoch
 * @returns undefined for a sound signature; that it is too old is said of a sound one alone
 */
export function slackProblem({ headers, body, secrets }: Signed, now: number): SignatureProblem | undefined {
  const [signature, timestamp] = [headers[SLACK_SIGNATURE], headers[SLACK_TIMESTAMP]];
  if (!signature || !timestamp) return 'callback-no-signature';
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) return 'callback-bad-signature';
  const digests = digestsOf('v0', typeof signature === 'string' ? [signature] : []);
  if (!signedByAny(secrets, [`v0:${timestamp}:`, body], digests)) return 'callback-bad-signature';
  return Math.abs(now - Number(timestamp) * 1_000) > SLACK_WINDOW_MS ? 'callback-too-old' : undefined;
}

/** A signature for each of the subscription's secrets: https://developer.pagerduty.com/docs/verifying-signatures */
export function pagerdutyProblem({ headers, body, secrets }: Signed): SignatureProblem | undefined {
  const header = headers[PAGERDUTY_SIGNATURE];
  if (!header) return 'callback-no-signature';
  const signatures = [header].flat().flatMap((value) => value.split(',').map((each) => each.trim()));
  return signedByAny(secrets, [body], digestsOf('v1', signatures)) ? undefined : 'callback-bad-signature';
}

/** The digests of one version, in just the spelling that the vendors use. */
function digestsOf(version: string, signatures: readonly string[]): Buffer[] {
  return signatures.flatMap((signature) => {
    const [name, hex = '', ...more] = signature.split('=');
    const sound = name === version && more.length === 0 && /^[0-9a-f]{64}$/.test(hex);
    return sound ? [Buffer.from(hex, 'hex')] : [];
  });
}

function signedByAny(
  secrets: readonly string[],
  parts: readonly (string | Uint8Array)[],
  digests: readonly Buffer[],
): boolean {
  if (digests.length === 0) return false;
  return secrets.some((secret) => {
    // The place of a secret that this function was not given: with an empty key anybody can sign.
    if (secret === '') return false;
    const hmac = createHmac('sha256', secret);
    for (const part of parts) hmac.update(part);
    const expected = hmac.digest();
    return digests.some((digest) => timingSafeEqual(digest, expected));
  });
}
