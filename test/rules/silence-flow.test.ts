/** The watch when something else stands still: the pipeline, sweep, the store or a topic (docs/protocol.md, section (e)). */

import { describe, expect, test } from '@jest/globals';
import { alertOn, incidents, MINUTE, minutes, snapshot, speak, watchAlerts } from '../support/falco.ts';
import { world } from '../support/world.ts';

const NODES = ['gke-a-1', 'gke-a-2', 'gke-a-3', 'gke-a-4', 'gke-a-5'];
const OTHERS = NODES.slice(1);

describe('a pipeline that stopped (e4)', () => {
  test('makes nobody silent, nor when it flows again', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 24, []);
    expect(watchAlerts(w)).toEqual([]);
    expect(w.lines.map(({ reason }) => reason)).toContain('pipeline-stopped');
    await minutes(w, 30, NODES);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('gives everybody the time to speak when it flows again', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 24, []);
    await minutes(w, 4, NODES.slice(0, 1));
    await minutes(w, 30, NODES);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('does not excuse who stays silent when it flows again', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 20, []);
    await minutes(w, 25, OTHERS);
    expect(watchAlerts(w).map(({ where }) => where.node)).toEqual(['gke-a-1']);
  });

  test('and works off its backlog makes nobody silent either', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    const stoppedAt = w.time.clock();
    await minutes(w, 25, []);
    // One node's messages come first, those of the others after a quarter of an hour.
    for (let minute = 0; minute < 15; minute += 1) {
      const at = stoppedAt + minute * MINUTE;
      await speak(w, snapshot('gke-a-1'), { at, publishedAt: at });
      await w.call('sweep', {});
      w.time.pass(MINUTE);
    }
    await minutes(w, 20, NODES);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('for longer is one page for everything, and over when events arrive', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    await minutes(w, 60, []);
    expect(watchAlerts(w)).toMatchObject([{ rule: 'Falco Relay: nothing arrives', priority: 'Critical' }]);
    expect(await incidents(w)).toMatchObject([{ state: 'open', count: 1 }]);
    // A break of the sweeps is no end of it.
    w.time.pass(10 * MINUTE);
    await minutes(w, 5, []);
    expect(await incidents(w)).toMatchObject([{ state: 'open', count: 1 }]);
    await minutes(w, 5, NODES);
    expect(await incidents(w)).toMatchObject([{ state: 'resolved' }]);
  });

  test('while no sweep ran either is nothing to tell of', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    w.time.pass(180 * MINUTE);
    await minutes(w, 29, []);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('is not a quiet hour where snapshots are an hour apart', async () => {
    const w = world();
    for (let hour = 0; hour < 4; hour += 1) {
      await minutes(w, 1, NODES);
      await minutes(w, 59, []);
    }
    expect(watchAlerts(w)).toEqual([]);
  });

  test('is not a quiet night where no node sends snapshots', async () => {
    const w = world();
    await speak(w, alertOn('gke-a-1'));
    await minutes(w, 90, []);
    expect(watchAlerts(w)).toEqual([]);
  });
});

describe('what goes wrong meanwhile', () => {
  test('two sweeps at once tell once', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    for (let minute = 0; minute < 25; minute += 1) {
      if (minute % 5 === 0) for (const node of OTHERS) await speak(w, snapshot(node));
      await Promise.all([w.call('sweep', {}), w.call('sweep', {})]);
      w.time.pass(MINUTE);
    }
    expect(watchAlerts(w)).toHaveLength(1);
    expect(await incidents(w)).toMatchObject([{ count: 1 }]);
  });

  test('a sweep that does not run tells later', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    for (let round = 0; round < 5; round += 1) {
      w.time.pass(5 * MINUTE);
      for (const node of OTHERS) await speak(w, snapshot(node));
    }
    await minutes(w, 1, []);
    expect(watchAlerts(w)).toHaveLength(1);
  });

  test('an alert that could not be published is published by the next sweep', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    w.faults.publish = { escalations: 'before' };
    await minutes(w, 21, OTHERS);
    expect(watchAlerts(w)).toEqual([]);
    expect(w.lines.at(-1)).toMatchObject({ reason: 'pubsub-unavailable', severity: 'ERROR' });
    expect((await w.call('sweep', {})).status).toBe(204);
    delete w.faults.publish;
    await minutes(w, 1, []);
    expect(watchAlerts(w)).toHaveLength(1);
  });

  test('a last word that could not be written costs no event, and the next one repairs it', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    w.faults.transact = 'before';
    expect(await speak(w, snapshot('gke-a-1'))).toBe(204);
    expect(w.lines.at(-1)).toMatchObject({ reason: 'last-word-unrecorded', severity: 'WARNING' });
    delete w.faults.transact;
    await minutes(w, 20, NODES);
    expect(watchAlerts(w)).toEqual([]);
  });

  test('a redelivery is nobody speaking', async () => {
    const w = world();
    await minutes(w, 30, NODES);
    const last = snapshot('gke-a-1');
    for (let round = 0; round < 5; round += 1) {
      await speak(w, last);
      await minutes(w, 5, OTHERS);
    }
    expect(watchAlerts(w)).toMatchObject([{ where: { node: 'gke-a-1' } }]);
  });

  test('nothing is written where nothing is to be watched', async () => {
    const w = world({ pipeline: 'nodes: { watch: false }' });
    await minutes(w, 30, NODES);
    await minutes(w, 30, OTHERS);
    expect(watchAlerts(w)).toEqual([]);
    expect(await w.memory.list('watched-cluster', 10)).toEqual([]);
  });
});
