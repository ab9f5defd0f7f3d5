/**
 * One connection to Redis that fails fast: a command waits a bounded time for a connection and for its answer, none is
 * sent twice, and a server that has become a replica is left at once.
 */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import type { Redis } from 'ioredis';
import type { After } from '../../core/ports.ts';

/** What `redis[s]://user:password@host:port/db?replicas=1&wait_ms=1000&prefix=falco:&ca_file=/path` says. */
export interface RedisSettings {
  options: {
    host: string;
    port: number;
    db: number;
    username?: string;
    password?: string;
    tls?: ConnectionOptions;
  };
  /** Each write must have reached that many replicas, or it has failed. */
  replicas: number;
  waitMs: number;
  prefix: string;
}

export interface Script {
  source: string;
  sha: string;
}

export interface RedisConnection {
  /** Runs a script that writes, and where there are replicas waits for them in the same round trip. */
  write(script: Script, args: readonly string[]): Promise<unknown>;
  /** Runs a script that only reads. */
  read(script: Script, args: readonly string[]): Promise<unknown>;
  /** Runs several plain commands in one round trip. */
  commands(commands: readonly (readonly [string, ...string[]])[]): Promise<unknown[]>;
  readonly roundTrips: number;
  close(): Promise<void>;
}

export class ReplicationError extends Error {
  override readonly name = 'ReplicationError';
  constructor(reached: number, wanted: number) {
    super(`the write reached ${reached} of ${wanted} replicas`);
  }
}

export class NotConnectedError extends Error {
  override readonly name = 'NotConnectedError';
  constructor() {
    super('Redis is not connected');
  }
}

const COMMAND_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const LONGEST_BACKOFF_MS = 1_000;

export function script(source: string): Script {
  return { source, sha: createHash('sha1').update(source).digest('hex') };
}

/** Throws where an option is unknown or malformed; the message does not show the url. */
export function redisSettings(url: URL): RedisSettings {
  const given = new Map(url.searchParams);
  const take = (name: string): string | undefined => {
    const value = given.get(name);
    given.delete(name);
    return value;
  };
  const count = (name: string, fallback: number): number => {
    const text = take(name) ?? String(fallback);
    if (!/^\d{1,6}$/.test(text)) throw new Error(`STORE_URL: ${name} is not a whole number`);
    return Number(text);
  };
  const database = url.pathname.replace(/^\//, '');
  if (!/^\d{0,4}$/.test(database)) throw new Error('STORE_URL: the path of a redis url is the number of its database');
  const caFile = take('ca_file');
  const settings: RedisSettings = {
    options: {
      host: url.hostname.replace(/^\[|\]$/g, ''),
      port: Number(url.port || 6379),
      db: Number(database || 0),
      ...(url.username ? { username: decodeURIComponent(url.username) } : {}),
      ...(url.password ? { password: decodeURIComponent(url.password) } : {}),
      ...(url.protocol === 'rediss:' ? { tls: caFile === undefined ? {} : { ca: readFileSync(caFile) } } : {}),
    },
    replicas: count('replicas', 0),
    waitMs: count('wait_ms', 1_000),
    prefix: take('prefix') ?? 'falco:',
  };
  for (const name of given.keys()) throw new Error(`STORE_URL: a redis url has no option ${name}`);
  return settings;
}

/** Starts connecting; a server that is down makes commands fail, not this function. */
export async function connectRedis(
  settings: RedisSettings,
  after: After,
  warn: (message: string) => void,
): Promise<RedisConnection> {
  const { Redis: Client, Command } = await import('ioredis');
  const client = new Client({
    ...settings.options,
    lazyConnect: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    maxRetriesPerRequest: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    commandTimeout: COMMAND_TIMEOUT_MS,
    // A server that vanished without closing the connection: without this each command would time out for minutes.
    socketTimeout: COMMAND_TIMEOUT_MS,
    keepAlive: 10_000,
    retryStrategy: (tries) => Math.min(LONGEST_BACKOFF_MS, 20 * 2 ** tries) * (0.5 + Math.random() / 2),
  });
  let complaint = '';
  client.on('error', (error: NodeJS.ErrnoException) => {
    // The same outage is said once, not at each attempt to reconnect.
    const next = `Redis: ${error.code ?? error.message}`;
    if (next !== complaint) warn(next);
    complaint = next;
  });
  client.on('ready', () => {
    complaint = '';
  });
  client.connect().catch(() => {});

  // `client.call` shifts its name off the arguments, which made it a sixth dearer with the arguments of a group.
  const call: Call = async (name, args) => client.sendCommand(new Command(name, [...args], { replyEncoding: 'utf8' }));
  const ready = createReadiness(client, after);
  let roundTrips = 0;
  async function run(statement: Script, args: readonly string[], replicas: number): Promise<unknown> {
    await ready();
    roundTrips += 1;
    try {
      return await evaluate(call, ['evalsha', statement.sha], args, replicas, settings.waitMs);
    } catch (error) {
      if (!startsWith(error, 'NOSCRIPT')) throw error;
      roundTrips += 1;
      return await evaluate(call, ['eval', statement.source], args, replicas, settings.waitMs);
    }
  }
  /** After a failover this connection may lead to what is a replica now, which takes no writes ever after. */
  function leaveReplica(error: unknown): never {
    if (startsWith(error, 'READONLY')) client.disconnect(true);
    throw error;
  }
  return {
    write: (statement, args) => run(statement, args, settings.replicas).catch(leaveReplica),
    read: (statement, args) => run(statement, args, 0),
    async commands(commands) {
      await ready();
      roundTrips += 1;
      return Promise.all(commands.map(([name, ...args]) => call(name, args)));
    },
    get roundTrips() {
      return roundTrips;
    },
    async close() {
      client.disconnect();
    },
  };
}

/** Sends a command; what it answers as text. */
type Call = (name: string, args: readonly string[]) => Promise<unknown>;

async function evaluate(
  call: Call,
  [command, which]: readonly ['eval' | 'evalsha', string],
  args: readonly string[],
  replicas: number,
  waitMs: number,
): Promise<unknown> {
  const answer = call(command, [which, '0', ...args]);
  if (replicas === 0) return answer;
  const reached = call('wait', [String(replicas), String(waitMs)]);
  const [result, count] = await Promise.all([answer, reached]);
  if (Number(count) < replicas) throw new ReplicationError(Number(count), replicas);
  return result;
}

function startsWith(error: unknown, code: string): boolean {
  return error instanceof Error && error.message.startsWith(code);
}

/** Waits for a connection that is being made, but not long: the message will come again. All who wait, wait together. */
function createReadiness(client: Redis, after: After): () => Promise<void> {
  let waiting: Promise<void> | undefined;

  function wait(): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        cancel();
        client.off('ready', onReady);
        client.off('end', onEnd);
        waiting = undefined;
        done();
      };
      const onReady = (): void => settle(resolve);
      const onEnd = (): void => settle(() => reject(new NotConnectedError()));
      const cancel = after(CONNECT_TIMEOUT_MS, onEnd);
      client.once('ready', onReady);
      client.once('end', onEnd);
    });
  }

  return async () => {
    if (client.status === 'ready') return;
    if (client.status === 'end') throw new NotConnectedError();
    waiting ??= wait();
    await waiting;
  };
}
