import { describe, expect, test } from '@jest/globals';
import { createHttp } from '../../../functions/adapters/http.ts';
import { createReceiver } from '../../../functions/adapters/receivers/create.ts';
import { receiverOptions, unusableSecrets } from '../../../functions/adapters/receivers/options.ts';
import { manualTimers } from '../timers.ts';

const token = { file: '/secrets/slack-token' };
const routing_key = { env: 'PAGERDUTY_ROUTING_KEY' };

function problems(entry: unknown): string[] {
  const { error } = receiverOptions.safeParse(entry);
  return (error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
}

describe('receiverOptions', () => {
  test.each([
    ['pagerduty', { name: 'oncall', pagerduty: { routing_key } }],
    ['slack', { name: 'chat', slack: { channel: 'C0123456', token }, fallback: 'oncall' }],
    ['webhook', { name: 'leads', webhook: { url: { env: 'LEADS_URL' }, secret: { env: 'LEADS_SECRET' } } }],
    ['webhook in-house', { name: 'leads', webhook: { url: 'http://hooks.internal/x', allow_private: true } }],
    [
      'webhook at what a list names',
      {
        name: 'leads',
        webhook: {
          url: 'http://hooks.internal/x',
          allow_private: ['10.20.0.0/16', '10.1.2.3', 'fd12::/32', 'fd12::1', 'hooks.internal', 'my_hooks'],
        },
      },
    ],
    ['webhook with credentials', { name: 'leads', webhook: { url: 'https://us%25zz:p%40ss@x.example/' } }],
    ['google-chat', { name: 'space', 'google-chat': { url: { env: 'CHAT_URL' } } }],
    ['alertmanager', { name: 'am', alertmanager: { url: 'https://am.example', bearer_token: { env: 'AM_TOKEN' } } }],
    [
      'alertmanager in-house',
      {
        name: 'am',
        alertmanager: { url: 'http://am:9093', username: 'relay', password: { env: 'AM' }, allow_private: true },
      },
    ],
  ])('takes %s', (_name, entry) => {
    expect(problems(entry)).toEqual([]);
  });

  test('fills in the vendors` addresses', () => {
    expect(receiverOptions.parse({ name: 'a', pagerduty: { routing_key } }).pagerduty).toEqual({
      routing_key,
      updates: false,
      url: 'https://events.pagerduty.com/v2/enqueue',
      allow_private: false,
    });
    expect(receiverOptions.parse({ name: 'a', slack: { channel: 'C0123456', token } }).slack?.url).toBe(
      'https://slack.com/api',
    );
  });

  test.each([
    ['no kind', { name: 'a' }, ': give exactly one of pagerduty, slack, google-chat, webhook, alertmanager'],
    [
      'two kinds',
      { name: 'a', pagerduty: { routing_key }, webhook: { url: 'https://x.example' } },
      ': give exactly one of pagerduty, slack, google-chat, webhook, alertmanager',
    ],
    [
      'a secret written out',
      { name: 'a', pagerduty: { routing_key: 'R0UT1NGKEY' } },
      'pagerduty.routing_key: name where the secret is: { env: NAME } or { file: PATH }',
    ],
    [
      "a channel's name",
      { name: 'a', slack: { channel: '#alerts', token } },
      'slack.channel: not a channel id (C0123456789), a name is not enough',
    ],
    [
      'http outside',
      { name: 'a', webhook: { url: 'http://x.example' } },
      'webhook.url: http needs allow_private: true',
    ],
    [
      'credentials that can not be decoded',
      { name: 'a', webhook: { url: 'https://us%R0UT1NGKEY@x.example/' } },
      "webhook.url: its user name or password can't be decoded: write % as %25",
    ],
    [
      'an allow_private of nobody',
      { name: 'a', webhook: { url: 'https://x.example', allow_private: 'R0UT1NGKEY' } },
      'webhook.allow_private: true, false, or a list of networks and hosts',
    ],
    ...[
      '10.0.0.300/16',
      '10.0.0.0/33',
      '10.0.0',
      '*.internal',
      'https://hooks.internal',
      'hooks.internal:8080',
      '',
    ].map((entry): [string, unknown, string] => [
      `allow_private of ${JSON.stringify(entry)}`,
      { name: 'a', webhook: { url: 'https://x.example', allow_private: ['10.0.0.0/8', entry] } },
      'webhook.allow_private.1: neither a network (10.20.0.0/16), nor an address, nor a name (hooks.internal)',
    ]),
    ['another scheme', { name: 'a', webhook: { url: 'ftp://x.example' } }, 'webhook.url: not an http(s) address'],
    [
      'an option that is none',
      { name: 'a', webhook: { url: 'https://x.example', retries: 3 } },
      'webhook: Unrecognized key: "retries"',
    ],
    [
      "a space's address written out",
      { name: 'a', 'google-chat': { url: 'https://chat.example/?key=R0UT1NGKEY' } },
      'google-chat.url: name where the secret is: { env: NAME } or { file: PATH }',
    ],
    [
      'half a basic authentication',
      { name: 'a', alertmanager: { url: 'https://am.example', username: 'relay' } },
      'alertmanager: username and password go together',
    ],
    [
      'two authentications',
      {
        name: 'a',
        alertmanager: {
          url: 'https://am.example',
          username: 'relay',
          password: { env: 'A' },
          bearer_token: { env: 'B' },
        },
      },
      'alertmanager: give a username or a bearer_token, not both',
    ],
    [
      'a name with spaces',
      { name: 'a b', pagerduty: { routing_key } },
      'name: letters, digits, "_", "." and "-", at most 63',
    ],
  ])('names the problem: %s', (_name, entry, expected) => {
    expect(problems(entry)).toEqual([expected]);
    expect(problems(entry).join()).not.toContain('R0UT1NGKEY');
  });
});

describe('unusableSecrets', () => {
  test.each([
    [
      'a sound address',
      { name: 'a', 'google-chat': { url: 'https://chat.example/?key=S3CRET', allow_private: false } },
      [],
    ],
    [
      'no address',
      { name: 'a', 'google-chat': { url: 'S3CRET', allow_private: false } },
      ['a.google-chat.url: not an http(s) address'],
    ],
    [
      'http outside',
      { name: 'a', alertmanager: { url: 'http://S3CRET.example', allow_private: false } },
      ['a.alertmanager.url: http needs allow_private: true'],
    ],
    [
      'credentials that can not be decoded',
      { name: 'a', webhook: { url: 'https://us%S3CRET@x.example', allow_private: false } },
      ["a.webhook.url: its user name or password can't be decoded: write % as %25"],
    ],
    [
      'an address with a query',
      { name: 'a', alertmanager: { url: 'https://am.example/?x=S3CRET', allow_private: false } },
      ['a.alertmanager.url: an address without query, to which a path can be added'],
    ],
    [
      'a token with a line break',
      { name: 'a', alertmanager: { url: 'https://am.example', bearer_token: 'S3CRET\nx', allow_private: false } },
      ['a.alertmanager.bearer_token: not a token'],
    ],
  ])('names the problem and not the secret: %s', (_name, entry, expected) => {
    expect(unusableSecrets(entry)).toEqual(expected);
    expect(unusableSecrets(entry).join()).not.toContain('S3CRET');
  });
});

describe('createReceiver', () => {
  const deps = { http: createHttp({ after: manualTimers().after }), clock: () => 0 };
  const url = 'https://example.com';

  test.each([
    ['pagerduty', true, { name: 'a', pagerduty: { routing_key: 'k', updates: false, url, allow_private: false } }],
    [
      'slack',
      false,
      { name: 'a', slack: { channel: 'C0123456', token: 't', url, allow_private: false, buttons: false } },
    ],
    ['webhook', true, { name: 'a', webhook: { url, allow_private: false } }],
    ['google-chat', false, { name: 'a', 'google-chat': { url, allow_private: false } }],
    ['alertmanager', true, { name: 'a', alertmanager: { url, allow_private: false } }],
  ])('makes %s', async (kind, idempotent, entry) => {
    expect(await createReceiver(entry, deps)).toMatchObject({ name: 'a', kind, idempotent });
  });

  test('says so when no kind is given', async () => {
    await expect(createReceiver({ name: 'a' }, deps)).rejects.toThrow('receiver a: no kind is given');
  });
});
