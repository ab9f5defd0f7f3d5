/**
 * Cold start: from the start of the process to the first event's answer, against a function that only answers 204.
 *
 * The event is a first, so what the first event in production loads is loaded: the store's lanes, Loki's client. The
 * store is the one in memory, which costs no connection; Pub/Sub's client loads at the first escalation only, and GKE's
 * where pipeline.yaml lists clusters, while the event waits no longer than its budget.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../stack/programs/program.ts';
import { FRAMEWORK, NODE_OPTIONS } from '../support/framework.ts';
import { bodiesOf, readSamples } from './mix.ts';
import type { Result } from './result.ts';
import { median } from './rounds.ts';
import { BARE, environment, openLocalLoki, POLICY } from './stage.ts';

const TRY_EVERY_MS = 2;
const GIVE_UP_MS = 20_000;

export async function measureColdStart(dist: string, pairs: number): Promise<Result[]> {
  const loki = await openLocalLoki();
  const [body] = bodiesOf(readSamples(), 'usual', 1, 1);
  if (!body) throw new Error('no fixtures');
  // As the cloud's build leaves it, and infra/functions.tf starts it.
  execFileSync('npm', ['run', '--silent', 'gcp-build'], { cwd: dist });
  const env = { ...environment('memory:', loki.url), PIPELINE: POLICY, NODE_COMPILE_CACHE: join(dist, 'compiled') };
  try {
    const costs: { bare: number; ingest: number }[] = [];
    // The first pair fills the page cache and does not count.
    for (let pair = 0; pair <= pairs; pair += 1) {
      costs.push({ bare: await start('bare', BARE, {}, body), ingest: await start('ingest', dist, env, body) });
    }
    const counted = costs.slice(1);
    const [bare, ingest] = [median(counted.map((each) => each.bare)), median(counted.map((each) => each.ingest))];
    return [
      {
        name: 'cold start to the first answer / bare function',
        value: median(counted.map((each) => each.ingest / each.bare)),
        limit: { atMost: 1.4 },
        raw: `${ingest.toFixed(0)} ms / ${bare.toFixed(0)} ms in ${pairs} pairs`,
      },
    ];
  } finally {
    await loki.stop();
  }
}

/** Milliseconds until the answer, which must be 204. */
async function start(
  target: string,
  source: string,
  env: Readonly<Record<string, string>>,
  body: Buffer,
): Promise<number> {
  const port = await freePort();
  const begin = performance.now();
  const child = spawn(process.execPath, [FRAMEWORK, `--target=${target}`, `--source=${source}`, `--port=${port}`], {
    env: { ...process.env, ...env, NODE_ENV: 'production', NODE_OPTIONS },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  try {
    const status = await firstAnswer(child, port, body, begin + GIVE_UP_MS);
    const taken = performance.now() - begin;
    if (status !== 204) throw new Error(`${target}: the first event was answered ${status}`);
    return taken;
  } finally {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
  }
}

/** Asks until the server is there: until then each connection is refused. */
async function firstAnswer(child: ChildProcess, port: number, body: Buffer, deadline: number): Promise<number> {
  for (;;) {
    const status = await post(port, body).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ECONNREFUSED' || child.exitCode !== null || performance.now() > deadline) throw error;
      return undefined;
    });
    if (status !== undefined) return status;
    await sleep(TRY_EVERY_MS);
  }
}

function post(port: number, body: Buffer): Promise<number> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'content-length': body.length };
    const posting = request({ host: '127.0.0.1', port, method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    posting.once('error', reject);
    posting.end(body);
  });
}
