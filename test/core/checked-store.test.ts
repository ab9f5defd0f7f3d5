/** A store that is not there when an instance starts must not keep it from paging, nor be used unchecked. */

import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { checkedStore } from '../../functions/core/checked-store.ts';
import type { WindowFailed } from '../../functions/core/ports.ts';
import { shellEvent } from '../support/events.ts';
import { fakeAfter } from '../support/time.ts';
import { world } from '../support/world.ts';

function storeOf() {
  const { clock, after } = fakeAfter();
  const memory = createMemoryStore(clock, after);
  const state = { down: false, checks: 0 };
  const store = checkedStore({
    ...memory,
    async check() {
      state.checks += 1;
      if (state.down) throw new Error('Redis is not connected');
    },
  });
  return { state, store };
}

describe('a checked store', () => {
  test('is asked once, also by those that ask at once', async () => {
    const { state, store } = storeOf();
    await Promise.all([store.closeWindows(1), store.due('incident', 1)]);
    await store.takeSummaries(1);
    expect(state.checks).toBe(1);
  });

  test('hands on whom to tell of a window that failed', async () => {
    const { clock, after } = fakeAfter();
    const of = async (_limit: number, failed?: WindowFailed): Promise<never[]> => {
      failed?.('w1', new Error('down'));
      return [];
    };
    const closeWindows = async (limit: number, failed?: WindowFailed) => (await of(limit, failed)).length;
    const store = checkedStore({ ...createMemoryStore(clock, after), closeWindows, takeSummaries: of });
    const told: string[] = [];
    await store.closeWindows(1, (id) => void told.push(`close ${id}`));
    await store.takeSummaries(1, (id) => void told.push(`take ${id}`));
    expect(told).toEqual(['close w1', 'take w1']);
  });

  test('does nothing until it passed, and is asked again', async () => {
    const { state, store } = storeOf();
    state.down = true;
    await expect(store.closeWindows(1)).rejects.toThrow('not connected');
    await expect(store.transact(async () => 1)).rejects.toThrow('not connected');
    state.down = false;
    expect(await store.transact(async () => 1)).toBe(1);
    expect(state.checks).toBe(3);
  });

  test('that is down when an instance starts delays no page: what escalates is published', async () => {
    const { state, store } = storeOf();
    state.down = true;
    const w = world({ memory: store });
    expect(await w.ingest()).toBe(503);
    expect(w.on('escalations')).toHaveLength(1);
    state.down = false;
    expect(await w.ingest(shellEvent())).toBe(204);
    expect(w.stored).toHaveLength(1);
  });
});
