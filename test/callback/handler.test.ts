/** What becomes of a request: who is heard, what is asked of act, what is answered, and what is said of it. */

import { describe, expect, test } from '@jest/globals';
import type { CallbackOptions } from '../../functions/callback/options.ts';
import type { Request } from '../../functions/core/http.ts';
import type { Action, ActionResult } from '../../functions/core/incident/action.ts';
import { calling, happened, OPTIONS, pressed } from './calling.ts';
import { PAGERDUTY_SECRET } from './support.ts';

const { slack, pagerduty } = OPTIONS;

describe('a press', () => {
  test('is done, answered with nothing, and told to whoever pressed', async () => {
    const { call, acted, replies, lines, time } = calling();
    expect(await call(pressed())).toEqual({ status: 200 });
    expect(acted).toMatchObject([{ kind: 'acknowledge', by: 'ana', via: 'slack' }]);
    expect(replies).toMatchObject([
      { url: 'https://hooks.slack.com/actions/T0123ABCD/1/S3CRET', text: 'Acknowledged.' },
    ]);
    expect(lines).toEqual([
      {
        severity: 'NOTICE',
        message: 'slack: acknowledge',
        reason: 'callback-done',
        labels: { via: 'slack', action: 'acknowledge', user: 'U0123ABCD' },
      },
    ]);
    expect(time.pending()).toEqual([]);
  });

  test.each(['stale', 'already', 'replayed', 'unknown'] as const)('that is %s is told so', async (reason) => {
    const act = async (): Promise<ActionResult> => ({ kind: 'unchanged', reason, text: 'Nothing was changed.' });
    const { call, replies, lines } = calling({ act });
    expect(await call(pressed())).toEqual({ status: 200 });
    expect(replies).toMatchObject([{ text: 'Nothing was changed.' }]);
    expect(lines).toMatchObject([{ severity: 'INFO', reason: `callback-${reason}` }]);
  });

  test('by somebody who may not changes nothing, and is told why', async () => {
    const { call, acted, replies, lines } = calling();
    expect(await call(pressed({ user: { id: 'U0666EVIL', username: 'ana' } }))).toEqual({ status: 200 });
    expect(acted).toEqual([]);
    expect(replies).toMatchObject([{ text: expect.stringContaining('U0666EVIL is not among those who may act') }]);
    expect(lines).toMatchObject([
      { severity: 'WARNING', reason: 'callback-user-refused', labels: { user: 'U0666EVIL', action: 'acknowledge' } },
    ]);
  });

  test('of a link is answered, whoever follows it', async () => {
    const { call, acted, replies } = calling();
    const link = pressed({ user: { id: 'U0666EVIL' } }, { action_id: 'open_logs', value: undefined });
    expect(await call(link)).toEqual({ status: 200 });
    expect([acted, replies]).toEqual([[], []]);
  });

  test('while the store is down is refused, so that Slack shows that it failed', async () => {
    const { call, replies, lines } = calling({ act: () => Promise.reject(new Error('Redis: ECONNREFUSED')) });
    expect(await call(pressed())).toEqual({ status: 503, body: { reason: 'store-unavailable' } });
    expect(replies).toEqual([]);
    expect(lines).toMatchObject([
      { severity: 'ERROR', reason: 'store-unavailable', message: 'slack: acknowledge: Redis: ECONNREFUSED' },
    ]);
  });

  test('while the store hangs is refused before Slack gives up', async () => {
    const { call, lines, time } = calling({ act: () => new Promise(() => {}) });
    const answer = call(pressed());
    await time.armed(1);
    time.pass(1_799);
    expect(time.pending()).toEqual([1]);
    time.pass(1);
    expect(await answer).toEqual({ status: 503, body: { reason: 'store-unavailable' } });
    expect(lines).toMatchObject([{ message: 'slack: acknowledge: no answer within 1800 ms' }]);
  });

  test('whose reply fails stands all the same', async () => {
    const { call, acted, lines } = calling({ reply: () => Promise.reject(new Error('HTTP 404')) });
    expect(await call(pressed())).toEqual({ status: 200 });
    expect(acted).toHaveLength(1);
    expect(lines).toMatchObject([
      { severity: 'WARNING', reason: 'callback-reply-failed', message: 'slack: the reply was not sent: HTTP 404' },
      { reason: 'callback-done' },
    ]);
  });

  test('whose reply hangs is answered before Slack gives up, and the reply is ended', async () => {
    const replying = Promise.withResolvers<AbortSignal>();
    const { call, lines, time } = calling({
      async act() {
        time.pass(1_500);
        return { kind: 'done', text: 'Acknowledged.' };
      },
      reply(_url, _text, signal) {
        replying.resolve(signal);
        return new Promise(() => {});
      },
    });
    const answer = call(pressed());
    const signal = await replying.promise;
    expect(time.pending()).toEqual([1_000]);
    time.pass(1_000);
    expect(await answer).toEqual({ status: 200 });
    expect(signal.aborted).toBe(true);
    expect(lines.map(({ reason }) => reason)).toEqual(['callback-reply-failed', 'callback-done']);
  });

  test.each([
    ['there is no address for it', pressed({ response_url: undefined }), {}],
    ['nobody sends one', pressed(), { reply: undefined }],
  ])('is done without a reply where %s', async (_, request, over) => {
    const { call, acted, replies } = calling(over);
    expect(await call(request)).toEqual({ status: 200 });
    expect(acted).toHaveLength(1);
    expect(replies).toEqual([]);
  });
});

describe('an event of PagerDuty', () => {
  test('is done, and nobody is told', async () => {
    const { call, acted, replies, lines } = calling();
    expect(await call(happened())).toEqual({ status: 200 });
    expect(acted).toMatchObject([{ kind: 'acknowledge', by: 'Ana Duarte', via: 'pagerduty' }]);
    expect(replies).toEqual([]);
    expect(lines).toMatchObject([{ reason: 'callback-done', labels: { via: 'pagerduty', user: 'PLH1HKV' } }]);
  });

  test.each([
    ['by somebody who may not', { agent: { id: 'PEVIL01', summary: 'Ana Duarte' } }],
    ['by nobody', { agent: null }],
  ])('%s changes nothing, and is taken, or PagerDuty would stop to send', async (_, over) => {
    const { call, acted, lines } = calling();
    expect(await call(happened(over))).toEqual({ status: 200 });
    expect(acted).toEqual([]);
    expect(lines).toMatchObject([{ severity: 'WARNING', reason: 'callback-user-refused' }]);
  });

  const program = { agent: { id: 'PXMQRWJ', summary: 'Events API V2', type: 'inbound_integration_reference' } };
  test.each([
    ['already', 'INFO', 'callback-already'],
    ['stale', 'INFO', 'callback-stale'],
    ['done', 'WARNING', 'callback-user-refused'],
    ['no answer', 'WARNING', 'callback-user-refused'],
  ])(
    'by a program that may not, such as our own word that comes back, is only asked about: %s',
    async (would, severity, reason) => {
      const asked: Action[] = [];
      const { call, lines } = calling({
        async act(action) {
          asked.push(action);
          if (would === 'no answer') throw new Error('down');
          if (would === 'done') return { kind: 'done', text: '' };
          return { kind: 'unchanged', reason: would as 'already' | 'stale', text: '' };
        },
      });
      expect(await call(happened(program))).toEqual({ status: 200 });
      expect(asked).toMatchObject([{ kind: 'acknowledge', onlyAsked: true }]);
      expect(lines).toMatchObject([{ severity, reason, labels: { user: 'PXMQRWJ' } }]);
    },
  );

  test('that changes nothing here is taken, with its type in the log', async () => {
    const { call, acted, lines } = calling();
    expect(await call(happened({ event_type: 'incident.annotated' }))).toEqual({ status: 200 });
    expect(acted).toEqual([]);
    expect(lines).toEqual([
      {
        severity: 'INFO',
        reason: 'callback-ignored',
        message: 'pagerduty: incident.annotated changes nothing here',
      },
    ]);
  });

  test('while the store is down is sent again', async () => {
    const { call } = calling({ act: () => Promise.reject(new Error('down')) });
    expect(await call(happened())).toEqual({ status: 503, body: { reason: 'store-unavailable' } });
  });
});

describe('who may act', () => {
  const everybody = { ...OPTIONS, allowed_users: ['*'] };
  const stranger = { user: { id: 'U0666EVIL' } };
  test.each<[string, CallbackOptions, Request, number]>([
    ['whoever is listed, in Slack', OPTIONS, pressed(), 1],
    ['whoever is listed, in PagerDuty', OPTIONS, happened(), 1],
    ['nobody else', OPTIONS, pressed(stranger), 0],
    ['everybody, where that is written', everybody, pressed(stranger), 1],
    ['PagerDuty itself, where everybody may', everybody, happened({ agent: null }), 1],
    ['nobody, where no list is given', { slack, pagerduty }, pressed(), 0],
    [
      "whoever Slack's own list has",
      { ...everybody, slack: { ...(slack as NonNullable<typeof slack>), allowed_users: ['U0000OTHER'] } },
      pressed(),
      0,
    ],
    [
      'everybody in PagerDuty, and in Slack whoever is listed',
      { ...OPTIONS, pagerduty: { signing_secrets: [PAGERDUTY_SECRET], allowed_users: ['*'] } },
      happened({ agent: { id: 'PEVIL01' } }),
      1,
    ],
    ['nobody whose id is only like one', OPTIONS, pressed({ user: { id: 'U0123ABCDE' } }), 0],
  ])('%s', async (_, options, request, times) => {
    const { call, acted } = calling({ options });
    await call(request);
    expect(acted).toHaveLength(times);
  });
});
