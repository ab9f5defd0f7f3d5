import { describe, expect, test } from '@jest/globals';
import { IDENTITY, REPLAY, RETRY } from '../../functions/core/event/attributes.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { createPark, type Parked } from '../../functions/core/park.ts';
import type { OutgoingMessage, Topic } from '../../functions/core/ports.ts';

const PARKED: Parked = {
  from: 'ingest',
  reason: 'loki-refused',
  detail: 'line too long',
  data: 'the message as it came',
  attributes: { gke_cluster: 'payments-eu1', site: 'berlin' },
  messageId: '77',
  uuid: 'u1',
};

function parking(fails = false) {
  const published: [Topic, OutgoingMessage][] = [];
  const lines: LogLine[] = [];
  const park = createPark({
    topics: {
      async publish(topic, message) {
        if (fails) throw new Error('the connection was refused');
        published.push([topic, message]);
      },
    },
    log: (line) => void lines.push(line),
    clock: () => 0,
  });
  return { park, published, lines };
}

async function attributesOf(change: Partial<Parked>): Promise<Readonly<Record<string, string>>> {
  const { park, published } = parking();
  await park({ ...PARKED, ...change });
  return published[0]?.[1].attributes ?? {};
}

describe('parking', () => {
  test('publishes the message with its own attributes, the reason, and the identity for a replay', async () => {
    const { park, published, lines } = parking();
    await park(PARKED);
    expect(published).toEqual([
      [
        'dead-letter',
        {
          data: PARKED.data,
          attributes: {
            gke_cluster: 'payments-eu1',
            site: 'berlin',
            reason: 'loki-refused',
            detail: 'line too long',
            falco_relay_from: 'ingest',
            [IDENTITY]: 'u1',
          },
        },
      ],
    ]);
    expect(lines).toMatchObject([{ severity: 'WARNING', reason: 'loki-refused', labels: { messageId: '77' } }]);
  });

  test('says its own reason, whatever the publisher called by that name', async () => {
    const forged = { reason: 'none', detail: 'nothing to see', [IDENTITY]: 'another' };
    expect(await attributesOf({ attributes: forged })).toMatchObject({
      reason: 'loki-refused',
      detail: 'line too long',
      [IDENTITY]: 'u1',
    });
  });

  test('forgets that it came from the retry topic: a replay starts anew', async () => {
    const attributes = await attributesOf({ attributes: { site: 'berlin', [RETRY]: '1', [REPLAY]: '1' } });
    expect(attributes.site).toBe('berlin');
    expect(Object.keys(attributes)).not.toEqual(expect.arrayContaining([RETRY]));
    expect(Object.keys(attributes)).not.toEqual(expect.arrayContaining([REPLAY]));
  });

  test('of a message without identity says none', async () => {
    const { uuid: _, ...unread } = PARKED;
    const { park, published } = parking();
    await park(unread);
    expect(published[0]?.[1].attributes).not.toHaveProperty(IDENTITY);
  });

  test('stays within what Pub/Sub takes: 1,024 bytes a value, no half characters, 100 attributes', async () => {
    const many = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`a${index}`, 'x']));
    const attributes = await attributesOf({ detail: 'ä'.repeat(2_000), attributes: { ...many, [RETRY]: '1' } });
    expect(Object.keys(attributes)).toHaveLength(100);
    const { detail: cut = '' } = attributes;
    expect(cut).toMatch(/^ä{490,512}…\(\+\d+\)$/);
    expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(1_024);
    expect((await attributesOf({ detail: '😀'.repeat(2_000) })).detail?.isWellFormed()).toBe(true);
    expect(attributes).toMatchObject({ reason: 'loki-refused', [IDENTITY]: 'u1' });
  });

  test('that fails says so to its caller', async () => {
    const { park } = parking(true);
    await expect(park(PARKED)).rejects.toThrow('the connection was refused');
  });
});
