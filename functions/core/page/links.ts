/** The links of a page: the incident's own log lines and dashboard, the pod or node in the console, and the runbook. */

import { UNKNOWN } from '../event/metadata.ts';
import { millisecondsOf } from '../time.ts';
import { incidentUrl } from './incident-dashboard.ts';
import type { AlertView, GroupLabels, PageLinks } from './notification.ts';

export interface LinkOptions {
  /** Grafana's address; a path below its host is kept. */
  grafana?: string | undefined;
  /** The uid of the Loki data source in Grafana. */
  loki_datasource?: string | undefined;
  /** False leaves the incident dashboard out. */
  dashboard?: boolean | undefined;
  /** What runbooks begin with; the rule's slug is appended. */
  runbooks?: string | undefined;
  /** False leaves the Google Cloud console out. */
  console?: boolean | undefined;
}

export interface LinkSubject {
  group: GroupLabels;
  lead: AlertView;
  /** Nanoseconds since the epoch, in decimal. */
  firstNs: string;
  lastNs: string;
}

const BEFORE_MS = 5 * 60_000;
const AFTER_MS = 10 * 60_000;
const SLUG_LIMIT = 120;
/** A group's values are cut there, and equal nothing any more. */
const CUT_AT = 256;
/** Any other source is indexed as `other`. */
const INDEXED_SOURCE = /^[a-z0-9_.-]{1,32}$/i;

/** Builds every link that the options and the event give enough for. */
export function linksOf(subject: LinkSubject, options: LinkOptions): PageLinks {
  const query = queryOf(subject);
  const { lead, firstNs, lastNs } = subject;
  const range = { from: String(millisecondsOf(firstNs) - BEFORE_MS), to: String(millisecondsOf(lastNs) + AFTER_MS) };
  const logs = exploreUrl(query, range, options);
  const dashboard = incidentUrl({ group: askable(subject.group), lead, range }, options);
  const console = options.console === false ? undefined : consoleUrl(lead);
  const runbook = options.runbooks ? runbookUrl(options.runbooks, lead.rule) : undefined;
  return {
    query,
    ...(logs && { logs }),
    ...(dashboard && { dashboard }),
    ...(console && { console }),
    ...(runbook && { runbook }),
  };
}

/**
 * The LogQL that finds the incident: its group labels, as index labels where Loki has them, else as structured metadata.
 * A label that Loki does not hold leaves the query wider, never narrower.
 */
export function queryOf({ group: labels, lead }: Pick<LinkSubject, 'group' | 'lead'>): string {
  const group = askable(labels);
  const selectors = ['service_name="falco"'];
  for (const label of ['project', 'cluster']) {
    if (group[label]) selectors.push(`${label}=${quote(group[label])}`);
  }
  if (group.source) selectors.push(`source=${quote(INDEXED_SOURCE.test(group.source) ? group.source : 'other')}`);
  const filters: string[] = [];
  for (const [label, metadata] of METADATA) {
    if (group[label]) filters.push(`${metadata}=${quote(group[label])}`);
  }
  if (group.cluster && lead.where.cluster) filters.push(`location=${quote(lead.where.cluster.location)}`);
  // Entries have the image with its tag.
  if (group.image) filters.push(`image=~${quote(`${literal(group.image)}(:.*)?`)}`);
  if (group.workload) filters.push(workloadFilter(group.workload, lead));
  if (group.node)
    filters.push(`hostname=${quote(lead.where.node === group.node && lead.hostname ? lead.hostname : group.node)}`);
  const stages = filters.map((filter) => `| ${filter}`);
  if (group.user) {
    // No metadata holds the user: it is read from the line, after everything cheaper.
    const field = lead.source === 'k8s_audit' ? 'ka.user.name' : 'user.name';
    stages.push(`| json relay_user=${quote(`output_fields["${field}"]`)}`, `| relay_user=${quote(group.user)}`);
  }
  return [`{${selectors.join(', ')}}`, ...stages].join(' ');
}

/** Loki drops U+FFFD from metadata, which is also what half of a surrogate pair becomes: nothing equals it afterwards. */
function askable(labels: GroupLabels): GroupLabels {
  const kept = Object.entries(labels).filter(
    ([, value]) => value.length < CUT_AT && !value.toWellFormed().includes('\ufffd'),
  );
  return Object.fromEntries(kept);
}

/** Group labels whose structured metadata says exactly the same. */
const METADATA: readonly (readonly [string, string])[] = [
  ['namespace', 'k8s_ns_name'],
  ['pod', 'k8s_pod_name'],
  ['container', 'container_name'],
  ['rule', 'rule'],
  ['priority', 'effective_priority'],
  ['team', 'team'],
  ['fingerprint', 'fingerprint'],
];

/**
 * Groups go by the workload's name as the event tells it, entries have the owner's name where enrichment knew it: both
 * are looked for, and the pod for entries that have neither.
 */
function workloadFilter(workload: string, lead: AlertView): string {
  const names = new Set([workload, lead.where.workload?.name ?? workload]);
  const either = [...names].map((name) => `workload_name=${quote(name)}`);
  if (lead.where.pod) either.push(`k8s_pod_name=${quote(lead.where.pod)}`);
  return either.length === 1 ? either.join('') : `(${either.join(' or ')})`;
}

/** Text as a regular expression that matches nothing else. */
function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}

/** A LogQL string literal: Go's escapes, of which JSON's are a part once no half of a surrogate pair is left. */
export function quote(value: string): string {
  return JSON.stringify(value.toWellFormed());
}

/** https://grafana.com/docs/grafana/latest/explore/get-started-with-explore/#generate-explore-urls-from-external-tools */
function exploreUrl(expr: string, range: { from: string; to: string }, options: LinkOptions): string | undefined {
  if (!options.grafana || !options.loki_datasource) return undefined;
  const uid = options.loki_datasource;
  const panes = {
    a: {
      datasource: uid,
      queries: [{ refId: 'A', expr, queryType: 'range', datasource: { type: 'loki', uid } }],
      range,
    },
  };
  const base = options.grafana.replace(/\/+$/, '');
  return `${base}/explore?schemaVersion=1&orgId=1&panes=${encodeURIComponent(JSON.stringify(panes))}`;
}

function consoleUrl({ where, source }: AlertView): string | undefined {
  if (!where.cluster) return undefined;
  const { project, location, name } = where.cluster;
  // An audit event names its cluster alone, unless it was told to name more.
  if (project === UNKNOWN || location === UNKNOWN) return undefined;
  if (where.namespace && where.pod) {
    return consolePath(['pod', location, name, where.namespace, where.pod, 'details'], project);
  }
  // An audit event's node is that of the Falco that read the log, not one concerned.
  if (where.node && source !== 'k8s_audit')
    return consolePath(['node', location, name, where.node, 'summary'], project);
  return undefined;
}

/** Names come from events: each stays one segment, and none may climb. */
function consolePath(segments: readonly string[], project: string): string | undefined {
  if (segments.some((segment) => /^\.*$/.test(segment))) return undefined;
  const path = segments.map((segment) => encodeURIComponent(segment.toWellFormed())).join('/');
  return `https://console.cloud.google.com/kubernetes/${path}?project=${encodeURIComponent(project.toWellFormed())}`;
}

function runbookUrl(base: string, rule: string): string | undefined {
  const slug = slugOf(rule);
  if (!slug) return undefined;
  return `${base}${/[/#=?]$/.test(base) ? '' : '/'}${slug}`;
}

/**
 * A rule's name as part of an address: lower case, every run of anything but a-z and 0-9 becomes one hyphen, none at
 * either end. `Redirect STDOUT/STDIN to Network Connection in Container` is
 * `redirect-stdout-stdin-to-network-connection-in-container`.
 */
export function slugOf(rule: string): string {
  return rule
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, SLUG_LIMIT)
    .replace(/^-|-$/g, '');
}
