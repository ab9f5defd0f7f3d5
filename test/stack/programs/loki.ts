/** A real Loki in one process on loopback: filesystem store in a folder of its own, ring in memory. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { cached, freePort, type Program, startProgram } from './program.ts';

export interface Loki {
  /** Base address, as in LOKI_URL. */
  readonly url: string;
  readonly dir: string;
  /** The process that runs now. */
  readonly program: Program;
  /** Ends it and starts it on the same data: by SIGTERM, or by SIGKILL to show what its WAL keeps. */
  restart(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Ends it without starting it again. Ready for `restart`. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Replaces the per-tenant limits; resolves once Loki reads them. */
  setOverrides(overrides: Overrides): Promise<void>;
  /** Ends it and removes its data. */
  stop(): Promise<void>;
}

/** Limits by tenant; without authentication the tenant is `fake`. */
export type Overrides = Readonly<Record<string, Readonly<Record<string, Json>>>>;

type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Merged over the configuration, section by section, e.g. `{ limits_config: { ingestion_rate_mb: 1 } }`. */
export type LokiConfig = Readonly<Record<string, Json>>;

export interface LokiOptions {
  config?: LokiConfig;
  overrides?: Overrides;
  /** A folder for its data that only those see whose command begins with `enter`. */
  disk?: { dir: string; enter: readonly string[] };
}

export async function startLoki(options: LokiOptions = {}): Promise<Loki> {
  const dir = await mkdtemp(join(tmpdir(), 'falco-relay-loki-'));
  const [httpPort, grpcPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${httpPort}`;
  const overridesFile = join(dir, 'overrides.json');
  const configFile = join(dir, 'config.json');
  await writeFile(overridesFile, JSON.stringify({ overrides: options.overrides ?? {} }));
  // JSON is YAML.
  await writeFile(
    configFile,
    JSON.stringify(
      merge(baseConfig(options.disk?.dir ?? dir, httpPort, grpcPort, overridesFile), options.config ?? {}),
    ),
  );

  const [command = '', ...args] = [
    ...(options.disk?.enter ?? []),
    cached('loki-3.7.8', 'loki'),
    `-config.file=${configFile}`,
  ];
  const start = (): Promise<Program> =>
    startProgram({
      command,
      args,
      cwd: dir,
      ready: async () => (await fetch(`${url}/ready`, { signal: AbortSignal.timeout(1_000) })).ok,
    });
  let program = await start();
  const end = async (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<void> => {
    // Once, and for as long as it takes: a second SIGTERM, or a SIGKILL, would end it before it has written what it must.
    program.signal(signal);
    await program.exited;
  };
  return {
    url,
    dir,
    get program() {
      return program;
    },
    async restart(signal) {
      await end(signal);
      program = await start();
    },
    end,
    async setOverrides(overrides) {
      const before = await configHash(url);
      await writeFile(overridesFile, JSON.stringify({ overrides }));
      for (let tries = 0; (await configHash(url)) === before; tries += 1) {
        if (tries > 100) throw new Error(`Loki did not read its new limits:\n${program.output().slice(-2_000)}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    async stop() {
      await program.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** Loki shows the hash of the runtime configuration it uses among its metrics. */
async function configHash(url: string): Promise<string | undefined> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return /^loki_runtime_config_hash\{.*$/m.exec(metrics)?.[0];
}

function baseConfig(dir: string, httpPort: number, grpcPort: number, overridesFile: string): LokiConfig {
  return {
    auth_enabled: false,
    analytics: { reporting_enabled: false },
    server: {
      http_listen_address: '127.0.0.1',
      grpc_listen_address: '127.0.0.1',
      http_listen_port: httpPort,
      grpc_listen_port: grpcPort,
      log_level: 'warn',
      graceful_shutdown_timeout: '1s',
    },
    common: {
      instance_addr: '127.0.0.1',
      path_prefix: dir,
      replication_factor: 1,
      ring: { kvstore: { store: 'inmemory' }, instance_addr: '127.0.0.1' },
      storage: { filesystem: { chunks_directory: join(dir, 'chunks'), rules_directory: join(dir, 'rules') } },
    },
    memberlist: { bind_addr: ['127.0.0.1'], bind_port: 0 },
    schema_config: {
      configs: [
        {
          from: '2024-01-01',
          store: 'tsdb',
          object_store: 'filesystem',
          schema: 'v13',
          index: { prefix: 'index_', period: '24h' },
        },
      ],
    },
    ingester: {
      wal: { enabled: true, flush_on_shutdown: false },
      lifecycler: { final_sleep: '0s', min_ready_duration: '0s' },
    },
    query_range: { results_cache: { cache: { embedded_cache: { enabled: true, max_size_mb: 16 } } } },
    // Or it takes ten seconds until the parts of one process have found each other.
    frontend: { scheduler_dns_lookup_period: '100ms' },
    frontend_worker: { dns_lookup_duration: '100ms' },
    runtime_config: { file: overridesFile, period: '200ms' },
    limits_config: { shard_streams: { enabled: false } },
  };
}

function merge(base: LokiConfig, changes: LokiConfig): LokiConfig {
  const merged: Record<string, Json> = { ...base };
  for (const [name, value] of Object.entries(changes)) {
    const before = merged[name];
    merged[name] = isSection(before) && isSection(value) ? merge(before, value) : value;
  }
  return merged;
}

function isSection(value: Json | undefined): value is LokiConfig {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
