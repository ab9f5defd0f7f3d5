/** The programs that stack tests start end with the test, also when it is killed. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';

const PROGRAM = new URL('./stack/programs/program.ts', import.meta.url).href;

const endings: (() => void)[] = [];
afterEach(() => {
  for (const end of endings.splice(0)) end();
});

test.each(['SIGKILL', 'SIGTERM'] as const)('a program ends when its test gets %s', async (signal) => {
  // The program holds a connection to this server: that it closes is what shows its end.
  const server = createServer().listen(0, '127.0.0.1');
  endings.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connected = once(server, 'connection');
  const holds = `require('node:net').connect(${port}, '127.0.0.1').on('close', () => process.exit())`;
  const starts = `
    const { startProgram } = await import(${JSON.stringify(PROGRAM)});
    await startProgram({ command: process.execPath, args: ['-e', ${JSON.stringify(holds)}], ready: async () => true });
    setInterval(() => {}, 1000);`;
  const starter = spawn(process.execPath, ['--input-type=module', '-e', starts], { stdio: 'ignore' });
  endings.push(() => starter.kill('SIGKILL'));
  const [connection] = (await connected) as [Socket];
  endings.push(() => connection.destroy());
  connection.resume();
  const closed = once(connection, 'close');
  starter.kill(signal);
  await closed;
  expect(connection.destroyed).toBe(true);
});
