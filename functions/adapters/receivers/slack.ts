/** Slack by its Web API with a bot token: one message an incident, kept up to date, and replies in its thread. */

import * as z from 'zod';
import type { Notification } from '../../core/page/notification.ts';
import type { Clock, Receiver, SendOutcome } from '../../core/ports.ts';
import type { Http, HttpResponse } from '../http.ts';
import type { SlackOptions } from './options.ts';
import { attempt, jsonOf, outcomeOfStatus } from './send-outcome.ts';
import { messageOf, plainMessageOf, replyOf, rulesOf } from './slack-message.ts';

export interface SlackDeps {
  name: string;
  options: SlackOptions;
  http: Http;
  clock: Clock;
}

/** What a later update needs: a channel's id, the message's own within it, and which rules its readers know. */
const reference = z.object({
  channel: z.string().min(1),
  ts: z.string().min(1),
  rules: z.array(z.string()).default([]),
});
/** No text becomes a link or a mention. chat.update is told too: its own default is another one than chat.postMessage's. */
const AS_IT_IS = { parse: 'none', link_names: false };
const QUIET = { unfurl_links: false, unfurl_media: false };

/** What is said, and the same without blocks. */
interface Words {
  rich: object;
  plain: object;
}

export function createSlack({ name, options, http, clock }: SlackDeps): Receiver {
  const base = options.url.replace(/\/+$/, '');

  async function call(method: string, body: object, signal: AbortSignal): Promise<SlackAnswer> {
    const response = await http.request({
      method: 'POST',
      url: `${base}/${method}`,
      headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${options.token}` },
      body: JSON.stringify({ ...AS_IT_IS, ...body }),
      signal,
      allowPrivate: options.allow_private,
    });
    return answerOf(response, clock);
  }

  /** Plain words are better than none, should Slack refuse the blocks. */
  async function say(method: string, where: object, { rich, plain }: Words, signal: AbortSignal): Promise<SlackAnswer> {
    const answer = await call(method, { ...where, ...rich }, signal);
    return answer.outcome.kind === 'refused' ? call(method, { ...where, ...plain }, signal) : answer;
  }

  async function write(notification: Notification, signal: AbortSignal): Promise<SlackAnswer> {
    const words = { rich: messageOf(notification, options.buttons), plain: plainMessageOf(notification) };
    const rules = rulesOf(notification);
    const post = async (): Promise<SlackAnswer> =>
      knowing(rules, await say('chat.postMessage', { ...QUIET, channel: options.channel }, words, signal));
    const earlier = reference.safeParse(notification.reference).data;
    if (!earlier) return post();
    const { channel, ts } = earlier;
    const answer = await say('chat.update', { channel, ts }, words, signal);
    if (GONE.has(answer.error ?? '')) return post();
    const reply = replyOf(notification, earlier.rules);
    if (answer.outcome.kind !== 'delivered' || !reply) return knowing(rules, answer);
    // Last, since a second one can't be taken back: an update reaches nobody's phone, a reply to the channel does.
    const replied = await say('chat.postMessage', { ...QUIET, channel, thread_ts: ts }, withoutBlocks(reply), signal);
    if (replied.outcome.kind !== 'delivered') return replied;
    return { outcome: { kind: 'delivered', reference: { channel, ts, rules } } };
  }

  return {
    name,
    kind: 'slack',
    // chat.postMessage has no key of its own for apps; the message's metadata says which notification it was.
    idempotent: false,
    send: (notification, signal) => attempt(async () => (await write(notification, signal)).outcome),
  };
}

/** Its text says the same. */
function withoutBlocks<Reply extends { blocks: object }>(rich: Reply): Words {
  const { blocks: _, ...plain } = rich;
  return { rich, plain };
}

/** Where the message is, and what its readers know by now. */
function knowing(rules: readonly string[], answer: SlackAnswer): SlackAnswer {
  const { data } = reference.safeParse('reference' in answer.outcome ? answer.outcome.reference : undefined);
  return data ? { ...answer, outcome: { kind: 'delivered', reference: { ...data, rules: [...rules] } } } : answer;
}

interface SlackAnswer {
  outcome: SendOutcome;
  /** Slack's own code, where it said no. */
  error?: string;
}

/** The message of the reference can't be changed any more: a new one is written. */
const GONE = new Set(['message_not_found', 'cant_update_message', 'edit_window_closed']);

// https://docs.slack.dev/reference/methods/chat.postMessage#errors
const RETRY = new Set([
  'ratelimited',
  'rate_limited',
  'message_limit_exceeded',
  'internal_error',
  'fatal_error',
  'service_unavailable',
  'request_timeout',
  'team_added_to_org',
]);
const REFUSED = new Set([
  'msg_too_long',
  'msg_blocks_too_long',
  'no_text',
  'invalid_blocks',
  'invalid_blocks_format',
  'invalid_arguments',
  'invalid_metadata_format',
  'invalid_metadata_schema',
  'metadata_too_large',
]);

const answered = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), channel: z.string().min(1), ts: z.string().min(1) }),
  z.object({ ok: z.literal(false), error: z.string() }),
]);

/** Slack says no with HTTP 200: the body decides. */
export function answerOf(response: HttpResponse, clock: Clock): SlackAnswer {
  const outcome = outcomeOfStatus(response, clock);
  if (outcome.kind !== 'delivered') return { outcome };
  const { data } = answered.safeParse(jsonOf(response));
  if (!data) {
    const detail = `HTTP ${response.status} without an answer of Slack's`;
    return { outcome: { kind: 'retry', reason: 'receiver-unavailable', detail } };
  }
  if (data.ok) return { outcome: { kind: 'delivered', reference: { channel: data.channel, ts: data.ts } } };
  const error = /^[a-z_]{1,60}$/.test(data.error) ? data.error : 'an unknown error';
  return { outcome: outcomeOfError(error), error };
}

/** What is neither a passing fault nor about the content needs somebody's hand: token, scope, channel, workspace. */
function outcomeOfError(error: string): SendOutcome {
  const detail = `Slack says ${error}`;
  if (RETRY.has(error)) {
    const reason = /limit/.test(error) ? 'receiver-throttled' : 'receiver-unavailable';
    return { kind: 'retry', reason, detail };
  }
  if (REFUSED.has(error)) return { kind: 'refused', reason: 'receiver-refused', detail };
  return { kind: 'misconfigured', reason: 'receiver-denied', detail };
}
