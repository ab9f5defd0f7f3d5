/** The address of the chart's incident dashboard (helm/dashboards/incident.json), set to the incident of a page. */

import type { LinkOptions } from './links.ts';
import type { AlertView, GroupLabels } from './notification.ts';

const UID = 'falco-relay-incident';
/** A line break too, which a dot alone is not. */
const ANY = '(?s:.)';

export interface DashboardSubject {
  /** The group's labels that Loki can be asked for. */
  group: GroupLabels;
  lead: AlertView;
  /** Milliseconds since the epoch. */
  range: { from: string; to: string };
}

/**
 * Undefined where Grafana has no such dashboard, and where the incident is of neither a workload nor a node, of which the
 * dashboard would show a whole cluster.
 */
export function incidentUrl({ group, lead, range }: DashboardSubject, options: LinkOptions): string | undefined {
  if (!options.grafana || options.dashboard === false || !(group.workload || group.node)) return undefined;
  const workload = group.workload && [group.workload, lead.where.workload?.name ?? group.workload];
  const node = group.node && [lead.where.node === group.node && lead.hostname ? lead.hostname : group.node];
  // Project and cluster are lists to Grafana, which escapes what is chosen of a list; the others are expressions as written.
  const variables: readonly (readonly [string, string | undefined])[] = [
    ['datasource', options.loki_datasource],
    ['project', group.project],
    ['cluster', group.cluster],
    ['namespace', group.namespace && pattern([group.namespace])],
    ['workload', workload && pattern(workload)],
    ['node', node && pattern(node)],
  ];
  const chosen = variables.flatMap(([name, value]) => (value ? [`var-${name}=${encodeURIComponent(value)}`] : []));
  const base = options.grafana.replace(/\/+$/, '');
  return `${base}/d/${UID}?${[...chosen, `from=${range.from}`, `to=${range.to}`].join('&')}`;
}

/**
 * Any of these names, as an expression that Grafana puts between quotes as it stands: what could end those, escape or mean
 * something to an expression becomes any character.
 */
function pattern(names: readonly string[]): string {
  const safe = names.map((name) => name.replace(/[^\w-]/gu, (character) => (character === '.' ? '[.]' : ANY)));
  const [first = '', ...more] = new Set(safe);
  // Loki 3.7.8 took `nightly|nightly[.]v1` for `nightly-v1` as well; in brackets it sees two names.
  return more.length === 0 ? first : [first, ...more].map((name) => `(${name})`).join('|');
}
