/** What pipeline.yaml says of receivers: one schema a kind, where a secret is named and never written. */

import * as z from 'zod';
import { type AllowPrivate, allowPrivate } from '../../core/allow-private.ts';
import { credentialsOf } from '../../core/credentials.ts';
import { type Resolved, secretRef } from '../../core/secret-ref.ts';

const UNDECODABLE = "its user name or password can't be decoded: write % as %25";
const isDecodable = (address: string): boolean => credentialsOf(URL.parse(address) ?? NONE) !== undefined;
const NONE = { username: '', password: '' };

const address = z
  .url({ protocol: /^https?$/, error: 'not an http(s) address' })
  .refine(isDecodable, { error: UNDECODABLE });

/** https://developer.pagerduty.com/docs/events-api-v2/overview/ */
export const pagerdutyOptions = z.strictObject({
  routing_key: secretRef,
  /** Also sends what an open incident has grown by. Only with `callbacks.pagerduty`, which says what was resolved there. */
  updates: z.boolean().default(false),
  url: address.default('https://events.pagerduty.com/v2/enqueue'),
  allow_private: allowPrivate,
});

/** https://docs.slack.dev/reference/methods/chat.postMessage, with a bot token that has chat:write. */
export const slackOptions = z.strictObject({
  /** A channel's id; names can be given to another channel. */
  channel: z.string().regex(/^[CDG][A-Z0-9]{5,20}$/, { error: 'not a channel id (C0123456789), a name is not enough' }),
  token: secretRef,
  url: address.default('https://slack.com/api'),
  allow_private: allowPrivate,
  /** Buttons that act; there are where `callbacks.slack` is, unless set. Links are shown in any case. */
  buttons: z.boolean().optional(),
});

/** Alertmanager's body, signed the Standard Webhooks way (https://www.standardwebhooks.com) where a secret is given. */
export const webhookOptions = z.strictObject({
  url: z.union([address, secretRef], { error: 'an http(s) address, or { env: NAME } or { file: PATH }' }),
  /** As the standard has it: base64, `whsec_` in front or not. */
  secret: secretRef.optional(),
  allow_private: allowPrivate,
});

/**
 * The address of a space's webhook, key and token included, is a secret as a whole.
 * https://developers.google.com/workspace/chat/quickstart/webhooks
 */
export const googleChatOptions = z.strictObject({ url: secretRef, allow_private: allowPrivate });

/** Alertmanager's own address, a path prefix included; `/api/v2/alerts` is added. */
export const alertmanagerOptions = z.strictObject({
  url: z.union([address, secretRef], { error: 'an http(s) address, or { env: NAME } or { file: PATH }' }),
  username: z.string().min(1).optional(),
  password: secretRef.optional(),
  bearer_token: secretRef.optional(),
  allow_private: allowPrivate,
});

export type PagerDutyOptions = Resolved<z.output<typeof pagerdutyOptions>>;
export type SlackOptions = Resolved<z.output<typeof slackOptions>>;
export type WebhookOptions = Resolved<z.output<typeof webhookOptions>>;
export type GoogleChatOptions = Resolved<z.output<typeof googleChatOptions>>;
export type AlertmanagerOptions = Resolved<z.output<typeof alertmanagerOptions>>;

/** A further kind of receiver is a line here, a line in create.ts, and its file. */
export const receiverKinds = {
  pagerduty: pagerdutyOptions,
  slack: slackOptions,
  'google-chat': googleChatOptions,
  webhook: webhookOptions,
  alertmanager: alertmanagerOptions,
} as const;

export type ReceiverKind = keyof typeof receiverKinds;

const KINDS = Object.keys(receiverKinds) as ReceiverKind[];
/** Kinds that drop a second send of the same page by a key of their own. */
export const IDEMPOTENT_KINDS = ['pagerduty', 'webhook', 'alertmanager'] as const satisfies readonly ReceiverKind[];

/** One entry of `receivers`: a name, and exactly one kind with its options. */
export const receiverOptions = z
  .strictObject({
    name: z.string().regex(/^[\w.-]{1,63}$/, { error: 'letters, digits, "_", "." and "-", at most 63' }),
    /** Told when this one can't be. */
    fallback: z.string().optional(),
    pagerduty: pagerdutyOptions.optional(),
    slack: slackOptions.optional(),
    'google-chat': googleChatOptions.optional(),
    webhook: webhookOptions.optional(),
    alertmanager: alertmanagerOptions.optional(),
  })
  .superRefine((receiver, context) => {
    const given = KINDS.filter((kind) => receiver[kind] !== undefined);
    if (given.length !== 1) context.addIssue({ code: 'custom', message: `give exactly one of ${KINDS.join(', ')}` });
    for (const kind of given) {
      const { url, allow_private } = receiver[kind] ?? {};
      if (typeof url === 'string' && url.startsWith('http:') && !allow_private) {
        context.addIssue({ code: 'custom', path: [kind, 'url'], message: 'http needs allow_private: true' });
      }
    }
    const { username, password, bearer_token } = receiver.alertmanager ?? {};
    const problem = (message: string): void => context.addIssue({ code: 'custom', path: ['alertmanager'], message });
    if ((username === undefined) !== (password === undefined)) problem('username and password go together');
    if (username !== undefined && bearer_token !== undefined) problem('give a username or a bearer_token, not both');
  });

export type ResolvedReceiver = Resolved<z.output<typeof receiverOptions>>;

/** Standard base64, `whsec_` in front or not. */
export const SIGNING_SECRET = /^(?:whsec_)?[A-Za-z0-9+/]+={0,2}$/;
/** What an HTTP header can hold. */
const TOKEN = /^[\x21-\x7e]+$/;

/** Kinds whose address is only known once its secret is in place. */
const ADDRESS_MAY_BE_SECRET = ['google-chat', 'webhook', 'alertmanager'] as const;

/** What only shows once the secrets are in place, each with its path and without its value. */
export function unusableSecrets(receiver: ResolvedReceiver): string[] {
  const { name, pagerduty, slack, webhook, alertmanager } = receiver;
  const problems: string[] = [];
  if (pagerduty && !TOKEN.test(pagerduty.routing_key))
    problems.push(`${name}.pagerduty.routing_key: not a routing key`);
  if (slack && !TOKEN.test(slack.token)) problems.push(`${name}.slack.token: not a token`);
  if (webhook?.secret !== undefined && !SIGNING_SECRET.test(webhook.secret)) {
    problems.push(`${name}.webhook.secret: not base64`);
  }
  if (alertmanager?.bearer_token !== undefined && !TOKEN.test(alertmanager.bearer_token)) {
    problems.push(`${name}.alertmanager.bearer_token: not a token`);
  }
  for (const kind of ADDRESS_MAY_BE_SECRET) {
    const options = receiver[kind];
    if (!options) continue;
    if (kind === 'alertmanager' && /[?#]/.test(options.url))
      problems.push(`${name}.alertmanager.url: an address without query, to which a path can be added`);
    const wrong = addressProblem(options);
    if (wrong) problems.push(`${name}.${kind}.url: ${wrong}`);
  }
  return problems;
}

/** What keeps an address whose secret is in place from being used; undefined for a sound one. */
export function addressProblem({
  url,
  allow_private,
}: {
  url: string;
  allow_private: AllowPrivate;
}): string | undefined {
  const protocol = URL.parse(url)?.protocol;
  if (protocol !== 'https:' && protocol !== 'http:') return 'not an http(s) address';
  if (!isDecodable(url)) return UNDECODABLE;
  return protocol === 'http:' && !allow_private ? 'http needs allow_private: true' : undefined;
}
