import { describe, expect, test } from '@jest/globals';
import type { Flow } from '../../../functions/core/watch/flow.ts';
import { NO_LOSSES } from '../../../functions/core/watch/losses.ts';
import { noWords } from '../../../functions/core/watch/node-words.ts';
import { type Case, heard, judgeNode, type WatchedNode } from '../../../functions/core/watch/watch.ts';
import { canaryHeard, judgeCluster, type WatchedCluster } from '../../../functions/core/watch/watch-cluster.ts';
import { watchOptions } from '../../../functions/core/watch/watch-options.ts';
import { SHELL } from '../../support/alerts.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const NOW = 30_000_000 * MINUTE;
const options = watchOptions.parse({});
const flow: Flow = { newestAt: NOW, pauses: [], sweptAt: NOW, sweepingSince: 0 };
const cluster = SHELL.where.cluster ?? { project: '', location: '', name: '' };

/** Spoke for an hour, every five minutes, until so many minutes ago. */
function node(silentFor: number, over: Partial<WatchedNode> = {}): WatchedNode {
  const lastAt = NOW - silentFor * MINUTE;
  return {
    cluster,
    node: 'gke-a-1',
    state: 'heard',
    firstAt: lastAt - HOUR,
    lastAt,
    eventMs: lastAt,
    alertedAt: 0,
    periods: [5 * MINUTE, 5 * MINUTE],
    losses: NO_LOSSES,
    owes: [],
    nextAt: NOW,
    toldAt: 0,
    ...over,
  };
}

const CASE: Case = { now: NOW, flow, options, presence: 'unknown', clusterTold: false };

describe('a node whose time has come', () => {
  test.each<{ name: string; node: WatchedNode; over?: Partial<Case>; next: string; reason: string; in?: number }>([
    { name: 'speaks', node: node(10), next: 'heard', reason: 'node-heard', in: 1 },
    { name: 'is quiet for 11 minutes', node: node(11), next: 'quiet', reason: 'node-quiet', in: 5 },
    { name: 'is silent for 16', node: node(16, { state: 'quiet' }), next: 'told', reason: 'node-silent' },
    {
      name: 'had alerted 30 minutes before its last word',
      node: node(16, { alertedAt: NOW - 46 * MINUTE }),
      next: 'told',
      reason: 'node-silent-after-alert',
    },
    {
      name: 'had alerted earlier than that',
      node: node(16, { alertedAt: NOW - 47 * MINUTE }),
      next: 'told',
      reason: 'node-silent',
    },
    { name: 'is young', node: node(20, { firstAt: NOW - 29 * MINUTE }), next: 'forgotten', reason: 'node-young' },
    {
      name: 'was deleted',
      node: node(11),
      over: { presence: 'absent' },
      next: 'forgotten',
      reason: 'node-deleted',
    },
    {
      name: 'was deleted after it was told',
      node: node(30, { state: 'told' }),
      over: { presence: 'absent' },
      next: 'forgotten',
      reason: 'node-deleted',
    },
    {
      name: 'is not ready',
      node: node(20),
      over: { presence: 'not-ready' },
      next: 'excused',
      reason: 'node-not-ready',
      in: 5,
    },
    {
      name: 'is ready again, and silent',
      node: node(20, { state: 'excused' }),
      over: { presence: 'ready' },
      next: 'told',
      reason: 'node-silent',
    },
    {
      name: 'is of a cluster that was told of',
      node: node(20),
      over: { clusterTold: true },
      next: 'quiet',
      reason: 'node-of-silent-cluster',
      in: 5,
    },
    {
      name: 'was told a moment ago',
      node: node(20, { state: 'told', toldAt: NOW - 4 * MINUTE }),
      next: 'told',
      reason: 'node-told',
      in: 5,
    },
    { name: 'was told', node: node(60, { state: 'told' }), next: 'missed', reason: 'node-told', in: 23 * 60 },
    {
      name: 'was told, and may be deleted',
      node: node(60, { state: 'told' }),
      over: { presence: 'ready' },
      next: 'missed',
      reason: 'node-told',
      in: 5,
    },
    { name: 'was told a day ago', node: node(1_440, { state: 'missed' }), next: 'forgotten', reason: 'node-forgotten' },
    {
      name: 'is of a cluster that was told of a day ago',
      node: node(1_440, { state: 'quiet' }),
      over: { clusterTold: true },
      next: 'forgotten',
      reason: 'node-forgotten',
    },
    {
      name: 'was silent for a day while no sweep ran',
      node: node(1_440, { state: 'heard' }),
      next: 'told',
      reason: 'node-silent',
    },
    { name: 'is irregular', node: node(60, { state: 'irregular' }), next: 'irregular', reason: 'node-heard' },
    {
      name: 'is irregular and gone for a day',
      node: node(1_440, { state: 'irregular' }),
      next: 'forgotten',
      reason: 'node-forgotten',
    },
    {
      name: 'speaks once an hour',
      node: node(100, { periods: [HOUR, HOUR] }),
      next: 'heard',
      reason: 'node-heard',
      in: 32,
    },
    {
      name: 'speaks every five minutes, after an hour of silence',
      node: node(16, { periods: [HOUR, 5 * MINUTE] }),
      next: 'told',
      reason: 'node-silent',
    },
    {
      name: 'was silent while nothing flowed',
      node: node(30),
      over: { flow: { ...flow, pauses: [[NOW - 28 * MINUTE, NOW - 3 * MINUTE]] } },
      next: 'heard',
      reason: 'node-heard',
      in: 6,
    },
  ])('that $name: $reason', ({ node: of, over = {}, next, reason, in: minutes }) => {
    const judgement = judgeNode(of, { ...CASE, ...over });
    expect(judgement).toMatchObject({ next, reason });
    if (minutes !== undefined) expect((judgement.at - NOW) / MINUTE).toBe(minutes);
  });
});

describe('words', () => {
  const time = { now: NOW, ahead: 5_000 };

  test("count by the store's clock, and never in its future", () => {
    const words = { ...noWords(), heardAt: NOW - MINUTE };
    expect(heard(node(20), words, node(20), time)?.node.lastAt).toBe(NOW - MINUTE + 5_000);
    expect(heard(node(20), { ...words, heardAt: NOW + HOUR }, node(20), time)?.node.lastAt).toBe(NOW);
  });

  test('end a silence, told or not, and what was owed of it', () => {
    const silent = node(20, { state: 'told', owes: [{ kind: 'silent', at: NOW, loud: false }] });
    expect(heard(silent, { ...noWords(), heardAt: NOW }, silent, time)?.node).toMatchObject({
      state: 'heard',
      owes: [],
    });
  });

  test('that an idle instance writes long after they were said end no silence since', () => {
    const silent = node(20, { state: 'told' });
    const words = { ...noWords(), heardAt: silent.lastAt - MINUTE };
    expect(heard(silent, words, silent, time)?.node).toMatchObject({ state: 'told', lastAt: silent.lastAt });
  });

  test('of other sources alone make no node', () => {
    expect(heard(undefined, { ...noWords(), others: true }, node(0), time)).toBeUndefined();
  });
});

describe('a cluster', () => {
  const watched: WatchedCluster = { cluster, nodes: 10, since: 0, keptAt: 0 };
  const canary = (silentFor: number, spoke = 60) => {
    const lastAt = NOW - silentFor * MINUTE;
    return { firstAt: lastAt - spoke * MINUTE, lastAt, periods: [5 * MINUTE] };
  };

  test.each([
    { name: 'half of it', counts: { lately: 2, silent: 2, speaking: 2 }, reason: 'cluster-silent' },
    { name: 'all of it', counts: { lately: 3, silent: 3, speaking: 0 }, reason: 'cluster-silent' },
    { name: 'less than half', counts: { lately: 2, silent: 2, speaking: 3 }, reason: 'cluster-heard' },
    { name: 'one of two', counts: { lately: 1, silent: 1, speaking: 1 }, reason: 'cluster-heard' },
    { name: 'its only node', counts: { lately: 1, silent: 1, speaking: 0 }, reason: 'cluster-heard' },
    {
      name: 'half of it, one after the other,',
      counts: { lately: 1, silent: 5, speaking: 5 },
      reason: 'cluster-heard',
    },
  ])('with $name silent: $reason', ({ counts, reason }) => {
    expect(judgeCluster(watched, counts, flow, options)).toBe(reason);
  });

  test('that was told is silent until more than half of it speaks', () => {
    const clusterTold = { uuid: 'u1', since: 0, owed: false, why: '' };
    const counts = { lately: 0, silent: 5, speaking: 5 };
    expect(judgeCluster({ ...watched, clusterTold }, counts, flow, options)).toBe('cluster-silent');
    expect(judgeCluster({ ...watched, clusterTold: { ...clusterTold, overAt: 1 } }, counts, flow, options)).toBe(
      'cluster-heard',
    );
  });

  test.each([
    { name: 'silent for 11 minutes', canary: canary(11), reason: 'canary-silent' },
    { name: 'that tripped 10 minutes ago', canary: canary(10), reason: 'cluster-heard' },
    { name: 'that was tried once', canary: canary(60, 0), reason: 'cluster-heard' },
    { name: 'of every half hour', canary: { ...canary(60), periods: [30 * MINUTE] }, reason: 'cluster-heard' },
  ])('with a canary $name: $reason', ({ canary: of, reason }) => {
    expect(judgeCluster({ ...watched, canary: of }, { lately: 0, silent: 0, speaking: 0 }, flow, options)).toBe(reason);
  });

  test('whose canary trips on several nodes at once has one period', () => {
    const times = [0, 1_000, 2_000, 5 * MINUTE, 5 * MINUTE + 1_000];
    const of = times.reduce<ReturnType<typeof canaryHeard> | undefined>(
      (before, at) => canaryHeard(before, NOW + at),
      undefined,
    );
    expect(of?.periods).toEqual([5 * MINUTE - 2_000]);
  });
});
