/** The rules of docs/protocol.md on deliveries, where breaking one has no other test that would notice. */

import { describe, expect, test } from '@jest/globals';
import {
  deliveryRefOf,
  readDelivery,
  readIncident,
  writeDelivery,
  writeIncident,
} from '../../functions/core/incident/documents.ts';
import type { IncidentState } from '../../functions/core/incident/incident.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { quietEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

const CHAIN = `
route: { receiver: oncall }
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, fallback: chief, webhook: { url: 'https://leads.acme.example/' } }
  - { name: chief, webhook: { url: 'https://chief.acme.example/' } }
`;
const DENIED = { kind: 'misconfigured', reason: 'receiver-denied', detail: '403' } as const;
const DOWN = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' } as const;

type World = ReturnType<typeof world>;

/** What later issues do to an incident and its one delivery: another state, another word to be heard. */
async function change(w: World, key: string, { state, want }: { state?: IncidentState; want?: number }): Promise<void> {
  const ref = deliveryRefOf(key);
  await w.memory.transact(async (tx) => {
    const [incident, delivery] = await Promise.all([readIncident(tx, ref.groupKey), readDelivery(tx, ref)]);
    if (!incident || !delivery) throw new Error('nothing to change');
    if (state) writeIncident(tx, { ...incident, state });
    if (want) writeDelivery(tx, { ...delivery, want });
  });
}

async function theDelivery(w: World): Promise<string> {
  const [key] = await w.memory.list('delivery', 1);
  if (key === undefined) throw new Error('no delivery is due');
  return key;
}

describe('d3: who has heard nothing hears the page itself', () => {
  test.each(['acknowledged', 'resolved', 'quiet'] as const)('of an incident that is %s by then', async (state) => {
    const w = world();
    await w.escalate();
    await w.escalate(alertLike(SHELL));
    await change(w, await theDelivery(w), { state });
    await w.deliver('notifications', 'notify');
    expect(w.sent).toMatchObject([{ type: 'page', state, count: 2 }]);
  });

  test('and then updates', async () => {
    const w = world();
    await w.escalate();
    const key = await theDelivery(w);
    await w.deliver('notifications', 'notify');
    await w.escalate(alertLike(SHELL));
    await change(w, key, { want: 2 });
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ type, messageId }) => [type, messageId.slice(-4)])).toEqual([
      ['page', '/1/1'],
      ['update', '/1/2'],
    ]);
  });
});

describe('d5: the fallback of a receiver that can not be told', () => {
  test('has none of its own, neither at once nor by sweep', async () => {
    const w = world({ pipeline: CHAIN, receivers: ['oncall', 'leads', 'chief'] });
    Object.assign(w.answers, { oncall: DENIED, leads: DENIED });
    await w.escalate();
    for (let minute = 0; minute < 25; minute += 1) {
      await w.deliver('notifications', 'notify');
      w.time.pass(MINUTE);
      await w.call('sweep', {});
    }
    expect(w.sent).toEqual([]);
    expect(await w.memory.list('delivery', 10)).toHaveLength(2);
  });

  test('is told once, however often the fault shows', async () => {
    const w = world();
    w.answers.oncall = DENIED;
    await w.escalate();
    for (let minute = 0; minute < 25; minute += 1) {
      await w.deliver('notifications', 'notify');
      w.time.pass(MINUTE);
      await w.call('sweep', {});
    }
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });

  test('is woken again when its wake-up could not be published', async () => {
    const w = world();
    w.answers.oncall = DENIED;
    await w.escalate();
    w.faults.publish = { notifications: 'before' };
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    delete w.faults.publish;
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });
});

describe('d6: a sweep', () => {
  test('wakes the fallback with the minute in which it is due', async () => {
    const w = world();
    w.answers.oncall = DOWN;
    await w.escalate();
    await w.deliver('notifications', 'notify');
    w.time.pass(10 * MINUTE - 1);
    await w.call('sweep', {});
    expect(w.on('notifications').map(({ attributes }) => attributes.receiver)).toEqual(['oncall']);
    w.published.length = 0;
    w.time.pass(1);
    await w.call('sweep', {});
    expect(w.on('notifications').map(({ attributes }) => attributes.receiver)).toEqual(['oncall', 'leads']);
  });

  test('tells no fallback of what was heard between its look and its step', async () => {
    const w = world();
    await w.escalate();
    const key = await theDelivery(w);
    await w.deliver('notifications', 'notify');
    w.time.pass(10 * MINUTE);
    const late = world({ memory: { ...w.memory, due: async () => [key] } });
    await late.call('sweep', {});
    await late.deliver('notifications', 'notify');
    expect(late.sent).toEqual([]);
  });

  test('wakes what is due while Loki hangs', async () => {
    const w = world();
    for (let index = 0; index < 3; index += 1) await w.ingest(quietEvent(`u${index}`));
    await w.escalate();
    w.published.length = 0;
    w.time.pass(10 * MINUTE);
    let mend = (): void => {};
    const mended = new Promise<undefined>((resolve) => {
      mend = () => resolve(undefined);
    });
    w.faults.push = () => mended;
    const swept = w.call('sweep', {});
    await new Promise((resolve) => setImmediate(resolve));
    expect(w.on('notifications').length).toBeGreaterThan(0);
    mend();
    expect((await swept).status).toBe(204);
  });

  test('finds a page that nobody fetched for thirty days', async () => {
    const w = world();
    await w.escalate();
    w.published.length = 0;
    w.time.pass(30 * DAY);
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent.length).toBeGreaterThan(0);
    expect(w.sent[0]).toMatchObject({ type: 'page', generation: 1 });
  });
});

test('d2: a delivery is held for thirty seconds', async () => {
  const w = world();
  w.hang('oncall');
  await w.escalate();
  const wakeUps = w.on('notifications');
  void w.deliver('notifications', 'notify');
  await w.sending();
  w.published.push(...wakeUps.map((message) => ({ topic: 'notifications' as const, message })));
  expect(await w.deliver('notifications', 'notify')).toEqual([503]);
  w.time.pass(19_999);
  w.published.push(...wakeUps.map((message) => ({ topic: 'notifications' as const, message })));
  expect(await w.deliver('notifications', 'notify')).toEqual([503]);
});
