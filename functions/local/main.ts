/** `npm start`: the five functions, in-process topics, a local log and the live page in one process on one port. */

import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { ConfigError, loadConfig } from '../config.ts';
import { startLocal } from './start.ts';

/** Cloud Run gives ten seconds; what is under way gets a little less. */
const STOP_MS = 9_000;
const PARENT_CHECK_MS = 500;

const { env, stdout, stderr } = process;
// Whoever reads us may leave first, as in `npm start | head`.
stdout.on('error', () => {});
const port = portOf(env.PORT);
const host = env.HOST || '127.0.0.1';
const base = addressOf(host, port);

try {
  const local = await startLocal({
    config: loadConfig({
      ...env,
      PIPELINE: env.PIPELINE || fileURLToPath(new URL('pipeline.yaml', import.meta.url)),
      STORE_URL: env.STORE_URL || 'memory:',
      LOKI_URL: env.LOKI_URL || base,
    }),
    port,
    host,
    base,
    ownNamesOnly: !env.HOST,
    ownLoki: !env.LOKI_URL,
    ownPipeline: !env.PIPELINE,
    demo: env.DEMO?.toLowerCase() !== 'off',
    seed: randomUUID(),
    secret: randomBytes(32).toString('hex'),
    say: (line) => void stdout.write(`${line}\n`),
    clock: Date.now,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
  });
  stdout.write(`${local.greeting}\n`);
  const stop = (): void => {
    stdout.write('Stopping: what is under way is finished first.\n');
    void local.stop(STOP_MS).then((clean) => process.exit(clean ? 0 : 1));
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      process.once(signal, () => process.exit(1));
      stop();
    });
  }
  if (env.npm_lifecycle_event) onOrphaned(stop);
} catch (error) {
  stderr.write(`Falco Relay did not start: ${explain(error)}\n`);
  process.exit(1);
}

function portOf(text: string | undefined): number {
  const number = Number(text || 8080);
  if (Number.isInteger(number) && number >= 1 && number <= 65_535) return number;
  stderr.write(`Falco Relay did not start: PORT=${text} is not a port number from 1 to 65535.\n`);
  process.exit(1);
}

/** 0.0.0.0 and :: are addresses to listen on, not to call. */
function addressOf(name: string, number: number): string {
  const callable = name === '0.0.0.0' ? '127.0.0.1' : name === '::' ? '::1' : name;
  return `http://${callable.includes(':') ? `[${callable}]` : callable}:${number}`;
}

/** The shell between npm and us keeps SIGTERM for itself: when npm is ended, all we see is another parent. */
function onOrphaned(stop: () => void): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop();
  }, PARENT_CHECK_MS);
  timer.unref();
}

function explain(error: unknown): string {
  if (error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE') return `port ${port} is in use; choose another one: PORT=${port + 1} npm start`;
  if (code === 'EACCES') return `port ${port} needs privileges; choose one above 1023: PORT=8080 npm start`;
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') return `HOST=${host} is not an address of this machine`;
  return message;
}
