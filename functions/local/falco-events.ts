/** Falco events as Falcosidekick publishes them, made from a few words: for the demo, which sends them for real. */

import { createHash } from 'node:crypto';
import { nanosecondsOf } from '../core/time.ts';
import type { Place } from './scenes.ts';

type Field = string | number | null;

export interface Happening {
  rule: string;
  priority: string;
  /** What the rule's output says before its fields. */
  says: string;
  tags: readonly string[];
  hostname: string;
  source?: string;
  fields: Readonly<Record<string, Field>>;
  attributes: Readonly<Record<string, string>>;
}

export interface Process {
  exepath: string;
  cmdline: string;
  parent: string;
  user: string;
  uid: number;
  loginuid?: number;
  tty?: number;
  type?: string;
}

/** What a Falco rule prints after its text, by output field. */
const PRINTED: readonly (readonly [string, string])[] = [
  ['file', 'fd.name'],
  ['connection', 'fd.connection'],
  ['evt_type', 'evt.type'],
  ['user', 'user.name'],
  ['user_uid', 'user.uid'],
  ['user_loginuid', 'user.loginuid'],
  ['process', 'proc.name'],
  ['proc_exepath', 'proc.exepath'],
  ['parent', 'proc.pname'],
  ['command', 'proc.cmdline'],
  ['terminal', 'proc.tty'],
  ['exe_flags', 'evt.arg.flags'],
  ['container_id', 'container.id'],
  ['container_name', 'container.name'],
  ['container_image_repository', 'container.image.repository'],
  ['container_image_tag', 'container.image.tag'],
  ['k8s_pod_name', 'k8s.pod.name'],
  ['k8s_ns_name', 'k8s.ns.name'],
];

/** What Falco knows of a process. */
export function processFields(process: Process): Record<string, Field> {
  return {
    'proc.exepath': process.exepath,
    'proc.name': process.exepath.split('/').at(-1) ?? '',
    'proc.cmdline': process.cmdline,
    'proc.pname': process.parent,
    'proc.tty': process.tty ?? 0,
    'user.name': process.user,
    'user.uid': process.uid,
    'user.loginuid': process.loginuid ?? -1,
    'evt.type': process.type ?? 'execve',
  };
}

/** Something that a process did in a container. */
export function inContainer(
  place: Place,
  what: Pick<Happening, 'rule' | 'priority' | 'says' | 'tags'>,
  process: Process,
  more: Readonly<Record<string, Field>> = {},
): Happening {
  return {
    ...what,
    hostname: place.node,
    attributes: attributesOf(place.cluster),
    fields: {
      ...processFields(process),
      'container.id': place.containerId,
      'container.name': place.container,
      'container.image.repository': place.image,
      'container.image.tag': place.tag,
      'k8s.ns.name': place.namespace,
      'k8s.pod.name': place.pod,
      ...more,
    },
  };
}

/** Something that a process did on a node itself. */
export function onHost(
  { cluster, node }: Pick<Place, 'cluster' | 'node'>,
  what: Pick<Happening, 'rule' | 'priority' | 'says' | 'tags'>,
  process: Process,
  more: Readonly<Record<string, Field>> = {},
): Happening {
  return {
    ...what,
    hostname: node,
    attributes: attributesOf(cluster),
    fields: {
      ...processFields(process),
      'container.id': 'host',
      'container.name': 'host',
      'container.image.repository': null,
      'container.image.tag': null,
      'k8s.ns.name': null,
      'k8s.pod.name': null,
      ...more,
    },
  };
}

/** The static attributes that the Helm values set on each message of a cluster. */
export function attributesOf(cluster: Place['cluster']): Record<string, string> {
  return { gke_project: cluster.project, gke_location: cluster.location, gke_cluster: cluster.name };
}

/**
 * The event's JSON in Falcosidekick's shape: keys in its order, fields and tags sorted, `evt.time` an integer past 2^53.
 * @param nowMs milliseconds since the epoch; the digits below a millisecond come from the uuid
 */
export function eventJson(happening: Happening, uuid: string, nowMs: number): string {
  const below = 1 + (Number.parseInt(uuid.slice(0, 6), 16) % 999_998);
  const nanoseconds = nanosecondsOf(nowMs) + BigInt(below);
  const time = new Date(nowMs)
    .toISOString()
    .replace(/\d{3}Z$/, `${String(nanoseconds % 1_000_000_000n).padStart(9, '0')}Z`);
  const { rule, priority, tags, hostname, source = 'syscall' } = happening;
  const own = { 'evt.time': 0, ...(source === 'k8s_audit' ? { 'ka.auditid': uuid } : {}) };
  const fields = Object.entries({ ...happening.fields, ...own })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${JSON.stringify(name)}:${name === 'evt.time' ? nanoseconds : JSON.stringify(value)}`);
  const head = JSON.stringify({ uuid, output: outputOf(happening, time), priority, rule, time }).slice(0, -1);
  const tail = JSON.stringify({ source, ...(tags.length > 0 ? { tags: [...tags].sort() } : {}), hostname }).slice(1);
  return `${head},"output_fields":{${fields.join(',')}},${tail}`;
}

function outputOf({ priority, says, fields }: Happening, time: string): string {
  const printed = PRINTED.flatMap(([name, field]) =>
    Object.hasOwn(fields, field) ? [`${name}=${fields[field] ?? '<NA>'}`] : [],
  );
  const details = fields['evt.type'] === undefined ? '' : ` | ${printed.join(' ')}`;
  return `${time.slice(11, -1)}: ${priority} ${says}${details}`;
}

/** A random-looking version 4 uuid that a seed and a name decide. */
export function uuidOf(seed: string, name: string): string {
  const digest = createHash('sha256').update(`${seed} ${name}`).digest('hex');
  const variant = '89ab'[Number.parseInt(digest.slice(16, 17), 16) % 4];
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `4${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-');
}
