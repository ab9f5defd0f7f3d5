/** A store that is asked whether its settings lose data before it is first used, and again until it says that they don't. */

import type { Store } from './ports.ts';

/** Each operation throws what `check` throws until that has passed once; those that wait for it wait together. */
export function checkedStore(store: Store): Store {
  let checking: Promise<void> | undefined;

  function check(): Promise<void> {
    checking ??= store.check().catch((error: unknown) => {
      checking = undefined;
      throw error;
    });
    return checking;
  }

  return {
    check,
    claim: (claims) => check().then(() => store.claim(claims)),
    settle: (settlements) => check().then(() => store.settle(settlements)),
    closeWindows: (limit, failed) => check().then(() => store.closeWindows(limit, failed)),
    takeSummaries: (limit, failed) => check().then(() => store.takeSummaries(limit, failed)),
    deleteSummary: (id) => check().then(() => store.deleteSummary(id)),
    transact: (body) => check().then(() => store.transact(body)),
    due: (kind, limit) => check().then(() => store.due(kind, limit)),
    list: (kind, limit) => check().then(() => store.list(kind, limit)),
    close: () => store.close(),
  };
}
