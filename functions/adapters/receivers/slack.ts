/** Slack by its Web API with a bot token: one message an incident, kept up to date. */

import * as z from 'zod';
import type { Notification } from '../../core/notification.ts';
import type { Clock, Receiver, SendOutcome } from '../../core/ports.ts';
import type { Http, HttpResponse } from '../http.ts';
import type { SlackOptions } from './options.ts';
import { attempt, jsonOf, outcomeOfStatus } from './send-outcome.ts';
import { messageOf, plainMessageOf } from './slack-message.ts';

export interface SlackDeps {
  name: string;
  options: SlackOptions;
  http: Http;
  clock: Clock;
}

/** What a later update needs: a channel's id, and the message's own within it. */
const reference = z.object({ channel: z.string().min(1), ts: z.string().min(1) });

export function createSlack({ name, options, http, clock }: SlackDeps): Receiver {
  const base = options.url.replace(/\/+$/, '');

  async function call(method: string, body: object, signal: AbortSignal): Promise<SlackAnswer> {
    const response = await http.request({
      method: 'POST',
      url: `${base}/${method}`,
      headers: { 'content-type': 'application/json; charset=utf-8', authorization: `Bearer ${options.token}` },
      body: JSON.stringify(body),
      signal,
      allowPrivate: options.allow_private,
    });
    return answerOf(response, clock);
  }

  async function write(notification: Notification, content: object, signal: AbortSignal): Promise<SlackAnswer> {
    // An update reaches nobody's phone: a page is always a message of its own.
    const earlier = notification.type === 'update' ? reference.safeParse(notification.reference).data : undefined;
    if (earlier) {
      const answer = await call('chat.update', { ...earlier, ...content }, signal);
      if (!GONE.has(answer.error ?? '')) return answer;
    }
    const quiet = { unfurl_links: false, unfurl_media: false, link_names: false, parse: 'none' };
    return call('chat.postMessage', { channel: options.channel, ...quiet, ...content }, signal);
  }

  return {
    name,
    kind: 'slack',
    // chat.postMessage has no key of its own for apps; the message's metadata says which notification it was.
    idempotent: false,
    send: (notification, signal) =>
      attempt(async () => {
        const { outcome } = await write(notification, messageOf(notification, options.buttons), signal);
        if (outcome.kind !== 'refused') return outcome;
        return (await write(notification, plainMessageOf(notification), signal)).outcome;
      }),
  };
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
  z.object({ ok: z.literal(true), ...reference.shape }),
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
