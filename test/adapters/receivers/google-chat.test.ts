import { describe, expect, test } from '@jest/globals';
import {
  BODY_LIMIT,
  type ChatMessage,
  CUT_LINK_LIMIT,
  CUT_MARK,
  cardText,
  chatMessageOf,
  createGoogleChat,
  THREAD_KEY_LIMIT,
  threaded,
  threadKeyOf,
  type Widget,
} from '../../../functions/adapters/receivers/google-chat.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { binaryNotification, HOSTILE, notificationWith, shellNotification } from '../../fixtures/notifications.ts';
import { receiverContract } from './contract.ts';
import { exchanging } from './exchange.ts';

const KEY = 'AIzaK3YS3CRET';
const TOKEN = 'T0K3NS3CRET%3D';
const PATH = `/v1/spaces/AAAAS3CRET/messages?key=${KEY}&token=${TOKEN}`;
const OPTION = 'messageReplyOption=REPLY_MESSAGE_FALLBACK_TO_NEW_THREAD';

receiverContract({
  kind: 'google-chat',
  create: ({ url, http, clock, allowPrivate }) =>
    createGoogleChat({
      name: 'chat',
      options: { url: `${url}${PATH}`, allow_private: allowPrivate },
      http,
      clock,
    }),
  accept: (_request, response) => void response.end('{"name":"spaces/AAAA/messages/1"}'),
  // Chat says no by the status alone.
  denials: [['an error in words', '{"error":{"code":400}}', 'delivered']],
  endless: 'delivered',
  secrets: [KEY, TOKEN, 'T0K3NS3CRET', 'AAAAS3CRET', 'key=', 'token='],
  // Each card is a message; its first words say whether it is one to ring for.
  ringsBy: ({ body }) => {
    const { fallbackText } = JSON.parse(body) as ChatMessage;
    return /, (grown|acknowledged):/.test(fallbackText) ? undefined : fallbackText;
  },
});

const exchange = exchanging((url, http) => {
  const options = { url: `${url}${PATH}`, allow_private: true };
  return createGoogleChat({ name: 'chat', options, http, clock: () => 0 });
});
const nowhere = exchanging((_url, http) => {
  const options = { url: `chat ${KEY}`, allow_private: false };
  return createGoogleChat({ name: 'chat', options, http, clock: () => 0 });
});

const widgetsOf = ({ cardsV2 }: ChatMessage): Widget[] =>
  cardsV2.flatMap(({ card }) => card.sections.flatMap(({ widgets }) => widgets));

const textsOf = (message: ChatMessage): string[] =>
  widgetsOf(message).flatMap((widget) => {
    if ('textParagraph' in widget) return [widget.textParagraph.text];
    return 'decoratedText' in widget ? [widget.decoratedText.text] : [];
  });

const buttonsOf = (message: ChatMessage): string[] =>
  widgetsOf(message).flatMap((widget) => ('buttonList' in widget ? widget.buttonList.buttons.map((b) => b.text) : []));

const whereOf = (message: ChatMessage): string | undefined =>
  widgetsOf(message).flatMap((widget) =>
    'decoratedText' in widget && widget.decoratedText.topLabel === 'Where' ? [widget.decoratedText.text] : [],
  )[0];

const bytes = (message: ChatMessage): number => Buffer.byteLength(JSON.stringify(message));

describe('sending', () => {
  test('a page goes to its thread, with the key and the token as they were', async () => {
    const { outcome, server } = await exchange(shellNotification, (_request, response) => void response.end('{}'));
    expect(outcome).toEqual({ kind: 'delivered' });
    const [request] = server.received;
    expect(request?.path).toBe(`${PATH}&${OPTION}`);
    expect(JSON.parse(request?.body ?? '')).toEqual(chatMessageOf(shellNotification));
    expect(request?.body).not.toContain('S3CRET');
  });

  test('a 400 is refused, and nothing of its body is told', async () => {
    const { outcome } = await exchange(shellNotification, (request, response) => {
      response.writeHead(400).end(JSON.stringify({ error: { message: `bad ${request.path} ${request.body}` } }));
    });
    expect(outcome).toEqual({ kind: 'refused', reason: 'receiver-refused', detail: 'HTTP 400' });
  });

  test('an address that is none is told without showing it', async () => {
    const { outcome } = await nowhere(shellNotification, (_request, response) => void response.end('{}'));
    expect(outcome.kind).toBe('misconfigured');
    expect(JSON.stringify(outcome)).not.toContain(KEY);
  });
});

describe('threaded', () => {
  test.each([
    ['key and token', 'https://chat.example/m?key=a-_b&token=c%3Dd~%2B', `key=a-_b&token=c%3Dd~%2B&${OPTION}`],
    ['no query', 'https://chat.example/m', OPTION],
    ['another option', 'https://chat.example/m?key=a&messageReplyOption=X&token=b', `key=a&token=b&${OPTION}`],
    ['the same option', `https://chat.example/m?${OPTION}&key=a`, `key=a&${OPTION}`],
  ])('%s', (_name, url, query) => {
    expect(threaded(url)).toBe(`https://chat.example/m?${query}`);
  });
});

describe('chatMessageOf', () => {
  test('is a card with headline, lines and links', () => {
    expect(chatMessageOf(shellNotification)).toEqual({
      fallbackText: '🟠 Warning: Shell in payments/ledger-api',
      cardsV2: [{ cardId: 'incident', card: { sections: [{ widgets: expect.any(Array) }] } }],
      thread: { threadKey: shellNotification.dedupKey },
    });
    const widgets = widgetsOf(chatMessageOf(shellNotification));
    expect(widgets[0]).toEqual({ textParagraph: { text: '🟠 <b>Shell in payments/ledger-api</b>' } });
    expect(widgets).toContainEqual({ decoratedText: { topLabel: 'What', text: 'bash · root', wrapText: true } });
    expect(widgets).toContainEqual({ textParagraph: { text: 'First: find out who opened it' } });
    expect(whereOf(chatMessageOf(shellNotification))).toContain('acme-prod/europe-west1/payments-eu1');
    const { logs, dashboard, console, runbook } = shellNotification.links;
    expect(widgets.at(-1)).toEqual({
      buttonList: {
        buttons: [
          { text: 'Logs', onClick: { openLink: { url: logs } } },
          { text: 'Dashboard', onClick: { openLink: { url: dashboard } } },
          { text: 'Pod', onClick: { openLink: { url: console } } },
          { text: 'Runbook', onClick: { openLink: { url: runbook } } },
        ],
      },
    });
    expect(JSON.stringify(widgets)).not.toContain(CUT_MARK);
  });

  test('an update says so, and tells what else there was', () => {
    const message = chatMessageOf({ ...binaryNotification, type: 'update' });
    expect(message.fallbackText).toMatch(/^🔴 Critical, grown: /u);
    expect(textsOf(message)).toContainEqual(expect.stringMatching(/^same incident: /));
    // Escaped like all that an event says.
    expect(textsOf(message).join('\n')).toContain('&lt;- sh &lt;- java');
  });

  test('links that are not known are left out, and a node is called one', () => {
    const { query, console } = shellNotification.links;
    expect(buttonsOf(chatMessageOf({ ...shellNotification, links: { query } }))).toEqual([]);
    const host = notificationWith({ where: { node: 'n1' } }, { links: { query, console: console ?? '' } });
    expect(buttonsOf(chatMessageOf(host))).toEqual(['Node']);
  });
});

const MENTIONS = [
  ['a mention of all', 'sh -c <users/all>'],
  ['a mention already escaped', '&lt;users/all&gt; &amp;lt;users/1&amp;gt;'],
  ['a mention in capitals', '<USERS/ALL>< users/123>'],
  ['an anchor', '<a href="https://evil.example">your runbook</a>'],
  ['markup', '</b><font color="#ff0000">x</font><br><img src=x onerror=y>'],
] as const;

const everywhere = (text: string): Notification => {
  const fields = { 'proc.cmdline': text, 'proc.exepath': text, 'proc.name': text, 'user.name': text, 'fd.name': text };
  const where = { namespace: text, pod: text, image: text, imageTag: text, node: text, team: text };
  return notificationWith({ rule: text, output: text, tags: [text], fields, where }, { firstStep: text });
};

describe('text of an event', () => {
  test.each([...HOSTILE, ...MENTIONS])('%s is shown as it is, within the limit', (_name, text) => {
    const message = chatMessageOf(everywhere(text));
    expect(bytes(message)).toBeLessThanOrEqual(BODY_LIMIT);
    // `text` alone is formatted by Chat, and searched for mentions.
    expect(message).not.toHaveProperty('text');
    expect(message.fallbackText).not.toMatch(/<\s*users\//i);
    for (const each of textsOf(message)) {
      const ours = each.replace(/^🟠 <b>(.*)<\/b>$/u, '$1').replace(`<i>${CUT_MARK}</i>`, '');
      expect(ours).not.toMatch(/[<>]/);
      expect(ours).not.toMatch(/&(?!amp;|lt;|gt;)/);
      expect(ours).not.toMatch(/lt;\s*users\//i);
      expect(ours).not.toMatch(/\p{Cc}|\p{Cf}/u);
    }
    expect(buttonsOf(message)).toEqual(['Logs', 'Dashboard', 'Pod', 'Runbook']);
  });

  test.each([
    ['a & b < c > d', 'a &amp; b &lt; c &gt; d'],
    ['&lt;b&gt;', '&amp;lt;b&amp;gt;'],
    ['<users/all>', '&lt;users∕all&gt;'],
    ['&lt;users/all&gt;', '&amp;lt;users∕all&amp;gt;'],
    ['/home/users/all', '/home/users/all'],
    ['*b* _i_ ~s~ `c`', '*b* _i_ ~s~ `c`'],
  ])('cardText of %s', (text, expected) => {
    expect(cardText(text)).toBe(expected);
  });
});

const long = (url: string, length: number): string => `${url}#${'x'.repeat(length)}`;

describe('the limit', () => {
  const [firstOther] = binaryNotification.others;
  const huge = (text: string, links: Partial<Notification['links']> = {}): Notification => {
    const notification = everywhere(text.repeat(5_000));
    const { lead } = notification;
    // Every field that a page shows, an audit event's included.
    const fields = { ...lead.fields, 'proc.pname': text.repeat(500), 'proc.aname[2]': text.repeat(500) };
    const more = { 'proc.aname[3]': text.repeat(500), 'proc.aname[4]': text.repeat(500) };
    const cluster = { project: text.repeat(500), location: text.repeat(500), name: text.repeat(500) };
    const audit = { 'ka.sourceips': text.repeat(500), 'ka.useragent': text.repeat(500) };
    const where = { ...lead.where, cluster, zone: text.repeat(500), imageDigest: `sha256:${text.repeat(64)}` };
    const alert = { ...lead, where, fields: { ...fields, ...more, ...audit } };
    return {
      ...notification,
      dedupKey: 'k'.repeat(THREAD_KEY_LIMIT - 10),
      lead: alert,
      others: firstOther ? Array.from({ length: 500 }, () => ({ ...firstOther, alert })) : [],
      links: { ...shellNotification.links, ...links },
    };
  };
  const { logs = '', dashboard = '', console = '', runbook = '' } = shellNotification.links;
  const most = CUT_LINK_LIMIT - 160;
  const atLimit = {
    logs: long(logs, most),
    dashboard: long(dashboard, most),
    console: long(console, most),
    runbook: long(runbook, most),
  };

  test.each(['&', '<', '"', '\\', '語', '🔥', '\u0000', '\u202e', '<users/all>'])(
    'a huge incident of %j fits, with its links, has marks where it was cut, and keeps headline and where',
    (text) => {
      const message = chatMessageOf(huge(text, atLimit));
      const body = JSON.stringify(message);
      expect(Buffer.byteLength(body)).toBeLessThanOrEqual(BODY_LIMIT);
      expect(JSON.parse(body)).toEqual(message);
      expect(textsOf(message).join('\n')).toContain('…(+');
      const modest = chatMessageOf({ ...huge(text), others: [], links: { query: '' } });
      expect([textsOf(message)[0], whereOf(message)]).toEqual([textsOf(modest)[0], whereOf(modest)]);
      expect(buttonsOf(message)).toEqual(['Logs', 'Dashboard', 'Pod', 'Runbook']);
    },
  );

  test('a cut is told, and is one', () => {
    // What grows most by escaping; the other pages fit as they are.
    const message = chatMessageOf(huge('&', atLimit));
    expect(textsOf(message)).toContain(`<i>${CUT_MARK}</i>`);
    const uncut = chatMessageOf(huge('&', { logs: '', dashboard: '', console: '', runbook: '' }));
    expect(textsOf(uncut).join('').length).toBeGreaterThan(textsOf(message).join('').length);
  });

  test('a link without bound goes, the rest stays', () => {
    const message = chatMessageOf({ ...shellNotification, links: { ...atLimit, query: '', logs: long(logs, 40_000) } });
    expect(bytes(message)).toBeLessThanOrEqual(BODY_LIMIT);
    expect(buttonsOf(message)).toEqual(['Dashboard', 'Pod', 'Runbook']);
    expect(textsOf(message)).toEqual([...textsOf(chatMessageOf(shellNotification)), `<i>${CUT_MARK}</i>`]);
  });

  test('a long link that fits stays', () => {
    const links = { ...shellNotification.links, logs: long(logs, 2 * CUT_LINK_LIMIT) };
    expect(buttonsOf(chatMessageOf({ ...shellNotification, links }))).toContain('Logs');
  });
});

describe('the thread', () => {
  const threadOf = (rest: Partial<Notification>): string =>
    chatMessageOf({ ...shellNotification, ...rest }).thread.threadKey;

  test('is one for every word of a generation, and another for the next', () => {
    const { groupKey } = shellNotification;
    const first = threadOf({ messageId: `${groupKey}/1/1` });
    expect(threadOf({ messageId: `${groupKey}/1/2`, type: 'update', count: 9, severity: 'Critical' })).toBe(first);
    expect(threadOf({ generation: 2, dedupKey: `${groupKey}/2` })).not.toBe(first);
  });

  test.each([
    ['long', 'k'.repeat(THREAD_KEY_LIMIT)],
    ['long in bytes', '語'.repeat(THREAD_KEY_LIMIT / 2)],
    ['with a control character', 'a\u0000b'],
    ['with half a pair', 'a\ud83d'],
  ])('of a key that is %s is its hash', (_name, key) => {
    expect(threadKeyOf(key)).toMatch(/^falco-relay:[0-9a-f]{64}$/);
    expect(threadKeyOf(key)).toBe(threadKeyOf(key));
    expect(threadKeyOf(`${key}/2`)).not.toBe(threadKeyOf(key));
  });
});
