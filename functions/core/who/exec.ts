/** Which alerts are a shell that somebody opened in a pod, and which audit records may explain one. Pure. */

import type { Context, FalcoEvent, FieldValue } from '../event/alert.ts';
import { isProject } from '../event/metadata.ts';
import { fieldText } from '../match/facts.ts';
import { behaviourOf } from '../page/behaviour.ts';
import type { AlertView } from '../page/notification.ts';
import { plain } from '../plain.ts';

/** A pod by the names that both kinds of events have. The location is none of them: audit events may lack it. */
export interface PodRef {
  project: string;
  cluster: string;
  namespace: string;
  pod: string;
}

/** Whom the API server let in, in plain and bounded text: it says itself who they are, and they what they use. */
export interface Person {
  user: string;
  /** Addresses, the caller's own first. */
  from?: string | undefined;
  agent?: string | undefined;
}

/** What an exec and a shell are matched by, once they name one pod. */
export interface Moment {
  uuid: string;
  timeNs: string;
  location?: string | undefined;
}

export interface Exec extends Moment, Person {}

const USER_LIMIT = 160;
const ADDRESS_LIMIT = 80;
const AGENT_LIMIT = 80;

/** What ingest calls a part of a cluster's name that the event does not say. */
const UNKNOWN = 'unknown';
const EXEC_RULE = 'Attach/Exec Pod';
const OPENING: ReadonlySet<string> = new Set(['exec', 'attach']);

/** Rules about a shell that a program in the pod began: whoever was let in by the API server has no part in those. */
const BEGUN_INSIDE: ReadonlySet<string> = new Set([
  'Run shell untrusted',
  'Web Server Spawned Shell',
  'DB program spawned process',
]);

/** The shell that an alert tells of, and its pod; undefined for any other alert, and where the pod is not known. */
export function shellOf(alert: AlertView): { pod: PodRef; moment: Moment } | undefined {
  if (alert.source === 'k8s_audit' || behaviourOf(alert) !== 'shell' || BEGUN_INSIDE.has(alert.rule)) return undefined;
  const { cluster, namespace, pod } = alert.where;
  if (!cluster || cluster.project === UNKNOWN || !namespace || !pod) return undefined;
  return {
    pod: { project: cluster.project, cluster: cluster.name, namespace, pod },
    moment: { uuid: alert.uuid, timeNs: alert.timeNs, location: known(cluster.location) },
  };
}

/** Whose API server an audit event comes from; undefined where it does not say so, or says no such names. */
export function auditedCluster(
  { source, fields }: FalcoEvent,
  { cluster }: Context,
): { project: string; cluster: string } | undefined {
  if (source !== 'k8s_audit' || !cluster) return undefined;
  // The three names count together or not at all; here the location may be missing.
  const project = known(cluster.project) ?? fieldText(fields['jevt.value[/annotations/project_id]']);
  return isProject(project) ? { project, cluster: cluster.name } : undefined;
}

/** The exec or attach that an audit event records, and into which pod; undefined for all others, and for refused ones. */
export function execOf(uuid: string, event: FalcoEvent, context: Context): { pod: PodRef; exec: Exec } | undefined {
  const cluster = auditedCluster(event, context);
  if (!cluster) return undefined;
  const field = (name: string): string => fieldText(event.fields[name]);
  const resource = field('ka.target.resource');
  const opens = OPENING.has(field('ka.target.subresource')) && resource === 'pods';
  if (!opens && (event.rule !== EXEC_RULE || (resource !== 'pods' && resource !== ''))) return undefined;
  const [namespace, pod, user] = [field('ka.target.namespace'), field('ka.target.name'), field('ka.user.name')];
  if (!namespace || !pod || !user || isRefused(field)) return undefined;
  const from = plain(addresses(event.fields['ka.sourceips']), ADDRESS_LIMIT);
  const agent = plain(field('ka.useragent'), AGENT_LIMIT);
  return {
    pod: { ...cluster, namespace, pod },
    exec: {
      uuid,
      timeNs: String(event.timeNs),
      location: known(context.cluster?.location),
      user: plain(user, USER_LIMIT, 'both'),
      ...(from && { from }),
      ...(agent && { agent }),
    },
  };
}

const known = (name: string | undefined): string | undefined => (name === UNKNOWN ? undefined : name);

/** Whom the API server turned away opened nothing. */
function isRefused(field: (name: string) => string): boolean {
  return /^forbid/i.test(field('ka.auth.decision')) || /^[45]\d\d$/.test(field('ka.response.code'));
}

/** One address or a list, as text or as JSON. */
function addresses(value: FieldValue | undefined): string {
  const texts = Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [fieldText(value)];
  return texts.join(',').replace(/\s+/g, '');
}
