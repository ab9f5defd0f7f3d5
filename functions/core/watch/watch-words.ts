/** The relay's own alerts of silence and loss in people's words: headline, and what to do first. */

import type { AlertView } from '../page/notification.ts';
import { ALL_RULE, CLUSTER_RULE, DROPS_RULE, GAP_RULE, SILENT_RULE } from './watch-rules.ts';

const PHRASES: Readonly<Record<string, string>> = {
  [SILENT_RULE]: 'Falco silent',
  [CLUSTER_RULE]: 'Falco silent',
  [ALL_RULE]: 'No events',
  [DROPS_RULE]: 'Falco drops events',
  [GAP_RULE]: 'Alerts lost before the relay',
};

const FIRST_STEPS: Readonly<Record<string, string>> = {
  [SILENT_RULE]: 'check Falco on this node and whether the node is still there: no attack on it is seen meanwhile',
  [CLUSTER_RULE]: 'check Falcosidekick there and its access to Pub/Sub: no attack on this cluster is seen meanwhile',
  [ALL_RULE]: 'check the push subscription of ingest, its function and the store: no attack is seen meanwhile',
  [DROPS_RULE]: 'check the load of this node and the CPU that Falco has there: a flood may hide an attack',
  [GAP_RULE]: "check Falcosidekick's log and memory in this cluster: what it loses nobody sees",
};

/** It had alerted just before. */
const SILENCED =
  "somebody may have stopped Falco: cordon the node and snapshot its disk, don't reboot or delete it, then read its last alerts";

export function watchPhrase({ rule }: AlertView): string {
  return PHRASES[rule] ?? rule;
}

export function watchFirstStep({ rule, priority }: AlertView): string {
  return rule === SILENT_RULE && priority === 'Critical' ? SILENCED : (FIRST_STEPS[rule] ?? '');
}

/** A node, a cluster or all of them, with the word in front of it. */
export function watchPlace({ where }: AlertView): { preposition: string; place: string } {
  if (where.node) return { preposition: 'on', place: where.node };
  return where.cluster
    ? { preposition: 'in', place: where.cluster.name }
    : { preposition: 'from', place: 'any cluster' };
}
