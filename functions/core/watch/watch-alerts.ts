/** The alerts that the watch makes. A decision's alert has one uuid, so that escalate counts it once however often it is published. */

import { hash } from 'node:crypto';
import type { ClusterRef, FieldValue } from '../event/alert.ts';
import { clusterKey } from '../event/metadata.ts';
import { viewOf } from '../page/alert-view.ts';
import type { AlertView } from '../page/notification.ts';
import type { Priority } from '../priority.ts';
import { formatTime, nanosecondsOf } from '../time.ts';
import type { Told } from './told.ts';
import type { Owed, WatchedNode } from './watch.ts';
import { ALL_RULE, CLUSTER_RULE, DROPS_RULE, GAP_RULE, SILENT_RULE } from './watch-rules.ts';

/** Names of silent nodes that an alert lists. */
const MOST_LISTED = 10;

interface Said {
  rule: string;
  /** What it is about: with the rule and the time of the decision, its identity. */
  about: string;
  /** Milliseconds since the epoch. */
  at: number;
  priority: Priority;
  output: string;
  cluster?: ClusterRef | undefined;
  node?: string;
  /** The nodes that are silent, in words. */
  silent?: string | undefined;
  fields?: Record<string, FieldValue>;
}

export function nodeAlert(node: WatchedNode, owed: Owed, silent: readonly string[] = [node.node]): AlertView {
  const { cluster, node: name } = node;
  const of = { about: `${clusterKey(cluster)} ${name}`, cluster, node: name };
  if (owed.kind === 'drops') {
    const percent = owed.percent.toFixed(1);
    const output = `Falco on ${name} lost ${percent} % of what it should have seen, twice in a row: give it more CPU or larger buffers`;
    return alertOf({
      ...of,
      rule: DROPS_RULE,
      at: owed.at,
      priority: 'Warning',
      output,
      fields: { 'watch.drop_percent': percent },
    });
  }
  if (owed.kind === 'gap') {
    const { expected, arrived } = owed;
    const output = `Falco on ${name} matched ${expected} times between two snapshots, but ${arrived} events arrived: look at Falcosidekick and its topic`;
    const fields = { 'watch.matched': expected, 'watch.arrived': arrived };
    return alertOf({ ...of, rule: GAP_RULE, at: owed.at, priority: 'Warning', output, fields });
  }
  const since = formatTime(nanosecondsOf(node.eventMs));
  const why = owed.loud ? ', shortly after it had alerted' : '';
  return alertOf({
    ...of,
    rule: SILENT_RULE,
    at: owed.at,
    priority: owed.loud ? 'Critical' : 'Warning',
    output: `${name} is silent${why}: its last event is of ${since}`,
    silent: listed(silent, cluster),
    fields: { 'watch.silent_nodes': silent.length, 'watch.last_event': since },
  });
}

export function clusterAlert(cluster: ClusterRef, told: Told): AlertView {
  return alertOf({ ...aboutCluster(cluster), at: told.since, output: told.why, silent: told.silent });
}

export function nothingArrivesAlert(told: Told): AlertView {
  return alertOf({ rule: ALL_RULE, about: '', at: told.since, priority: 'Critical', output: told.why });
}

/** What names the incident that is over: the alert that was counted in it, with the time of its end. */
export function overAlert(cluster: ClusterRef | undefined, which: 'nodes' | 'cluster' | 'all', told: Told): AlertView {
  const rule = { nodes: SILENT_RULE, cluster: CLUSTER_RULE, all: ALL_RULE }[which];
  const output = 'it speaks again';
  const over = alertOf({ rule, about: '', at: told.overAt ?? told.since, priority: 'Warning', output, cluster });
  return { ...over, uuid: told.uuid };
}

/** The identities of alerts that are decided now. */
export function clusterAlertUuid(cluster: ClusterRef, at: number): string {
  return clusterAlert(cluster, { uuid: '', since: at, owed: true, why: '' }).uuid;
}

export function nothingArrivesUuid(at: number): string {
  return nothingArrivesAlert({ uuid: '', since: at, owed: true, why: '' }).uuid;
}

/** The nodes that are silent, some of them by name: the same nodes in the same words, however they were found. */
export function listed(names: readonly string[], cluster: ClusterRef): string {
  const more = names.length > MOST_LISTED ? ` and ${names.length - MOST_LISTED} more` : '';
  return `Silent in ${clusterKey(cluster)}: ${names.length} node(s): ${[...names].sort().slice(0, MOST_LISTED).join(', ')}${more}`;
}

function aboutCluster(cluster: ClusterRef): Omit<Said, 'at' | 'output'> {
  return { rule: CLUSTER_RULE, about: clusterKey(cluster), priority: 'Critical', cluster };
}

function alertOf({ rule, about, at, priority, output, cluster, node = '', silent, fields = {} }: Said): AlertView {
  const fingerprint = hash('sha256', `${rule} ${about}`, 'hex').slice(0, 32);
  const timeNs = nanosecondsOf(at);
  const view = viewOf({
    uuid: `relay-${fingerprint}-${Math.floor(at)}`,
    fingerprint,
    event: {
      uuid: '',
      output,
      priority,
      rule,
      time: formatTime(timeNs),
      timeNs,
      fields: { 'container.id': 'host', ...fields },
      source: 'relay',
      tags: [],
      hostname: node,
    },
    context: {
      ...(cluster ? { cluster } : {}),
      clusterStatus: cluster ? 'listed' : 'absent',
      clusterMismatch: false,
      ...(node === '' ? {} : { node }),
      enrichment: 'none',
      enrichmentReasons: [],
    },
    priority,
  });
  return silent ? { ...view, silent } : view;
}
