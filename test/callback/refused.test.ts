/** What is refused before anything is asked of act, and that no word of it is repeated. */

import { describe, expect, test } from '@jest/globals';
import type { CallbackDeps } from '../../functions/callback/handler.ts';
import type { Request } from '../../functions/core/http.ts';
import { calling, happened, OPTIONS, pressed } from './calling.ts';
import {
  event,
  form,
  NOW,
  PAGERDUTY_SECRET,
  pagerdutyRequest,
  posted,
  press,
  SLACK_SECRET,
  slackRequest,
} from './support.ts';

const { slack, pagerduty } = OPTIONS;

describe('refused is', () => {
  const get = (request: Request, method: string): Request => ({ ...request, method });
  const text = JSON.stringify(event());
  const cases: [string, Request, number, string, Partial<CallbackDeps>?][] = [
    ['anything while nothing is configured', pressed(), 404, 'callback-not-configured', { options: undefined }],
    [
      'Slack while only PagerDuty is configured',
      pressed(),
      404,
      'callback-not-configured',
      { options: { allowed_users: ['*'], pagerduty } },
    ],
    [
      'PagerDuty while only Slack is configured',
      happened(),
      404,
      'callback-not-configured',
      { options: { allowed_users: ['*'], slack } },
    ],
    ['a request without a signature', posted(form(press()), {}), 401, 'callback-no-signature'],
    ['a forged press', slackRequest(form(press()), { secret: PAGERDUTY_SECRET }), 401, 'callback-bad-signature'],
    ['a forged event', pagerdutyRequest(text, [SLACK_SECRET]), 401, 'callback-bad-signature'],
    [
      "PagerDuty's signature on a press",
      { ...pagerdutyRequest(form(press())), body: { payload: press() } },
      400,
      'callback-malformed',
    ],
    [
      'two signatures of which the other is right',
      {
        ...happened(),
        headers: {
          ...happened().headers,
          'x-slack-signature': `v0=${'0'.repeat(64)}`,
          'x-slack-request-timestamp': '1',
        },
      },
      401,
      'callback-bad-signature',
    ],
    ['an old press', slackRequest(form(press()), { at: NOW - 301_000 }), 401, 'callback-too-old'],
    ['an old event', happened({ occurred_at: '2026-11-01T00:00:00Z' }), 401, 'callback-too-old'],
    ['a press that is none', slackRequest('payload=x'), 400, 'callback-malformed'],
    ['an event that is none', pagerdutyRequest('x'), 400, 'callback-malformed'],
    [
      'ten megabytes, rightly signed',
      slackRequest(form({ ...press(), x: 'x'.repeat(1e7) })),
      413,
      'callback-too-large',
    ],
    [
      'a parsed body without the bytes that were signed',
      { ...happened(), rawBody: undefined },
      401,
      'callback-bad-signature',
    ],
    ...['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'post'].map((method): [string, Request, number, string] => [
      `${method}, though rightly signed`,
      get(pressed(), method),
      405,
      'callback-wrong-method',
    ]),
  ];

  test.each(cases)('%s', async (_, request, status, reason, over = {}) => {
    const { call, acted, replies, lines } = calling(over);
    const answer = await call(request);
    expect(answer).toMatchObject({ status, body: { reason } });
    expect(answer.headers).toEqual(status === 405 ? { allow: 'POST' } : undefined);
    expect([acted, replies]).toEqual([[], []]);
    expect(lines).toMatchObject([{ reason }]);
  });

  test.each(cases)('%s, without a word of what was sent', async (_, request, _status, _reason, over = {}) => {
    const { call, lines } = calling(over);
    const said = JSON.stringify([await call(request), lines]);
    for (const secret of [SLACK_SECRET, PAGERDUTY_SECRET, 'S3CRET', 'ana', 'ledger-api', 'hooks.slack.com'])
      expect(said).not.toContain(secret);
  });
});
