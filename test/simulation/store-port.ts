/** The store as one process sees it: the memory store's own code over what all processes share, with faults between. */

import { createMemoryStore, type Memory } from '../../functions/adapters/store/memory.ts';
import type { Store, Transaction } from '../../functions/core/ports.ts';
import type { Link, Trip } from './link.ts';
import type { Process } from './process.ts';
import type { Time } from './time.ts';

/**
 * A store with a replica that acknowledges each write. While it is away nothing is acknowledged; then it comes back, or it
 * takes over and what it does not have is lost.
 */
export interface Replica {
  /** Resolves when what was written so far is safe. */
  acknowledged(): Promise<void>;
  goAway(): void;
  comeBack(): void;
  takeOver(): void;
}

export function createReplica(memory: Memory): Replica {
  let copy: Memory | undefined;
  let held: { resolve(): void; reject(error: Error): void }[] = [];

  function end(settle: (waiting: { resolve(): void; reject(error: Error): void }) => void): void {
    copy = undefined;
    const waiting = held;
    held = [];
    for (const each of waiting) settle(each);
  }

  return {
    acknowledged: () =>
      copy ? new Promise((resolve, reject) => void held.push({ resolve, reject })) : Promise.resolve(),
    goAway() {
      copy ??= copyOf(memory);
    },
    comeBack() {
      end(({ resolve }) => resolve());
    },
    takeOver() {
      if (copy) restore(memory, copy);
      end(({ reject }) => reject(new Error('store: the replica took over')));
    },
  };
}

function copyOf({ newId, ...rest }: Memory): Memory {
  return { ...structuredClone(rest), newId };
}

function restore(memory: Memory, { newId: _, version: __, ...copy }: Memory): void {
  for (const [name, from] of Object.entries(copy) as [keyof typeof copy, Map<string, unknown>][]) {
    const to = memory[name] as Map<string, unknown>;
    to.clear();
    for (const [key, value] of from) to.set(key, value);
  }
}

export function createStorePort(deps: {
  process: Process;
  link: Link;
  memory: Memory;
  replica: Replica;
  time: Time;
  /** Whether a transaction that could commit is told that somebody else was faster. */
  isContended(): boolean;
}): Store {
  const { process, link, memory, replica, time, isContended } = deps;
  const store = createMemoryStore(time.now, process.after, memory);

  function write<T>(run: () => Promise<T>): Promise<T> {
    const effect = async (): Promise<T> => {
      const value = await run();
      await replica.acknowledged();
      return value;
    };
    return link.call(process, { port: 'store', effect });
  }

  const read = <T>(run: () => Promise<T>): Promise<T> => link.call(process, { port: 'store', effect: run });

  /** Each read is an exchange, and so is the commit; between them other processes go on. */
  async function transact<T>(body: (tx: Transaction) => Promise<T>, newTrip: () => Trip): Promise<T> {
    let commit: Trip | undefined;
    async function attempt(tx: Transaction, change: Pick<Transaction, 'set' | 'delete'>): Promise<T> {
      const value = await body({
        now: tx.now,
        get: async (key) => {
          const trip = newTrip();
          await trip.out();
          const found = await tx.get(key);
          await trip.back();
          return found;
        },
        ...change,
      });
      commit = newTrip();
      await commit.out();
      return value;
    }
    const discard = { set() {}, delete() {} };
    if (isContended()) await store.transact((tx) => attempt(tx, discard));
    const value = await store.transact((tx) => attempt(tx, { set: tx.set, delete: tx.delete }));
    await replica.acknowledged();
    await commit?.back();
    return value;
  }

  return {
    claim: (claims) => write(() => store.claim(claims)),
    settle: (settlements) => write(() => store.settle(settlements)),
    closeWindows: (limit) => write(() => store.closeWindows(limit)),
    takeSummaries: (limit) => write(() => store.takeSummaries(limit)),
    deleteSummary: (id) => write(() => store.deleteSummary(id)),
    transact: (body) => link.within(process, 'store', (trip) => transact(body, trip)),
    due: (kind, limit) => read(() => store.due(kind, limit)),
    list: (kind, limit) => read(() => store.list(kind, limit)),
    check: async () => {},
    close: async () => {},
  };
}
