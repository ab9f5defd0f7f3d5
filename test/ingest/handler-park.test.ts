/** ingest against the rules of docs/protocol.md: what is parked, and an origin that does not hold. */

import { describe, expect, test } from '@jest/globals';
import { REPLAY } from '../../functions/core/event/attributes.ts';
import { CLUSTER_ATTRIBUTES, pushOf, quietEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

describe('parking (a10, a14)', () => {
  const refused = { kind: 'refused', detail: 'line too long' } as const;

  test('takes what Loki refuses, with its words, and settles it', async () => {
    const w = world();
    w.faults.push = refused;
    expect(await w.ingest(quietEvent('u1'))).toBe(204);
    const [parked] = w.on('dead-letter');
    expect(parked?.attributes).toMatchObject({
      ...CLUSTER_ATTRIBUTES,
      reason: 'loki-refused',
      detail: 'line too long',
    });
    expect(JSON.parse(String(parked?.data)).uuid).toBe('u1');
    expect(await w.ingest(quietEvent('u1'))).toBe(204);
    expect(w.on('dead-letter')).toHaveLength(1);
  });

  test('that fails nacks, and the event is parked at the next attempt', async () => {
    const w = world();
    w.faults.push = refused;
    w.faults.publish = { 'dead-letter': 'before' };
    expect(await w.ingest(quietEvent('u1'))).toBe(503);
    delete w.faults.publish;
    expect(await w.ingest(quietEvent('u1'))).toBe(204);
    expect(w.on('dead-letter')).toHaveLength(1);
  });

  test('is undone by a replay, days later', async () => {
    const w = world();
    w.faults.push = refused;
    await w.ingest(quietEvent('u1'));
    delete w.faults.push;
    w.time.pass(5 * 24 * 3_600_000);
    expect(await w.ingest(quietEvent('u1'), { ...CLUSTER_ATTRIBUTES, [REPLAY]: '1' })).toBe(204);
    expect(w.counted()).toBe(1);
  });

  const unreadable: [string, unknown, string][] = [
    ['no envelope', { hello: 'world' }, 'message-no-envelope'],
    ['no data', { message: { attributes: {}, messageId: '1' } }, 'message-no-data'],
    ['bad base64', { message: { data: '%%%%', messageId: '1' } }, 'message-bad-base64'],
    ['not UTF-8', pushOf(new Uint8Array([0xff, 0xfe, 0x80])), 'message-not-utf8'],
    ['bad JSON', pushOf('{"rule": "secret-payload'), 'event-bad-json'],
    ['not an event', pushOf('{"rule": 7, "password": "secret-payload"}'), 'event-not-falco'],
  ];
  test.each(unreadable)('takes %s, without payload in its detail', async (_, body, reason) => {
    const w = world();
    expect((await w.call('ingest', body)).status).toBe(204);
    const [parked] = w.on('dead-letter');
    expect(parked?.attributes.reason).toBe(reason);
    expect(parked?.attributes.detail).not.toContain('secret-payload');
    expect(w.lines).toMatchObject([{ reason, severity: 'WARNING' }]);
    w.faults.publish = { 'dead-letter': 'before' };
    expect((await w.call('ingest', body)).status).toBe(503);
  });
});

describe('an origin that does not hold', () => {
  const pipeline = `
clusters: [{ project: acme-prod, location: europe-west1, name: another }]
receivers: []
`;

  test('of an unlisted cluster is told once an hour, beside the event itself', async () => {
    const w = world({ pipeline });
    for (let index = 0; index < 5; index += 1) expect(await w.ingest(quietEvent(`u${index}`))).toBe(204);
    const told = () => w.on('escalations').map(({ data }) => JSON.parse(String(data)));
    expect(told()).toMatchObject([
      { rule: 'Falco Relay: events from an unlisted cluster', priority: 'Warning', source: 'relay' },
    ]);
    expect(w.stored[0]?.metadata).toMatchObject({ cluster_status: 'unlisted', enrichment_reasons: 'cluster-unlisted' });
    w.time.pass(3_600_000);
    await w.ingest(quietEvent('u9'));
    expect(new Set(told().map(({ uuid }) => uuid)).size).toBe(2);
  });

  test('is told by the next event when publishing it fails, and holds up none', async () => {
    const w = world({ pipeline });
    w.faults.publish = { escalations: 'before' };
    expect(await w.ingest(quietEvent('u1'))).toBe(204);
    delete w.faults.publish;
    await w.ingest(quietEvent('u2'));
    expect(w.on('escalations')).toHaveLength(1);
  });

  test("is nobody's business where no cluster is listed", async () => {
    const w = world();
    await w.ingest(quietEvent('u1'));
    expect(w.published).toEqual([]);
  });
});
