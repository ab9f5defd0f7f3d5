/** escalate against the rules of docs/protocol.md: alerts and incidents, routes. */

import { describe, expect, test } from '@jest/globals';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { pushOf } from '../support/events.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;

/** An event goes all the way, as Pub/Sub would carry it. */
async function page(w: ReturnType<typeof world>): Promise<void> {
  await w.ingest();
  await w.deliver('escalations', 'escalate');
  await w.deliver('notifications', 'notify');
}

describe('an alert (c1 to c3, c10)', () => {
  test('opens an incident that pages its receiver once', async () => {
    const w = world();
    await page(w);
    expect(w.sent).toHaveLength(1);
    expect(w.sent[0]).toMatchObject({
      type: 'page',
      receiver: 'oncall',
      severity: 'Critical',
      count: 1,
      generation: 1,
    });
    expect(w.sent[0]?.group).toMatchObject({ namespace: 'payments', workload: 'ledger-api' });
  });

  test('delivered again counts nothing and pages nobody', async () => {
    const w = world();
    await w.escalate();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
    expect(w.sent[0]?.count).toBe(1);
  });

  test('joins the incident of its workload, whatever its rule, and pages nobody', async () => {
    const w = world();
    await w.escalate();
    await w.deliver('notifications', 'notify');
    await w.escalate(alertLike(SHELL, { rule: 'Drop and execute new binary in container' }));
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
    expect(w.observations.filter(({ kind }) => kind === 'incident').at(-1)).toMatchObject({
      count: 2,
      rules: ['Terminal shell in container', 'Drop and execute new binary in container'],
    });
  });

  test('that joined before its page was sent stands on that page', async () => {
    const w = world();
    await w.escalate();
    await w.escalate(alertLike(SHELL, { rule: 'Drop and execute new binary in container' }, 39));
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
    expect(w.sent[0]).toMatchObject({ count: 2, others: [{ rule: 'Drop and execute new binary in container' }] });
  });

  test('whose wake-up could not be published is nacked, and published by the redelivery', async () => {
    const w = world();
    w.faults.publish = { notifications: 'before' };
    expect((await w.escalate()).status).toBe(503);
    delete w.faults.publish;
    expect((await w.escalate()).status).toBe(204);
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
  });

  test.each(['before', 'after'] as const)(
    'whose transaction fails %s its effect is nacked and opens one incident',
    async (when) => {
      const w = world();
      w.faults.transact = when;
      expect((await w.escalate()).status).toBe(503);
      delete w.faults.transact;
      expect((await w.escalate()).status).toBe(204);
      await w.deliver('notifications', 'notify');
      expect(w.sent).toHaveLength(1);
      expect(w.sent[0]?.count).toBe(1);
    },
  );

  test('after 24 quiet hours opens the next generation, and pages again', async () => {
    const w = world();
    await page(w);
    w.time.pass(24 * 60 * MINUTE);
    await w.escalate(alertLike(SHELL));
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ generation }) => generation)).toEqual([1, 2]);
  });

  test('a thousand at once are one incident, exactly counted', async () => {
    const w = world();
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => w.escalate(alertLike(SHELL))));
    expect(answers.every(({ status }) => status === 204)).toBe(true);
    await w.deliver('notifications', 'notify');
    expect(w.sent).toHaveLength(1);
    expect(w.sent[0]?.count).toBe(1_000);
  });

  test('sixty groups of a cluster open in a few transactions, and do not fight for its storm valve', async () => {
    const w = world();
    const transact = w.memory.transact.bind(w.memory);
    let writing = 0;
    w.memory.transact = (body) =>
      transact((tx) => {
        let first = true;
        const set: typeof tx.set = (key, write) => {
          if (first) writing += 1;
          first = false;
          tx.set(key, write);
        };
        return body({ ...tx, set });
      });
    const alerts = Array.from({ length: 60 }, (_, index) =>
      alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: `workload-${index}` } }),
    );
    expect(await Promise.all(alerts.map((alert) => w.escalate(alert)))).toEqual(alerts.map(() => ({ status: 204 })));
    // The first transaction begins with what is there, the next ones take fifty at a time.
    expect(writing).toBeLessThanOrEqual(4);
    await w.deliver('notifications', 'notify');
    expect(w.sent.filter(({ storm }) => storm === undefined)).toHaveLength(10);
    expect(w.sent.filter(({ storm }) => storm !== undefined)).toMatchObject([{ storm: { size: 50 } }]);
  });

  test('joins an incident while another one of its cluster can not be opened', async () => {
    const w = world();
    await w.escalate();
    const transact = w.memory.transact.bind(w.memory);
    const { promise: opened, resolve: open } = Promise.withResolvers<void>();
    w.memory.transact = (body) =>
      transact(async (tx) => {
        const waiting: Promise<void>[] = [];
        const result = await body({
          ...tx,
          set(key, write) {
            if (key.startsWith('V:')) waiting.push(opened);
            tx.set(key, write);
          },
        });
        await Promise.all(waiting);
        return result;
      });
    const opening = w.escalate(alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: 'another' } }));
    expect(await w.escalate(alertLike(SHELL))).toEqual({ status: 204 });
    open();
    expect(await opening).toEqual({ status: 204 });
  });

  test('that is none is parked with the names of its wrong fields', async () => {
    const w = world();
    const wrong = { ...SHELL, priority: 'Loud', fields: 7 };
    expect((await w.call('escalate', pushOf(JSON.stringify(wrong)))).status).toBe(204);
    expect(w.on('dead-letter')[0]?.attributes).toMatchObject({
      reason: 'escalation-invalid',
      detail: 'wrong fields: priority, fields',
    });
  });
});

describe('a route (Alertmanager’s semantics)', () => {
  const pipeline = `
route:
  receiver: oncall
  routes:
    - { match: ['team="payments"'], receiver: leads, continue: true }
    - { match: ['priority="Critical"'], receiver: oncall }
receivers:
  - { name: oncall, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
`;
  const tables: [string, Partial<AlertView>, string[]][] = [
    ['both, for continue', {}, ['leads', 'oncall']],
    ['the root, where no child matches', { priority: 'Error', where: { ...SHELL.where, team: 'shop' } }, ['oncall']],
    ['a child whose matcher is unknown', { priority: 'Error', where: { enrichment: 'none' } }, ['leads']],
  ];
  test.each(tables)('reaches %s', async (_, changes, receivers) => {
    const w = world({ pipeline });
    await w.escalate(alertLike(SHELL, changes));
    await w.deliver('notifications', 'notify');
    expect(w.sent.map(({ receiver }) => receiver).sort()).toEqual(receivers);
  });
});
