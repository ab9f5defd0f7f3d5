/** What every store must do, to the letter of the protocol: run on memory, on a real Redis and on the Firestore emulator. */

import { afterEach, beforeEach, describe } from '@jest/globals';
import type { Store } from '../../../functions/core/ports.ts';
import { documentContract } from './contract-documents.ts';
import { eventContract } from './contract-events.ts';
import { overflowContract } from './contract-overflow.ts';
import { windowContract } from './contract-windows.ts';

/** Two instances of the relay on the same, empty data. */
export interface TwoStores {
  store: Store;
  other: Store;
  /** Moves the stores' clock, where that can be moved. */
  advance?(ms: number): void;
}

export interface ContractContext {
  readonly store: Store;
  readonly other: Store;
  /** Resolves once so many milliseconds have passed on the stores' own clock. */
  passed(ms: number): Promise<void>;
}

export function storeContract(name: string, open: () => Promise<TwoStores>): void {
  describe(`the store contract on ${name}`, () => {
    let current: TwoStores | undefined;
    const stores = (): TwoStores => {
      if (!current) throw new Error('no store is open');
      return current;
    };
    const context: ContractContext = {
      get store() {
        return stores().store;
      },
      get other() {
        return stores().other;
      },
      async passed(ms) {
        const { store, advance } = stores();
        const start = await now(store);
        if (advance) advance(ms);
        else while ((await now(store)) < start + ms);
      },
    };
    beforeEach(async () => {
      current = await open();
    });
    afterEach(async () => {
      await Promise.all([stores().store.close(), stores().other.close()]);
    });
    eventContract(context);
    windowContract(context);
    overflowContract(context);
    documentContract(context);
  });
}

function now(store: Store): Promise<number> {
  return store.transact(async (tx) => tx.now);
}
