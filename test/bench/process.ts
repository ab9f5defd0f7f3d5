/** Programs under measurement: how they start, and what CPU time the system counted for them. */

import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { freePort, type Program, startProgram } from '../stack/programs/program.ts';
import { FRAMEWORK, NODE_OPTIONS } from '../support/framework.ts';

/** Linux counts in hundredths of a second for every process: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html */
const TICKS_PER_SECOND = 100;

/** User and system time of a process with all its threads, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name of the command stands in parentheses and may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

export interface ServedFunction {
  readonly port: number;
  readonly program: Program;
}

export async function serveFunction(options: {
  target: string;
  /** A folder with a package.json. */
  source: string;
  env?: Readonly<Record<string, string>>;
}): Promise<ServedFunction> {
  const port = await freePort();
  const program = await startProgram({
    command: process.execPath,
    args: [FRAMEWORK, `--target=${options.target}`, `--source=${options.source}`, `--port=${port}`],
    env: { ...options.env, NODE_ENV: 'production', NODE_OPTIONS },
    ready: () => isListening(port),
  });
  return { port, program };
}

export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
