/**
 * Answers whoever pressed a button, so that only they see it.
 * https://docs.slack.dev/interactivity/handling-user-interaction#message_responses
 */

import type { AllowPrivate } from '../../core/allow-private.ts';
import { bounded } from '../../core/plain.ts';
import type { Http } from '../http.ts';
import { escaped, TEXT_LIMIT } from './slack-message.ts';

export interface SlackReplyOptions {
  /** Where every `response_url` must begin. */
  response_origin: string;
  allow_private: AllowPrivate;
}

/** The returned function throws, without the address, when Slack did not take the reply. */
export function createSlackReply({ response_origin, allow_private: allowPrivate }: SlackReplyOptions, http: Http) {
  const { origin } = new URL(response_origin);
  return async (address: string, text: string, signal: AbortSignal): Promise<void> => {
    const url = URL.parse(address);
    // It came with a signature; that it leads to Slack and nowhere else is looked at all the same.
    if (url?.origin !== origin || url.username || url.password) throw new Error("not an address of Slack's");
    const { status } = await http.request({
      method: 'POST',
      url: url.href,
      headers: { 'content-type': 'application/json; charset=utf-8' },
      body: JSON.stringify(replyOf(text)),
      signal,
      allowPrivate,
    });
    if (status !== 200) throw new Error(`HTTP ${status}`);
  };
}

/** Rich text knows no markup, so that no name can mention, link or format. */
function replyOf(text: string): object {
  const words = bounded(text, TEXT_LIMIT);
  const elements = [{ type: 'rich_text_section', elements: [{ type: 'text', text: words }] }];
  return {
    response_type: 'ephemeral',
    // The page that it answers stays as it is.
    replace_original: false,
    text: escaped(words),
    blocks: [{ type: 'rich_text', elements }],
  };
}
