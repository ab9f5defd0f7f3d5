/** Enrichment: what it asks, how often and for how long, and what is left when an answer fails. */

import { describe, expect, test } from '@jest/globals';
import { found, type Lookup, notFound } from '../../../functions/core/event/metadata.ts';
import { ATTRIBUTES, CLUSTER, eventOf, FACTS, fullAnswers, setUp } from './support.ts';

const POD = 'pod payments/ledger-api-7c9d5b8f6-x2x8k';
const never = new Promise<never>(() => {});

function later<T>() {
  let answer: (value: T) => void = () => {};
  const promise = new Promise<T>((resolve) => {
    answer = resolve;
  });
  return { promise, answer };
}

describe('failures', () => {
  const reasons = ['enrich-denied', 'enrich-not-found', 'enrich-unavailable'] as const;
  test.each(reasons)('%s of one question leaves the rest', async (reason) => {
    const answers = { ...fullAnswers(), [POD]: notFound(reason) };
    const context = await setUp({ answers }).enrich(eventOf(), ATTRIBUTES);
    expect(context).toMatchObject({
      enrichment: 'partial',
      enrichmentReasons: [reason],
      team: 'money',
      zone: 'europe-west1-b',
    });
  });

  test('of GKE, with nothing else to be had, are no enrichment', async () => {
    const { enrich } = setUp({ answers: { 'cluster payments-eu1': notFound('enrich-denied') } });
    const context = await enrich(eventOf(), ATTRIBUTES);
    expect(context).toMatchObject({
      enrichment: 'none',
      enrichmentReasons: ['enrich-denied'],
      pod: 'ledger-api-7c9d5b8f6-x2x8k',
    });
  });

  test('a source that throws was unavailable', async () => {
    const gke = {
      cluster: () => {
        throw new Error('a bug');
      },
      close: async () => {},
    };
    const context = await setUp({ sources: { gke }, clusters: [CLUSTER] }).enrich(eventOf(), ATTRIBUTES);
    expect(context).toMatchObject({ enrichment: 'none', enrichmentReasons: ['enrich-unavailable'] });
  });
});

describe('the budget', () => {
  test('ends the wait, and the late answer serves the next event', async () => {
    const pod = later<Lookup<unknown>>();
    const { enrich, time } = setUp({ answers: { ...fullAnswers(), [POD]: pod.promise } });
    const context = enrich(eventOf(), ATTRIBUTES);
    // The budget's timer, and that of the one request that has no answer.
    await time.armed(2);
    await settled();
    expect(time.pending()).toEqual([300, 5_000]);
    time.pass(300);
    expect(await context).toMatchObject({
      enrichment: 'partial',
      enrichmentReasons: ['enrich-timeout'],
      team: 'money',
    });

    pod.answer(fullAnswers()[POD] as Lookup<unknown>);
    await settled();
    expect(await enrich(eventOf(), ATTRIBUTES)).toMatchObject({ enrichment: 'full', serviceAccount: 'ledger' });
    expect(time.pending()).toEqual([]);
  });

  test('is as pipeline.yaml says', async () => {
    const { enrich, time } = setUp({ answers: { 'cluster payments-eu1': never }, enrich: { budget: '50ms' } });
    const context = enrich(eventOf(), ATTRIBUTES);
    await time.armed(2);
    time.pass(50);
    expect(await context).toMatchObject({ enrichment: 'none', enrichmentReasons: ['enrich-timeout'] });
  });

  test('is spent once over all questions', async () => {
    const facts = later<Lookup<unknown>>();
    const { enrich, time, asked } = setUp({
      answers: { ...fullAnswers(), 'cluster payments-eu1': facts.promise, [POD]: never },
    });
    const context = enrich(eventOf(), ATTRIBUTES);
    await time.armed(2);
    time.pass(200);
    facts.answer(found(FACTS));
    await settled();
    expect(asked).toContain(POD);
    time.pass(100);
    expect((await context).enrichmentReasons).toEqual(['enrich-timeout']);
  });
});

describe('requests', () => {
  test('are shared by 100 concurrent events', async () => {
    const { enrich, asked } = setUp();
    const contexts = await Promise.all(
      Array.from({ length: 100 }, (_, index) => enrich(eventOf({ 'proc.pid': index }), ATTRIBUTES)),
    );
    expect(new Set(contexts.map(({ enrichment }) => enrichment))).toEqual(new Set(['full']));
    expect(asked.toSorted()).toEqual(
      Object.keys(fullAnswers())
        .filter((question) => !question.startsWith('pods on'))
        .toSorted(),
    );
  });

  test('are not repeated while the answers are fresh, and nothing is awaited then', async () => {
    const { enrich, asked, time } = setUp();
    const first = await enrich(eventOf(), ATTRIBUTES);
    const questions = asked.length;
    time.pass(10 * 60_000 - 1);
    expect(enrich(eventOf(), ATTRIBUTES)).toBe(first);
    expect(asked).toHaveLength(questions);
    time.pass(1);
    await enrich(eventOf(), ATTRIBUTES);
    expect(asked).toHaveLength(2 * questions);
  });

  test('share what several pods have in common', async () => {
    const answers = fullAnswers();
    answers['pod payments/ledger-api-7c9d5b8f6-aaaaa'] = answers[POD] as Lookup<unknown>;
    const { enrich, asked } = setUp({ answers });
    await enrich(eventOf(), ATTRIBUTES);
    asked.length = 0;
    const context = await enrich(eventOf({ 'k8s.pod.name': 'ledger-api-7c9d5b8f6-aaaaa' }), ATTRIBUTES);
    expect(context.enrichment).toBe('full');
    expect(asked).toEqual(['pod payments/ledger-api-7c9d5b8f6-aaaaa']);
  });

  test('for what is not there are repeated after half a minute', async () => {
    const { enrich, asked, time, answers } = setUp();
    const pod = answers[POD] as Lookup<unknown>;
    delete answers[POD];
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichmentReasons).toEqual(['enrich-not-found']);
    asked.length = 0;
    answers[POD] = pod;
    time.pass(29_999);
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichmentReasons).toEqual(['enrich-not-found']);
    expect(asked).toEqual([]);
    time.pass(1);
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichment).toBe('full');
    expect(asked).toContain(POD);
  });

  test('that fail leave the last answer standing', async () => {
    const { enrich, answers, time } = setUp();
    await enrich(eventOf(), ATTRIBUTES);
    for (const question in answers) answers[question] = notFound('enrich-unavailable');
    time.pass(10 * 60_000);
    expect(await enrich(eventOf(), ATTRIBUTES)).toMatchObject({ enrichment: 'full', team: 'money' });
    time.pass(6 * 3_600_000);
    expect(await enrich(eventOf(), ATTRIBUTES)).toMatchObject({ enrichment: 'none' });
  });

  test('stop when a cluster keeps failing, and one finds out when it is back', async () => {
    const failing = notFound('enrich-unavailable');
    const { enrich, asked, answers, time } = setUp({
      clusters: [CLUSTER],
      answers: { 'cluster payments-eu1': failing },
    });
    const clusterFails = async (): Promise<string | undefined> =>
      (await enrich(eventOf(), ATTRIBUTES)).enrichmentReasons[0];
    for (let failure = 0; failure < 5; failure += 1) {
      expect(await clusterFails()).toBe('enrich-unavailable');
      time.pass(5_000);
    }
    expect(asked).toHaveLength(5);
    expect(await clusterFails()).toBe('enrich-breaker-open');
    time.pass(24_999);
    expect(await clusterFails()).toBe('enrich-breaker-open');
    expect(asked).toHaveLength(5);

    // Half open: the one that goes fails, and the pause begins anew.
    time.pass(1_000);
    expect(await clusterFails()).toBe('enrich-unavailable');
    expect(asked).toHaveLength(6);
    time.pass(29_000);
    expect(await clusterFails()).toBe('enrich-breaker-open');

    answers['cluster payments-eu1'] = found(FACTS);
    time.pass(1_000);
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichment).toBe('full');
    expect(asked).toHaveLength(7);
  });

  test('of one cluster that fails do not stop those of another', async () => {
    const other = { ...CLUSTER, name: 'shop-eu1' };
    const { enrich } = setUp({
      clusters: [CLUSTER, other],
      enrich: { breaker_failures: 1 },
      answers: { 'cluster payments-eu1': notFound('enrich-unavailable'), 'cluster shop-eu1': found(FACTS) },
    });
    await enrich(eventOf(), ATTRIBUTES);
    const event = eventOf({}, { hostname: 'gke-shop-eu1-spot-pool-1df9fd78-h0m4' });
    expect(await enrich(event, { ...ATTRIBUTES, gke_cluster: 'shop-eu1' })).toMatchObject({ enrichment: 'full' });
  });

  test('that never end are given up, and count as failures', async () => {
    const signals: AbortSignal[] = [];
    const gke = {
      cluster: (_ref: unknown, signal: AbortSignal) => {
        signals.push(signal);
        return never;
      },
      close: async () => {},
    };
    const { enrich, time } = setUp({ clusters: [CLUSTER], sources: { gke }, enrich: { breaker_failures: 1 } });
    const context = enrich(eventOf(), ATTRIBUTES);
    await time.armed(2);
    time.pass(300);
    expect((await context).enrichmentReasons).toEqual(['enrich-timeout']);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    time.pass(4_700);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    await settled();
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichmentReasons).toEqual(['enrich-unavailable']);
    time.pass(5_000);
    expect((await enrich(eventOf(), ATTRIBUTES)).enrichmentReasons).toEqual(['enrich-breaker-open']);
  });

  test('belong to no request', async () => {
    const { create } = await import('node:domain');
    const domain = create();
    const running = (): unknown => (process as { domain?: unknown }).domain;
    const seen: unknown[] = [];
    const gke = {
      cluster: async () => {
        seen.push(running());
        return found(FACTS);
      },
      close: async () => {},
    };
    const { enrich } = setUp({ sources: { gke }, clusters: [CLUSTER] });
    await domain.run(async () => {
      expect(running()).toBe(domain);
      await enrich(eventOf(), ATTRIBUTES);
    });
    expect(seen).toHaveLength(1);
    expect(seen[0]).not.toBe(domain);
  });
});

/** Lets what is settled already be acted upon: turns of the event loop, not time. */
async function settled(): Promise<void> {
  // Shared work begins a turn of the event loop later, and may lead to more of it.
  for (let turn = 0; turn < 4; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
}
