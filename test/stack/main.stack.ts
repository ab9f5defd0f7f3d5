/** `functions/local/main.ts` as a process: how it ends, and what it says when it can't start. */

import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { freePort, type Program, startProgram } from './programs/program.ts';

const ROOT = join(import.meta.dirname, '..', '..');

describe('main.ts', () => {
  const start = (env: Record<string, string>, ready: () => Promise<boolean>): Promise<Program> =>
    startProgram({
      command: process.execPath,
      args: ['functions/local/main.ts'],
      cwd: ROOT,
      env: { DEMO: 'off', HOST: '', PIPELINE: '', STORE_URL: '', LOKI_URL: '', ...env },
      ready,
    });
  const never = async (): Promise<boolean> => false;

  test.each(['SIGTERM', 'SIGINT'] as const)(
    '%s: what is under way is finished, then it ends with 0',
    async (signal) => {
      const port = await freePort();
      const own = await start({ PORT: String(port) }, async () => (await fetch(`http://127.0.0.1:${port}/`)).ok);
      const events = await fetch(`http://127.0.0.1:${port}/events`);
      own.signal(signal);
      expect(await own.exited).toBe(0);
      expect(await events.text()).toContain('event: everything');
      expect(own.output()).toContain('Stopping');
    },
  );

  test('a port in use is said, with the way out', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await expect(start({ PORT: String(port) }, never)).rejects.toThrow(
      `port ${port} is in use; choose another one: PORT=${port + 1} npm start`,
    );
    server.close();
  });

  test.each([
    ['a port that is none', { PORT: 'http' }, 'PORT=http is not a port number from 1 to 65535'],
    [
      'an address that is not ours',
      { PORT: '8099', HOST: '192.0.2.1' },
      'HOST=192.0.2.1 is not an address of this machine',
    ],
    [
      'a pipeline that is not there',
      { PORT: '8099', PIPELINE: '/nowhere.yaml' },
      "PIPELINE: /nowhere.yaml can't be read",
    ],
  ])('%s is said', async (_, env, words) => {
    await expect(start(env, never)).rejects.toThrow(words);
  });
});
