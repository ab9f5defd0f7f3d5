/**
 * "The same thing again": which events count as repeats of each other. Computed from the event alone and the cluster it
 * claims, never from enrichment, which may fail and would then make one thing two.
 */

import { hash } from 'node:crypto';
import { fieldText } from '../match/facts.ts';
import type { ClusterRef, FalcoEvent, Family } from './alert.ts';
import { familyOf } from './family.ts';
import { normaliseArguments, normalisePath, normaliseText, serverSide } from './normalise.ts';
import { derivedWorkload } from './workload.ts';

export interface FingerprintInput {
  event: FalcoEvent;
  cluster: ClusterRef | undefined;
}

export interface Fingerprint {
  family: Family;
  /** What went into it, in order. */
  fields: Readonly<Record<string, string>>;
  /** 32 hexadecimal digits. */
  fingerprint: string;
}

type Fields = Fingerprint['fields'];

type Field = (event: FalcoEvent) => string;

/** The first of several fields that says something. */
function first(...names: readonly string[]): Field {
  return ({ fields }) => {
    for (const name of names) {
      const text = fieldText(fields[name]);
      if (text !== '') return text;
    }
    return '';
  };
}

const pod = first('k8s.pod.name', 'k8smeta.pod.name');
const fdName = first('fd.name', 'fd.nameraw', 'evt.arg.path', 'evt.arg.name', 'evt.arg.newpath', 'evt.arg.linkpath');

/** What a fingerprint can be made of: the names that `by` of pipeline.yaml takes, beside Falco's own fields. */
const FIELDS: Readonly<Record<string, Field>> = {
  namespace: first('k8s.ns.name', 'k8smeta.ns.name', 'ka.target.namespace'),
  pod,
  workload: (event) => derivedWorkload(pod(event)),
  container: first('container.name', 'k8s.container.name'),
  image: first('container.image.repository', 'container.image', 'container.id'),
  exepath: (event) => normalisePath(first('proc.exepath', 'proc.exe', 'proc.name')(event)),
  parent: first('proc.pname'),
  arguments: (event) => normaliseArguments(first('proc.cmdline', 'proc.args')(event)),
  user: first('ka.user.name', 'user.name', 'user.uid'),
  loginuid: first('user.loginuid'),
  node: (event) => first('evt.hostname')(event) || event.hostname,
  file: (event) => normalisePath(fdName(event)),
  server: (event) => serverSide(fdName(event)),
  verb: first('ka.verb'),
  resource: first('ka.target.resource'),
  subresource: first('ka.target.subresource'),
  name: (event) => targetName(event),
};

/** Only pods have generated names that hide a workload; `db-0` and `db-1` are two secrets. */
function targetName(event: FalcoEvent): string {
  const name = first('ka.target.name')(event);
  return normaliseText(event.fields['ka.target.resource'] === 'pods' ? derivedWorkload(name) : name);
}

const BY_FAMILY: Readonly<Record<Exclude<Family, 'other'>, readonly string[]>> = {
  exec: ['namespace', 'workload', 'container', 'image', 'exepath', 'parent', 'arguments', 'user'],
  shell: ['namespace', 'pod', 'container', 'user'],
  file: ['namespace', 'workload', 'container', 'image', 'exepath', 'parent', 'user', 'file'],
  network: ['namespace', 'workload', 'image', 'exepath', 'server'],
  'api-server': ['namespace', 'workload', 'image', 'exepath'],
  host: ['node', 'exepath', 'parent', 'loginuid'],
  audit: ['user', 'verb', 'resource', 'subresource', 'namespace', 'name'],
};

/** Whether `by` may name this: one of the names above, or a field of Falco's, which all have a dot. */
export function isFingerprintField(name: string): boolean {
  return Object.hasOwn(FIELDS, name) || name.includes('.');
}

/** @param by replaces the family's fields; project, cluster and rule always count */
export function fingerprintOf({ event, cluster }: FingerprintInput, by?: readonly string[]): Fingerprint {
  const family = familyOf(event);
  const fields = base(event, cluster);
  if (by) for (const name of by) fields[name] = valueIn(event, name);
  else if (family === 'other') addAll(event, fields);
  else for (const name of BY_FAMILY[family]) fields[name] = valueIn(event, name);
  return { family, fields, fingerprint: digest(fields) };
}

/** At most so many firsts of one rule in one workload and window; a randomised command line would open one each. */
const OVERFLOW_LIMIT = 50;
const OVERFLOW_WINDOW_MS = 600_000;

/**
 * Under what the events past that limit are counted: one fingerprint for project, cluster, workload or node, and rule.
 * @param known fields of the event's own fingerprint, which need not be derived again
 */
export function overflowOf(
  { event, cluster }: FingerprintInput,
  known: Fingerprint['fields'] = {},
): {
  key: string;
  fingerprint: string;
  limit: number;
  windowMs: number;
} {
  const fields = base(event, cluster);
  fields.namespace = known.namespace ?? valueIn(event, 'namespace');
  fields.workload = known.workload ?? valueIn(event, 'workload');
  if (fields.workload === '') fields.node = known.node ?? valueIn(event, 'node');
  return { ...overflowDigests(fields), limit: OVERFLOW_LIMIT, windowMs: OVERFLOW_WINDOW_MS };
}

function base({ rule }: FalcoEvent, cluster: ClusterRef | undefined): Record<string, string> {
  return { project: cluster?.project ?? '', location: cluster?.location ?? '', cluster: cluster?.name ?? '', rule };
}

function valueIn(event: FalcoEvent, name: string): string {
  const field = FIELDS[name];
  return field ? field(event) : normaliseText(fieldText(event.fields[name]));
}

/**
 * Fields of other sources that differ each time: times, pids, ports, and identifiers of the event itself. What follows
 * `duration` is bounded, since a name that repeats it would take the square of its length.
 */
const DIFFERS =
  /(?:^|[._])(?:time|ts|timestamp|date|published|p?pid|v?tid|vpid|sid|[a-z]?port|uuid|auditid|(?:evt|ct|event|request|trace)[._]?id|duration\w{0,64}|latency)$/i;

function addAll(event: FalcoEvent, fields: Record<string, string>): void {
  // Falco's own numbers are what its events say: each snapshot is news, and is told apart by node.
  const internal = event.source === 'internal';
  if (internal) fields.node = valueIn(event, 'node');
  for (const name of Object.keys(event.fields).sort()) {
    const text = fieldText(event.fields[name]);
    if (internal ? name !== 'evt.time' : !DIFFERS.test(name))
      fields[`field ${name}`] = internal ? text : normaliseText(text);
  }
}

/** Nearly all events are repeats, and to look is cheaper than to hash. Two of these take some megabyte of memory. */
const MOST_REMEMBERED = 1_000;
/** What takes more characters is not remembered. */
const LONGEST_REMEMBERED = 512;

/** What `make` gives for these fields, remembered. */
function remembering<T>(make: (fields: Fields) => T): (fields: Fields) => T {
  const known = new Map<string, T>();
  return (fields) => {
    // With lengths, so that no two sets of fields read alike, whatever stands in them.
    let key = '';
    for (const name in fields) {
      const text = fields[name] ?? '';
      key += `${name.length} ${text.length} ${name}${text}`;
    }
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(fields);
    if (key.length > LONGEST_REMEMBERED) return made;
    if (known.size >= MOST_REMEMBERED) known.clear();
    known.set(key, made);
    return made;
  };
}

function hashOf(fields: Fields): string {
  return hash('sha256', JSON.stringify(Object.entries(fields)), 'hex').slice(0, 32);
}

const digest = remembering(hashOf);
const overflowDigests = remembering((fields) => ({
  key: hashOf(fields),
  fingerprint: hashOf({ ...fields, overflow: 'true' }),
}));
