/** `npm start` for real, and its live page in a real Chromium, driven by keyboard. */

import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { expectCount, type LivePage, startLivePage } from './page/live-page.ts';

const DEMO_MS = 25_000;

let live: LivePage;
let page: Page;
let press: LivePage['press'];
let text: LivePage['text'];

beforeAll(async () => {
  live = await startLivePage();
  ({ page, press, text } = live);
});

afterAll(() => live?.close());

const number = async (id: string): Promise<number> => Number(await page.locator(`#${id}`).textContent());

async function equation(): Promise<Record<'received' | 'written' | 'repeats' | 'parked' | 'waiting', number>> {
  const [received = 0, written = 0, repeats = 0, parked = 0, waiting = 0] = await Promise.all(
    ['received', 'written', 'repeats', 'parked', 'waiting'].map(number),
  );
  return { received, written, repeats, parked, waiting };
}

describe('npm start', () => {
  test('says where to look and how to send an event', () => {
    expect(live.relay.output()).toContain(live.address);
    expect(live.relay.output()).toMatch(/curl .*\/ingest/);
    expect(live.relay.output()).toContain('DEMO=off');
  });

  test('the shell is on top, and the page says what people are told of it, from its first word', async () => {
    const first = page.locator('#incident-list .incident').first();
    await first.waitFor();
    expect(await first.textContent()).toMatch(/Critical.*Terminal shell in container.*payments\/ledger-api/s);
    await page.locator('.word').first().click();
    const slack = page.getByRole('region', { name: 'Slack' });
    const pagerduty = page.getByRole('region', { name: 'PagerDuty' });
    await slack.getByText('Shell in payments/ledger-api').waitFor();
    expect(await pagerduty.textContent()).toMatch(/CRIT payments-eu1 payments\/ledger-api/);
    await pagerduty.getByText('The exact body').click();
    await pagerduty.locator('pre', { hasText: 'dedup_key' }).waitFor();
    const body = JSON.parse((await pagerduty.locator('pre').textContent()) ?? '');
    expect(body).toMatchObject({ event_action: 'trigger', payload: { severity: 'critical' } });
  });

  test(
    'the demo ends in a balance: each event written, counted or parked, and Loki agrees',
    async () => {
      await text('stream', 'not a Falco event', DEMO_MS);
      await text('received', /^36$/, DEMO_MS);
      const sum = await equation();
      expect(sum.written + sum.repeats + sum.parked).toBe(sum.received);
      expect(sum).toMatchObject({ parked: 1, waiting: 0 });
      expect(sum.repeats).toBeGreaterThan(5);
      expect(await page.locator('#balance').textContent()).toBe('✓ balances');
      expect(await page.locator('#facts').textContent()).toContain(`${sum.written} events in the local log`);
      expect(await page.locator('#incident-list .incident').first().textContent()).toContain('ledger-api');
    },
    2 * DEMO_MS,
  );

  test('an event says why, with its secret gone', async () => {
    const row = page.locator('#stream li', { hasText: 'settlement-report' }).last();
    await row.locator('summary').click();
    await row.locator('.why').waitFor();
    const why = await row.textContent();
    expect(why).toMatch(/first of its kind/);
    expect(why).toMatch(/as Falco says/);
    expect(why).toContain('family file');
    expect(why).not.toContain('correct-horse-9');
    expect(why).toMatch(/redacted[1-9]/);
  });

  test('a shell opened by keyboard is a new incident, selected, and told', async () => {
    const before = await equation();
    await press('Open a shell');
    await text('said', 'A shell opened in checkout/cart-web');
    await page.locator('.incident[aria-current="true"]', { hasText: 'checkout/cart-web' }).waitFor();
    await page.getByRole('region', { name: 'Slack' }).getByText('Shell in checkout/cart-web').waitFor();
    expect(await equation()).toEqual({ ...before, received: before.received + 1, written: before.written + 1 });
    await text('announcer', /cart-web/);
  });

  test('redelivered three times, nothing counts twice', async () => {
    const before = await equation();
    const incident = page.locator('.incident', { hasText: 'cart-web' });
    await press('Redeliver three times');
    await text('said', 'three times more');
    await expectCount(page.locator('#stream li', { hasText: 'cart-web' }).filter({ hasText: 'redelivery' }), 3);
    expect(await equation()).toEqual(before);
    expect(await incident.textContent()).toMatch(/once/);
  });

  test('with Loki broken pages go on and entries wait; mended, they are written', async () => {
    const before = await equation();
    await press('Break Loki');
    await text('loki', 'Mend Loki');
    await press('Open a shell');
    await page.getByRole('region', { name: 'Slack' }).getByText('Shell in ledger/balance-reader').waitFor();
    await text('waiting', '1');
    expect(await page.locator('#balance').textContent()).toMatch(/^✓ balances; what waits/);
    expect(await equation()).toEqual({ ...before, received: before.received + 1, waiting: 1 });
    await page.screenshot({ path: join(live.shots, 'loki-broken.png') });
    await press('Mend Loki');
    await text('waiting', /^0$/);
    expect(await equation()).toEqual({ ...before, received: before.received + 1, written: before.written + 1 });
    expect(await page.locator('#balance').textContent()).toBe('✓ balances');
  });

  test('paused, the stream stands still and says what it holds', async () => {
    await press('Pause');
    const rows = await page.locator('#stream li').count();
    await press('Redeliver three times');
    await text('pause', 'Paused, 3 new');
    expect(await page.locator('#stream li').count()).toBe(rows);
    await press('Paused, 3 new');
    await text('pause', /^Pause$/);
    expect(await page.locator('#stream li').count()).toBe(rows + 3);
  });

  test('text from an event is text', async () => {
    const event = {
      uuid: 'markup',
      rule: '<img src=x onerror=alert(1)>',
      priority: 'Critical',
      source: 'syscall',
      time: new Date().toISOString(),
      output: '<script>alert(1)</script>',
      hostname: 'node-1',
      output_fields: { 'proc.cmdline': '<b>bold</b>', 'container.id': 'host' },
    };
    const data = Buffer.from(JSON.stringify(event)).toString('base64');
    const message = { data, attributes: {}, messageId: 'markup', publishTime: event.time };
    const answer = await fetch(`${live.address}ingest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message, subscription: 'projects/local/subscriptions/falco-events' }),
    });
    expect(answer.status).toBe(204);
    await text('stream', event.rule);
    await page.locator('.incident', { hasText: '<b>bold</b>' }).click();
    expect(await page.locator('main').locator('img, script, b:has-text("bold")').count()).toBe(0);
  });

  test.each([
    ['light', 'light', 1280],
    ['dark', 'dark', 1280],
    ['phone', 'light', 320],
    ['phone-dark', 'dark', 320],
  ] as const)('%s: fits, and is readable', async (name, colorScheme, width) => {
    const other = await live.open({ colorScheme, viewport: { width, height: 800 }, reducedMotion: 'reduce' });
    await other.getByRole('region', { name: 'Slack' }).waitFor();
    await other.locator('#stream summary').first().click();
    expect(await other.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(await other.evaluate(live.poorContrasts)).toEqual([]);
    await other.screenshot({ path: join(live.shots, `${name}.png`), fullPage: true });
    await other.close();
  });

  test('the first Tab leads past the buttons', async () => {
    const other = await live.open();
    await other.keyboard.press('Tab');
    await other.keyboard.press('Enter');
    expect(await other.evaluate('document.activeElement?.id')).toBe('incidents-title');
    await other.close();
  });

  test('nothing complained, and nothing was asked of anyone else', () => {
    console.info(`screenshots: ${live.shots}`);
    expect(live.complaints).toEqual([]);
  });

  test('ends with its page open, and frees its port', async () => {
    await live.relay.stop();
    await text('connection', 'reconnecting');
    await expect(fetch(live.address)).rejects.toThrow('fetch failed');
  });
});
