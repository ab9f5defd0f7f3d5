/** Whether nodes that a publisher invents make each event dearer, once an instance remembers as many as it may. */

import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { watchOptions } from '../../functions/core/watch/watch-options.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createLastWord, type LastWord, type Word } from '../../functions/ingest/last-word.ts';
import { fixtureText } from '../fixtures/load.ts';
import type { Result } from './result.ts';

/** Four times as many fill what an instance remembers. */
const NAMES = 5_000;
const GROUPS = 6;
/** One where a name past the bound costs what the first did; hundreds where each has it look through all of them. */
const LIMIT = 8;
/** What measuring itself may add to the shorter time. */
const NOISE_MS = 1;

const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
const NOW = 1_795_424_405_000;

export function measureInventedNodes(tries: number): Result {
  const groups = Array.from({ length: GROUPS }, (_, group) => wordsOf(group));
  const times = Array.from({ length: tries }, () => {
    const lastWord = openLastWord();
    return groups.map((words) => {
      const start = performance.now();
      for (const word of words) void lastWord.hear(word, false);
      return performance.now() - start;
    });
  });
  const least = (group: number): number => Math.min(...times.map((each) => each[group] ?? Number.NaN)) + NOISE_MS;
  const [first, last] = [least(0), least(GROUPS - 1)];
  return {
    name: `time for ${NAMES} invented nodes past those that are remembered / for the first ${NAMES}`,
    value: last / first,
    limit: { atMost: LIMIT },
    raw: `${last.toFixed(1)} / ${first.toFixed(1)} ms`,
  };
}

/** It is never time to write. */
function openLastWord(): LastWord {
  const after = (): (() => void) => () => {};
  return createLastWord({
    store: createMemoryStore(() => NOW, after),
    options: watchOptions.parse({}),
    listed: 0,
    clock: () => NOW,
    after,
    writeLog() {},
  });
}

function wordsOf(group: number): Word[] {
  const read = readEvent(fixtureText('api-server-curl'));
  if (!read.ok) throw new Error(read.detail);
  const { event } = read;
  return Array.from({ length: NAMES }, (_, index) => {
    const node = `gke-invented-${group}-${index}`;
    return {
      event: { ...event, hostname: node },
      context: {
        cluster: CLUSTER,
        clusterStatus: 'unlisted',
        clusterMismatch: false,
        node,
        enrichment: 'none',
        enrichmentReasons: [],
      },
      judgement: { priority: 'Notice' },
      message: { publishTime: new Date(NOW).toISOString() },
    };
  });
}
