/**
 * Random histories of incidents: alerts, people, sweeps that come twice or not at all, receivers and stores that fail
 * before and after the effect. When the faults end, everything has been told, and nothing was counted twice.
 */

import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createAct } from '../../functions/callback/act.ts';
import type { ActionKind } from '../../functions/core/incident/action.ts';
import { deliveryRefOf, readDelivery, readIncident } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import { stormGroupOf } from '../../functions/core/incident/storm.ts';
import { readTally } from '../../functions/core/mute/mute-documents.ts';
import type { AlertView, Notification } from '../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const MINUTE = 60_000;
const PIPELINE = `
route:
  receiver: chat
  escalate_after: [{ after: 15m, receiver: leads }]
  routes: [{ match: ['priority=~"Emergency|Alert|Critical"'], receiver: oncall, continue: true }, { match: [], receiver: chat }]
receivers:
  - { name: chat, fallback: spare, webhook: { url: 'https://chat.acme.example/' } }
  - { name: oncall, fallback: spare, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, fallback: oncall, webhook: { url: 'https://leads.acme.example/' } }
  - { name: spare, fallback: chat, webhook: { url: 'https://spare.acme.example/' } }
`;
const RECEIVERS = ['chat', 'oncall', 'leads', 'spare'];
const WORKLOADS = Array.from({ length: 14 }, (_, index) => `w${index}`);
const ANSWERS = {
  up: undefined,
  down: { kind: 'retry', reason: 'receiver-unavailable', detail: '503' },
  denied: { kind: 'misconfigured', reason: 'receiver-denied', detail: 'HTTP 401' },
} as const;

type Op =
  | { op: 'alert'; workload: number; rule: number; priority: AlertView['priority']; again: boolean }
  | { op: 'burst' }
  | { op: 'act'; workload: number; kind: ActionKind }
  | { op: 'sweep'; times: number }
  | { op: 'deliver'; lost: number }
  | { op: 'pass'; minutes: number }
  | { op: 'receiver'; name: string; is: keyof typeof ANSWERS }
  | { op: 'store'; fault: 'before' | 'after' | undefined };

/** Few, so that one history has several things happen to one incident. */
const workload = fc.nat({ max: 2 });
const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      op: fc.constant('alert' as const),
      workload,
      rule: fc.nat({ max: 2 }),
      priority: fc.constantFrom('Warning' as const, 'Critical' as const, 'Alert' as const, 'Emergency' as const),
      again: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ op: 'burst' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant('act' as const),
      workload,
      kind: fc.constantFrom<ActionKind>('acknowledge', 'resolve', 'mute', 'unmute', 'page'),
    }),
  },
  { weight: 3, arbitrary: fc.record({ op: fc.constant('sweep' as const), times: fc.integer({ min: 1, max: 2 }) }) },
  { weight: 4, arbitrary: fc.record({ op: fc.constant('deliver' as const), lost: fc.nat({ max: 1 }) }) },
  {
    weight: 3,
    arbitrary: fc.record({ op: fc.constant('pass' as const), minutes: fc.constantFrom(1, 6, 20, 90, 26 * 60) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('receiver' as const),
      name: fc.constantFrom(...RECEIVERS),
      is: fc.constantFrom<keyof typeof ANSWERS>('up', 'down', 'denied'),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      op: fc.constant('store' as const),
      fault: fc.constantFrom<'before' | 'after' | undefined>('before', 'after', undefined),
    }),
  },
);

const alertOf = (index: number, changes: Partial<AlertView> = {}): AlertView =>
  alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: WORKLOADS[index] }, ...changes });
const KEYS = [...WORKLOADS.map((_, index) => groupOf(alertOf(index)).key), stormGroupOf(SHELL).key];

async function play(ops: readonly Op[]): Promise<void> {
  const w = world({ pipeline: PIPELINE, receivers: RECEIVERS });
  // The last word on each generation, as the store had it.
  const seen = new Map<string, Incident>();
  const offered: AlertView[] = [];
  const unanswered = new Map<string, AlertView>();
  const doing = createAct({
    store: { ...w.memory, transact: w.transact },
    topics: w.topics,
    oncall: 'oncall',
    clock: w.time.clock,
  });
  let presses = 0;

  async function look(): Promise<void> {
    const incidents = await w.memory.transact((tx) => Promise.all(KEYS.map((key) => readIncident(tx, key))));
    for (const incident of incidents) if (incident) seen.set(`${incident.groupKey}/${incident.generation}`, incident);
  }
  async function offer(alert: AlertView): Promise<void> {
    const { status } = await w.escalate(alert);
    if (status === 204) unanswered.delete(alert.uuid);
    else unanswered.set(alert.uuid, alert);
  }

  for (const each of ops) {
    if (each.op === 'alert') {
      const before = offered.at(-1);
      const alert =
        each.again && before ? before : alertOf(each.workload, { rule: `rule ${each.rule}`, priority: each.priority });
      if (alert !== before) offered.push(alert);
      await offer(alert);
    } else if (each.op === 'burst') {
      for (let index = 0; index < WORKLOADS.length; index += 1) {
        const alert = alertOf(index, { priority: 'Critical' });
        offered.push(alert);
        await offer(alert);
      }
    } else if (each.op === 'act') {
      presses += 1;
      const groupKey = KEYS[each.workload] ?? '';
      const generation = (await w.memory.transact((tx) => readIncident(tx, groupKey)))?.generation ?? 1;
      await doing({
        kind: each.kind,
        incident: { groupKey, generation },
        by: 'ana',
        via: 'slack',
        requestId: `r${presses}`,
      }).catch(() => {});
    } else if (each.op === 'sweep') await Promise.all(Array.from({ length: each.times }, () => w.call('sweep', {})));
    else if (each.op === 'deliver') {
      w.published.splice(0, each.lost);
      await w.deliver('notifications', 'notify');
    } else if (each.op === 'pass') w.time.pass(each.minutes * MINUTE);
    else if (each.op === 'receiver') w.answers[each.name] = ANSWERS[each.is];
    else if (each.fault) w.faults.transact = each.fault;
    else delete w.faults.transact;
    await look();
  }

  // The faults end; what was not acknowledged comes again, and a few sweeps later all is told.
  delete w.faults.transact;
  for (const name of RECEIVERS) delete w.answers[name];
  for (const alert of [...unanswered.values()]) await offer(alert);
  for (let round = 0; round < 15; round += 1) {
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
    w.time.pass(MINUTE);
    await look();
  }
  expect(unanswered.size).toBe(0);
  const owing = await w.memory.transact(async (tx) => {
    const refs = (await w.memory.list('delivery', 1_000)).map(deliveryRefOf);
    return Promise.all(refs.map((ref) => readDelivery(tx, ref)));
  });
  expect(owing).toEqual([]);
  const counted = [...seen.values()].filter(({ storm }) => !storm).reduce((sum, { count }) => sum + count, 0);
  expect(counted + (await mutedCount(w))).toBe(offered.length);
  for (const incident of seen.values()) {
    for (const receiver of incident.receivers) {
      const pages = w.sent.filter(
        (told) =>
          told.receiver === receiver &&
          told.groupKey === incident.groupKey &&
          told.generation === incident.generation &&
          told.type === 'page',
      );
      expect({
        incident: `${incident.groupKey}/${incident.generation}`,
        receiver,
        told: pages.length > 0,
      }).toMatchObject({ told: true });
    }
  }
  hearTheEnd(w.sent, [...seen.values()]);
}

/** Whoever was told of an incident, also in the place of another, hears that it is acknowledged or resolved. */
function hearTheEnd(sent: readonly Notification[], incidents: readonly Incident[]): void {
  for (const { groupKey, generation, state } of incidents) {
    const words = sent.filter((told) => told.groupKey === groupKey && told.generation === generation);
    const isLatest = incidents.every((other) => other.groupKey !== groupKey || other.generation <= generation);
    if (state !== 'resolved' && !(isLatest && state === 'acknowledged')) continue;
    const last = new Map(words.map(({ receiver, state: heard }) => [receiver, heard]));
    expect({ groupKey, generation, last: [...last.values()].filter((heard) => heard !== state) }).toMatchObject({
      last: [],
    });
  }
}

/** Silences are named in the log of what they muted, as far as it could be written; their tallies are exact. */
async function mutedCount(w: ReturnType<typeof world>): Promise<number> {
  const ids = new Set(
    w.lines.flatMap(({ reason, labels }) => (reason === 'alert-muted' && labels?.by ? [labels.by] : [])),
  );
  const tallies = await w.memory.transact((tx) => Promise.all([...ids].map((id) => readTally(tx, id))));
  return tallies.reduce((sum, tally) => sum + (tally?.n ?? 0), 0);
}

test('whatever happens, each alert counts once and each receiver of an incident is paged', async () => {
  await fc.assert(fc.asyncProperty(fc.array(op, { minLength: 5, maxLength: 60 }), play), {
    numRuns: Number(process.env.MODEL_RUNS ?? 300),
  });
}, 300_000);
