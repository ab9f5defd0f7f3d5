/** Loss upstream against the rules of docs/protocol.md, section (e): what Falco drops, and what never arrives. */

import { describe, expect, test } from '@jest/globals';
import { alertOn, MINUTE, snapshot, speak, watchAlerts } from '../support/falco.ts';
import { world } from '../support/world.ts';

type World = ReturnType<typeof world>;

const GAP = 'Falco Relay: alerts lost before the relay';
const DROPS = 'Falco Relay: Falco drops events on a node';

interface Interval {
  /** What Falco matches in five minutes, and how many of those arrive. */
  matched: number;
  arrived: number;
  /** Each of them is delivered so often. */
  deliveries?: number;
  /** The store takes their claims, and its answers get lost; they come again. */
  unanswered?: boolean;
  /** What is wrong with them, for which they are parked. */
  wrong?: Record<string, unknown>;
  /** And the dead-letter topic does not take them. */
  unparked?: boolean;
  fields?: Record<string, unknown>;
}

/** A node's intervals one after the other, with a sweep at the end of each; a counter begins where Falco starts. */
async function intervals(w: World, list: readonly Interval[], node = 'gke-a-1'): Promise<void> {
  let total = 0;
  let start = 1_795_420_800_000_000_001n;
  for (const {
    matched,
    arrived,
    deliveries = 1,
    unanswered = false,
    wrong = {},
    unparked = false,
    fields = {},
  } of list) {
    w.time.pass(2.5 * MINUTE);
    for (let index = 0; index < arrived; index += 1) {
      const event = alertOn(node, { output: `number ${index}`, ...wrong });
      if (unanswered) {
        w.faults.claim = 'after';
        expect(await speak(w, event)).toBe(503);
        delete w.faults.claim;
      }
      if (unparked) w.faults.publish = { 'dead-letter': 'before' };
      for (let time = 0; time < deliveries; time += 1) await speak(w, event);
      delete w.faults.publish;
    }
    w.time.pass(2.5 * MINUTE);
    total = fields['falco.start_ts'] === undefined ? total + matched : matched;
    start = (fields['falco.start_ts'] as bigint | undefined) ?? start;
    await speak(w, snapshot(node, { 'falco.rules.matches_total': total, ...fields, 'falco.start_ts': start }));
    await w.call('sweep', {});
  }
}

const healthy = (count: number): Interval[] => Array.from({ length: count }, () => ({ matched: 5, arrived: 5 }));
const losing: Interval = { matched: 40, arrived: 15 };

const told = (w: World): unknown[] => watchAlerts(w).map(({ rule, priority, where }) => [rule, priority, where.node]);

describe('alerts that never arrive (e6)', () => {
  test('in two intervals in a row are told once', async () => {
    const w = world();
    await intervals(w, [...healthy(2), losing, losing, losing, ...healthy(6)]);
    expect(told(w)).toEqual([[GAP, 'Warning', 'gke-a-1']]);
    expect(watchAlerts(w)[0]?.output).toContain('matched 40 times between two snapshots, but 15 events arrived');
  });

  test.each<{ name: string; list: Interval[] }>([
    { name: 'in one interval', list: [...healthy(2), losing, ...healthy(8)] },
    {
      name: 'while Falco starts anew',
      list: [
        ...healthy(2),
        losing,
        { ...losing, fields: { 'falco.start_ts': 1_795_431_600_000_000_001n } },
        ...healthy(8),
      ],
    },
    {
      name: 'because all of them did',
      list: [...healthy(2), ...healthy(1), { matched: 60, arrived: 60 }, ...healthy(8)],
    },
  ])('$name are not', async ({ list }) => {
    const w = world();
    await intervals(w, list);
    expect(told(w)).toEqual([]);
  });

  test('are not made up for by redeliveries of others', async () => {
    const w = world();
    const redelivered = { ...losing, deliveries: 3 };
    await intervals(w, [...healthy(2), redelivered, redelivered, ...healthy(6)]);
    expect(told(w)).toEqual([[GAP, 'Warning', 'gke-a-1']]);
  });

  test('are not those whose claims the store did not answer', async () => {
    const w = world();
    const unanswered = { matched: 40, arrived: 40, unanswered: true };
    await intervals(w, [...healthy(2), unanswered, unanswered, ...healthy(8)]);
    expect(told(w)).toEqual([]);
  });

  test.each<[string, Record<string, unknown>]>([
    ['an unknown priority', { priority: 'Loud' }],
    ['no time', { time: 'noon' }],
    ['nothing but a node', { rule: 7, output: null }],
    ['more than a store holds', { output: 'x'.repeat(1_200_000) }],
  ])('are not those that were parked for %s', async (_, wrong) => {
    const w = world();
    const parked = { matched: 20, arrived: 20, wrong };
    await intervals(w, [...healthy(2), parked, parked, ...healthy(8)]);
    expect(w.on('dead-letter')).toHaveLength(40);
    expect(told(w)).toEqual([]);
  });

  test('are those that could not be parked: they come again', async () => {
    const w = world();
    const unparked = { matched: 20, arrived: 20, wrong: { priority: 'Loud' }, unparked: true };
    await intervals(w, [...healthy(2), unparked, unparked, ...healthy(8)]);
    expect(told(w)).toEqual([[GAP, 'Warning', 'gke-a-1']]);
  });

  test('are counted over instances', async () => {
    const [a, b] = instances();
    await intervals(a, healthy(1));
    let matched = 5;
    for (let round = 0; round < 10; round += 1) {
      pass([a, b], 2.5);
      for (let index = 0; index < 40; index += 1) await speak(index % 2 === 0 ? a : b, alertOn('gke-a-1'));
      matched += 40;
      pass([a, b], 2.5);
      await speak(a, snapshot('gke-a-1', { 'falco.rules.matches_total': matched }));
      // Somebody else's event makes the other instance write what it had counted.
      await speak(b, alertOn('gke-a-2'));
      await a.call('sweep', {});
    }
    expect(told(a)).toEqual([]);
  });
});

/** Two instances over one store, whose clocks go together. */
function instances(): [World, World] {
  const a = world();
  return [a, world({ memory: a.memory })];
}

function pass(all: readonly World[], minutes: number): void {
  for (const each of all) each.time.pass(minutes * MINUTE);
}

describe('drops (e5)', () => {
  const lossy: Interval = { matched: 0, arrived: 0, fields: { 'scap.n_drops_perc': 1.7 } };

  test('above 1 % in two snapshots in a row are told once an hour', async () => {
    const w = world();
    await intervals(w, [lossy, lossy, lossy, lossy]);
    expect(told(w)).toEqual([[DROPS, 'Warning', 'gke-a-1']]);
    expect(watchAlerts(w)[0]?.output).toContain('lost 1.7 %');
    await intervals(
      w,
      Array.from({ length: 12 }, () => lossy),
    );
    expect(told(w)).toHaveLength(2);
  });

  test.each([
    { name: 'of today', priority: 'Debug' },
    { name: 'of old Falcos', priority: 'Critical' },
  ])('in two drop events $name are told', async ({ priority }) => {
    const w = world();
    const drop = () => ({
      ...snapshot('gke-a-1'),
      rule: 'Falco internal: syscall event drop',
      priority,
      output_fields: { n_drops: '1203', n_evts: '20184', ebpf_enabled: '1' },
    });
    await speak(w, drop());
    w.time.pass(2 * MINUTE);
    await speak(w, drop());
    await w.call('sweep', {});
    expect(told(w)).toEqual([[DROPS, 'Warning', 'gke-a-1']]);
    expect(watchAlerts(w)[0]?.output).toContain('lost 6.0 %');
  });
});
