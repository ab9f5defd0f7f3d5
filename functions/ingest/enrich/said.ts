/** What the event itself says of where it happened: its own fields and its message's attributes, nothing asked. */

import type { ClusterRef, FalcoEvent, FieldValue, Workload } from '../../core/event/alert.ts';
import { isClusterName, isClusterRef, UNKNOWN } from '../../core/event/metadata.ts';
import type { ListedCluster } from './options.ts';

/** One more than Kubernetes allows a name: what is cut there is still none, and is never asked for. */
const MAX_NAME = 254;
const MAX_TEXT = 1_024;

/** The strings that decide the context of an event: two events with equal ones have equal contexts. */
export interface Said {
  audit: boolean;
  project: string | undefined;
  location: string | undefined;
  cluster: string | undefined;
  namespace: string | undefined;
  pod: string | undefined;
  podUid: string | undefined;
  node: string | undefined;
  /** The process ran on the node itself, in no container. */
  onHost: boolean;
  container: string | undefined;
  containerId: string | undefined;
  image: string | undefined;
  imageTag: string | undefined;
  imageDigest: string | undefined;
  workloadKind: string | undefined;
  workloadName: string | undefined;
  team: string | undefined;
}

type Fields = FalcoEvent['fields'];
type Attributes = Readonly<Record<string, string>>;

/** Falco's spellings of a missing value: null, '', '<NA>'. */
function text(value: FieldValue | undefined, limit = MAX_TEXT): string | undefined {
  if (typeof value !== 'string' || value === '' || value === '<NA>') return undefined;
  return value.length > limit ? value.slice(0, limit) : value;
}

/** Older Falco charts set `hostname` to the name of the Falco pod instead of the node's. */
const FALCO_POD = /^(?:[a-z0-9-]+-)?falco(?:-[a-z0-9-]+)?-[bcdfghjklmnpqrstvwxz2456789]{5}$/;

/** Reads an event. `teamFields` names the fields that may hold the team, the first that is set wins. */
export function saidBy(event: FalcoEvent, attributes: Attributes, teamFields: readonly string[]): Said {
  const { fields } = event;
  return event.source === 'k8s_audit' ? auditSaid(fields, attributes) : systemCallSaid(event, attributes, teamFields);
}

function systemCallSaid({ fields, hostname }: FalcoEvent, attributes: Attributes, teamFields: readonly string[]): Said {
  const containerId = text(fields['container.id']);
  const onHost = containerId === 'host';
  const deployment = text(fields['k8smeta.deployment.name'], MAX_NAME);
  const replicaSet = deployment ? undefined : text(fields['k8smeta.rs.name'], MAX_NAME);
  return {
    audit: false,
    project: text(attributes.gke_project),
    location: text(attributes.gke_location),
    cluster: text(attributes.gke_cluster),
    namespace: text(fields['k8s.ns.name'], MAX_NAME) ?? text(fields['k8smeta.ns.name'], MAX_NAME),
    pod: text(fields['k8s.pod.name'], MAX_NAME) ?? text(fields['k8smeta.pod.name'], MAX_NAME),
    podUid: text(fields['k8s.pod.uid'], MAX_NAME) ?? text(fields['k8smeta.pod.uid'], MAX_NAME),
    node: hostname.length < MAX_NAME && FALCO_POD.test(hostname) ? undefined : text(hostname, MAX_NAME),
    onHost,
    container: onHost ? undefined : text(fields['container.name'], MAX_NAME),
    containerId: onHost ? undefined : containerId,
    image: text(fields['container.image.repository']),
    imageTag: text(fields['container.image.tag'], MAX_NAME),
    imageDigest: text(fields['container.image.digest'], MAX_NAME),
    workloadKind: deployment ? 'Deployment' : replicaSet && 'ReplicaSet',
    workloadName: deployment ?? replicaSet,
    team: firstOf(fields, teamFields),
  };
}

function firstOf(fields: Fields, names: readonly string[]): string | undefined {
  for (const name of names) {
    const value = text(fields[name], MAX_NAME);
    if (value) return value;
  }
  return undefined;
}

/** The names under which Falco and its k8smeta plugin give a label, in the order in which they count. */
export function teamFieldsOf(labels: readonly string[]): string[] {
  return ['k8smeta.pod.label', 'k8s.pod.label', 'k8smeta.ns.label'].flatMap((field) =>
    labels.map((label) => `${field}[${label}]`),
  );
}

const AUDITED_KINDS: Readonly<Record<string, string>> = {
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  daemonsets: 'DaemonSet',
  cronjobs: 'CronJob',
  jobs: 'Job',
  replicasets: 'ReplicaSet',
};

/**
 * One instance of the audit plugin reads the logs of many clusters: its static attributes and its hostname say nothing
 * of the cluster and the node concerned. https://github.com/falcosecurity/plugins/tree/main/plugins/k8saudit-gke
 */
function auditSaid(fields: Fields, attributes: Attributes): Said {
  const named = text(fields['ka.cluster.name']);
  const resource = text(fields['ka.target.resource']);
  const target = text(fields['ka.target.name'], MAX_NAME) ?? text(fields['ka.resp.name'], MAX_NAME);
  const kind = resource && Object.hasOwn(AUDITED_KINDS, resource) ? AUDITED_KINDS[resource] : undefined;
  return {
    audit: true,
    project: named ? text(fields['jevt.value[/annotations/project_id]']) : text(attributes.gke_project),
    location: named ? text(fields['jevt.value[/annotations/location]']) : text(attributes.gke_location),
    cluster: named ?? text(attributes.gke_cluster),
    namespace: text(fields['ka.target.namespace'], MAX_NAME),
    pod: resource === 'pods' ? target : undefined,
    podUid: undefined,
    node: resource === 'nodes' ? target : undefined,
    onHost: false,
    container: undefined,
    containerId: undefined,
    image: undefined,
    imageTag: undefined,
    imageDigest: undefined,
    workloadKind: kind && target ? kind : undefined,
    workloadName: kind ? target : undefined,
    team: undefined,
  };
}

export interface Identity {
  status: 'listed' | 'unlisted' | 'absent' | 'invalid';
  cluster?: ClusterRef;
  listed?: ListedCluster;
}

/**
 * Which cluster an event claims to be of. A name alone is enough where pipeline.yaml lists one cluster of that name;
 * otherwise its project and location read `unknown`.
 */
export function identify(said: Said, clusters: readonly ListedCluster[]): Identity {
  const { project, location, cluster: name } = said;
  if (!name) return { status: 'absent' };
  if (project && location) {
    const claimed = { project, location, name };
    if (!isClusterRef(claimed)) return { status: 'invalid' };
    const listed = clusters.find((one) => one.name === name && one.location === location && one.project === project);
    return listed ? { status: 'listed', cluster: claimed, listed } : { status: 'unlisted', cluster: claimed };
  }
  const candidates = clusters.filter(
    (one) =>
      one.name === name && (project ?? one.project) === one.project && (location ?? one.location) === one.location,
  );
  const [listed] = candidates;
  if (listed && candidates.length === 1) {
    return { status: 'listed', cluster: { project: listed.project, location: listed.location, name }, listed };
  }
  if (!isClusterName(name)) return { status: 'invalid' };
  const claimed = { project: UNKNOWN, location: UNKNOWN, name };
  return { status: listed ? 'absent' : 'unlisted', cluster: claimed };
}

export function workloadSaid({ workloadKind: kind, workloadName: name }: Said): Workload | undefined {
  return kind && name ? { kind, name } : undefined;
}
