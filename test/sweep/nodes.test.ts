/** The step over many nodes, and with a Kubernetes API to ask. */

import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import type { Flow } from '../../functions/core/watch/flow.ts';
import { NO_LOSSES } from '../../functions/core/watch/losses.ts';
import {
  nodeKind,
  readCluster,
  writeCluster,
  writeFlow,
  writeNode,
} from '../../functions/core/watch/node-documents.ts';
import type { NodeState, Presence, WatchedNode } from '../../functions/core/watch/watch.ts';
import { watchOptions } from '../../functions/core/watch/watch-options.ts';
import { watchNodes } from '../../functions/sweep/nodes.ts';
import { SHELL } from '../support/alerts.ts';
import { fakeAfter } from '../support/time.ts';

const MINUTE = 60_000;
const options = watchOptions.parse({});
const cluster = SHELL.where.cluster ?? { project: '', location: '', name: '' };

/** A cluster whose nodes spoke for an hour; the first ones are silent for so many minutes. */
async function watching(nodes: number, silent: number, silentFor: number, presence?: (node: string) => Presence) {
  const time = fakeAfter(30_000_000 * MINUTE);
  const store = createMemoryStore(time.clock, time.after);
  const alerts: AlertView[] = [];
  const over: AlertView[] = [];
  const asked: string[] = [];
  let transactions = 0;
  let refused = 0;
  const nodeAt = (index: number): WatchedNode => {
    const lastAt = time.clock() - (index < silent ? silentFor : 1) * MINUTE;
    return {
      cluster,
      node: `gke-a-${index}`,
      state: 'heard',
      firstAt: lastAt - 60 * MINUTE,
      lastAt,
      eventMs: lastAt,
      alertedAt: 0,
      periods: [5 * MINUTE, 5 * MINUTE],
      losses: NO_LOSSES,
      owes: [],
      nextAt: 0,
      toldAt: 0,
    };
  };
  await store.transact(async (tx) => {
    for (let index = 0; index < nodes; index += 1) writeNode(tx, nodeAt(index), options);
    writeCluster(tx, { cluster, nodes, since: tx.now, keptAt: tx.now });
    writeFlow(tx, { newestAt: tx.now, pauses: [], sweptAt: tx.now, sweepingSince: 0 });
  });
  const deps = {
    store: {
      ...store,
      transact: ((body) => {
        transactions += 1;
        return store.transact(body);
      }) as typeof store.transact,
    },
    topics: {
      async publish(_: string, { data }: { data: string | Uint8Array }) {
        if (refused > 0) {
          refused -= 1;
          throw new Error('the topic is not there');
        }
        alerts.push(JSON.parse(String(data)));
      },
    },
    nodes: options,
    resolveIncidentOf: async (alert: AlertView) => void over.push(alert),
    listSilent: async () => {},
    writeLog: () => {},
    ...(presence && {
      presenceIn: () => async (node: string) => {
        asked.push(node);
        return presence(node);
      },
    }),
  };
  const start = time.clock();
  return {
    start,
    time,
    alerts,
    over,
    asked,
    transactions: () => transactions,
    refuse: (publishes: number) => {
      refused = publishes;
    },
    count: async (state: NodeState) => (await store.list(nodeKind(state, cluster), 10_000)).length,
    watched: async () => (await store.transact((tx) => readCluster(tx, cluster)))?.nodes,
    async sweep(minutes = 0, pauses: Flow['pauses'] = []) {
      time.pass(minutes * MINUTE);
      await store.transact(async (tx) => {
        writeFlow(tx, { newestAt: tx.now, pauses, sweptAt: tx.now, sweepingSince: 0 });
      });
      await watchNodes(deps);
    },
  };
}

describe('of 5,000 nodes', () => {
  test('all that speak cost a sweep nothing', async () => {
    const w = await watching(5_000, 0, 0);
    await w.sweep();
    expect(w.alerts).toEqual([]);
    expect(w.transactions()).toBeLessThan(5);
  });

  test('2,000 that are silent are one incident', async () => {
    const w = await watching(5_000, 2_000, 16);
    await w.sweep();
    expect(w.alerts).toHaveLength(2_000);
    expect(new Set(w.alerts.map((alert) => groupOf(alert).key)).size).toBe(1);
    expect(w.alerts.at(-1)?.silent).toContain('2000 node(s): gke-a-');
    expect(w.alerts.at(-1)?.silent?.length).toBeLessThan(500);
    expect(w.transactions()).toBeLessThan(200);
    await w.sweep(1);
    expect(w.alerts).toHaveLength(2_000);
  });

  test('half that are silent are one page', async () => {
    const w = await watching(5_000, 2_500, 11);
    await w.sweep();
    expect(w.alerts).toMatchObject([{ rule: 'Falco Relay: cluster silent', priority: 'Critical' }]);
    await w.sweep(6);
    expect(w.alerts).toHaveLength(1);
    expect(await w.count('quiet')).toBe(2_500);
  });
});

test('what could not be published stays owed, and the next sweep tells it once, as of then (e8)', async () => {
  const w = await watching(5, 1, 16);
  w.refuse(Number.POSITIVE_INFINITY);
  await w.sweep();
  expect(w.alerts).toEqual([]);
  w.refuse(0);
  await w.sweep(1);
  expect(w.alerts.map(({ where, time }) => [where.node, Date.parse(time)])).toEqual([['gke-a-0', w.start]]);
  await w.sweep(1);
  expect(w.alerts).toHaveLength(1);
});

describe('with a Kubernetes API', () => {
  test('nodes that were deleted are no longer expected, and only silent ones are asked for', async () => {
    const w = await watching(10, 4, 16, () => 'absent');
    await w.sweep();
    expect(w.alerts).toEqual([]);
    expect(w.asked.sort()).toEqual(['gke-a-0', 'gke-a-1', 'gke-a-2', 'gke-a-3']);
    expect(await w.watched()).toBe(6);
  });

  test('nobody is asked for a node that is only waited for', async () => {
    const w = await watching(10, 4, 16, () => 'absent');
    await w.sweep(0, [[w.start - 15 * MINUTE, w.start]]);
    expect(w.asked).toEqual([]);
    expect(await w.count('heard')).toBe(10);
  });

  test('nodes that are not ready are no silent cluster, and told once they are ready and silent', async () => {
    let presence: Presence = 'not-ready';
    const w = await watching(10, 8, 16, () => presence);
    await w.sweep();
    expect(w.alerts).toEqual([]);
    expect(await w.count('excused')).toBe(8);
    presence = 'ready';
    await w.sweep(5);
    expect(w.alerts.length).toBeGreaterThan(0);
  });

  test('a node that is deleted after it was told ends its silence', async () => {
    let presence: Presence = 'ready';
    const w = await watching(10, 1, 16, () => presence);
    await w.sweep();
    expect(w.alerts).toHaveLength(1);
    presence = 'absent';
    for (let minute = 0; minute < 30; minute += 5) await w.sweep(5);
    // For ten minutes, since its alert may still lie on the topic, and then no more.
    const [alert] = w.alerts;
    expect(w.over.map(({ uuid }) => uuid)).toEqual([alert?.uuid, alert?.uuid, alert?.uuid]);
    expect(w.over.map(({ timeNs }) => timeNs)).toEqual(
      Array(3).fill(String(BigInt(w.start + 5 * MINUTE) * 1_000_000n)),
    );
  });

  test('that does not answer, silence is told all the same', async () => {
    const w = await watching(10, 1, 16, () => 'unknown');
    await w.sweep();
    expect(w.alerts).toHaveLength(1);
  });
});
