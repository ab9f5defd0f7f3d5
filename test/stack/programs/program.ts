/** Starts a real program for a test, waits until it answers, and ends it by its process id. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Program {
  readonly pid: number;
  /** The last 64 KiB of what it printed. */
  output(): string;
  signal(signal: NodeJS.Signals): void;
  /** SIGTERM, then SIGKILL after 10 s; resolves once it is gone. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves with the exit code, or null for a signal. */
  readonly exited: Promise<number | null>;
}

export interface ProgramOptions {
  command: string;
  args?: readonly string[];
  env?: Readonly<Record<string, string>>;
  cwd?: string;
  /** Asked every 50 ms until it gives true; an error counts as not yet. */
  ready(): Promise<boolean>;
  timeoutMs?: number;
}

export async function startProgram(options: ProgramOptions): Promise<Program> {
  const child = spawn(options.command, options.args ?? [], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (text: string) => {
      output = (output + text).slice(-65_536);
    });
  }
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('exit', resolve);
    child.once('error', reject);
  });
  exited.catch(() => {});
  if (child.pid !== undefined) endWithUs(child, child.pid);
  const program: Program = {
    pid: child.pid ?? -1,
    output: () => output,
    signal: (signal) => void child.kill(signal),
    stop: () => stop(child, exited),
    exited,
  };
  const deadline = Date.now() + (options.timeoutMs ?? 60_000);
  for (;;) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`${options.command} did not start:\n${output}`);
    }
    if (await options.ready().catch(() => false)) return program;
    if (Date.now() > deadline) {
      await program.stop();
      throw new Error(`${options.command} was not ready in time:\n${output}`);
    }
    await sleep(50);
  }
}

/**
 * Ends the program once this process is gone, however it went. An 'exit' handler would not do: it does not run when
 * this process is killed, and within jest `process` is a copy whose handlers never run. But the operating system
 * closes a pipe that nobody holds any more, and the shell at its other end reads that.
 */
function endWithUs(child: ChildProcess, pid: number): void {
  // A group of its own, so that what ends ours does not end the shell first.
  const shell = spawn('sh', ['-c', 'read -r line; kill -TERM "$0"', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.on('error', () => {});
  shell.unref();
  // By then the process id may be another program's.
  child.once('exit', () => shell.kill('SIGKILL'));
}

async function stop(child: ChildProcess, exited: Promise<number | null>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exited.catch(() => null);
  clearTimeout(patience);
}

/** Below those that systems give to outgoing connections, one of which could take the port before a program listens on it. */
const PORTS = { from: 20_000, count: 12_000 };

/** A port of 127.0.0.1 that nothing listens on right now. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

/** Where `test/stack/install` keeps what it built: outside the work tree, one folder a program and version. */
export function cached(...path: string[]): string {
  return join(process.env.FALCO_RELAY_CACHE ?? join(homedir(), '.cache', 'falco-relay'), ...path);
}
