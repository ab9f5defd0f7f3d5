import { describe, expect, test } from '@jest/globals';
import {
  type ClusterFacts,
  found,
  type Lookup,
  type NodeFacts,
  notFound,
} from '../../functions/core/event/metadata.ts';
import { createPresence } from '../../functions/sweep/node-presence.ts';

const REF = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
const FACTS: ClusterFacts = { nodePools: [], dnsEndpoint: 'gke-1.europe-west1.gke.goog' };

function asking(answer: Lookup<NodeFacts>, over: { access?: 'dns' | 'ip'; facts?: Lookup<ClusterFacts> } = {}) {
  let now = 0;
  const asked: string[] = [];
  const presenceIn = createPresence({
    clusters: [
      { ...REF, kubernetes: over.access ?? 'dns' },
      { ...REF, name: 'closed' },
    ],
    gke: {
      async cluster({ name }) {
        asked.push(name);
        return over.facts ?? found(FACTS);
      },
      close: async () => {},
    },
    kubernetes: {
      async node(target: { endpoint: string }, name: string) {
        asked.push(`${target.endpoint} ${name}`);
        return answer;
      },
    } as never,
    clock: () => now,
    signal: () => new AbortController().signal,
  });
  const pass = (ms: number): void => {
    now += ms;
  };
  return { presenceIn, asked, pass };
}

describe('Kubernetes says of a node', () => {
  test.each([
    { name: 'ready', answer: found({ spot: false, ready: true }), presence: 'ready' },
    { name: 'nothing of its readiness', answer: found({ spot: false }), presence: 'ready' },
    { name: 'not ready', answer: found({ spot: false, ready: false }), presence: 'not-ready' },
    { name: 'not found', answer: notFound<NodeFacts>('enrich-not-found'), presence: 'absent' },
    { name: 'denied', answer: notFound<NodeFacts>('enrich-denied'), presence: 'unknown' },
    { name: 'nothing', answer: notFound<NodeFacts>('enrich-unavailable'), presence: 'unknown' },
  ])('$name: $presence', async ({ answer, presence }) => {
    const { presenceIn, asked } = asking(answer);
    expect(await presenceIn(REF)?.('gke-a-1')).toBe(presence);
    expect(asked).toEqual(['payments-eu1', 'https://gke-1.europe-west1.gke.goog gke-a-1']);
  });
});

test('the endpoint is asked for once in ten minutes, and an old one stands in', async () => {
  const { presenceIn, asked, pass } = asking(found({ spot: false }));
  for (let index = 0; index < 3; index += 1) await presenceIn(REF)?.(`gke-a-${index}`);
  expect(asked.filter((each) => each === REF.name)).toHaveLength(1);
  pass(600_000);
  await presenceIn(REF)?.('gke-a-1');
  expect(asked.filter((each) => each === REF.name)).toHaveLength(2);
});

test.each([
  { name: 'that GKE does not know', over: { facts: notFound<ClusterFacts>('enrich-unavailable') } },
  { name: 'that GKE does not have', over: { access: 'ip' as const } },
])('without an endpoint $name nothing is known', async ({ over }) => {
  expect(await asking(found({ spot: false }), over).presenceIn(REF)?.('gke-a-1')).toBe('unknown');
});

test.each([
  { name: 'did not opt in', cluster: { ...REF, name: 'closed' } },
  { name: 'is not listed', cluster: { ...REF, project: 'acme-else' } },
])('a cluster that $name is not asked', ({ cluster }) => {
  expect(asking(found({ spot: false })).presenceIn(cluster)).toBeUndefined();
});
