import { describe, expect, test } from '@jest/globals';
import { createSlack } from '../../../functions/adapters/receivers/slack.ts';
import { binaryNotification, shellNotification } from '../../fixtures/notifications.ts';
import type { Answerer } from '../loopback.ts';
import { receiverContract } from './contract.ts';
import { exchanging } from './exchange.ts';

const TOKEN = 'xoxb-0000-T0PS3CRET';
const CHANNEL = 'C0123456789';
const POSTED = JSON.stringify({ ok: true, channel: CHANNEL, ts: '1503435956.000247' });

const no = (error: string): string => JSON.stringify({ ok: false, error });

receiverContract({
  kind: 'slack',
  create: ({ url, http, clock, allowPrivate }) =>
    createSlack({
      name: 'chat',
      options: { channel: CHANNEL, token: TOKEN, url: `${url}/api`, allow_private: allowPrivate, buttons: true },
      http,
      clock,
    }),
  accept: (_request, response) => void response.end(POSTED),
  denials: [
    ['invalid_auth', no('invalid_auth'), 'misconfigured'],
    ['not_authed', no('not_authed'), 'misconfigured'],
    ['token_revoked', no('token_revoked'), 'misconfigured'],
    ['token_expired', no('token_expired'), 'misconfigured'],
    ['account_inactive', no('account_inactive'), 'misconfigured'],
    ['missing_scope', no('missing_scope'), 'misconfigured'],
    ['channel_not_found', no('channel_not_found'), 'misconfigured'],
    ['not_in_channel', no('not_in_channel'), 'misconfigured'],
    ['is_archived', no('is_archived'), 'misconfigured'],
    ['restricted_action', no('restricted_action'), 'misconfigured'],
    ['ratelimited', no('ratelimited'), 'retry'],
    ['internal_error', no('internal_error'), 'retry'],
    ['fatal_error', no('fatal_error'), 'retry'],
    ['service_unavailable', no('service_unavailable'), 'retry'],
    ['request_timeout', no('request_timeout'), 'retry'],
    ['msg_too_long', no('msg_too_long'), 'refused'],
    ['msg_blocks_too_long', no('msg_blocks_too_long'), 'refused'],
    ['invalid_blocks', no('invalid_blocks'), 'refused'],
    ['an error unknown so far', no('new_error'), 'misconfigured'],
    ['an error that quotes the token', no(`bad token ${TOKEN}`), 'misconfigured'],
    ['yes without the message', '{"ok":true}', 'retry'],
    ['a login page', '<html>Sign in</html>', 'retry'],
    ['nothing', '', 'retry'],
  ],
  endless: 'retry',
  secrets: [TOKEN, 'T0PS3CRET', CHANNEL],
  // A change of a message reaches nobody's phone, and a reply those alone who wrote in its thread, unless the channel hears it.
  ringsBy: ({ path, body }) => {
    const { thread_ts: thread, reply_broadcast: heard } = JSON.parse(body) as {
      thread_ts?: string;
      reply_broadcast?: true;
    };
    return path.endsWith('/chat.postMessage') && (heard || !thread) ? body : undefined;
  },
});

const exchange = exchanging((url, http) => {
  const options = { channel: CHANNEL, token: TOKEN, url: `${url}/api/`, allow_private: true, buttons: true };
  return createSlack({ name: 'chat', options, http, clock: () => 0 });
});

const accept: Answerer = (_request, response) => void response.end(POSTED);
const place = { channel: 'C0999999999', ts: '1.2' };
const reference = { ...place, rules: [shellNotification.lead.rule] };

describe('sending', () => {
  test('a page is posted to the channel and gives the message back', async () => {
    const { outcome, server } = await exchange(shellNotification, accept);
    const rules = [shellNotification.lead.rule];
    expect(outcome).toEqual({ kind: 'delivered', reference: { channel: CHANNEL, ts: '1503435956.000247', rules } });
    const [request] = server.received;
    expect([request?.path, request?.headers.authorization]).toEqual(['/api/chat.postMessage', `Bearer ${TOKEN}`]);
    expect(JSON.parse(request?.body ?? '')).toMatchObject({
      channel: CHANNEL,
      unfurl_links: false,
      unfurl_media: false,
      link_names: false,
      parse: 'none',
      metadata: { event_payload: { message_id: shellNotification.messageId } },
    });
    expect(request?.body).not.toContain(TOKEN);
  });

  test('an update changes the message it refers to', async () => {
    const { outcome, server } = await exchange({ ...shellNotification, type: 'update', reference }, accept);
    expect(outcome.kind).toBe('delivered');
    expect(server.received.map(({ path }) => path)).toEqual(['/api/chat.update']);
    // Without them Slack would make links of what looks like one, as chat.postMessage does not.
    const quiet = { parse: 'none', link_names: false };
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject({ ...place, ...quiet });
  });

  test.each([
    ['an update without a reference', { ...shellNotification, type: 'update' as const }],
    ['an update with a reference of another receiver', { ...shellNotification, type: 'update' as const, reference: 7 }],
  ])('%s is a new message', async (_name, notification) => {
    const { server } = await exchange(notification, accept);
    expect(server.received.map(({ path }) => path)).toEqual(['/api/chat.postMessage']);
  });

  test('a page of an incident that was told before is for the whole channel, in the thread of its message', async () => {
    const again = { ...shellNotification, round: 2, reference };
    const { outcome, server } = await exchange(again, accept);
    expect(outcome).toEqual({ kind: 'delivered', reference });
    expect(server.received.map(({ path }) => path)).toEqual(['/api/chat.update', '/api/chat.postMessage']);
    const reply = JSON.parse(server.received[1]?.body ?? '') as Record<string, unknown>;
    expect(reply).toMatchObject({ channel: place.channel, thread_ts: place.ts, reply_broadcast: true });
    expect(reply.text).toContain('Pages again: it got worse after people were told');
  });

  test('a rule that the message did not tell of is a reply in its thread, once', async () => {
    const grown = { ...binaryNotification, type: 'update' as const, reference };
    const { outcome, server } = await exchange(grown, accept);
    const rules = [binaryNotification.lead.rule, ...binaryNotification.others.map(({ rule }) => rule)];
    expect(outcome).toEqual({ kind: 'delivered', reference: { ...place, rules } });
    const reply = JSON.parse(server.received[1]?.body ?? '') as Record<string, unknown>;
    expect(reply).toMatchObject({ thread_ts: place.ts, text: expect.stringContaining('ran /tmp/.x/kworker') });
    expect(reply).not.toHaveProperty('reply_broadcast');
    const told = await exchange({ ...grown, reference: { ...place, rules } }, accept);
    expect(told.server.received.map(({ path }) => path)).toEqual(['/api/chat.update']);
  });

  test('a reply that fails is tried again with its message, which is told as not delivered', async () => {
    const { outcome } = await exchange({ ...shellNotification, round: 2, reference }, (request, response) => {
      response.end(request.path.endsWith('chat.update') ? POSTED : no('ratelimited'));
    });
    expect(outcome).toMatchObject({ kind: 'retry', reason: 'receiver-throttled' });
  });

  test.each(['message_not_found', 'cant_update_message', 'edit_window_closed'])(
    'after %s a new message is written',
    async (error) => {
      const { outcome, server } = await exchange(
        { ...shellNotification, type: 'update', reference },
        (request, response) => {
          response.end(request.path.endsWith('chat.update') ? no(error) : POSTED);
        },
      );
      expect(outcome.kind).toBe('delivered');
      expect(server.received.map(({ path }) => path)).toEqual(['/api/chat.update', '/api/chat.postMessage']);
    },
  );

  describe('blocks that Slack refuses', () => {
    const noBlocks: Answerer = (request, response) => {
      const { blocks = [] } = JSON.parse(request.body) as { blocks?: unknown[] };
      response.end(blocks.length > 0 ? no('invalid_blocks') : POSTED);
    };

    test('are sent again as plain words', async () => {
      const { outcome, server } = await exchange(binaryNotification, noBlocks);
      expect(outcome.kind).toBe('delivered');
      const plain = JSON.parse(server.received[1]?.body ?? '') as Record<string, unknown>;
      expect(plain.text).toContain('ran /tmp/.x/kworker, not in image');
      expect(plain).toMatchObject({ channel: CHANNEL, parse: 'none', link_names: false });
    });

    test('take those of before with them, and the reply in the thread is plain too', async () => {
      const { outcome, server } = await exchange({ ...binaryNotification, round: 2, reference }, noBlocks);
      const rules = [binaryNotification.lead.rule, ...binaryNotification.others.map(({ rule }) => rule)];
      expect(outcome).toEqual({ kind: 'delivered', reference: { ...place, rules } });
      const [, update, , reply] = server.received.map(({ body }) => JSON.parse(body) as Record<string, unknown>);
      expect(server.received.map(({ path }) => path.slice('/api/'.length))).toEqual([
        'chat.update',
        'chat.update',
        'chat.postMessage',
        'chat.postMessage',
      ]);
      expect(update).toMatchObject({ ...place, blocks: [] });
      expect(reply).toMatchObject({ thread_ts: place.ts, reply_broadcast: true, parse: 'none', link_names: false });
      expect(reply?.text).toContain('Pages again: it got worse after people were told');
      expect(reply).not.toHaveProperty('blocks');
    });
  });
});
