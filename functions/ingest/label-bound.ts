/**
 * Bounds the index labels that a publisher chooses: each new value is a stream of its own to Loki, and a tenant has a
 * limited number of them, so that one who invents names could silence everybody.
 */

import type { LogEntry } from '../core/event/alert.ts';

/** Clusters that pipeline.yaml does not list; with eight priorities each below Loki's 5,000 streams a tenant. */
const MOST_CLUSTERS = 200;
/** Falco's own and the plugins' that one relay may meet. */
const MOST_SOURCES = 32;
const OTHER = 'other';

/** The entry, or one whose labels read `other` and whose metadata says what they were. */
export type BoundLabels = (entry: LogEntry, listed: boolean) => LogEntry;

/** Remembers the first names that an instance meets; those keep streams of their own as long as it lives. */
export function createLabelBound(): BoundLabels {
  const clusters = new Set<string>();
  const sources = new Set<string>();
  return (entry, listed) => {
    const { project = '', cluster = '', source = '' } = entry.labels;
    const named = listed || admitted(clusters, `${project}/${cluster}`, MOST_CLUSTERS);
    const sourced = admitted(sources, source, MOST_SOURCES);
    if (named && sourced) return entry;
    return {
      ...entry,
      labels: {
        ...entry.labels,
        ...(named ? {} : { project: OTHER, cluster: OTHER }),
        ...(sourced ? {} : { source: OTHER }),
      },
      metadata: {
        ...entry.metadata,
        ...(named ? {} : { claimed_project: project, claimed_cluster: cluster }),
        ...(sourced ? {} : { claimed_source: source }),
      },
    };
  };
}

function admitted(known: Set<string>, name: string, most: number): boolean {
  if (known.has(name)) return true;
  if (known.size >= most) return false;
  known.add(name);
  return true;
}
