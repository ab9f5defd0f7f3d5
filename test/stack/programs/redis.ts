/** Starts Debian's redis-server for a test: a primary, or a replica of another one. */

import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, type Program, startProgram } from './program.ts';

export interface RedisOptions {
  replicaOf?: { port: number };
  /** Further settings, as on redis-server's command line: `['--maxmemory-policy', 'noeviction']`. */
  args?: readonly string[];
  port?: number;
}

export interface RedisServer {
  /** `redis://127.0.0.1:PORT`, to which options may be appended. */
  url: string;
  port: number;
  program: Program;
  /** One command of plain words; gives the answer as it stands on the wire. */
  command(...words: string[]): Promise<string>;
}

/** Without persistence; noeviction is Redis's default. A replica is ready once its primary says so. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const port = options.port ?? (await freePort());
  const command = (...words: string[]): Promise<string> => redisCommand(port, words);
  const replica = options.replicaOf ? ['--replicaof', '127.0.0.1', String(options.replicaOf.port)] : [];
  // A folder of its own: a replica leaves a dump behind, which the next server started there would load.
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-redis-'));
  const program = await startProgram({
    command: 'redis-server',
    args: [
      ...[
        '--port',
        String(port),
        '--bind',
        '127.0.0.1',
        '--dir',
        folder,
        '--save',
        '',
        '--repl-diskless-sync-delay',
        '0',
      ],
      ...replica,
      ...(options.args ?? []),
    ],
    async ready() {
      if (!options.replicaOf) return (await command('PING')).startsWith('+PONG');
      // The replica believes itself up before the primary counts it.
      const primary = await redisCommand(options.replicaOf.port, ['INFO', 'replication']);
      return primary.includes(`port=${port},state=online`);
    },
  });
  void program.exited.then(() => rm(folder, { recursive: true, force: true }));
  return { url: `redis://127.0.0.1:${port}`, port, program, command };
}

function redisCommand(port: number, words: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    socket.setEncoding('utf8');
    socket.once('error', reject);
    socket.on('data', (text: string) => {
      answer += text;
    });
    socket.once('close', () => resolve(answer));
    // QUIT makes the server close once all is answered, so the answer's end needs no parser.
    const encode = (all: readonly string[]): string =>
      `*${all.length}\r\n${all.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
    socket.write(encode(words) + encode(['QUIT']));
  });
}
