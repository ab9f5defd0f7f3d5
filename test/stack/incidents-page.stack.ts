/** How incidents live on the page of `npm start`: who is told, what people press, what is muted, and a storm. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { expectCount, type LivePage, startLivePage } from './page/live-page.ts';

let live: LivePage;
let page: Page;
let press: LivePage['press'];
let text: LivePage['text'];
let slack: Locator;
let pagerduty: Locator;

beforeAll(async () => {
  live = await startLivePage({ DEMO: 'off' });
  ({ page, press, text } = live);
  slack = page.getByRole('region', { name: 'Slack' });
  pagerduty = page.getByRole('region', { name: 'PagerDuty' });
});

afterAll(() => live?.close());

const row = (content: string | RegExp): Locator => page.locator('#incident-list .incident', { hasText: content });
const reply = (content: string): Promise<void> => slack.locator('.reply', { hasText: content }).waitFor();

/** Another shell of the pod in which the page's button opened the first one. */
async function anotherShell(uuid: string): Promise<void> {
  const event = {
    uuid,
    rule: 'Terminal shell in container',
    priority: 'Notice',
    source: 'syscall',
    time: new Date().toISOString(),
    output: 'A shell was spawned',
    hostname: 'gke-payments-eu1-default-pool-4a23d596-w7xk',
    output_fields: {
      'k8s.ns.name': 'checkout',
      'k8s.pod.name': 'cart-web-5d8c6f9b47-m4qhz',
      'container.id': '1b77c0de9a31',
      'proc.cmdline': 'zsh',
      'user.name': 'root',
    },
  };
  const attributes = { gke_project: 'acme-prod', gke_location: 'europe-west1', gke_cluster: 'payments-eu1' };
  const data = Buffer.from(JSON.stringify(event)).toString('base64');
  const message = { data, attributes, messageId: uuid, publishTime: event.time };
  const answer = await fetch(`${live.address}ingest`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ message, subscription: 'projects/local/subscriptions/falco-events' }),
  });
  expect(answer.status).toBe(204);
}

describe('an incident', () => {
  test('says whom it was told, and who is told next and when', async () => {
    await press('Open a shell');
    await row('told: oncall').waitFor();
    expect(await row('cart-web').textContent()).toMatch(
      /open.*next: leads in (2 min|1 min \d+ s), unless acknowledged/s,
    );
    const first = await page.locator('.next').textContent();
    await page
      .locator('.next')
      .filter({ hasNotText: first ?? '' })
      .waitFor();
    await press('Wait for the next tier');
    await text('said', /^Acknowledge nothing\. Terminal shell in container, next: leads in 1 min/);
  });

  test('acknowledged by keyboard stands so, whoever pressed is told, and the focus stays among the buttons', async () => {
    await press('Acknowledge');
    await reply('Acknowledged: nobody further is told.');
    await row(/acknowledged by you \d\d:\d\d/).waitFor();
    await slack.getByRole('button', { name: 'Resolve' }).waitFor();
    expect(await page.locator('.next').count()).toBe(0);
    expect(await page.evaluate('document.activeElement?.dataset.press')).toBe('resolve');
    await expectCount(page.locator('.word'), 2);
    await pagerduty.getByText('acknowledge, nothing rings').waitFor();
    await pagerduty.getByText('It shows what it was told at').waitFor();
    await press('Wait for the next tier');
    await text('said', 'Nobody is told next');
  });

  test('an earlier word is as it was, its buttons a picture; the latest one acts', async () => {
    await page.locator('.word').first().click();
    await slack.getByText('Acknowledge', { exact: true }).waitFor();
    expect(await slack.getByRole('button').count()).toBe(0);
    expect(await page.locator('.word').first().getAttribute('aria-current')).toBe('true');
    await page.locator('.word').last().click();
    await slack.getByRole('button', { name: 'Why?' }).waitFor();
    await press('Why?');
    await reply('Rule "Terminal shell in container" is Critical (Falco says Notice): a shell where money moves');
  });

  test('Google Chat and a webhook get their own', async () => {
    await page.getByText('Google Chat', { exact: true }).click();
    await page.locator('.chat').getByText('Shell in checkout/cart-web').waitFor();
    await page.getByText('Webhook, as Alertmanager sends it').click();
    const body = JSON.parse((await page.locator('pre.body').textContent()) ?? '');
    expect(body).toMatchObject({ version: '4', status: 'firing', receiver: 'oncall' });
  });

  test('muted says until when, and what is muted says how much; ended, neither does', async () => {
    await text('mute-list', "the red team's exercise");
    await press('Expected, mute 1 h');
    await reply('Muted until');
    await row(/muted until \d\d:\d\d/).waitFor();
    const mute = page.locator('#mute-list .mute', { hasText: 'expected: Shell in checkout/cart-web' });
    await mute.getByText('0 alerts').waitFor();
    // A press takes effect within ten seconds: what comes until then still counts.
    const counted = mute.getByText(/^[1-9]\d* alerts?$/);
    for (let n = 1; n <= 15 && !(await counted.isVisible()); n += 1) {
      await anotherShell(`another-shell-${n}`);
      await counted.waitFor({ timeout: 1_500 }).catch(() => {});
    }
    await counted.waitFor();
    await page.screenshot({ path: join(live.shots, 'muted.png'), fullPage: true });
    await press('End now');
    await text('mute-said', 'No longer muted.');
    await mute.waitFor({ state: 'detached' });
    expect(await page.evaluate('document.activeElement?.id')).toBe('mutes-title');
    await slack.getByRole('button', { name: 'Expected, mute 1 h' }).waitFor();
    await slack.getByText(/told nobody/).waitFor();
    expect(await row('muted until').count()).toBe(0);
  });

  test('that a silence begins was announced', async () => {
    await page.locator('#announced summary').click();
    await page.locator('#announced-list').getByText("silence by ana@acme.example: the red team's exercise").waitFor();
    expect(await page.locator('#announced-list').getByRole('button').count()).toBe(0);
  });

  test('resolved is among those that were closed, and its words can still be read', async () => {
    await press('Resolve');
    await reply('Resolved: what comes next is a new incident.');
    await text('closed-count', '1');
    expect(await page.locator('#incident-list .incident').count()).toBe(0);
    await page.locator('#closed summary').click();
    const closed = page.locator('#closed-list .incident', { hasText: /resolved by you \d\d:\d\d/ });
    await closed.click();
    await pagerduty.getByText('resolve, nothing rings').waitFor();
    // It was opened for an earlier word, and stays so while the words go on.
    await page.locator('.chat').getByText('Resolved by you').waitFor();
  });
});

describe('a storm', () => {
  test('is one incident that says how many it holds, and lists them', async () => {
    await press('Open 30 incidents at once');
    await text('said', '30 workloads ran the same new binary at once');
    // One incident opened a moment ago: nine more stand on their own.
    await row('21 incidents at once in payments-eu1').waitFor();
    await text('incident-count', '10');
    await page.locator('.incident[aria-current="true"]', { hasText: '21 incidents at once' }).waitFor();
    await page.getByText('What the storm holds (21)').click();
    await expectCount(page.locator('.members li'), 21);
    await slack.getByText('Storm in payments-eu1').waitFor();
  });

  test('is acknowledged as one', async () => {
    await press('Acknowledge');
    await reply('Acknowledged: nobody further is told.');
    await row('21 incidents at once').filter({ hasText: 'acknowledged by you' }).waitFor();
  });
});

describe('with all of that', () => {
  test.each([
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['phone', 'light', 320],
    ['phone-dark', 'dark', 320],
  ] as const)('%s: fits, and is readable', async (name, colorScheme, width) => {
    const other = await live.open({ colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    await other.locator('.incident', { hasText: '21 incidents at once' }).click();
    for (const folded of ['Announced', 'What the storm holds', 'Recently closed', 'Google Chat', 'Webhook, as']) {
      await other.locator('summary', { hasText: folded }).click();
    }
    await other.locator('pre.body').waitFor();
    expect(await other.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await other.evaluate(live.poorContrasts)).toEqual([]);
    await other.screenshot({ path: join(live.shots, `${name}.png`), fullPage: true });
    await other.close();
  });

  test('nothing complained', () => {
    console.info(`screenshots: ${live.shots}`);
    expect(live.complaints).toEqual([]);
  });
});
