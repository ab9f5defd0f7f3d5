/** The relay as it is deployed: the bundle under functions-framework, one process a function. */

import { connect } from 'node:net';
import { join } from 'node:path';
import { bundle } from '../../../build.mjs';
import { FRAMEWORK, NODE_OPTIONS } from '../../support/framework.ts';
import { freePort, type Program, startProgram } from './program.ts';

const ROOT = new URL('../../..', import.meta.url).pathname;
const NODE = join(ROOT, 'node_modules/.bin/node');

export interface Relay<Name extends string> {
  /** Where the function listens; the same after a restart. */
  url(name: Name): string;
  /** What it printed, its earlier lives included. */
  output(name: Name): string;
  /** Of the process that runs now. */
  pid(name: Name): number;
  /** SIGKILL; resolves once it is gone. */
  kill9(name: Name): Promise<void>;
  /** To the process that runs now. */
  signal(name: Name, signal: NodeJS.Signals): void;
  /** Starts it again on its port; stops it first if it still runs. */
  restart(name: Name, env?: Readonly<Record<string, string>>): Promise<void>;
  /** SIGTERM for all; resolves with the exit codes once they are gone. */
  stop(): Promise<Record<Name, number | null>>;
}

export interface RelayOptions<Name extends string> {
  targets: readonly Name[];
  /** For all of them; `envOf` adds to it for one. */
  env: Readonly<Record<string, string>>;
  envOf?: Partial<Record<Name, Readonly<Record<string, string>>>>;
}

let built: Promise<unknown> | undefined;

/** Builds dist, once in this test file, and resolves when every function listens. */
export async function startRelay<Name extends string>(options: RelayOptions<Name>): Promise<Relay<Name>> {
  built ??= bundle(join(ROOT, 'dist'));
  await built;
  const functions = new Map<Name, { port: number; program: Program; before: string }>();

  async function start(name: Name, port: number, env: Readonly<Record<string, string>> = {}): Promise<Program> {
    return startProgram({
      command: NODE,
      args: [FRAMEWORK, `--target=${name}`, '--source=dist', `--port=${port}`],
      cwd: ROOT,
      // No test looks for a metadata server beyond the loopback.
      env: { METADATA_SERVER_DETECTION: 'none', NODE_OPTIONS, ...options.env, ...options.envOf?.[name], ...env },
      ready: () => listens(port),
    });
  }

  function get(name: Name) {
    const known = functions.get(name);
    if (!known) throw new Error(`${name} was not started`);
    return known;
  }

  async function stop(): Promise<Record<Name, number | null>> {
    const codes = await Promise.all(
      [...functions].map(async ([name, { program }]) => {
        await program.stop();
        return [name, await program.exited.catch(() => null)] as const;
      }),
    );
    return Object.fromEntries(codes) as Record<Name, number | null>;
  }

  const started = await Promise.allSettled(
    options.targets.map(async (name) => {
      const port = await freePort();
      functions.set(name, { port, program: await start(name, port), before: '' });
    }),
  );
  const failure = started.find((result) => result.status === 'rejected');
  if (failure) {
    await stop();
    throw failure.reason;
  }

  return {
    url: (name) => `http://127.0.0.1:${get(name).port}/`,
    output: (name) => get(name).before + get(name).program.output(),
    pid: (name) => get(name).program.pid,
    async kill9(name) {
      const { program } = get(name);
      program.signal('SIGKILL');
      await program.exited;
    },
    signal: (name, signal) => get(name).program.signal(signal),
    async restart(name, env) {
      const { port, program, before } = get(name);
      await program.stop();
      const printed = before + program.output();
      functions.set(name, { port, program: await start(name, port, env), before: printed });
    },
    stop,
  };
}

/** Asked without a request: a request would already be one that the function handles. */
function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
