/** Deliveries of a generation that is over. */

import { expect, test } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const DOWN = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' } as const;

async function resolvedWhile(w: ReturnType<typeof world>) {
  const act = createAct({ store: w.memory, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  await act({ kind: 'resolve', incident, by: 'ana', via: 'slack', requestId: '1' });
  await w.deliver('notifications', 'notify');
  await w.escalate(alertLike(SHELL));
}

async function later(w: ReturnType<typeof world>): Promise<void> {
  delete w.answers.oncall;
  w.time.pass(60_000);
  await w.call('sweep', {});
  await w.deliver('notifications', 'notify');
}

test('an end that could not be told is, or the vendor would keep it open for ever', async () => {
  const w = world();
  await w.escalate();
  await w.deliver('notifications', 'notify');
  w.answers.oncall = DOWN;
  await resolvedWhile(w);
  await later(w);
  expect(w.sent.map(({ generation, type, state }) => `${generation} ${type} ${state}`).sort()).toEqual([
    '1 page open',
    '1 update resolved',
    '2 page open',
  ]);
});

test('an update that could not be told is left to the next generation', async () => {
  const w = world();
  await w.escalate();
  await w.deliver('notifications', 'notify');
  w.answers.oncall = DOWN;
  await w.escalate(alertLike(SHELL, { rule: 'another', priority: 'Warning' }));
  await w.call('sweep', {});
  await w.deliver('notifications', 'notify');
  w.time.pass(24 * 3_600_000);
  await w.escalate(alertLike(SHELL));
  await later(w);
  expect(w.sent.map(({ generation, type }) => [generation, type])).toEqual([
    [1, 'page'],
    [2, 'page'],
  ]);
  w.time.pass(60_000);
  await w.call('sweep', {});
  expect(w.on('notifications')).toEqual([]);
});

test('a page that could not be told is, whatever came after it', async () => {
  const w = world();
  w.answers.oncall = DOWN;
  await w.escalate();
  await w.deliver('notifications', 'notify');
  await resolvedWhile(w);
  await later(w);
  expect(w.sent.map(({ generation, type }) => [generation, type]).sort()).toEqual([
    [1, 'page'],
    [2, 'page'],
  ]);
});

test('a page that could not be told before its place went quiet is told beside that of the next generation', async () => {
  const w = world();
  w.answers.oncall = DOWN;
  await w.escalate();
  await w.deliver('notifications', 'notify');
  w.time.pass(24 * 3_600_000);
  await w.escalate(alertLike(SHELL));
  await later(w);
  const heard = w.sent.filter(({ receiver }) => receiver === 'oncall');
  expect(heard.map(({ generation, type }) => [generation, type]).sort()).toEqual([
    [1, 'page'],
    [2, 'page'],
  ]);
});
