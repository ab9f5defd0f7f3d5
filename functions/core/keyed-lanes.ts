/** Lanes by key: what concerns one thing is grouped, one transaction after another, and delays nothing else. */

import type { Lane } from './lane.ts';

/** Hands an item to its key's lane, which lives as long as it has work. */
export function createKeyedLanes<In, Out>(
  create: (key: string) => Lane<In, Out>,
): (key: string, item: In) => Promise<Out> {
  const lanes = new Map<string, Lane<In, Out>>();
  return async (key, item) => {
    const lane = lanes.get(key) ?? create(key);
    lanes.set(key, lane);
    try {
      return await lane.submit(item);
    } finally {
      if (lane.idle && lanes.get(key) === lane) lanes.delete(key);
    }
  };
}
