/** The heartbeat over real sockets: who takes it, who does not, and what is said of it. */

import { afterEach, expect, test } from '@jest/globals';
import { createHeartbeat } from '../../functions/adapters/heartbeat.ts';
import { createHttp } from '../../functions/adapters/http.ts';
import { startLoopback } from './loopback.ts';
import { manualTimers } from './timers.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
});

async function beating(status: number, allow_private = true) {
  const server = await startLoopback((_request, response) => void response.writeHead(status).end());
  const http = createHttp({ after: manualTimers().after });
  open.push(http, server);
  return { server, beat: createHeartbeat({ url: `${server.url}/S3CRET`, allow_private }, http) };
}

test.each([200, 204])('HTTP %i took it', async (status) => {
  const { server, beat } = await beating(status);
  await beat();
  expect(server.received).toMatchObject([{ method: 'POST', path: '/S3CRET' }]);
});

test.each([302, 404, 500])('HTTP %i did not, and the address is not told', async (status) => {
  const { beat } = await beating(status);
  await expect(beat()).rejects.toThrow(new RegExp(`^HTTP ${status}$`));
});

test('a private address is refused unless it is allowed', async () => {
  const { server, beat } = await beating(200, false);
  await expect(beat()).rejects.toThrow('not https');
  expect(server.received).toEqual([]);
});
