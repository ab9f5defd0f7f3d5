/** What a press asks: each button of ours, and everything else that may come in its place. */

import { describe, expect, test } from '@jest/globals';
import { messageOf } from '../../functions/adapters/receivers/slack-message.ts';
import { readSlack } from '../../functions/callback/slack.ts';
import { HOSTILE, shellNotification } from '../fixtures/notifications.ts';
import { form, INCIDENT, press } from './support.ts';

const read = (payload: object | string) => readSlack(Buffer.from(form(payload)));
const pressOf = (button: Record<string, unknown>) => read(press({}, button));

describe('a button', () => {
  test.each([
    ['acknowledge', { kind: 'acknowledge' }],
    ['mute_1h', { kind: 'mute', forMs: 3_600_000 }],
    ['page_oncall', { kind: 'page' }],
    ['why', { kind: 'why' }],
  ])('%s', (action_id, action) => {
    expect(pressOf({ action_id })).toEqual({
      ok: true,
      action: {
        ...action,
        incident: INCIDENT,
        by: 'ana',
        via: 'slack',
        requestId: 'slack:13345224609.738474920.8088930838d88f008e0',
      },
      user: 'U0123ABCD',
      replyTo: 'https://hooks.slack.com/actions/T0123ABCD/1/S3CRET',
    });
  });

  test('as the page draws it is understood: each that acts asks of its incident, each link asks nothing', () => {
    const notification = shellNotification;
    const buttons = messageOf(notification, true).blocks.flatMap((block) =>
      block.type === 'actions' ? block.elements : [],
    );
    const { groupKey, generation, round } = notification;
    const asked = buttons.map(({ action_id, value }) => [action_id, pressOf({ action_id, value })] as const);
    expect(asked.length).toBeGreaterThan(5);
    for (const [id, question] of asked) {
      expect(question).toMatchObject(
        id.startsWith('open_')
          ? { ok: false, reason: 'callback-ignored' }
          : { ok: true, action: { incident: { groupKey, generation, round } } },
      );
    }
  });

  test('without a way to reply still acts', () => {
    expect(read(press({ response_url: undefined }))).toMatchObject({ ok: true, replyTo: undefined });
  });
});

describe('ignored is', () => {
  test.each([
    ['a link', press({}, { action_id: 'open_logs', value: undefined })],
    ["another app's button", press({}, { action_id: 'approve' })],
    ['a button with the name of a method', press({}, { action_id: 'constructor' })],
    ['a button that is called __proto__', press({}, { action_id: '__proto__' })],
    ['a modal', { type: 'view_submission', user: { id: 'U0123ABCD' }, view: {} }],
  ])('%s', (_, payload) => {
    expect(read(payload)).toMatchObject({ ok: false, reason: 'callback-ignored' });
  });
});

describe('malformed is', () => {
  const values: [string, unknown][] = [
    ['no value', undefined],
    ['a value that is no JSON', 'payments'],
    ['a value without a group', '{"generation":1}'],
    ['a value of an empty group', '{"groupKey":"","generation":1}'],
    ['a value of an endless group', JSON.stringify({ groupKey: 'x'.repeat(1_025), generation: 1 })],
    ['a group that is a list', '{"groupKey":["a"],"generation":1}'],
    ['a generation that is none', '{"groupKey":"a","generation":"1"}'],
    ['a generation of zero', '{"groupKey":"a","generation":0}'],
    ['half a generation', '{"groupKey":"a","generation":1.5}'],
    ['a generation past all counting', '{"groupKey":"a","generation":1e300}'],
    ['a round of zero', '{"groupKey":"a","generation":1,"round":0}'],
    ['a round that is none', '{"groupKey":"a","generation":1,"round":"1"}'],
    ['a value that says more', '{"groupKey":"a","generation":1,"kind":"resolve"}'],
    ['a value with another prototype', '{"groupKey":"a","generation":1,"__proto__":{"kind":"resolve"}}'],
    ['null', 'null'],
  ];
  test.each(values)('a button with %s', (_, value) => {
    expect(pressOf({ value })).toMatchObject({ ok: false, reason: 'callback-malformed' });
  });

  const user = (over: object) => press({ user: { id: 'U0123ABCD', username: 'ana', ...over } });
  test.each<[string, object | string]>([
    ['no JSON', 'payload'],
    ['a list', '[]'],
    ['null', 'null'],
    ['nothing', '{}'],
    ['a type that is an object', { type: {} }],
    ['a press by nobody', press({ user: undefined })],
    ['a press by an id that is a list', user({ id: ['U0123ABCD'] })],
    ['a press by an id that is a name', user({ id: 'ana' })],
    ['a press of nothing', press({ actions: [] })],
    ['a press of everything', press({ actions: { 0: { action_id: 'acknowledge' }, length: 1 } })],
    ['a press without an identity', press({ trigger_id: undefined })],
    ['a press with an empty identity', press({ trigger_id: '' })],
    ['a press with an endless identity', press({ trigger_id: '1'.repeat(201) })],
  ])('%s', (_, payload) => {
    expect(read(payload)).toMatchObject({ ok: false, reason: 'callback-malformed' });
  });

  test.each([
    ['an empty body', ''],
    ['JSON where a form belongs', JSON.stringify(press())],
    ['a form with two payloads', `${form(press())}&${form(press())}`],
    ['bytes that are no text', Buffer.from([0xff, 0xfe, 0x80])],
  ])('%s', (_, body) => {
    expect(readSlack(Buffer.from(body as string))).toMatchObject({ ok: false, reason: 'callback-malformed' });
  });

  test('and what is said of it holds nothing of it', () => {
    const secret = 'S3CRET';
    for (const payload of [secret, { type: 'block_actions', user: secret }, press({}, { value: secret })]) {
      expect(JSON.stringify(read(payload))).not.toContain(secret);
    }
  });
});

describe('who pressed', () => {
  const by = (over: object) => {
    const asked = read(press({ user: { id: 'U0123ABCD', username: 'ana', name: 'ana.d', ...over } }));
    return asked.ok ? asked.action.by : undefined;
  };
  test.each<[string, object, string]>([
    ['is named as Slack does', {}, 'ana'],
    ['is named by the other name', { username: '' }, 'ana.d'],
    ['is named by the id for want of a name', { username: null, name: undefined }, 'U0123ABCD'],
    ['is named by the id where the name shows nothing', { username: '  ', name: '\t' }, 'U0123ABCD'],
    ['is named by the id where the name is none', { username: 7, name: {} }, 'U0123ABCD'],
    ['can not hide', { username: 'ana\u202e\u200b\n' }, 'ana⟨U+202E⟩⟨U+200B⟩␊'],
    ['can not act on a terminal', { username: '\u001b[31mana' }, '␛[31mana'],
    ['can not go on for ever', { username: 'a'.repeat(10_000) }, `${'a'.repeat(72)}…(+9928)`],
  ])('%s', (_, user, name) => {
    expect(by(user)).toBe(name);
  });

  test.each(HOSTILE)('is shown on one line, whatever the name: %s', (_, username) => {
    const name = by({ username }) ?? '';
    expect(name).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
    expect(name.length).toBeLessThanOrEqual(80);
    expect(name).not.toBe('');
  });
});

test('a prototype in the payload reaches nobody', () => {
  const text = JSON.stringify(press()).replace(
    '{',
    '{"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},',
  );
  const asked = read(text);
  expect(asked).toMatchObject({ ok: true });
  expect((asked as { polluted?: unknown }).polluted).toBeUndefined();
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
});
