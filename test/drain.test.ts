/** On SIGTERM a real functions-framework process finishes what is under way: nothing is reset. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, test } from '@jest/globals';
import { freePort } from './stack/programs/program.ts';
import { FRAMEWORK } from './support/framework.ts';

const SLOW = new URL('./fixtures/slow-function', import.meta.url).pathname;

interface Slow {
  child: ChildProcess;
  port: number;
  /** Resolves once the process has printed `line` `times` times in all. */
  printed(line: string, times: number): Promise<void>;
  release(): void;
  exit: Promise<number | null>;
}

const started: ChildProcess[] = [];

async function startSlow(graceMs: number): Promise<Slow> {
  const port = await freePort();
  const child = spawn(process.execPath, [FRAMEWORK, '--target=slow', `--source=${SLOW}`, `--port=${port}`], {
    env: { ...process.env, GRACE_MS: String(graceMs) },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  started.push(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (data: string) => {
    output += data;
  });
  const slow: Slow = {
    child,
    port,
    async printed(line, times) {
      while (output.split('\n').filter((printed) => printed.startsWith(line)).length < times) {
        await once(child.stdout, 'data');
      }
    },
    release: () => void child.stdin.write('now\n'),
    exit: once(child, 'exit').then(([code]) => code as number | null),
  };
  await slow.printed('URL:', 1);
  return slow;
}

interface Answer {
  status: number | undefined;
  connection: string | undefined;
  body: string;
}

async function request(slow: Slow, path: string, agent?: Agent): Promise<Answer> {
  const sent = get({ host: '127.0.0.1', port: slow.port, path, agent });
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode, connection: response.headers.connection, body: await text(response) };
}

afterEach(async () => {
  for (const child of started.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
});

describe('on SIGTERM', () => {
  test('20 requests under way are all answered, none is reset, and the exit code is 0', async () => {
    const slow = await startSlow(10_000);
    const agent = new Agent({ keepAlive: true });
    const answers = Array.from({ length: 20 }, () => request(slow, '/', agent));
    await slow.printed('arrived', 20);

    slow.child.kill('SIGTERM');
    await slow.printed('draining', 1);
    slow.release();

    const answered = { status: 200, connection: 'close', body: 'answered' };
    await expect(Promise.all(answers)).resolves.toEqual(Array(20).fill(answered));
    await expect(slow.exit).resolves.toBe(0);
  });

  test('a request that comes in on an open connection is answered, and its connection closed', async () => {
    const slow = await startSlow(10_000);
    const early = request(slow, '/early', new Agent({ keepAlive: true }));
    await slow.printed('arrived', 1);
    // The first half of a request is on its way when the signal comes.
    const late = connect(slow.port, '127.0.0.1');
    await once(late, 'connect');
    late.write('GET / HTTP/1.1\r\nHost: test\r\n');
    const another = request(slow, '/');
    await slow.printed('arrived', 2);

    slow.child.kill('SIGTERM');
    await slow.printed('draining', 1);
    late.write('\r\n');
    await slow.printed('arrived', 3);
    slow.release();

    expect(await text(late)).toMatch(/^HTTP\/1\.1 200 [\s\S]*Connection: close[\s\S]*answered$/);
    expect((await early).body).toBe('answered');
    expect((await another).body).toBe('answered');
    await expect(slow.exit).resolves.toBe(0);
  });

  test('new connections are refused', async () => {
    const slow = await startSlow(10_000);
    const first = request(slow, '/');
    await slow.printed('arrived', 1);
    slow.child.kill('SIGTERM');
    await slow.printed('draining', 1);

    await expect(request(slow, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });

    slow.release();
    expect((await first).body).toBe('answered');
  });

  test('what hangs is answered 503 at the end of the grace period, said so, and the exit code is 1', async () => {
    const slow = await startSlow(100);
    const hanging = [request(slow, '/hang'), request(slow, '/hang')];
    await slow.printed('arrived', 2);

    slow.child.kill('SIGTERM');

    await slow.printed('cut 2', 1);
    const unavailable = { status: 503, connection: 'close', body: '' };
    await expect(Promise.all(hanging)).resolves.toEqual([unavailable, unavailable]);
    await expect(slow.exit).resolves.toBe(1);
  });

  test('an idle process ends at once, its idle connections closed', async () => {
    const slow = await startSlow(10_000);
    slow.release();
    const agent = new Agent({ keepAlive: true });
    await expect(request(slow, '/', agent)).resolves.toMatchObject({ status: 200, connection: 'keep-alive' });

    slow.child.kill('SIGTERM');

    await expect(slow.exit).resolves.toBe(0);
  });
});
