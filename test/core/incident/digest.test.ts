/** The digest in words, and within what each vendor takes, whatever stands in it. */

import { describe, expect, test } from '@jest/globals';
import { alertOf } from '../../../functions/adapters/receivers/alertmanager.ts';
import { BODY_LIMIT as CHAT_LIMIT, chatMessageOf } from '../../../functions/adapters/receivers/google-chat.ts';
import { eventOf, BODY_LIMIT as PAGERDUTY_LIMIT } from '../../../functions/adapters/receivers/pagerduty.ts';
import { BLOCKS_LIMIT, messageOf, plainMessageOf } from '../../../functions/adapters/receivers/slack-message.ts';
import { bodyOf } from '../../../functions/adapters/receivers/webhook.ts';
import { announced } from '../../../functions/core/incident/announcement.ts';
import { newDelivery } from '../../../functions/core/incident/delivery.ts';
import { type DigestFacts, digestOf } from '../../../functions/core/incident/digest.ts';
import { type Incident, join } from '../../../functions/core/incident/incident.ts';
import type { Notification } from '../../../functions/core/page/notification.ts';
import { descriptionOf, namedLinksOf, pageOf } from '../../../functions/core/page/page.ts';
import { notificationOf } from '../../../functions/notify/notification.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NOW = Date.parse('2026-11-24T08:00:00Z');
const HOUR = 3_600_000;
const LINKS = { grafana: 'https://grafana.acme.example', loki_datasource: 'loki' };
const QUIET: DigestFacts = {
  now: NOW,
  since: NOW - 24 * HOUR,
  incidents: [],
  cut: false,
  muted: [],
  shadowed: [],
  unused: [],
  ending: [],
  untold: [],
  silentNodes: [],
};

function incident(name: string, changes: Partial<Incident> = {}): Incident {
  const alert = alertLike({ ...SHELL, where: { ...SHELL.where, derivedWorkload: name } });
  const group = { key: name, labels: { namespace: 'payments', workload: name } };
  const { incident: opened } = join(undefined, alert, group, { receivers: ['oncall'], tiers: [] }, NOW - 3 * HOUR);
  return { ...opened, ...changes };
}

function told(facts: Partial<DigestFacts>): Notification {
  const announcement = {
    id: 'digest.2026-11-24',
    title: 'the daily digest',
    ...digestOf({ ...QUIET, ...facts }, LINKS),
  };
  const made = announced(announcement, ['chat'], NOW);
  const delivery = newDelivery({ groupKey: made.groupKey, generation: 1, receiver: 'chat' }, NOW);
  return notificationOf({ incident: made, delivery, want: 1 }, LINKS);
}

const textsOf = (facts: Partial<DigestFacts>): string[] =>
  digestOf({ ...QUIET, ...facts }, {}).lines.map(({ text }) => text);

describe('what it says', () => {
  test('of a day without anything', () => {
    const page = pageOf(told({}));
    expect([page.headline, page.summary, descriptionOf(page)]).toEqual([
      'The daily digest',
      'INFO The daily digest: Nothing is open, nothing was muted, nobody is silent.',
      'Nothing is open, nothing was muted, nobody is silent.',
    ]);
  });

  test('of open incidents: the worst five, the most severe first, then those with most alerts', () => {
    const open = [
      incident('a', { severity: 'Warning', count: 90 }),
      incident('b', { severity: 'Critical', count: 2 }),
      incident('c', { severity: 'Critical', count: 7 }),
      ...['d', 'e', 'f'].map((name) => incident(name, { severity: 'Notice' })),
    ];
    expect(textsOf({ incidents: open })).toEqual([
      'Open and unacknowledged: 6, 2 Critical, 1 Warning, 3 Notice',
      '1. Critical: Shell in payments/c; 7 alerts, open for 3 h',
      '2. Critical: Shell in payments/b; 2 alerts, open for 3 h',
      '3. Warning: Shell in payments/a; 90 alerts, open for 3 h',
      '4. Notice: Shell in payments/d; 1 alert, open for 3 h',
      '5. Notice: Shell in payments/e; 1 alert, open for 3 h',
    ]);
  });

  test.each<[name: string, change: Partial<Incident>]>([
    ['a storm holds', { heldBy: { groupKey: 'storm', generation: 1 } }],
    ['is acknowledged and quiet since', { state: 'acknowledged', by: { who: 'ana', at: NOW - HOUR } }],
    ['grew before the last digest alone', { state: 'acknowledged', lastAt: QUIET.since, by: { who: 'ana', at: 0 } }],
  ])('nothing of what %s', (_, change) => {
    expect(digestOf({ ...QUIET, incidents: [incident('a', change)] }, {}).text).toContain('Nothing is open');
  });

  test('of what is only observed, or was too much', () => {
    expect(digestOf({ ...QUIET, incidents: [incident('a', { observed: true })], cut: true }, {}).text).toBe(
      '1 only observed, more than could be looked at.',
    );
  });

  test('of storms, exceptions without a match, and silent nodes, five of each', () => {
    const storm = { size: 30, members: [] };
    const nodes = Array.from({ length: 8 }, (_, index) => `gke-a-${index}`);
    expect(textsOf({ incidents: [incident('a', { storm })], unused: ['old', 'older'], silentNodes: nodes })).toEqual([
      'Open and unacknowledged: 1, 1 Critical',
      '1. Critical: storm of 30 incidents, worst Shell in payments/a; 1 alert, open for 3 h',
      'Exceptions that matched nothing for 30 days: old; older',
      'Silent nodes: gke-a-0; gke-a-1; gke-a-2; gke-a-3; gke-a-4; …(+3)',
    ]);
  });

  test('without the link of an incident whose names make it longer than chats bear', () => {
    const long = incident('a', { labels: { workload: 'é'.repeat(250) } });
    expect(digestOf({ ...QUIET, incidents: [long] }, LINKS).lines[1]?.link?.url.length).toBeGreaterThan(1_500);
    expect(namedLinksOf(told({ incidents: [long, incident('b')] })).map(({ name }) => name)).toEqual(['2']);
  });

  test('links each incident by its number', () => {
    const { blocks } = messageOf(told({ incidents: [incident('a'), incident('b')] }));
    const buttons = blocks.flatMap((block) => (block.type === 'actions' ? block.elements : []));
    expect(buttons.map(({ action_id, text, url }) => [action_id, text.text, url?.slice(0, 31)])).toEqual([
      ['open_line-2', '1', 'https://grafana.acme.example/d/'],
      ['open_line-3', '2', 'https://grafana.acme.example/d/'],
    ]);
  });
});

describe('at its worst', () => {
  const text = `<@U1> *x* [a](b) & \u202e\n${'<users/all>&'.repeat(200)}`;
  const many = <T>(make: (index: number) => T): T[] => Array.from({ length: 200 }, (_, index) => make(index));
  const worst = told({
    incidents: [
      ...many((index) => incident(`${index}${text}`, { labels: { workload: `w${index}`.padEnd(200, 'é') } })),
      ...many((index) => incident(`${index}${text}`, { state: 'acknowledged', lastAt: NOW, by: { who: text, at: 0 } })),
    ],
    cut: true,
    muted: many(() => ({ name: text, n: 1e9 })),
    shadowed: many(() => ({ name: text, n: 1e9 })),
    unused: many(() => text.slice(0, 63)),
    ending: many(() => ({ name: text, until: NOW })),
    untold: many(() => ({ receiver: text, n: 1e9, since: NOW })),
    silentNodes: many(() => text),
  });

  test('no character acts, and no line is long', () => {
    const { lines } = pageOf(worst);
    expect(lines).toHaveLength(17);
    for (const { spans } of lines) {
      expect(spans[0]?.text).not.toMatch(/\p{Cc}|\p{Cf}|\p{Zl}/u);
      expect(spans[0]?.text.length).toBeLessThanOrEqual(600);
    }
  });

  test.each<[name: string, body: object, limit: number]>([
    ['Google Chat', chatMessageOf(worst), CHAT_LIMIT],
    ['PagerDuty', eventOf(worst, 'key'), PAGERDUTY_LIMIT],
    ['Slack, all blocks of which take 13,000 at least', messageOf(worst).blocks[0] ?? {}, 13_000],
    ['Alertmanager', alertOf(worst, NOW), 20_000],
    ['a webhook', bodyOf(worst), 60_000],
  ])('fits %s', (_, body, limit) => {
    expect(Buffer.byteLength(JSON.stringify(body))).toBeLessThanOrEqual(limit);
  });

  test('Slack has room for its blocks, and for the plain words in their place', () => {
    expect(messageOf(worst).blocks.length).toBeLessThanOrEqual(BLOCKS_LIMIT);
    expect(plainMessageOf(worst).text.length).toBeLessThanOrEqual(4_000);
  });

  test('a document of the store has room for it', () => {
    expect(Buffer.byteLength(JSON.stringify(worst))).toBeLessThan(56 * 1_024);
  });
});
