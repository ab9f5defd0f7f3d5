/** The handler with everything around it in memory. */

import { type CallbackDeps, createCallback } from '../../functions/callback/handler.ts';
import type { CallbackOptions } from '../../functions/callback/options.ts';
import type { Action } from '../../functions/core/incident/action.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { fakeAfter } from '../support/time.ts';
import { event, form, NOW, PAGERDUTY_SECRET, pagerdutyRequest, press, SLACK_SECRET, slackRequest } from './support.ts';

export const OPTIONS: CallbackOptions = {
  allowed_users: ['U0123ABCD', 'PLH1HKV'],
  slack: {
    signing_secrets: [SLACK_SECRET],
    response_origin: 'https://hooks.slack.com',
    allow_private: false,
  },
  pagerduty: { signing_secrets: [PAGERDUTY_SECRET] },
};

export function calling(over: Partial<CallbackDeps> = {}) {
  const time = fakeAfter(NOW);
  const acted: Action[] = [];
  const replies: { url: string; text: string; signal: AbortSignal }[] = [];
  const lines: LogLine[] = [];
  const call = createCallback({
    options: OPTIONS,
    async act(action) {
      acted.push(action);
      return { kind: 'done', text: 'Acknowledged.' };
    },
    async reply(url, text, signal) {
      replies.push({ url, text, signal });
    },
    clock: time.clock,
    after: time.after,
    writeLog: (line) => void lines.push(line),
    ...over,
  });
  return { call, acted, replies, lines, time };
}

export const pressed = (over: Record<string, unknown> = {}, button: Record<string, unknown> = {}) =>
  slackRequest(form(press(over, button)));
export const happened = (over: Record<string, unknown> = {}) => pagerdutyRequest(JSON.stringify(event(over)));
