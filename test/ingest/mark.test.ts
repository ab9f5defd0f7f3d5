/** What is muted is in Loki all the same, and says why; what is observed is told to nobody. */

import { describe, expect, test } from '@jest/globals';
import { alertLike, SHELL } from '../support/alerts.ts';
import { shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const RECEIVERS = `
receivers: [{ name: oncall, webhook: { url: 'https://oncall.acme.example/' } }]
route: { receiver: oncall }
severity: [{ match: ['rule="Terminal shell in container"'], priority: Critical, reason: production }]
`;
const UNTIL = 'until: 2027-01-31T00:00:00Z, owner: ana@acme.example, reason: drill';

async function told(pipeline: string, event: object = shellEvent()) {
  const w = world({ pipeline: pipeline + RECEIVERS });
  expect(await w.ingest(event)).toBe(204);
  await w.deliver('escalations', 'escalate');
  await w.deliver('notifications', 'notify');
  return { w, metadata: w.stored[0]?.metadata, pages: w.sent.length };
}

describe('an event that escalates', () => {
  test('and is silenced is stored with why, counted, and told to nobody', async () => {
    const { w, metadata, pages } = await told(`silences: [{ match: ['namespace="payments"'], ${UNTIL} }]`);
    expect(metadata).toMatchObject({ muted: 'silence by ana@acme.example: drill', n: '1', kind: 'event' });
    expect(pages).toBe(0);
    expect(w.lines).toMatchObject([
      { reason: 'alert-muted', labels: { by: expect.stringMatching(/^silence\.[0-9a-f]{12}$/) } },
    ]);
    expect(await w.memory.list('incident', 10)).toEqual([]);
  });

  test('by an exception in shadow mode is stored with its name, and told', async () => {
    const { metadata, pages } = await told(
      `exceptions: [{ name: backup, match: ['namespace="payments"'], owner: ana@acme.example, reason: drill }]`,
    );
    expect(metadata).toMatchObject({ would_mute: 'exceptions.backup' });
    expect(metadata).not.toHaveProperty('muted');
    expect(pages).toBe(1);
  });

  test('by an exception that mutes is told to nobody', async () => {
    const { metadata, pages } = await told(
      `exceptions: [{ name: backup, match: ['namespace="payments"'], mode: mute, owner: ana@acme.example, reason: drill }]`,
    );
    expect(metadata).toMatchObject({ muted: 'exception by ana@acme.example: drill' });
    expect(pages).toBe(0);
  });

  test('asks matchers for every field of the event, not for those alone that a page keeps', async () => {
    const fields = Object.fromEntries(Array.from({ length: 80 }, (_, index) => [`proc.field${index}`, 'x']));
    const event = shellEvent({ fields: { ...fields, 'zz.last': 'here' } });
    const { pages } = await told(`silences: [{ match: ['"zz.last"=""'], ${UNTIL} }]`, event);
    expect(pages).toBe(1);
  });

  test('and is neither carries no mark', async () => {
    const { metadata, pages } = await told(`silences: [{ match: ['namespace="shop"'], ${UNTIL} }]`);
    expect(Object.keys(metadata ?? {}).filter((name) => /mute/.test(name))).toEqual([]);
    expect(pages).toBe(1);
  });
});

describe('mode: observe', () => {
  test('counts and says who would be told, once an incident, and tells nobody', async () => {
    const { w, pages } = await told('mode: observe');
    await w.escalate();
    expect(pages).toBe(0);
    expect(w.lines.filter(({ reason }) => reason === 'observe-only')).toMatchObject([
      { severity: 'NOTICE', message: expect.stringMatching(/^observed: Critical in \{.*\} would tell oncall$/) },
    ]);
    expect(w.observations.findLast(({ kind }) => kind === 'incident')).toMatchObject({ observed: true, receivers: [] });
  });

  test('that ends lets the next alert open an incident that pages', async () => {
    const { w } = await told('mode: observe');
    const live = world({ pipeline: RECEIVERS, memory: w.memory, time: w.time });
    await live.escalate(alertLike(SHELL));
    await live.deliver('notifications', 'notify');
    expect(live.sent).toMatchObject([{ receiver: 'oncall', generation: 2, count: 1 }]);
  });
});
