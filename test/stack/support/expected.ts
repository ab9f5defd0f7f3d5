/**
 * What must come of the messages that were published, worked out here from their text alone: how many events they are,
 * how many of each rule, and which incidents reach which receivers. Written apart from the code that it checks.
 */

import { SAMPLE_NAME, type Sample } from './samples.ts';

/** A sample and the ids under which Pub/Sub took its copies. */
export interface Published extends Sample {
  messageIds: readonly string[];
}

interface Event {
  uuid?: string;
  rule: string;
  priority: string;
  source?: string;
  hostname?: string;
  output_fields?: Record<string, unknown> | null;
}

export interface Incident {
  labels: Readonly<Record<string, string>>;
  receivers: readonly string[];
}

export interface Expected {
  /** Identities of the events that must be counted in Loki, by `project cluster rule`. */
  stored: ReadonlyMap<string, ReadonlySet<string>>;
  /** What was published, by identity. */
  texts: ReadonlyMap<string, string>;
  /** Why each of the others must be parked, by identity. */
  parked: ReadonlyMap<string, string>;
  distinct: number;
  /** By the labels as text, sorted by name. */
  incidents: ReadonlyMap<string, Incident>;
  /** Events that escalate, whatever incident they join. */
  alerts: number;
  /** Pages, one for each incident and receiver. */
  pages: number;
}

/** As the pipeline of the scenarios raises them. */
export const RAISED = [
  'Terminal shell in container',
  'Netcat Remote Code Execution in Container',
  'Netcat/Socat Remote Code Execution on Host',
  'Attach/Exec Pod',
  'Create HostPid Pod',
];
const PAGED = new Set(['emergency', 'alert', 'critical']);

export const RECEIVERS = { all: ['oncall', 'archive'], payments: 'payments', others: 'chat' } as const;

export function expectedOf(published: readonly Published[]): Expected {
  const stored = new Map<string, Set<string>>();
  const texts = new Map<string, string>();
  const parked = new Map<string, string>();
  const incidents = new Map<string, Incident>();
  const alerts = new Set<string>();
  for (const { data, attributes, messageIds, parked: reason } of published) {
    const name = attributes[SAMPLE_NAME];
    if (name !== undefined && reason !== undefined) {
      parked.set(name, reason);
      continue;
    }
    const event = JSON.parse(String(data)) as Event;
    for (const identity of identitiesOf(event, messageIds)) {
      if (reason !== undefined) parked.set(identity, reason);
      else {
        const key = `${attributes.gke_project} ${clusterOf(event, attributes)} ${event.rule}`;
        stored.set(key, (stored.get(key) ?? new Set()).add(identity));
        texts.set(identity, String(data));
      }
      if (!escalates(event)) continue;
      alerts.add(identity);
      const labels = groupOf(event, attributes);
      incidents.set(labelText(labels), { labels, receivers: receiversOf(labels) });
    }
  }
  return {
    stored,
    texts,
    parked,
    distinct: [...stored.values()].reduce((sum, { size }) => sum + size, 0) + parked.size,
    incidents,
    alerts: alerts.size,
    pages: [...incidents.values()].reduce((sum, { receivers }) => sum + receivers.length, 0),
  };
}

/** Labels as a key, whatever their order. */
export function labelText(labels: Readonly<Record<string, string>>): string {
  return JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** One audit record may trip several rules; what has no uuid is a new event each time that it is published. */
function identitiesOf(event: Event, messageIds: readonly string[]): readonly string[] {
  const auditId = event.source === 'k8s_audit' ? event.output_fields?.['ka.auditid'] : undefined;
  if (auditId) return [auditIdentity(String(auditId), event.rule)];
  return event.uuid ? [event.uuid] : messageIds;
}

export function auditIdentity(auditId: string, rule: string): string {
  return `${auditId} ${rule}`;
}

function escalates({ source, rule, priority }: Event): boolean {
  if (source === 'internal' && rule.startsWith('Falco internal: ')) return false;
  return RAISED.includes(rule) || PAGED.has(priority.toLowerCase());
}

function clusterOf(event: Event, attributes: Sample['attributes']): string {
  const audited = event.source === 'k8s_audit' ? event.output_fields?.['ka.cluster.name'] : undefined;
  return String(audited ?? attributes.gke_cluster);
}

/** Where the incident is: an audited user, a node, a workload, or an image on a node while Kubernetes' names are late. */
function groupOf(event: Event, attributes: Sample['attributes']): Record<string, string> {
  const field = (name: string): string => {
    const value = event.output_fields?.[name];
    return typeof value === 'string' && value !== '<NA>' ? value : '';
  };
  const cluster = { project: attributes.gke_project ?? '', cluster: clusterOf(event, attributes) };
  const node = event.hostname ?? '';
  if (event.source === 'k8s_audit') return { ...cluster, user: field('ka.user.name') };
  if (field('container.id') === 'host') return { ...cluster, node };
  const pod = field('k8s.pod.name');
  if (!pod) return { ...cluster, image: field('container.image.repository'), node };
  // In these messages a container is called as its workload is, with which its pod's name begins.
  const workload = field('container.name');
  if (!pod.startsWith(`${workload}-`))
    throw new Error(`the workload of ${pod} is not told by its container ${workload}`);
  return { ...cluster, namespace: field('k8s.ns.name'), workload };
}

function receiversOf({ cluster }: Readonly<Record<string, string>>): string[] {
  return [...RECEIVERS.all, cluster === 'payments-eu1' ? RECEIVERS.payments : RECEIVERS.others];
}
