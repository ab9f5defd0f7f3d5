/** Which alerts belong to one incident: its labels and its key, from the alert as it was escalated. */

import { hash } from 'node:crypto';
import type { AlertView, GroupLabels } from '../page/notification.ts';

/** Names that `group_by` knows. `user` is the audited user, or who ran the process. */
export const GROUP_NAMES = [
  'project',
  'cluster',
  'namespace',
  'workload',
  'node',
  'user',
  'image',
  'rule',
  'team',
  'source',
] as const;
export type GroupName = (typeof GROUP_NAMES)[number];

const MAX_VALUE = 256;

/** One attack trips several rules and is one incident, so the default never groups Falco's alerts by rule. */
export function defaultGroupBy(alert: AlertView): readonly GroupName[] {
  // The relay's own: many silent nodes of a cluster are one incident.
  if (alert.source === 'relay') return ['project', 'cluster', 'rule'];
  if (alert.source === 'k8s_audit') return ['project', 'cluster', 'user'];
  if (alert.fields['container.id'] === 'host') return ['project', 'cluster', 'node'];
  if (alert.where.derivedWorkload) return ['project', 'cluster', 'namespace', 'workload'];
  return ['project', 'cluster', 'image', 'node'];
}

export interface Group {
  /** Alertmanager's spelling: `{cluster="c", namespace="n"}`; at most 512 characters, longer ones end in a hash. */
  key: string;
  labels: GroupLabels;
}

export function groupOf(alert: AlertView, groupBy: readonly GroupName[] = defaultGroupBy(alert)): Group {
  const labels = Object.fromEntries(groupBy.map((name) => [name, labelOf(alert, name).slice(0, MAX_VALUE)]));
  // A project may have two clusters of one name in different locations: the key tells them apart, people read the name.
  const location = groupBy.includes('cluster') ? { location: alert.where.cluster?.location ?? '' } : {};
  const key = `{${Object.entries({ ...labels, ...location })
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(', ')}}`;
  return { key: key.length <= 512 ? key : `${key.slice(0, 440)}…${hash('sha256', key, 'hex')}`, labels };
}

function labelOf(alert: AlertView, name: GroupName): string {
  const { where, fields } = alert;
  switch (name) {
    case 'project':
      return where.cluster?.project ?? '';
    case 'cluster':
      return where.cluster?.name ?? '';
    case 'namespace':
      return where.namespace ?? '';
    case 'workload':
      // Derived from the event: enrichment that comes and goes would open two incidents.
      return where.derivedWorkload ?? '';
    case 'node':
      return where.node ?? alert.hostname;
    case 'user':
      return fields['ka.user.name'] ?? fields['user.name'] ?? '';
    case 'image':
      return where.image ?? '';
    case 'rule':
      return alert.rule;
    case 'team':
      return where.team ?? '';
    case 'source':
      return alert.source;
  }
}
