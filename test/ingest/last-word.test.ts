/** How few writes the words of many nodes take, and that none of it is without bound. */

import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { nodeKind, readNode, writeCluster } from '../../functions/core/watch/node-documents.ts';
import { watchOptions } from '../../functions/core/watch/watch-options.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createLastWord, type Word } from '../../functions/ingest/last-word.ts';
import { SHELL } from '../support/alerts.ts';
import { eventText } from '../support/events.ts';
import { alertOn, snapshot } from '../support/falco.ts';
import { fakeAfter } from '../support/time.ts';

const MINUTE = 60_000;
const cluster = SHELL.where.cluster ?? { project: '', location: '', name: '' };

function recording(over: { fails?: boolean } = {}) {
  const time = fakeAfter(1_795_424_405_000);
  const store = createMemoryStore(time.clock, time.after);
  const lines: LogLine[] = [];
  let transactions = 0;
  const state = { fails: over.fails ?? false };
  const lastWord = createLastWord({
    store: {
      ...store,
      transact(body) {
        transactions += 1;
        return state.fails ? Promise.reject(new Error('down')) : store.transact(body);
      },
    },
    options: watchOptions.parse({}),
    listed: 0,
    clock: time.clock,
    after: time.after,
    writeLog: (line) => void lines.push(line),
  });
  const word = (event: object, context: Partial<Word['context']> = {}): Word => {
    const read = readEvent(eventText({ time: new Date(time.clock()).toISOString(), ...event }));
    if (!read.ok) throw new Error(read.detail);
    return {
      event: read.event,
      context: {
        cluster,
        clusterStatus: 'unlisted',
        clusterMismatch: false,
        node: read.event.hostname,
        enrichment: 'none',
        enrichmentReasons: [],
        ...context,
      },
      judgement: { priority: read.event.priority },
      message: { publishTime: new Date(time.clock()).toISOString() },
    };
  };
  return {
    time,
    store,
    state,
    lines,
    lastWord,
    word,
    hear: (event: object, again = false) => lastWord.hear(word(event), again),
    transactions: () => transactions,
    node: (name: string) => store.transact((tx) => readNode(tx, { cluster, node: name })),
  };
}

const notice = (node: string) => alertOn(node, { priority: 'Notice' });

describe('words are written', () => {
  test('once a minute for nodes that say nothing new, all in one transaction', async () => {
    const { hear, time, transactions, node } = recording();
    for (let second = 0; second < 60; second += 1) {
      for (const name of ['gke-a-1', 'gke-a-2', 'gke-a-3']) await hear(notice(name));
      time.pass(1_000);
    }
    // That anything flows is written twice a minute.
    expect(transactions()).toBe(2);
    await hear(notice('gke-a-1'));
    expect(transactions()).toBe(2 + 1 + 1);
    expect((await node('gke-a-2'))?.lastAt).toBe(time.clock() - 1_000);
  });

  test.each([
    { name: 'an alert', event: () => alertOn('gke-a-1') },
    { name: 'a snapshot', event: () => snapshot('gke-a-1') },
  ])('at once for $name', async ({ event }) => {
    const { hear, time, node } = recording();
    await hear(snapshot('gke-a-1'));
    time.pass(10_000);
    await hear(event());
    expect((await node('gke-a-1'))?.lastAt).toBe(time.clock());
  });

  test('no sooner for many alerts or snapshots', async () => {
    const { hear, time, transactions } = recording();
    await hear(alertOn('gke-a-1'));
    await hear(snapshot('gke-a-1'));
    const first = transactions();
    for (let index = 0; index < 20; index += 1) {
      await hear(alertOn('gke-a-1'));
      await hear(snapshot('gke-a-1'));
    }
    expect(transactions() - first).toBe(0);
    expect(time.pending()).toEqual([]);
  });

  test('for a thousand nodes in few transactions', async () => {
    const { hear, store, transactions } = recording();
    const names = Array.from({ length: 1_000 }, (_, index) => `gke-a-${index}`);
    await Promise.all(names.map((name) => hear(snapshot(name))));
    expect(transactions()).toBeLessThan(25);
    expect(await store.list(nodeKind('irregular', cluster), 2_000)).toHaveLength(1_000);
  });

  test('also of nodes that say nothing more, by the next request of anybody', async () => {
    const { hear, time, node } = recording();
    await hear(notice('gke-a-1'));
    time.pass(30_000);
    await hear(notice('gke-a-1'));
    const at = time.clock();
    time.pass(MINUTE);
    await hear(notice('gke-a-2'));
    expect((await node('gke-a-1'))?.lastAt).toBe(at);
  });

  test('also by a redelivery, whose own word does not count', async () => {
    const { hear, time, node } = recording();
    await hear(notice('gke-a-1'));
    time.pass(30_000);
    await hear(notice('gke-a-1'));
    const at = time.clock();
    time.pass(MINUTE);
    await hear(notice('gke-a-1'), true);
    expect((await node('gke-a-1'))?.lastAt).toBe(at);
  });
});

test('a failure is said, and what was not written goes with the next word', async () => {
  const { hear, time, state, lines, node } = recording();
  await hear(snapshot('gke-a-1'));
  time.pass(MINUTE);
  state.fails = true;
  await hear(notice('gke-a-1'));
  await Promise.all(['gke-a-2', 'gke-a-3'].map((name) => hear(snapshot(name))));
  expect(lines).toMatchObject(
    ['1', '1', '2'].map((words) => ({ reason: 'last-word-unrecorded', severity: 'WARNING', labels: { words } })),
  );
  state.fails = false;
  time.pass(MINUTE);
  await hear(notice('gke-a-1'));
  expect((await node('gke-a-1'))?.losses.open.reduce((sum, [, n]) => sum + n, 0)).toBe(2);
});

test('an event whose claim was not answered makes the interval of its node unsure', async () => {
  const { hear, word, lastWord, time, node } = recording();
  await hear(snapshot('gke-a-1'));
  const { event, context } = word(notice('gke-a-1'));
  lastWord.doubt(event, context);
  time.pass(MINUTE);
  await hear(notice('gke-a-1'));
  expect((await node('gke-a-1'))?.losses.sure).toBe(false);
});

describe('without bound is', () => {
  test('no number of nodes: past 15,000 of a cluster they are not watched', async () => {
    const { hear, store, time, lines } = recording();
    await store.transact(async (tx) => writeCluster(tx, { cluster, nodes: 14_990, since: tx.now, keptAt: tx.now }));
    const names = Array.from({ length: 20 }, (_, index) => `gke-a-${index}`);
    for (const _ of [0, 1]) {
      await Promise.all(names.map((name) => hear(snapshot(name))));
      time.pass(5 * MINUTE);
    }
    expect(await store.list(nodeKind('heard', cluster), 100)).toHaveLength(10);
    expect(lines).toMatchObject([{ reason: 'nodes-too-many', labels: { cluster: 'payments-eu1', nodes: '10' } }]);
  });

  test('no number of names that an instance remembers: a new one has room once a thousand were written', async () => {
    const { hear, time, lines, node } = recording();
    const refusals = () => lines.filter(({ reason }) => reason === 'nodes-too-many').length;
    const names = Array.from({ length: 20_010 }, (_, index) => `gke-a-${index}`);
    await Promise.all(names.map((name) => hear(notice(name))));
    expect(refusals()).toBe(1);

    time.pass(MINUTE);
    // A redelivery writes five hundred, and says nothing of its own.
    await hear(notice('gke-a-0'), true);
    await hear(notice('gke-b-0'));
    expect(refusals()).toBe(2);
    await hear(notice('gke-a-0'), true);
    await hear(notice('gke-b-1'));
    time.pass(MINUTE);
    for (const _ of names.slice(0, 39)) await hear(notice('gke-a-0'), true);
    expect(await node('gke-b-0')).toBeUndefined();
    expect(await node('gke-b-1')).toMatchObject({ node: 'gke-b-1' });
    expect(refusals()).toBe(2);
  });

  test('no number of times that events claim', async () => {
    const { hear, time, node } = recording();
    await hear(snapshot('gke-a-1'));
    for (let index = 0; index < 500; index += 1) {
      await hear({ ...notice('gke-a-1'), time: new Date(time.clock() + index * MINUTE).toISOString() });
    }
    time.pass(MINUTE);
    await hear(notice('gke-a-1'));
    const losses = (await node('gke-a-1'))?.losses;
    expect(losses?.open.length).toBeLessThan(70);
    expect(losses?.sure).toBe(false);
  });
});
