/** Alertmanager's word on routes, matchers and patterns: from its own packages, and from the amtool that it ships. */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { ALERTMANAGER } from './alertmanager.ts';
import { cached } from './program.ts';

/** Label by label; what is absent is empty. */
export type Labels = Readonly<Record<string, string>>;

export interface Reached {
  receiver: string;
  /** Sorted. */
  groupBy: string[];
}

export interface ReadMatcher {
  name: string;
  operator: string;
  value: string;
}

/** What Alertmanager refuses comes as its error, in its own words. */
export type Said<T> = T | { error: string };

export interface Routes {
  /** Where each alert goes, in order, by an Alertmanager's configuration. */
  route(config: string, alerts: readonly Labels[]): Promise<Said<{ routed: Reached[][] }>>;
  /** How one entry of `matchers` is read. */
  read(matchers: string): Promise<Said<{ matchers?: ReadMatcher[] }>>;
  /** Which of the texts `label=~"pattern"` takes. */
  match(pattern: string, texts: readonly string[]): Promise<Said<{ matches: boolean[] }>>;
  stop(): Promise<void>;
}

/** Ends by itself when its input does, so also when this process is killed. */
export function startRoutes(): Routes {
  const command = cached(ALERTMANAGER, 'routes');
  if (!existsSync(command)) throw new Error('Alertmanager is not built: run test/stack/install-alertmanager');
  const child = spawn(command, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting: { resolve: (answer: never) => void; reject: (error: Error) => void }[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line) as never));
  const exited = once(child, 'exit');
  let ended = false;
  const end = (): void => {
    ended = true;
    for (const { reject } of waiting.splice(0)) reject(new Error('routes ended without an answer'));
  };
  exited.then(end, end);
  child.stdin.on('error', end);
  const ask = <T>(question: object): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (ended) return reject(new Error('routes has ended'));
      waiting.push({ resolve, reject });
      child.stdin.write(`${JSON.stringify(question)}\n`);
    });
  return {
    route: (config, alerts) => ask({ config, alerts }),
    read: (matchers) => ask({ matchers }),
    match: (pattern, texts) => ask({ pattern, texts }),
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}

/** The receivers that `amtool config routes test` prints, a run an alert, side by side. */
export async function askAmtool(config: string, alerts: readonly Labels[]): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-amtool-'));
  try {
    const file = join(folder, 'alertmanager.yml');
    await writeFile(file, config);
    return await Promise.all(alerts.map((labels) => testRoutes(folder, file, labels)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function testRoutes(home: string, file: string, labels: Labels): Promise<string[]> {
  const given = Object.entries(labels).map(([name, value]) => `${quote(name)}=${quote(value)}`);
  const args = ['config', 'routes', 'test', `--config.file=${file}`, '--', ...given];
  // A home of its own: amtool reads its defaults there. Warnings stand on standard output too, before the answer.
  const { stdout } = await promisify(execFile)(cached(ALERTMANAGER, 'amtool'), args, { env: { HOME: home } });
  return stdout.trimEnd().split('\n').at(-1)?.split(',') ?? [];
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replaceAll('\n', '\\n')}"`;
}
