/** `npm start` for real, and its live page in a real Chromium, driven by keyboard. */

import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { type Browser, chromium, type Locator, type Page } from 'playwright-core';
import { freePort, type Program, startProgram } from '../programs/program.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Without these Chromium looks for its maker's hosts at every start. */
const QUIET = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
/** More than the page has places for the focus. */
const MOST_TABS = 150;

export interface LivePage {
  relay: Program;
  address: string;
  page: Page;
  /** What the console, the page and the network complained of, of all pages. */
  complaints: readonly string[];
  /** Where screenshots lie. */
  shots: string;
  /** A script that gives every text whose contrast is too low. */
  poorContrasts: string;
  /** Another page. */
  open(options?: Parameters<Browser['newPage']>[0]): Promise<Page>;
  /** Presses Tab from the page's top until the button has the focus, then Enter: nothing that needs a mouse. */
  press(name: string): Promise<void>;
  /** Waits until the element of this id holds the text. */
  text(id: string, content: string | RegExp, timeout?: number): Promise<void>;
  close(): Promise<void>;
}

export async function startLivePage(env: Readonly<Record<string, string>> = {}): Promise<LivePage> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}/`;
  const relay = await startProgram({
    command: 'npm',
    args: ['start'],
    cwd: ROOT,
    env: { PORT: String(port), HOST: '', DEMO: '', PIPELINE: '', STORE_URL: '', LOKI_URL: '', ...env },
    ready: async () => (await fetch(address)).ok,
  });
  const sandbox = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [...QUIET, ...sandbox],
  });
  const complaints: string[] = [];

  async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Page> {
    const opened = await browser.newPage({ viewport: { width: 1280, height: 900 }, ...options });
    opened.on('console', (message) => complaints.push(message.text()));
    opened.on('pageerror', (error) => complaints.push(error.message));
    opened.on('requestfailed', (request) => complaints.push(`${request.url()}: ${request.failure()?.errorText}`));
    await opened.goto(address);
    return opened;
  }

  const page = await open();
  return {
    relay,
    address,
    page,
    complaints,
    shots: await mkdtemp(join(tmpdir(), 'falco-relay-page-')),
    poorContrasts: await readFile(new URL('./poor-contrasts.js', import.meta.url), 'utf8'),
    open,
    async press(name) {
      await page.locator('.skip').focus();
      for (let step = 0; step < MOST_TABS; step += 1) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate<string>('document.activeElement?.textContent');
        if (focused !== name) continue;
        const outline = await page.evaluate<string>('getComputedStyle(document.activeElement).outlineStyle');
        expect(outline).toBe('solid');
        await page.keyboard.press('Enter');
        return;
      }
      throw new Error(`${name}: not reached by the Tab key`);
    },
    text: (id, content, timeout = 15_000) =>
      page.locator(`#${id}`, { hasText: content }).waitFor({ state: 'attached', timeout }),
    async close() {
      await browser.close();
      await relay.stop();
    },
  };
}

/** Waits until there are as many. */
export async function expectCount(rows: Locator, count: number): Promise<void> {
  await rows.nth(count - 1).waitFor();
  expect(await rows.count()).toBe(count);
}
