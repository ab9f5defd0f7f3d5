/** A function that starts while its store is away: it pages, says so, and works as soon as the store is back. */

import { describe, expect, test } from '@jest/globals';
import { loadConfig } from '../functions/config.ts';
import type { LogLine } from '../functions/core/log.ts';
import type { OutgoingMessage } from '../functions/core/ports.ts';
import { createRelay } from '../functions/wire.ts';
import { freePort } from './stack/programs/program.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from './support/events.ts';

function relayAt(STORE_URL: string) {
  const lines: LogLine[] = [];
  const published: OutgoingMessage[] = [];
  const relay = createRelay({
    config: loadConfig({ STORE_URL }),
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
  return { relay, lines, published, ingest: () => relay.handlers.ingest({ method: 'POST', headers: {}, body }) };
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
  });

  test('that was told of no store says what to set, in the log alone', async () => {
    const { relay, lines, ingest } = relayAt('');
    expect(await ingest()).toEqual({ status: 500, body: { reason: 'internal' } });
    expect(lines).toMatchObject([{ severity: 'CRITICAL', message: expect.stringContaining('STORE_URL is not set') }]);
    await relay.close();
  });
});
