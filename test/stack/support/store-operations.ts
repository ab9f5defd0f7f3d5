/** Random operations on a store, and their answers in a form that is the same for every store. */

import { createHash } from 'node:crypto';
import type { Json } from '../../../functions/core/json.ts';
import type { EventClaim, EventRecord, Settlement, Store, Summary } from '../../../functions/core/ports.ts';
import { claimOf, LONG_MS, settlementOf } from '../../adapters/store/claims.ts';
import type { Random } from './random.ts';

/** A window that is over by the next operation, as no store's clock stands still. */
const SHORT_MS = 1;
/** More than a store ever has here. */
const ALL = 200;
const KINDS = ['I', 'N'];
const LISTS = ['pods', 'nodes', 'users', 'remotes'] as const;

interface Write {
  key: string;
  value?: Json;
  /** Milliseconds from the start, which is past by then, or an hour ahead. */
  due?: { kind: string; offset: number };
}

export type StoreOperation =
  | { kind: 'claim'; claims: readonly EventClaim[] }
  | { kind: 'settle'; settlements: readonly Settlement[] }
  | { kind: 'closeWindows' | 'takeSummaries' }
  /** The n-th summary that was taken; written before or not. */
  | { kind: 'deleteSummary'; nth: number }
  | { kind: 'transact'; reads: readonly string[]; writes: readonly Write[]; fails: boolean }
  | { kind: 'due' | 'list'; of: string; limit: number };

export function storeOperations(random: Random): () => StoreOperation {
  const oneOf = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  const chance = (percent: number): boolean => random.below(100) < percent;
  /** So many different ones of a group. */
  const some = (prefix: string, among: number, most: number): string[] =>
    random.shuffle(Array.from({ length: among }, (_, index) => `${prefix}${index}`)).slice(0, 1 + random.below(most));
  let offset = 0;

  function claim(uuid: string): EventClaim {
    const behaviour = random.below(4);
    return claimOf(uuid, {
      fingerprint: `fp${behaviour}`,
      // What repeats in a short window does so in the group that opened it.
      windowMs: behaviour === 0 ? LONG_MS : SHORT_MS,
      // Of a window that lasts, always as many: Redis may ask for an entry that was not sent, and then short ones end meanwhile.
      keep: behaviour === 0 ? 2 : oneOf([0, 0, 2]),
      escalates: chance(30),
      replay: chance(20),
      pastHorizon: chance(5),
      overflow: {
        key: `workload${random.below(2)}`,
        fingerprint: 'fp-overflow',
        limit: oneOf([3, 50]),
        windowMs: LONG_MS,
      },
      seen: {
        timeNs: `17640000000000${String(random.below(100_000)).padStart(5, '0')}`,
        pod: `pod-${random.below(14)}`,
        node: `node-${random.below(3)}`,
        user: oneOf(['root', '', '\u{1F600}']),
        remote: '',
      },
    });
  }

  function write(key: string): Write {
    if (chance(15)) return { key };
    offset += 1;
    const due = { kind: oneOf(KINDS), offset: chance(50) ? offset : LONG_MS + offset };
    return { key, value: { n: offset, of: [key, null, true] }, ...(chance(70) ? { due } : {}) };
  }

  return () => {
    const dice = random.below(100);
    if (dice < 40) return { kind: 'claim', claims: some('event-', 250, 10).map(claim) };
    if (dice < 55) {
      const settle = (uuid: string) =>
        settlementOf(uuid, { log: chance(50), escalation: chance(50), parked: chance(15) });
      return { kind: 'settle', settlements: some('event-', 250, 10).map(settle) };
    }
    if (dice < 62) return { kind: 'closeWindows' };
    if (dice < 68) return { kind: 'takeSummaries' };
    if (dice < 73) return { kind: 'deleteSummary', nth: random.below(10) };
    if (dice < 90) {
      const keys = some('I:', 12, 4);
      return { kind: 'transact', reads: keys, writes: keys.filter(() => chance(70)).map(write), fails: chance(10) };
    }
    return { kind: dice < 95 ? 'due' : 'list', of: oneOf(KINDS), limit: oneOf([1, 3, ALL]) };
  };
}

export interface RecordedStore {
  /** Resolves once every short window is over by the store's own clock. */
  passed(): Promise<void>;
  /** Gives the answer in words. */
  run(operation: StoreOperation): Promise<string>;
}

/** `startMs` is the same for all stores that are compared. */
export function recorded(store: Store, startMs: number): RecordedStore {
  /** Windows have ids of chance: each is named after the order in which it appeared. */
  const names = new Map<string, string>([['', 'none']]);
  const taken: string[] = [];

  function nameOf(id: string): string {
    const name = names.get(id) ?? `w${names.size}`;
    names.set(id, name);
    return name;
  }

  const record = ({ windowId, entry, ...rest }: EventRecord): unknown => ({
    ...rest,
    window: nameOf(windowId),
    entry:
      entry && digest(JSON.stringify([entry.line, entry.timestampNs, sorted(entry.labels), sorted(entry.metadata)])),
  });

  function summary({ id, timestampNs, labels, ...rest }: Summary): unknown {
    if (!taken.includes(id)) taken.push(id);
    // Firestore lists values by the time of their events, the others as they came.
    const lists = LISTS.map((name) => [name, rest.cut.includes(name) ? rest[name].length : rest[name].toSorted()]);
    const same = { ...rest, ...Object.fromEntries(lists), labels: sorted(labels), at: timestampNs.length };
    return { window: nameOf(id), ...sorted(same) };
  }

  async function answer(operation: StoreOperation): Promise<unknown> {
    switch (operation.kind) {
      case 'claim': {
        const outcomes = await store.claim(operation.claims);
        return outcomes.map((outcome) =>
          outcome.ok ? sorted(record(outcome.value) as object) : String(outcome.error),
        );
      }
      case 'settle':
        return (await store.settle(operation.settlements)).map(({ ok }) => ok);
      case 'closeWindows':
        return store.closeWindows(ALL);
      case 'takeSummaries': {
        const all = await store.takeSummaries(ALL);
        // Each store takes them in an order of its own.
        const inOrder = all.toSorted((a, b) => (nameOf(a.id) < nameOf(b.id) ? -1 : 1));
        return inOrder.map(summary);
      }
      case 'deleteSummary': {
        const id = taken[operation.nth];
        if (id !== undefined) await store.deleteSummary(id);
        return id !== undefined && nameOf(id);
      }
      case 'transact':
        return transact(operation);
      default:
        return store[operation.kind](operation.of, operation.limit);
    }
  }

  function transact({ reads, writes, fails }: StoreOperation & { kind: 'transact' }): Promise<unknown> {
    const failure = new Error('as planned');
    return store
      .transact(async (tx) => {
        const seen: unknown[] = [];
        for (const key of reads) seen.push((await tx.get(key)) ?? 'absent');
        for (const { key, value, due } of writes) {
          if (value === undefined) tx.delete(key);
          else {
            const at = due && { due: { kind: due.kind, at: startMs - LONG_MS + due.offset } };
            tx.set(key, { value, expiresAt: startMs + 10 * LONG_MS, ...at });
          }
        }
        if (fails) throw failure;
        return seen;
      })
      .catch((error: unknown) => {
        if (error !== failure) throw error;
        return 'failed as planned';
      });
  }

  const now = (): Promise<number> => store.transact(async (tx) => tx.now);

  return {
    async passed() {
      for (const since = await now(); (await now()) <= since + SHORT_MS; );
    },
    run: async (operation) => JSON.stringify(await answer(operation)),
  };
}

function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8);
}
