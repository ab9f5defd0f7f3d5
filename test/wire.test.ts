/** A function that starts while its store is away: it pages, says so, and works as soon as the store is back. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { type Config, loadConfig } from '../functions/config.ts';
import type { LogLine } from '../functions/core/log.ts';
import type { OutgoingMessage } from '../functions/core/ports.ts';
import { createRelay, listenersOf } from '../functions/wire.ts';
import { pagerdutyRequest } from './callback/support.ts';
import { freePort } from './stack/programs/program.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from './support/events.ts';

function relayAt(STORE_URL: string, callbacks?: Config['callbacks'], env: Readonly<Record<string, string>> = {}) {
  const lines: LogLine[] = [];
  const published: OutgoingMessage[] = [];
  const relay = createRelay({
    config: { ...loadConfig({ STORE_URL, ...env }), callbacks },
    clock: Date.now,
    after: (ms, run) => {
      const timer = setTimeout(run, ms);
      return () => clearTimeout(timer);
    },
    writeLog: (line) => void lines.push(line),
    log: { push: async () => ({ kind: 'stored' }), has: async () => false },
    topics: { publish: async (_topic, message) => void published.push(message) },
  });
  const body = pushOf(eventText(shellEvent({ priority: 'Critical' })), CLUSTER_ATTRIBUTES);
  return { relay, lines, published, body, ingest: () => relay.handlers.ingest({ method: 'POST', headers: {}, body }) };
}

describe('ingest', () => {
  test('whose Redis is not there publishes what escalates and nacks, with one client for all its tries', async () => {
    const { relay, lines, published, ingest } = relayAt(`redis://127.0.0.1:${await freePort()}`);
    expect((await ingest()).status).toBe(503);
    expect((await ingest()).status).toBe(503);
    expect(published).toHaveLength(2);
    expect(lines.map(({ reason }) => reason)).toContain('store-unavailable');
    // One outage of one client is complained of once.
    expect(lines.filter(({ message }) => message === 'Redis: ECONNREFUSED')).toHaveLength(1);
    await relay.close();
  }, 60_000);

  test('that was told of no store says what to set, in the log alone', async () => {
    const { relay, lines, ingest } = relayAt('');
    expect(await ingest()).toEqual({ status: 500, body: { reason: 'internal' } });
    expect(lines).toMatchObject([{ severity: 'CRITICAL', message: expect.stringContaining('STORE_URL is not set') }]);
    await relay.close();
  });
});

test.each(['ingest', 'escalate', 'notify', 'sweep'] as const)(
  '%s does nothing for whoever only looks',
  async (name) => {
    const { relay, lines, published } = relayAt('memory:');
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const answer = await relay.handlers[name]({ method, headers: {}, body: undefined });
      expect(answer).toEqual({ status: 405, headers: { allow: 'POST' } });
    }
    expect({ lines, published }).toEqual({ lines: [], published: [] });
    await relay.close();
  },
);

test('ingest turns away what it has no room for by its header, and counts nothing twice', async () => {
  const { relay, body } = relayAt('memory:', undefined, { MAX_EVENTS_IN_FLIGHT: '1' });
  const server = createServer(listenersOf(relay).ingest).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const text = JSON.stringify(body);
  const slow = request({ port, method: 'POST', headers: { 'content-length': Buffer.byteLength(text) } });
  const answered = once(slow, 'response') as Promise<[IncomingMessage]>;
  const arrived = once(server, 'request');
  slow.write(text.slice(0, 1));
  await arrived;
  const other = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: text });
  expect([other.status, await other.json()]).toEqual([429, { reason: 'overloaded' }]);
  slow.end(text.slice(1));
  const [answer] = await answered;
  expect(answer.statusCode).toBe(204);
  answer.resume();
  server.closeAllConnections();
  server.close();
  await relay.close();
});

describe('callback', () => {
  const signing_secrets = ['0123456789abcdef'];
  const callbacks = { allowed_users: ['*'], pagerduty: { signing_secrets } };

  test('opens no store for whoever does not sign', async () => {
    const { relay, lines } = relayAt('', callbacks);
    const headers = { 'x-pagerduty-signature': `v1=${'0'.repeat(64)}` };
    const request = { method: 'POST', headers, body: {}, rawBody: Buffer.from('{}') };
    expect(await relay.handlers.callback(request)).toMatchObject({ status: 401 });
    expect(lines).toMatchObject([{ reason: 'callback-bad-signature' }]);
    await relay.close();
  });

  test('that was told of no store says what to set, and has the event sent again', async () => {
    const { relay, lines } = relayAt('', callbacks);
    const occurred_at = new Date().toISOString();
    const event = { id: '1', event_type: 'incident.resolved', occurred_at, data: { incident_key: 'a' } };
    const answer = await relay.handlers.callback(pagerdutyRequest(JSON.stringify({ event }), signing_secrets));
    expect(answer).toEqual({ status: 503, body: { reason: 'store-unavailable' } });
    expect(lines).toMatchObject([{ severity: 'ERROR', message: expect.stringContaining('STORE_URL is not set') }]);
    await relay.close();
  });
});
