import { describe, expect, test } from '@jest/globals';
import { readMessage } from '../../../functions/core/event/message.ts';
import { fixture, fixtureText } from '../../fixtures/load.ts';

const name = 'shell-terminal';
const push = (changes: Record<string, unknown> = {}): Record<string, unknown> => ({
  message: { ...fixture(name), ...changes },
  subscription: 'projects/acme-prod/subscriptions/falco-events',
});

describe('readMessage', () => {
  test.each([
    ['a plain push', push()],
    ['snake case beside camel case', push({ message_id: '1', publish_time: 'x' })],
    [
      'a CloudEvent around it',
      { specversion: '1.0', type: 'google.cloud.pubsub.topic.v1.messagePublished', data: push() },
    ],
    ['unknown members', { ...push({ orderingKey: 'x', more: [1] }), more: true }],
  ])('takes %s', (_name, body) => {
    const result = readMessage(body);
    expect(result).toEqual({
      ok: true,
      message: {
        text: fixtureText(name),
        attributes: fixture(name).attributes,
        messageId: fixture(name).messageId,
        publishTime: '2026-11-23T13:31:31.568Z',
        subscription: 'projects/acme-prod/subscriptions/falco-events',
      },
    });
  });

  test('takes snake case alone, and the delivery attempt', () => {
    const { data, attributes } = fixture(name);
    const result = readMessage({
      message: { data, attributes, message_id: '7', publish_time: 't' },
      deliveryAttempt: 3,
    });
    expect(result).toMatchObject({
      ok: true,
      message: { messageId: '7', publishTime: 't', subscription: '', deliveryAttempt: 3 },
    });
  });

  test('attributes may have any name, and only strings count', () => {
    const attributes = JSON.parse('{"__proto__":"a","constructor":"b","n":1,"o":{},"gke_project":"acme-prod"}');
    const result = readMessage(push({ attributes }));
    if (!result.ok) throw new Error(result.detail);
    expect(Object.entries(result.message.attributes)).toEqual([
      ['__proto__', 'a'],
      ['constructor', 'b'],
      ['gke_project', 'acme-prod'],
    ]);
    expect(({} as Record<string, unknown>).a).toBeUndefined();
  });

  test.each([
    ['attributes are null', { attributes: null }],
    ['attributes are absent', { attributes: undefined }],
    ['attributes are a list', { attributes: [] }],
  ])('%s: none', (_name, changes) => {
    expect(readMessage(push(changes))).toMatchObject({ ok: true, message: { attributes: {} } });
  });

  const secret = Buffer.from('hunter2x').toString('base64');
  test.each([
    ['no body', undefined, 'message-no-envelope'],
    ['null', null, 'message-no-envelope'],
    ['a text', secret, 'message-no-envelope'],
    ['no message', { subscription: 'x' }, 'message-no-envelope'],
    ['a message that is none', { message: secret }, 'message-no-envelope'],
    ['a CloudEvent of something else', { data: { bucket: 'x' } }, 'message-no-envelope'],
    ['no data', push({ data: undefined }), 'message-no-data'],
    ['null data', push({ data: null }), 'message-no-data'],
    ['empty data', push({ data: '' }), 'message-no-data'],
    ['data that is no text', push({ data: { a: secret } }), 'message-bad-base64'],
    [
      'a character that is not base64',
      push({ data: `${secret.slice(0, 4)}!${secret.slice(5)}` }),
      'message-bad-base64',
    ],
    ['missing padding', push({ data: secret.replace(/=+$/, '') }), 'message-bad-base64'],
    ['padding in the middle', push({ data: `QQ==${secret}` }), 'message-bad-base64'],
    ['only padding', push({ data: '====' }), 'message-bad-base64'],
    ['a line break', push({ data: `${secret}\n\n\n\n` }), 'message-bad-base64'],
    ['stray bits', push({ data: 'QR==' }), 'message-bad-base64'],
    ['the alphabet for URLs', push({ data: '_-_-' }), 'message-bad-base64'],
    ['not UTF-8', push({ data: Buffer.from([0x7b, 0xff, 0x7d]).toString('base64') }), 'message-not-utf8'],
    ['a surrogate in UTF-8', push({ data: Buffer.from([0xed, 0xa0, 0x80]).toString('base64') }), 'message-not-utf8'],
    ['over 10 MB', push({ data: 'QUJD'.repeat(3_600_000) }), 'message-too-large'],
  ])('refuses %s, without a word of the payload', (_name, body, reason) => {
    const result = readMessage(body);
    expect(result).toMatchObject({ ok: false, reason });
    if (result.ok) return;
    expect(result.detail).not.toMatch(/hunter2x|aHVudGVy|acme/);
    expect(result.detail.length).toBeLessThan(200);
  });

  test('what is parked is as near to the original as can be', () => {
    const { attributes, messageId } = fixture(name);
    const original = (data: unknown): unknown => {
      const result = readMessage(push({ data }));
      return result.ok ? undefined : result.original;
    };
    const bytes = Buffer.from([0x7b, 0xff, 0x7d]);
    expect(original(bytes.toString('base64'))).toEqual({ data: bytes, attributes, messageId });
    expect(original('QR==')).toEqual({ data: Buffer.from('QR=='), attributes, messageId });
    expect(original('')).toEqual({ data: '', attributes, messageId });
  });

  test.each([
    ['an event without an envelope', JSON.parse(fixtureText(name))],
    ['a text', 'hello'],
    ['data that is an object', push({ data: JSON.parse(fixtureText(name)) })],
  ])('of %s the whole body is parked, where Pub/Sub would take it', (_name, body) => {
    const parked = (rawBody: Uint8Array): unknown => {
      const result = readMessage(body, rawBody);
      return result.ok ? undefined : result.original.data;
    };
    const received = Buffer.from(JSON.stringify(body));
    expect(parked(received)).toEqual(received);
    expect(parked(Buffer.alloc(9_500_001))).toBe('');
  });

  test('10 MB pass', () => {
    const data = Buffer.alloc(10 * 1024 * 1024, 'a').toString('base64');
    expect(readMessage(push({ data }))).toMatchObject({ ok: true });
  });
});
