/** What the measured functions stand on: the bundle, Redis, Loki, Pub/Sub, the real ones where they are installed. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startLoki } from '../stack/programs/loki.ts';
import { cached, freePort, type Program, startProgram } from '../stack/programs/program.ts';
import { startPubsub } from '../stack/programs/pubsub.ts';
import { isListening } from './process.ts';

/** A process that others are measured through. */
export interface Part {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

export const BARE = here('bare');
export const ONE_BY_ONE = here('one-by-one');
const PIPELINE = here('pipeline.yaml');
/** Asks for no cluster's metadata. */
export const POLICY = here('policy.yaml');

/** Bundles as for production, beside node_modules so that functions-framework is found. Gives the folder. */
export async function bundleFunctions(): Promise<string> {
  const { bundle } = (await import(new URL('../../build.mjs', import.meta.url).href)) as {
    bundle(outdir: string): Promise<unknown>;
  };
  const outdir = here('../../.cache/bench/dist');
  await bundle(outdir);
  return outdir;
}

/** Redis as a store needs it, with nothing waiting for the disk of whoever measures. */
export async function openRedis(): Promise<Part> {
  const dir = await mkdtemp(join(tmpdir(), 'falco-relay-redis-'));
  const port = await freePort();
  const program = await startProgram({
    command: 'redis-server',
    args: [
      '--bind',
      '127.0.0.1',
      '--port',
      String(port),
      '--dir',
      dir,
      '--save',
      '',
      '--maxmemory-policy',
      'noeviction',
    ],
    ready: () => isListening(port),
  });
  return { url: `redis://127.0.0.1:${port}`, ...stopping(program, dir) };
}

export const hasRealLoki = (): boolean => existsSync(cached('loki-3.7.8', 'loki'));

/** A benchmark sends more in a second than a tenant's default limits allow in ten. */
const UNLIMITED = {
  ingestion_rate_mb: 10_000,
  ingestion_burst_size_mb: 10_000,
  per_stream_rate_limit: '10GB',
  per_stream_rate_limit_burst: '10GB',
};

/** The real one with chunks as helm/values.yaml has them, or where that is not installed the local one in a process of its own. */
export async function openLoki(): Promise<Part> {
  if (!hasRealLoki()) return openLocalLoki();
  const loki = await startLoki({ config: { limits_config: UNLIMITED, ingester: { chunk_encoding: 'snappy' } } });
  return { url: loki.url, pid: loki.program.pid, stop: () => loki.stop() };
}

export async function openLocalLoki(): Promise<Part> {
  const port = await freePort();
  const program = await startProgram({
    command: process.execPath,
    args: [fileURLToPath(new URL('local-loki.ts', import.meta.url)), String(port)],
    ready: () => isListening(port),
  });
  return { url: `http://127.0.0.1:${port}`, ...stopping(program) };
}

/** What `ingest` is configured with. */
export function environment(store: string, loki: string, pubsub?: { host: string; projectId: string }) {
  return {
    PIPELINE,
    STORE_URL: store,
    LOKI_URL: loki,
    GOOGLE_CLOUD_PROJECT: pubsub?.projectId ?? 'falco-relay-bench',
    ...(pubsub ? { PUBSUB_EMULATOR_HOST: pubsub.host } : {}),
  };
}

/** The official emulator with the topic that ingest publishes to. */
export async function openPubsub(): Promise<{ host: string; projectId: string; stop(): Promise<void> }> {
  const pubsub = await startPubsub();
  await pubsub.createTopic('escalations');
  return { host: pubsub.host, projectId: pubsub.projectId, stop: () => pubsub.program.stop() };
}

function stopping(program: Program, dir?: string): { pid: number; stop(): Promise<void> } {
  return {
    pid: program.pid,
    async stop() {
      await program.stop();
      if (dir) await rm(dir, { recursive: true, force: true });
    },
  };
}
