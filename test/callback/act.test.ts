/** What an action comes to, by the store; what people hear of it is in escalate's scenarios. */

import { describe, expect, test } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import type { Action } from '../../functions/core/incident/action.ts';
import { incidentKeyOf, roundKeyOf } from '../../functions/core/incident/dedup-key.ts';
import { INCIDENT_KIND } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import type { DocumentStore } from '../../functions/core/ports.ts';
import { openIncidents } from '../../functions/escalate/join.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const LONG: AlertView = {
  ...SHELL,
  where: { ...SHELL.where, namespace: 'n'.repeat(200), derivedWorkload: 'w'.repeat(200) },
};

function acting(w = world()) {
  const act = createAct({ store: w.memory, topics: w.topics, oncall: 'oncall', clock: w.time.clock });
  let serial = 0;
  return {
    w,
    act(incident: Action['incident'], over: Partial<Action> = {}) {
      serial += 1;
      return act({ kind: 'acknowledge', incident, by: 'ana', via: 'slack', requestId: `r-${serial}`, ...over });
    },
  };
}

describe('the incident of a key that PagerDuty gives back', () => {
  test.each([
    ['the key itself', SHELL, 1],
    ['that of a later round', SHELL, 2],
    ['a hash', LONG, 1],
    ['a hash of a later round', LONG, 2],
  ] as const)('is found by %s', async (_, alert, round) => {
    const { w, act } = acting();
    await w.escalate(alert);
    const ref = { groupKey: groupOf(alert).key, generation: 1 };
    if (round === 2) {
      await act(ref);
      await w.escalate({ ...alertLike(alert, { priority: 'Emergency' }) });
    }
    const dedupKey = roundKeyOf(incidentKeyOf(ref.groupKey, 1), round);
    expect(await act({ dedupKey })).toMatchObject({ kind: 'done' });
    expect(await act(ref)).toMatchObject({
      kind: 'unchanged',
      reason: 'already',
      text: expect.stringMatching(/^ana \(/),
    });
  });

  test('is found by a hash in the time that PagerDuty waits, however many incidents are live', async () => {
    const { w } = acting();
    const longs = Array.from({ length: 2_000 }, (_, index) =>
      alertLike(LONG, { where: { ...LONG.where, namespace: `${index}`.padEnd(200, 'n') } }),
    );
    const routing = { receivers: ['oncall'], tiers: [], valve: { incidents: 10_000, within: 60_000 } };
    const arrivals = longs.map((alert) => ({ alert, group: groupOf(alert), routing }));
    for (let from = 0; from < longs.length; from += 50) await openIncidents(w.memory, arrivals.slice(from, from + 50));
    expect(await w.memory.list(INCIDENT_KIND, 3_000)).toHaveLength(2_000);
    // Twenty milliseconds a round trip; a transaction asks for the time, reads and commits.
    const slowly: DocumentStore = {
      ...w.memory,
      transact(body) {
        w.time.pass(3 * 20);
        return w.memory.transact(body);
      },
      list(kind, limit) {
        w.time.pass(20);
        return w.memory.list(kind, limit);
      },
    };
    const act = createAct({ store: slowly, topics: w.topics, oncall: undefined, clock: w.time.clock });
    for (const alert of [longs[0], longs[1_999]]) {
      const dedupKey = roundKeyOf(incidentKeyOf(groupOf(alert ?? LONG).key, 1), 1);
      expect(dedupKey).toMatch(/^falco-relay:/);
      const before = w.time.clock();
      const action = { kind: 'acknowledge', by: 'ana', via: 'pagerduty', requestId: dedupKey } as const;
      expect(await act({ ...action, incident: { dedupKey } })).toMatchObject({ kind: 'done' });
      expect(w.time.clock() - before).toBeLessThan(1_800);
    }
  });

  test.each([
    ['of another tool', 'srv01/HTTP'],
    ['of a hash that is none of ours', `falco-relay:${'0'.repeat(64)}`],
    ['of no incident', '{cluster="x"}/1'],
    ['without end', '{'.repeat(255)],
  ])('%s is unknown', async (_, dedupKey) => {
    const { w, act } = acting();
    await w.escalate();
    expect(await act({ dedupKey })).toMatchObject({ kind: 'unchanged', reason: 'unknown' });
  });

  test('of an earlier generation changes nothing', async () => {
    const { w, act } = acting();
    const { key: groupKey } = groupOf(SHELL);
    await w.escalate();
    await act({ groupKey, generation: 1 }, { kind: 'resolve' });
    await w.escalate(alertLike(SHELL));
    const dedupKey = incidentKeyOf(groupKey, 1);
    expect(await act({ dedupKey }, { kind: 'resolve' })).toMatchObject({ reason: 'stale' });
    expect(await act({ groupKey, generation: 2 })).toMatchObject({ kind: 'done' });
  });
});

describe('of an earlier round', () => {
  test.each([
    ['the key itself', SHELL],
    ['a hash', LONG],
  ])('%s changes nothing: it has rung anew since', async (_, alert) => {
    const { w, act } = acting();
    await w.escalate(alert);
    const ref = { groupKey: groupOf(alert).key, generation: 1 };
    await act(ref);
    await w.escalate({ ...alertLike(alert, { priority: 'Emergency' }) });
    const keyOf = (round: number) => ({ dedupKey: roundKeyOf(incidentKeyOf(ref.groupKey, 1), round) });
    for (const kind of ['acknowledge', 'resolve'] as const)
      expect(await act(keyOf(1), { kind, via: 'pagerduty' })).toMatchObject({ reason: 'stale' });
    expect(await act(keyOf(2), { via: 'pagerduty' })).toMatchObject({ kind: 'done' });
  });
});

test('a button of an earlier round changes nothing, one without a round acts', async () => {
  const { w, act } = acting();
  await w.escalate(alertLike(SHELL, { priority: 'Warning' }));
  await w.escalate(alertLike(SHELL));
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  for (const kind of ['acknowledge', 'mute', 'page', 'resolve'] as const) {
    const text = 'It has paged again since then; nothing was changed.';
    expect(await act({ ...incident, round: 1 }, { kind })).toMatchObject({ reason: 'stale', text });
  }
  expect(await act({ ...incident, round: 2 })).toMatchObject({ kind: 'done' });
  expect(await act(incident, { kind: 'resolve' })).toMatchObject({ kind: 'done' });
});

test('nobody can be rung where nobody is on call', async () => {
  const { w } = acting();
  await w.escalate();
  const act = createAct({ store: w.memory, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  const asked = await act({ kind: 'page', incident, by: 'ana', via: 'slack', requestId: '1' });
  expect(asked).toMatchObject({ kind: 'unchanged', reason: 'impossible' });
});

test('what is only asked has no effect, and may be done afterwards', async () => {
  const { w, act } = acting();
  await w.escalate();
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  const requestId = 'one';
  expect(await act(incident, { requestId, onlyAsked: true })).toMatchObject({ kind: 'done' });
  expect(w.on('notifications')).toHaveLength(1);
  expect(await act(incident, { requestId })).toMatchObject({ kind: 'done' });
  expect(await act(incident, { onlyAsked: true })).toMatchObject({ reason: 'already' });
});

test('a request whose transaction failed may come again, and has its effect then', async () => {
  const { w } = acting();
  await w.escalate();
  let fails = true;
  const store = {
    ...w.memory,
    transact: (body: Parameters<typeof w.memory.transact>[0]) =>
      fails ? Promise.reject(new Error('down')) : w.memory.transact(body),
  } as typeof w.memory;
  const act = createAct({ store, topics: w.topics, oncall: undefined, clock: w.time.clock });
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  const action = { kind: 'acknowledge', incident, by: 'ana', via: 'pagerduty', requestId: 'pagerduty:1' } as const;
  await expect(act(action)).rejects.toThrow('down');
  fails = false;
  expect(await act(action)).toMatchObject({ kind: 'done' });
  expect(await act(action)).toMatchObject({ reason: 'replayed' });
});

test('why says the severity, its reason, and who was told', async () => {
  const { w, act } = acting();
  await w.escalate({ ...SHELL, severityReason: 'a shell where money moves' });
  const { text } = await act({ groupKey: groupOf(SHELL).key, generation: 1 }, { kind: 'why' });
  expect(text).toBe(
    `Rule "Terminal shell in container" is Critical (Falco says Notice): a shell where money moves; one alert in ${
      groupOf(SHELL).key
    }; told: oncall, round 1.`,
  );
});

test('what is over can be neither muted nor paged', async () => {
  const { w, act } = acting();
  await w.escalate();
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  await act(incident, { kind: 'resolve' });
  for (const kind of ['mute', 'page', 'resolve', 'acknowledge'] as const) {
    expect(await act(incident, { kind })).toMatchObject({ reason: 'already', text: 'It is resolved already.' });
  }
});

test('a mute ends with the press that ends it', async () => {
  const { w, act } = acting();
  await w.escalate();
  const incident = { groupKey: groupOf(SHELL).key, generation: 1 };
  expect(await act(incident, { kind: 'unmute' })).toMatchObject({ reason: 'already' });
  await act(incident, { kind: 'mute', forMs: 3_600_000 });
  w.time.pass(60_000);
  await w.escalate(alertLike(SHELL));
  expect(w.lines).toMatchObject([{ reason: 'alert-muted' }]);
  expect(await act(incident, { kind: 'unmute' })).toMatchObject({ kind: 'done' });
  w.time.pass(60_000);
  await w.escalate(alertLike(SHELL));
  expect(w.observations.findLast(({ kind }) => kind === 'incident')).toMatchObject({ count: 2 });
});
