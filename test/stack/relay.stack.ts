/** The harness of the other stack tests: the bundle runs, survives being killed, and drains when it is stopped. */

import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { type Relay, startRelay } from './programs/relay.ts';

let relay: Relay<'ingest' | 'callback'>;

beforeAll(async () => {
  relay = await startRelay({ targets: ['ingest', 'callback'], env: { STORE_URL: 'memory:' } });
});
afterAll(() => relay?.stop());

const answer = async (): Promise<number> => (await fetch(relay.url('callback'), { method: 'POST' })).status;

test('a function that is killed is gone, comes back at the same address, and keeps its output', async () => {
  const url = relay.url('callback');
  expect(await answer()).toBeGreaterThanOrEqual(200);

  await relay.kill9('callback');
  await expect(answer()).rejects.toThrow();
  await relay.restart('callback');

  expect(await answer()).toBeGreaterThanOrEqual(200);
  expect(relay.url('callback')).toBe(url);
  expect(relay.output('callback').match(/Serving function/g)).toHaveLength(2);
});

test('stopped after a request, it exits with 0', async () => {
  await answer();
  await expect(relay.stop()).resolves.toMatchObject({ callback: 0 });
});
