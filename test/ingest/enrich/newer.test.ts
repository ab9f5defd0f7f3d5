/** Enrichment: pods and containers that are newer than what is known of their name or their node. */

import { describe, expect, test } from '@jest/globals';
import { found, notFound, type PodOnNode } from '../../../functions/core/event/metadata.ts';
import { ATTRIBUTES, eventOf, fullAnswers, NODE, setUp } from './support.ts';

const NAME = 'ledger-api-7c9d5b8f6-x2x8k';
const POD = `pod payments/${NAME}`;
const LIST = `pods on ${NODE}`;
const never = new Promise<never>(() => {});

const podOf = (uid: string, more: object = {}) =>
  found({
    uid,
    node: NODE,
    serviceAccount: `account of ${uid}`,
    labels: { team: `team of ${uid}` },
    owner: { kind: 'StatefulSet', name: `set of ${uid}` },
    containers: [],
    ...more,
  });

const factsOf = (uid: string) => ({
  podUid: uid,
  serviceAccount: `account of ${uid}`,
  podLabels: { team: `team of ${uid}` },
  team: `team of ${uid}`,
  workload: { kind: 'StatefulSet', name: `set of ${uid}` },
  enrichment: 'full',
});

describe('a pod that was made anew under the same name', () => {
  const of = (uid: string) => eventOf({ 'k8s.pod.uid': uid });

  test('is described by its own facts at once, and the one before it by what was known of it', async () => {
    const { enrich, answers, asked, time } = setUp();
    answers[POD] = podOf('u1');
    expect(await enrich(of('u1'), ATTRIBUTES)).toMatchObject(factsOf('u1'));
    answers[POD] = podOf('u2');
    asked.length = 0;
    expect(await enrich(of('u2'), ATTRIBUTES)).toMatchObject(factsOf('u2'));
    expect(asked).toEqual([POD]);
    time.pass(11 * 60_000);
    expect(await enrich(of('u1'), ATTRIBUTES)).toMatchObject(factsOf('u1'));
  });

  test('lends nothing to the one before it, of which nothing is known', async () => {
    const { enrich, answers } = setUp();
    answers[POD] = podOf('u2');
    const context = await enrich(of('u1'), ATTRIBUTES);
    expect(context).toMatchObject({ podUid: 'u1', enrichment: 'partial', enrichmentReasons: ['enrich-not-found'] });
    expect(context).not.toHaveProperty('serviceAccount');
    expect(context).not.toHaveProperty('podLabels');
    expect(context).not.toHaveProperty('workload');
    expect(context.team).toBe('money');
  });

  test('is asked for once in half a minute where the API knows another', async () => {
    const { enrich, answers, asked, time } = setUp();
    answers[POD] = podOf('u2');
    for (let second = 0; second < 30; second += 1, time.pass(1_000)) await enrich(of('u1'), ATTRIBUTES);
    expect(asked.filter((question) => question === POD)).toHaveLength(1);
  });

  test('is told from the one before it by the list of its node too', async () => {
    const { enrich, answers } = setUp();
    const unnamed = { 'k8s.ns.name': null, 'k8s.pod.name': null };
    answers[POD] = podOf('u1');
    await enrich(eventOf(), ATTRIBUTES);
    answers[POD] = podOf('u2');
    answers[LIST] = found([{ namespace: 'payments', name: NAME, uid: 'u2', containerIds: ['c'.repeat(64)] }]);
    const context = await enrich(eventOf({ ...unnamed, 'container.id': 'cccccccccccc' }), ATTRIBUTES);
    expect(context).toMatchObject({ pod: NAME, ...factsOf('u2') });
  });
});

test('a static pod has two uids, and both are its own', async () => {
  const { enrich, answers } = setUp();
  answers[POD] = podOf('of-the-copy', { staticUid: 'of-the-node', owner: { kind: 'Node', name: NODE } });
  for (const uid of ['of-the-node', 'of-the-copy']) {
    const context = await enrich(eventOf({ 'k8s.pod.uid': uid }), ATTRIBUTES);
    expect(context).toMatchObject({ podUid: uid, serviceAccount: 'account of of-the-copy', enrichment: 'full' });
  }
});

describe('a container that is newer than the list of its node', () => {
  const of = (id: string) => eventOf({ 'k8s.ns.name': null, 'k8s.pod.name': null, 'container.id': id });
  const [OLD, NEW] = ['aaaaaaaaaaaa', 'bbbbbbbbbbbb'];
  const listed = (...ids: string[]) =>
    found(ids.map((id): PodOnNode => ({ namespace: 'payments', name: NAME, uid: 'pod-uid', containerIds: [id] })));

  async function listedOld() {
    const set = setUp({ answers: { ...fullAnswers(), [LIST]: listed(OLD) } });
    expect((await set.enrich(of(OLD), ATTRIBUTES)).pod).toBe(NAME);
    const lists = () => set.asked.filter((question) => question === LIST).length;
    return { ...set, lists };
  }

  test('is found once the list is two seconds old', async () => {
    const { enrich, answers, time, lists } = await listedOld();
    answers[LIST] = listed(OLD, NEW);
    time.pass(1_999);
    expect((await enrich(of(NEW), ATTRIBUTES)).enrichmentReasons).toEqual(['enrich-no-pod']);
    expect(lists()).toBe(1);
    time.pass(1);
    expect(await enrich(of(NEW), ATTRIBUTES)).toMatchObject({ pod: NAME, enrichment: 'full' });
    expect(lists()).toBe(2);
  });

  test('does not cost those that are listed another list', async () => {
    const { enrich, time, lists } = await listedOld();
    time.pass(20_000);
    expect((await enrich(of(OLD), ATTRIBUTES)).pod).toBe(NAME);
    expect(lists()).toBe(1);
  });

  test('is looked for once in two seconds, however many come', async () => {
    const { enrich, time, lists } = await listedOld();
    for (let round = 0; round < 100; round += 1) {
      time.pass(100);
      const contexts = Array.from({ length: 5 }, (_, index) =>
        enrich(of(`${round * 5 + index}`.padStart(12, '0')), ATTRIBUTES),
      );
      for (const { enrichmentReasons } of await Promise.all(contexts)) {
        expect(enrichmentReasons).toEqual(['enrich-no-pod']);
      }
    }
    expect(lists()).toBe(1 + 5);
  });

  test('waits for one list at a time, no longer than its budget, and says so', async () => {
    const { enrich, answers, time, lists } = await listedOld();
    answers[LIST] = never;
    time.pass(2_000);
    for (let second = 0; second < 4; second += 1) {
      const context = enrich(of(NEW), ATTRIBUTES);
      await time.armed(2);
      time.pass(300);
      expect((await context).enrichmentReasons).toEqual(['enrich-timeout']);
    }
    expect(lists()).toBe(2);
    expect((await enrich(of(OLD), ATTRIBUTES)).pod).toBe(NAME);
  });

  test('says why where the list fails, and leaves the API alone for a while', async () => {
    const { enrich, answers, time, lists } = await listedOld();
    answers[LIST] = notFound('enrich-unavailable');
    time.pass(2_000);
    for (let second = 0; second < 5; second += 1, time.pass(1_000)) {
      const { enrichmentReasons } = await enrich(of(NEW), ATTRIBUTES);
      expect(enrichmentReasons).toEqual(['enrich-unavailable', 'enrich-no-pod']);
      expect((await enrich(of(OLD), ATTRIBUTES)).pod).toBe(NAME);
    }
    expect(lists()).toBe(2);
  });
});
