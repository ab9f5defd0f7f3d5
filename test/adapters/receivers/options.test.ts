import { describe, expect, test } from '@jest/globals';
import { createHttp } from '../../../functions/adapters/http.ts';
import { createReceiver } from '../../../functions/adapters/receivers/create.ts';
import { receiverOptions } from '../../../functions/adapters/receivers/options.ts';
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
  ])('takes %s', (_name, entry) => {
    expect(problems(entry)).toEqual([]);
  });

  test('fills in the vendors` addresses', () => {
    expect(receiverOptions.parse({ name: 'a', pagerduty: { routing_key } }).pagerduty).toEqual({
      routing_key,
      url: 'https://events.pagerduty.com/v2/enqueue',
      allow_private: false,
    });
    expect(receiverOptions.parse({ name: 'a', slack: { channel: 'C0123456', token } }).slack?.url).toBe(
      'https://slack.com/api',
    );
  });

  test.each([
    ['no kind', { name: 'a' }, ': give exactly one of pagerduty, slack, webhook'],
    [
      'two kinds',
      { name: 'a', pagerduty: { routing_key }, webhook: { url: 'https://x.example' } },
      ': give exactly one of pagerduty, slack, webhook',
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
    ['another scheme', { name: 'a', webhook: { url: 'ftp://x.example' } }, 'webhook.url: not an http(s) address'],
    [
      'an option that is none',
      { name: 'a', webhook: { url: 'https://x.example', retries: 3 } },
      'webhook: Unrecognized key: "retries"',
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

describe('createReceiver', () => {
  const deps = { http: createHttp({ after: manualTimers().after }), clock: () => 0 };
  const url = 'https://example.com';

  test.each([
    ['pagerduty', true, { name: 'a', pagerduty: { routing_key: 'k', url, allow_private: false } }],
    [
      'slack',
      false,
      { name: 'a', slack: { channel: 'C0123456', token: 't', url, allow_private: false, buttons: false } },
    ],
    ['webhook', true, { name: 'a', webhook: { url, allow_private: false } }],
  ])('makes %s', async (kind, idempotent, entry) => {
    expect(await createReceiver(entry, deps)).toMatchObject({ name: 'a', kind, idempotent });
  });

  test('says so when no kind is given', async () => {
    await expect(createReceiver({ name: 'a' }, deps)).rejects.toThrow('receiver a: no kind is given');
  });
});
