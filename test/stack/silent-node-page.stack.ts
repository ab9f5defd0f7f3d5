/** A node falls silent on the page of `npm start`, somebody is told, and it is over once the node speaks. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { Locator } from 'playwright-core';
import { type LivePage, startLivePage } from './page/live-page.ts';

/** The demo's two minutes, and a sweep. */
const TOLD_MS = 180_000;
const NODE = 'gke-payments-eu1-default-pool-4a23d596-w7xk';

let live: LivePage;
beforeAll(async () => {
  live = await startLivePage({ DEMO: 'off' });
});
afterAll(() => live?.close());

const incident = (list: string): Locator =>
  live.page.locator(`#${list} .incident`, { hasText: 'Falco Relay: node silent' });

test('a node that falls silent shortly after an alert is told as such, with the list of silent nodes', async () => {
  const { press, text, page } = live;
  // The page's first shell opens on this node.
  await press('Open a shell');
  await text('said', 'A shell opened in');
  await press('Silence a node');
  await text('said', `${NODE} is about to say nothing more`);
  await incident('incident-list').waitFor({ timeout: TOLD_MS });
  await incident('incident-list').click();
  const slack = page.getByRole('region', { name: 'Slack' });
  await slack.getByText('shortly after it had alerted').waitFor();
  await slack.getByText(`Silent in acme-prod/europe-west1/payments-eu1: 1 node(s): ${NODE}`).waitFor();
  await page.getByText('Alertmanager, as it takes alerts').click();
  const [alert] = JSON.parse((await page.locator('pre.body').textContent()) ?? '');
  expect(alert).toMatchObject({ labels: { alertname: 'FalcoIncident', cluster: 'payments-eu1' } });
});

test('and is over by itself once it speaks', async () => {
  const { press, text, page, complaints } = live;
  await press('Let the node speak');
  await text('said', `${NODE} speaks again`);
  await page.locator('#closed summary').click();
  await incident('closed-list').filter({ hasText: 'resolved by Falco Relay' }).waitFor();
  await page.getByRole('button', { name: 'Silence a node' }).waitFor();
  expect(complaints).toEqual([]);
});
