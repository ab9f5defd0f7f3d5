/** What the tests of the Loki writer share: an entry to change, a real timer, and a server that answers as told. */

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLoki, type LokiWriter, type LokiWriterOptions } from '../../../functions/adapters/loki/writer.ts';
import type { LogEntry } from '../../../functions/core/event/alert.ts';
import type { After, PushOutcome } from '../../../functions/core/ports.ts';
import { decodePush, type PushedStream } from '../../../functions/local/loki-push.ts';

export const NOW_MS = Date.parse('2026-11-23T14:30:00Z');

export const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** `at` is the entry's age in milliseconds before `now`, negative for the future. */
export function entryOf(uuid: string, changes: Partial<LogEntry> & { ageMs?: number; now?: number } = {}): LogEntry {
  const { ageMs = 0, now = NOW_MS, ...rest } = changes;
  return {
    labels: { project: 'acme-prod', cluster: 'payments-eu1', source: 'syscall', priority: 'Notice' },
    timestampNs: String(BigInt(now - ageMs) * 1_000_000n),
    line: JSON.stringify({ uuid, rule: 'Terminal shell in container' }),
    ...rest,
    metadata: { kind: 'event', uuid, n: '1', detected_level: 'info', ...rest.metadata },
  };
}

export interface Server {
  url: string;
  close(): Promise<void>;
}

export async function serve(handle: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<Server> {
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** What Loki would say to one push, and what it would say when asked. */
export interface Script {
  push(stream: PushedStream, count: number): Answer | undefined | Promise<Answer>;
  /** Uuids that a look-up finds; undefined is answered 500. */
  stored?(): Iterable<string> | undefined;
}

interface Answer {
  status: number;
  text?: string;
}

export interface ScriptedLoki extends Server {
  pushes: PushedStream[];
  queries: URLSearchParams[];
  requests: IncomingMessage[];
}

/** Answers pushes and look-ups by a script; a push answered with undefined hangs. */
export async function scriptedLoki(script: Script): Promise<ScriptedLoki> {
  const pushes: PushedStream[] = [];
  const queries: URLSearchParams[] = [];
  const requests: IncomingMessage[] = [];
  const server = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    requests.push(request);
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'GET') {
      queries.push(url.searchParams);
      const stored = script.stored?.();
      const result = [...(stored ?? [])].map((uuid) => ({ stream: { uuid }, values: [['1', '']] }));
      response.writeHead(stored ? 200 : 500).end(JSON.stringify({ data: { resultType: 'streams', result } }));
      return;
    }
    const [stream, ...others] = decodePush(Buffer.concat(chunks));
    if (!stream || others.length > 0) throw new Error('a push has one stream');
    pushes.push(stream);
    const answer = await script.push(stream, pushes.length);
    if (answer) response.writeHead(answer.status).end(answer.text ?? '');
  });
  return { ...server, pushes, queries, requests };
}

export const STORED: PushOutcome = { kind: 'stored' };

const closing: (() => Promise<unknown>)[] = [];

/** Before anything that was registered earlier. */
export function closeAtTheEnd(close: () => Promise<unknown>): void {
  closing.unshift(close);
}

/** For `afterEach`. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0)) await close();
}

/** A writer and the scripted Loki that it writes to; `closeAll` ends both. */
export async function writerFor(
  script: Script,
  options: Partial<LokiWriterOptions> = {},
): Promise<{ loki: ScriptedLoki; writer: LokiWriter }> {
  const loki = await scriptedLoki(script);
  const writer = createLoki({ url: loki.url, clock: () => NOW_MS, after, ...options });
  closeAtTheEnd(loki.close);
  closeAtTheEnd(() => writer.close().catch(() => {}));
  return { loki, writer };
}

export function uuidsOf(stream: PushedStream): string[] {
  return stream.entries.map(({ metadata }) => metadata.uuid ?? '');
}
