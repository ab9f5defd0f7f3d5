/** No publisher can open streams in Loki without end. */

import { describe, expect, test } from '@jest/globals';
import type { LogEntry } from '../../functions/core/event/alert.ts';
import { createLabelBound } from '../../functions/ingest/label-bound.ts';
import { shellEvent } from '../support/events.ts';
import { world } from '../support/world.ts';

function entry(labels: Partial<LogEntry['labels']>): LogEntry {
  const all = { project: 'p', cluster: 'c', source: 'syscall', priority: 'Notice', ...labels } as LogEntry['labels'];
  return { labels: all, timestampNs: '1', line: '{}', metadata: { uuid: 'u', n: '1' } };
}

describe('index labels', () => {
  test('of usual clusters and sources stay as they are', () => {
    const bound = createLabelBound();
    const usual = entry({});
    expect(bound(usual, false)).toBe(usual);
  });

  test('of clusters without end become few, and the metadata says which', () => {
    const bound = createLabelBound();
    const bounded = Array.from({ length: 1_000 }, (_, i) => bound(entry({ cluster: `c${i}` }), false));
    expect(new Set(bounded.map(({ labels }) => labels.cluster)).size).toBe(201);
    expect(bounded.at(-1)).toMatchObject({
      labels: { project: 'other', cluster: 'other', source: 'syscall' },
      metadata: { claimed_project: 'p', claimed_cluster: 'c999', uuid: 'u' },
    });
    // Those of the first hour, and listed ones, keep their streams.
    expect(bound(entry({ cluster: 'c0' }), false).labels.cluster).toBe('c0');
    expect(bound(entry({ cluster: 'c5000' }), true).labels.cluster).toBe('c5000');
  });

  test('of sources without end become few', async () => {
    const w = world();
    for (let i = 0; i < 40; i += 1) {
      await w.ingest(shellEvent({ uuid: `u${i}`, source: `plugin${i}`, fields: { 'plugin.n': `n${'x'.repeat(i)}` } }));
    }
    expect(w.stored).toHaveLength(40);
    expect(new Set(w.stored.map(({ labels }) => labels.source)).size).toBe(33);
  });
});
