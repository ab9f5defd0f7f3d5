/** Whether a request may be read at all: who calls, by which header it signs with, and whether that is true. */

import type { Request } from '../core/http.ts';
import type { CallbackOptions, Vendor } from './options.ts';
import {
  PAGERDUTY_SIGNATURE,
  pagerdutyProblem,
  type SignatureProblem,
  SLACK_SIGNATURE,
  SLACK_TIMESTAMP,
  slackProblem,
} from './signature.ts';

/** PagerDuty sends at most 256 KB, Slack the message with its blocks. */
export const MOST_BYTES = 1_000_000;

export type Verified = { ok: true; vendor: Vendor; options: CallbackOptions; body: Uint8Array };
export type Unverified = {
  ok: false;
  reason: 'callback-not-configured' | 'callback-wrong-method' | 'callback-too-large' | SignatureProblem;
};

/** @param now milliseconds since the epoch */
export function verify(
  { method, headers, rawBody = new Uint8Array() }: Request,
  options: CallbackOptions | undefined,
  now: number,
): Verified | Unverified {
  const no = (reason: Unverified['reason']): Unverified => ({ ok: false, reason });
  if (!options) return no('callback-not-configured');
  // A link, a preview of one and a crawler come with GET: none of them changes anything.
  if (method !== 'POST') return no('callback-wrong-method');
  if (rawBody.byteLength > MOST_BYTES) return no('callback-too-large');
  const vendor = vendorOf(headers);
  if (!vendor) return no('callback-no-signature');
  const secrets = options[vendor]?.signing_secrets;
  if (!secrets) return no('callback-not-configured');
  const signed = { headers, body: rawBody, secrets };
  const problem = vendor === 'slack' ? slackProblem(signed, now) : pagerdutyProblem(signed);
  return problem ? no(problem) : { ok: true, vendor, options, body: rawBody };
}

/** No path is looked at: the function has one address for both. */
function vendorOf(headers: Request['headers']): Vendor | undefined {
  if (headers[SLACK_SIGNATURE] || headers[SLACK_TIMESTAMP]) return 'slack';
  return headers[PAGERDUTY_SIGNATURE] ? 'pagerduty' : undefined;
}
