/** The rules of docs/protocol.md on who opened a shell: whatever interleaves, the two find each other once. */

import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { readDelivery, readIncident } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import type { After, Store } from '../../functions/core/ports.ts';
import { joinIncident, openIncidents } from '../../functions/escalate/join.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createExplain } from '../../functions/ingest/explain.ts';
import { advanceIncidents } from '../../functions/sweep/incidents.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { eventText, execEvent } from '../support/events.ts';
import { START } from '../support/world.ts';

const ROUNDS = 400;

/** The same sequence for each seed, from 0 to 1. */
function randomOf(seed: number): () => number {
  // Small seeds begin alike: some steps part them.
  let state = ((seed + 1) * 16_807 * 48_271) % 2_147_483_647;
  return () => {
    state = (state * 16_807) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

/** Now and then an exec comes when the shells have long been counted. */
async function late(random: () => number): Promise<void> {
  for (let turns = random() < 0.5 ? 0 : 60; turns > 0; turns -= 1) await new Promise(setImmediate);
}

/** A store whose transactions are interrupted after each read, for as many turns as chance will have it. */
function interrupted(store: Store, random: () => number): Store {
  const interrupt = async (): Promise<void> => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns -= 1) await new Promise(setImmediate);
  };
  return {
    ...store,
    async transact(body) {
      await interrupt();
      return store.transact((tx) =>
        body({
          now: tx.now,
          async get(key) {
            const value = await tx.get(key);
            await interrupt();
            return value;
          },
          set: tx.set,
          delete: tx.delete,
        }),
      );
    },
  };
}

const clock = (): number => START;
/** A pause before another attempt is over at once, and patience has no end. */
const pauses: After = (ms, run) => {
  if (ms >= 1_000) return () => {};
  const turn = setImmediate(run);
  return () => clearImmediate(turn);
};
const GROUP = groupOf(SHELL);

/** What escalate does with an alert. */
async function counts(store: Store, alert: AlertView): Promise<void> {
  const arrivals = [{ alert, group: GROUP, routing: { receivers: ['oncall'], tiers: [] } }];
  const [joined] = await joinIncident(store, arrivals);
  if (!joined) await openIncidents(store, arrivals);
}

/** What ingest does with an exec, which its messages may bring more than once. */
async function explains(store: Store, auditId: string, user: string): Promise<void> {
  const read = readEvent(eventText(execEvent(auditId, { fields: { 'ka.user.name': user } })));
  if (!read.ok) throw new Error(read.detail);
  const problems: string[] = [];
  const writeLog = ({ message }: { message: string }): void => void problems.push(message);
  const explain = createExplain({ store, topics: { publish: async () => {} }, clock, writeLog });
  const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
  const context = { cluster, clusterStatus: 'listed', clusterMismatch: false } as const;
  const passage = {
    uuid: auditId,
    event: read.event,
    context: { ...context, enrichment: 'none', enrichmentReasons: [] },
  } as const;
  await explain(passage)?.();
  expect(problems).toEqual([]);
}

describe('w1: a shell and its exec read and write one document', () => {
  test('whichever instance is faster, each shell has both names and its page', async () => {
    const updates = new Set<number>();
    for (let seed = 0; seed < ROUNDS; seed += 1) {
      const memory = createMemoryStore(clock, pauses);
      const store = interrupted(memory, randomOf(seed));
      const random = randomOf(7 * seed);
      await Promise.all([
        counts(store, SHELL),
        late(random).then(() => explains(store, 'a1', 'ana')),
        counts(store, alertLike(SHELL, {}, 1)),
        late(random).then(() => explains(store, 'a2', 'bo')),
        late(random).then(() => explains(store, 'a1', 'ana')),
        advanceIncidents({ store, clock }),
      ]);
      const incident = await memory.transact((tx) => readIncident(tx, GROUP.key));
      const named = incident?.shells?.map(({ by }) =>
        by
          .map(({ user }) => user)
          .sort()
          .join(),
      );
      expect({ seed, named, count: incident?.count }).toEqual({ seed, named: ['ana,bo', 'ana,bo'], count: 2 });
      const ref = { groupKey: GROUP.key, generation: 1, receiver: 'oncall' };
      updates.add((await memory.transact((tx) => readDelivery(tx, ref)))?.want ?? 0);
    }
    // The page, and at most one update for each of the two: all three cases came up.
    expect([...updates].sort()).toEqual([1, 2, 3]);
  }, 60_000);
});
