/** The reply to a press over real sockets: who sees it, what it may say, and where it never goes. */

import { afterEach, describe, expect, test } from '@jest/globals';
import { createHttp } from '../../../functions/adapters/http.ts';
import { createSlackReply } from '../../../functions/adapters/receivers/slack-reply.ts';
import { HOSTILE } from '../../fixtures/notifications.ts';
import { startLoopback } from '../loopback.ts';
import { manualTimers } from '../timers.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function replying({ status = 200, allow_private = true, origin = '' } = {}) {
  const server = await startLoopback((_request, response) => void response.writeHead(status).end('ok'));
  const http = createHttp({ after: manualTimers().after, resolve: async () => ['127.0.0.1'] });
  open.push(http, server);
  const reply = createSlackReply({ response_origin: origin || server.url, allow_private }, http);
  const { signal } = new AbortController();
  return { server, reply: (url: string, text = 'Acknowledged.') => reply(url, text, signal) };
}

test('only whoever pressed sees it, and the page stays', async () => {
  const { server, reply } = await replying();
  await reply(`${server.url}/actions/T0/1/S3CRET?a=b`, 'Acknowledged. Ana <@U0123ABCD> is told.');
  expect(server.received).toMatchObject([{ method: 'POST', path: '/actions/T0/1/S3CRET?a=b' }]);
  expect(JSON.parse(server.received[0]?.body ?? '')).toEqual({
    response_type: 'ephemeral',
    replace_original: false,
    text: 'Acknowledged. Ana &lt;@U0123ABCD&gt; is told.',
    blocks: [
      {
        type: 'rich_text',
        elements: [
          { type: 'rich_text_section', elements: [{ type: 'text', text: 'Acknowledged. Ana <@U0123ABCD> is told.' }] },
        ],
      },
    ],
  });
});

test.each(HOSTILE)('%s neither mentions nor formats', async (_, words) => {
  const { server, reply } = await replying();
  await reply(`${server.url}/actions`, words);
  const { text, blocks } = JSON.parse(server.received[0]?.body ?? '') as { text: string; blocks: object[] };
  expect(text).not.toMatch(/[<>*_~`]/);
  expect(JSON.stringify(blocks)).not.toContain('mrkdwn');
  expect(JSON.stringify(blocks).length).toBeLessThan(20_000);
});

test.each([302, 404, 429, 500])('HTTP %i did not take it, and the address is not told', async (status) => {
  const { server, reply } = await replying({ status });
  await expect(reply(`${server.url}/S3CRET`)).rejects.toThrow(new RegExp(`^HTTP ${status}$`));
});

describe('nothing is sent', () => {
  test.each([
    ['to another host', 'https://hooks.slack.com.evil.example/S3CRET'],
    ['to a host below', 'https://a.hooks.slack.com/S3CRET'],
    ['to a host behind a name', 'https://hooks.slack.com@evil.example/S3CRET'],
    ['with a name and a password', 'https://S3CRET:S3CRET@hooks.slack.com/'],
    ['without encryption', 'http://hooks.slack.com/S3CRET'],
    ['to another port', 'https://hooks.slack.com:8443/S3CRET'],
    ['to a metadata server', 'http://169.254.169.254/S3CRET'],
    ['to a file', 'file:///S3CRET'],
    ['to what is no address', 'S3CRET'],
    ['to an empty address', ''],
  ])('%s', async (_, address) => {
    const { server, reply } = await replying({ origin: 'https://hooks.slack.com' });
    const failure = await reply(address).catch((error: unknown) => error as Error);
    expect(failure).toEqual(new Error("not an address of Slack's"));
    expect(server.received).toEqual([]);
  });

  test('to a private address that nobody allowed, whatever its name', async () => {
    const { server, reply } = await replying({ origin: 'https://hooks.slack.com', allow_private: false });
    await expect(reply('https://hooks.slack.com/S3CRET')).rejects.toThrow(/^forbidden: the name leads/);
    expect(server.received).toEqual([]);
  });
});
