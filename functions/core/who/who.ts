/**
 * Who opened a shell: the shells of a pod and the API server's records of exec and attach into it find each other,
 * whichever is told first. Pure; the store's clock is passed in, and events are matched by their own times.
 */

import { type Incident, isLive, toldNow } from '../incident/incident.ts';
import { fitted } from '../incident/incident-size.ts';
import { plain } from '../plain.ts';
import { millisecondsOf, nanosecondsOf } from '../time.ts';
import type { Exec, Moment, Person, PodRef } from './exec.ts';

/** So far apart an exec and its shell may be, by the clocks of the API server and of the node. */
const WITHIN_NS = nanosecondsOf(60_000);
/** So long each waits for the other: an outage on the way of one of them costs no name. */
export const WHO_KEPT_MS = 3_600_000;
/** Audit records take a while: so long nobody is told that there is none. */
export const EXPLAIN_MS = 90_000;
/** A shell told later than that, or by a node whose clock is that wrong, may have a record that can't be matched. */
const FRESH_MS = 2 * 60_000;
/** Audit events of a cluster were seen within this time: then its records are known to arrive. */
export const AUDIT_KNOWN_MS = 24 * 3_600_000;

/** Bounds of the documents. What has no room is not asked about, and nothing is said of it. */
const MAX_EXECS = 8;
const MAX_WAITING = 8;
const MAX_SHELLS = 4;
const MAX_PEOPLE = 4;
const POD_LIMIT = 80;

/** A shell that an incident counted, and who may have opened it. */
export interface Shell {
  uuid: string;
  pod: string;
  timeNs: string;
  /** Different ones, in order of arrival; several where they came within the same minute. */
  by: readonly Person[];
  /** Nobody is found yet, and that is told at this time. */
  until?: number | undefined;
  /** It was told that no audit record explains it. */
  unexplained?: true | undefined;
}

/** A shell that may still be explained, and the incident that counted it. */
export interface Waiting extends Moment {
  groupKey: string;
  generation: number;
  at: number;
}

/** What a pod's document holds; `at` is when each came, by the store's clock. */
export interface PodRecord {
  execs: readonly (Exec & { at: number })[];
  shells: readonly Waiting[];
  /** The time of the latest exec that had no room. */
  forgottenNs?: string | undefined;
}

export const EMPTY_POD: PodRecord = { execs: [], shells: [] };

/** Whether an exec may have opened a shell of the same pod: close in time, and nowhere else as far as both say. */
export function matches(exec: Moment, shell: Moment): boolean {
  const apart = BigInt(exec.timeNs) - BigInt(shell.timeNs);
  if (apart > WITHIN_NS || apart < -WITHIN_NS) return false;
  return exec.location === undefined || shell.location === undefined || exec.location === shell.location;
}

/**
 * The incident with a shell that it has just counted, explained by the execs that came before it; and the pod's record, in
 * which the shell waits for those to come. Undefined where one of the two has no room.
 * @param audited audit records of the cluster are known to arrive, so that none at all is news
 */
export function ask(
  incident: Incident,
  record: PodRecord,
  { pod, moment }: { pod: PodRef; moment: Moment },
  audited: boolean,
  now: number,
): { incident: Incident; record: PodRecord } | undefined {
  const kept = current(record, now);
  const shells = withRoom(incident.shells ?? []);
  const [oldest] = kept.shells;
  // What may yet be told as unexplained must stay to be found.
  const isFull = kept.shells.length === MAX_WAITING && oldest !== undefined && oldest.at > now - EXPLAIN_MS;
  if (!shells || isFull) return undefined;
  const { uuid, timeNs } = moment;
  const by = kept.execs.filter((exec) => matches(exec, moment)).reduce<readonly Person[]>(withPerson, []);
  const isAsked = by.length === 0 && audited && isFresh(timeNs, now) && !isForgotten(kept, timeNs);
  const shell: Shell = {
    uuid,
    pod: plain(pod.pod, POD_LIMIT, 'end'),
    timeNs,
    by,
    ...(isAsked && { until: now + EXPLAIN_MS }),
  };
  const { groupKey, generation, count, told: before } = incident;
  // What opens the incident, or rings again, says so itself.
  const isNews = count !== before.count && by.some((person) => !isNamed(incident, person));
  const waiting = { ...moment, groupKey, generation, at: now };
  return {
    incident: fitted({ ...incident, shells: [...shells, shell], ...(isNews && { told: { ...before, news: true } }) }),
    record: { ...kept, shells: [...kept.shells, waiting].slice(-MAX_WAITING) },
  };
}

/** Without one of those of which all is said, where all places are taken; undefined where there is none. */
function withRoom(shells: readonly Shell[]): readonly Shell[] | undefined {
  if (shells.length < MAX_SHELLS) return shells;
  const said = shells.find(({ until, unexplained }) => until === undefined && !unexplained);
  return said && shells.filter((shell) => shell !== said);
}

/** The pod's record with an exec, and the shells that it may explain; undefined where it had its effect before. */
export function recorded(
  record: PodRecord,
  exec: Exec,
  now: number,
): { record: PodRecord; shells: readonly Waiting[] } | undefined {
  const kept = current(record, now);
  if (kept.execs.some(({ uuid }) => uuid === exec.uuid)) return undefined;
  const execs = [...kept.execs, { ...exec, at: now }].sort((a, b) => (BigInt(a.timeNs) < BigInt(b.timeNs) ? -1 : 1));
  // By their own times: a replay of old records must not push out those of now.
  const forgotten = execs.slice(0, -MAX_EXECS).at(-1);
  return {
    record: {
      ...kept,
      execs: execs.slice(-MAX_EXECS),
      ...(forgotten && { forgottenNs: later(forgotten.timeNs, kept.forgottenNs) }),
    },
    shells: kept.shells.filter((shell) => matches(exec, shell)),
  };
}

/** The incident whose shells an exec explains, and whether that is news; undefined where it changes nothing. */
export function explained(
  incident: Incident | undefined,
  { generation, uuids, exec }: { generation: number; uuids: readonly string[]; exec: Exec },
  now: number,
): { incident: Incident; isNews: boolean } | undefined {
  if (!incident || incident.generation !== generation || !isLive(incident)) return undefined;
  const before = incident.shells ?? [];
  const shells = before.map((shell): Shell => {
    if (!uuids.includes(shell.uuid)) return shell;
    const by = withPerson(shell.by, exec);
    if (by === shell.by) return shell;
    const { until: _, unexplained: __, ...rest } = shell;
    return { ...rest, by };
  });
  if (shells.every((shell, index) => shell === before[index])) return undefined;
  // The same person in a further shell is more of the same: the next update says so.
  const isNews = shells.some((shell, index) => {
    const { by = [], unexplained } = before[index] ?? {};
    return shell.by !== by && (unexplained || !isNamed(incident, exec));
  });
  const changed = fitted({ ...incident, shells });
  return { incident: isNews ? toldNow(changed, now, changed.told.updates) : changed, isNews };
}

/** When it is to be told that a shell has no explanation. */
export function unexplainedAt({ shells = [] }: Incident): number | undefined {
  const times = shells.flatMap(({ until }) => (until === undefined ? [] : [until]));
  return times.length > 0 ? Math.min(...times) : undefined;
}

/** The incident with those shells marked that nothing explained in time. */
export function withUnexplained(incident: Incident, now: number): Incident {
  const shells = incident.shells?.map((shell): Shell => {
    const { until, ...rest } = shell;
    return until !== undefined && until <= now ? { ...rest, unexplained: true } : shell;
  });
  return { ...incident, shells };
}

/** What came too long ago to explain anything, or to be explained, is left out. */
function current({ execs, shells, forgottenNs }: PodRecord, now: number): PodRecord {
  const isCurrent = ({ at }: { at: number }): boolean => at > now - WHO_KEPT_MS;
  return { execs: execs.filter(isCurrent), shells: shells.filter(isCurrent), ...(forgottenNs && { forgottenNs }) };
}

/** The same list where it has the person already, or no room. */
function withPerson(people: readonly Person[], { user, from, agent }: Person): readonly Person[] {
  const person = { user, ...(from && { from }), ...(agent && { agent }) };
  if (people.length === MAX_PEOPLE || people.some((each) => isSame(each, person))) return people;
  return [...people, person];
}

function isNamed({ shells = [] }: Incident, person: Person): boolean {
  return shells.some(({ by }) => by.some((each) => isSame(each, person)));
}

function isSame(a: Person, b: Person): boolean {
  return a.user === b.user && a.from === b.from && a.agent === b.agent;
}

function isFresh(timeNs: string, now: number): boolean {
  return Math.abs(now - millisecondsOf(timeNs)) <= FRESH_MS;
}

/** Whether the exec behind a shell may be among those that had no room. */
function isForgotten({ forgottenNs }: PodRecord, timeNs: string): boolean {
  return forgottenNs !== undefined && BigInt(forgottenNs) >= BigInt(timeNs) - WITHIN_NS;
}

function later(a: string, b: string | undefined): string {
  return b === undefined || BigInt(a) > BigInt(b) ? a : b;
}
