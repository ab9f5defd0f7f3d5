/** What pipeline.yaml says of callbacks: whose signatures count, and who may act. */

import * as z from 'zod';
import { allowPrivate } from '../core/allow-private.ts';
import { type Resolved, secretRef } from '../core/secret-ref.ts';

/** For everybody whom the vendor lets press, written out so that nobody allows that by leaving something away. */
const ANYBODY = '*';

/** Ids, never names or addresses: those their owners can change. */
const allowedUsers = z
  .array(
    z.string().regex(/^(?:\*|[A-Z0-9]{6,24})$/, {
      error: 'a user\'s id (Slack: U0123ABCD, PagerDuty: PLH1HKV), or "*" for everybody',
    }),
  )
  .min(1, { error: 'name at least one user who may act' });

/** Several while one takes another's place: a signature by any of them counts. */
const signingSecrets = z.array(secretRef).min(1).max(5);

export const callbackOptions = z
  .strictObject({
    /** Of Slack and of PagerDuty together; a vendor's own list takes its place there. */
    allowed_users: allowedUsers.optional(),
    slack: z
      .strictObject({
        signing_secrets: signingSecrets,
        allowed_users: allowedUsers.optional(),
        /** The origin of every `response_url`, by which whoever pressed is answered. */
        response_origin: z
          .url({ protocol: /^https?$/, error: 'not an http(s) address' })
          .default('https://hooks.slack.com'),
        allow_private: allowPrivate,
      })
      .optional(),
    pagerduty: z.strictObject({ signing_secrets: signingSecrets, allowed_users: allowedUsers.optional() }).optional(),
  })
  .superRefine(({ allowed_users, slack, pagerduty }, context) => {
    const problem = (path: string[], message: string): void => context.addIssue({ code: 'custom', path, message });
    if (!slack && !pagerduty) problem([], 'give slack, pagerduty or both');
    for (const [vendor, options] of Object.entries({ slack, pagerduty })) {
      if (options && !allowed_users && !options.allowed_users)
        problem(['allowed_users'], `name the users of ${vendor} who may act, by their ids, or everybody: ["*"]`);
    }
    if (slack && !slack.allow_private && !slack.response_origin.startsWith('https:'))
      problem(['slack', 'response_origin'], 'http needs allow_private: true');
  });

/** With its secrets in place: for the handler, never for a log. */
export type CallbackOptions = Resolved<z.output<typeof callbackOptions>>;

export type Vendor = 'slack' | 'pagerduty';

const SIGNING_SECRET = /^[\x21-\x7e]{16,256}$/;

/** What only shows once the secrets are in place, each with its path and without its value. */
export function unusableSigningSecrets(options: CallbackOptions): string[] {
  return (['slack', 'pagerduty'] as const).flatMap((vendor) =>
    (options[vendor]?.signing_secrets ?? []).flatMap((secret, index) =>
      SIGNING_SECRET.test(secret)
        ? []
        : [`${vendor}.signing_secrets.${index}: not a signing secret (16 printable characters or more, no space)`],
    ),
  );
}

/** @param user the vendor's id; undefined when no person or integration is named, which "*" alone allows */
export function mayAct(options: CallbackOptions, vendor: Vendor, user: string | undefined): boolean {
  const allowed = options[vendor]?.allowed_users ?? options.allowed_users ?? [];
  return allowed.includes(ANYBODY) || (user !== undefined && allowed.includes(user));
}
