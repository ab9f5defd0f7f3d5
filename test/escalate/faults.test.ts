/** escalate, notify and sweep where one thing is wrong and the others must not suffer. */

import { describe, expect, test } from '@jest/globals';
import { REPLAY } from '../../functions/core/event/attributes.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { pushOf, shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

function escalation(w: ReturnType<typeof world>, alert: AlertView = SHELL) {
  return w.call('escalate', pushOf(JSON.stringify(alert), { uuid: alert.uuid }));
}

const elsewhere = (namespace: string): AlertView => alertLike(SHELL, { where: { ...SHELL.where, namespace } });

describe('without any receiver', () => {
  test('an incident is counted, and no delivery circles for ever', async () => {
    const w = world({ pipeline: '{}', receivers: [] });
    expect(await escalation(w)).toEqual({ status: 204 });
    expect(w.published).toEqual([]);
    await w.call('sweep', {});
    expect(w.published).toEqual([]);
    expect(w.observations.filter(({ kind }) => kind === 'incident')).toHaveLength(1);
  });
});

describe('a route', () => {
  test('may ask for any field of Falco, as severity may', async () => {
    const w = world({
      pipeline: `
escalate: { match: ['priority="Notice"'] }
route: { receiver: oncall, routes: [{ match: ['k8s.ns.name="payments"'], receiver: leads }] }
receivers:
  - { name: oncall, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
`,
    });
    await w.ingest(shellEvent());
    await w.deliver('escalations', 'escalate');
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });
});

describe('a delivery to a receiver that configuration no longer has', () => {
  test('is told to the first receiver at once', async () => {
    const w = world();
    await escalation(w);
    const after = world({
      memory: w.memory,
      receivers: ['leads'],
      pipeline:
        "route: { receiver: leads }\nreceivers: [{ name: leads, webhook: { url: 'https://leads.acme.example/' } }]\n",
    });
    after.published.push(...w.published);
    await after.deliver('notifications', 'notify');
    await after.deliver('notifications', 'notify');
    expect(after.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });
});

describe('a sweep', () => {
  test('wakes every delivery though the stand-in of one can not be made', async () => {
    const w = world();
    await escalation(w, elsewhere('payments'));
    await escalation(w, elsewhere('ledger'));
    w.published.length = 0;
    w.faults.transact = 'before';
    await w.call('sweep', {});
    expect(w.on('notifications')).toHaveLength(2);
  });
});

describe('a wake-up of a delivery that has to wait', () => {
  test('for longer than a minute is left to sweep, and does not hold back its subscription', async () => {
    const w = world();
    await escalation(w);
    w.answers.oncall = { kind: 'retry', reason: 'receiver-throttled', detail: 'HTTP 429', afterMs: 300_000 };
    const [message] = w.on('notifications');
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    expect((await w.call('notify', pushOf(message?.data ?? '', {}))).status).toBe(204);
    w.time.pass(300_000);
    delete w.answers.oncall;
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });
});

describe('a claim that the store granted late', () => {
  /** The next transaction's answer takes so long. */
  function slowStore(w: ReturnType<typeof world>, ms: number): void {
    const transact = w.memory.transact.bind(w.memory);
    w.memory.transact = async (body) => {
      const result = await transact(body);
      w.memory.transact = transact;
      w.time.pass(ms);
      return result;
    };
  }

  test('by more than a send may last is not used', async () => {
    const w = world();
    await escalation(w);
    slowStore(w, 26_000);
    expect(await w.deliver('notifications', 'notify')).toEqual([503]);
    expect(w.sent).toEqual([]);
  });

  test('leaves a send only what is left of it', async () => {
    const w = world();
    await escalation(w);
    w.hang('oncall');
    slowStore(w, 15_000);
    const answer = w.deliver('notifications', 'notify');
    await w.sending();
    w.time.pass(10_000);
    expect(await answer).toEqual([503]);
  });
});

describe('a receiver whose adapter can not be made', () => {
  test('counts as misconfigured: its fallback is told at once', async () => {
    const w = world({
      receivers: ['leads'],
      // The secret is not in place, which no configuration that was loaded lets happen.
      pipeline: `
escalate: { match: [] }
route: { receiver: oncall }
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/', secret: { env: NONE } } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
`,
    });
    await escalation(w);
    await w.deliver('notifications', 'notify');
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['leads']);
  });
});

describe('a delivery whose incident was forgotten', () => {
  test('is forgotten too, and wakes nobody for ever', async () => {
    const w = world();
    w.answers.oncall = { kind: 'refused', reason: 'receiver-refused', detail: 'HTTP 400' };
    w.answers.leads = w.answers.oncall;
    await escalation(w);
    // Every attempt renews the delivery, none the incident.
    for (let day = 0; day < 32; day += 1) {
      await w.call('sweep', {});
      await w.deliver('notifications', 'notify');
      w.time.pass(24 * 3_600_000);
    }
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    w.time.pass(24 * 3_600_000);
    await w.call('sweep', {});
    expect(w.on('notifications')).toEqual([]);
  });
});

describe('words about a foreign message on the escalations topic', () => {
  test('hold nothing of it', async () => {
    const w = world();
    const fields = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`secret-${i}`, 1]));
    await w.call('escalate', pushOf(JSON.stringify({ ...SHELL, fields }), {}));
    const [parked] = w.on('dead-letter');
    expect(parked?.attributes.detail).toBe('wrong fields: fields');
    expect(JSON.stringify(w.lines)).not.toContain('secret');
  });
});

describe('an escalation that Pub/Sub gave up on while the store was down', () => {
  const SOURCE = {
    CloudPubSubDeadLetterSourceSubscription: 'escalations',
    CloudPubSubDeadLetterSourceDeliveryCount: '100',
  };

  async function buried() {
    const w = world();
    expect(await w.ingest(shellEvent())).toBe(204);
    const [message] = w.on('escalations');
    w.faults.transact = 'before';
    for (let tries = 0; tries < 100; tries += 1) {
      const { data = '', attributes = {} } = message ?? {};
      expect((await w.call('escalate', pushOf(data, attributes))).status).toBe(503);
    }
    delete w.faults.transact;
    w.published.length = 0;
    w.sent.length = 0;
    const { data, attributes } = message ?? { data: '', attributes: {} };
    const replayed = { ...attributes, ...SOURCE, [REPLAY]: '1' };
    return { w, data, replayed };
  }

  test('pages once it is published to its own topic again, and once only', async () => {
    const { w, data, replayed } = await buried();
    w.time.pass(20 * 3_600_000);
    for (let replay = 0; replay < 2; replay += 1) {
      expect((await w.call('escalate', pushOf(data, replayed))).status).toBe(204);
      await w.deliver('notifications', 'notify');
    }
    expect(w.sent.map(({ type, receiver, count }) => [type, receiver, count])).toEqual([['page', 'oncall', 1]]);
  });

  test('is not taken for its event by ingest, but parked again, and pages from there', async () => {
    const { w, data, replayed } = await buried();
    expect((await w.call('ingest', pushOf(data, replayed))).status).toBe(204);
    const [parked] = w.on('dead-letter');
    expect(parked).toMatchObject({
      data: String(data),
      attributes: { ...SOURCE, reason: 'message-misplaced', detail: 'a message of the escalations topic' },
    });
    expect((await w.call('escalate', pushOf(parked?.data ?? '', parked?.attributes))).status).toBe(204);
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver)).toEqual(['oncall']);
  });

  test('and so is a wake-up', async () => {
    const { w } = await buried();
    const wakeUp = JSON.stringify({ groupKey: '{}', generation: 1, receiver: 'oncall' });
    expect((await w.call('ingest', pushOf(wakeUp, {}))).status).toBe(204);
    expect(w.on('dead-letter')[0]?.attributes).toMatchObject({
      reason: 'message-misplaced',
      detail: 'a message of the notifications topic',
    });
  });
});
