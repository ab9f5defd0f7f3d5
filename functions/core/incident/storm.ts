/**
 * The storm valve: when many incidents of one cluster open at once, the further ones are held by one storm incident that
 * lists them, so that no phone rings forty times. Pure; decided in the transaction that would have opened the incident.
 */

import type { AlertView } from '../page/notification.ts';
import { phraseOf, placeOf } from '../page/phrase.ts';
import { bounded } from '../plain.ts';
import { type Priority, rank } from '../priority.ts';
import type { Group } from './group.ts';
import {
  type Incident,
  isLive,
  type Joined,
  join,
  lead,
  type Member,
  nextRound,
  pagesAgain,
  quietAt,
  type Routing,
  type StormLimits,
  toldNow,
} from './incident.ts';
import { fitted } from './incident-size.ts';
import { withTraits } from './storm-traits.ts';

/** What opens beyond is held by a storm. */
export const STORM_LIMITS: StormLimits = { incidents: 10, within: 5 * 60_000 };
/** The longest window there is. */
export const STORM_WITHIN_MS = 3_600_000;
/** Of the incidents a storm holds, so many are listed. */
const MEMBERS_LISTED = 30;
/** Members that go on keep their storm alive; it need not be written for each of their alerts. */
const TOUCH_MS = 60_000;
const NAME_LIMIT = 120;
const MEMBER_LIMIT = 100;

/** When the last incidents of a cluster opened, by the store's clock; the newest last. */
export interface Valve {
  openedAt: readonly number[];
}

/** Nothing holds back what is this severe. */
export const pierces = ({ priority }: { priority: Priority }): boolean => priority === 'Emergency';

/** The storm of an alert's cluster: its key is no group's. */
export function stormGroupOf({ where: { cluster } }: AlertView): Group {
  const { project = '', location = '', name = '' } = cluster ?? {};
  const labels = { project, cluster: name };
  const [p, c, l] = [project, name, location].map((text) => JSON.stringify(text.slice(0, NAME_LIMIT)));
  return { key: `{storm="true", project=${p}, cluster=${c}, location=${l}}`, labels };
}

export const isRaging = (storm: Incident | undefined, now: number): storm is Incident =>
  storm !== undefined && isLive(storm) && now < quietAt(storm);

/** Whether what held an incident is over: then its next alert opens an incident of its own again. */
export function isOver(held: Incident, storm: Incident | undefined, now: number): boolean {
  return !(isRaging(storm, now) && storm.generation === held.heldBy?.generation);
}

/** Whether a new incident stands on its own, and the valve after it; unchanged where a storm takes it anyway. */
export function valveAfter(
  valve: Valve | undefined,
  storm: Incident | undefined,
  alert: AlertView,
  now: number,
  { incidents, within }: StormLimits = STORM_LIMITS,
): { own: boolean; valve: Valve | undefined } {
  if (isRaging(storm, now) && !pierces(alert)) return { own: false, valve };
  const recent = (valve?.openedAt ?? []).filter((at) => at > now - within);
  const own = recent.length < incidents || pierces(alert);
  return { own, valve: { openedAt: [...recent, now].slice(-incidents) } };
}

/** The storm that holds a further incident. One that somebody acknowledged pages again when it has doubled. */
export function held(previous: Incident | undefined, alert: AlertView, routing: Routing, now: number): Joined {
  const result = join(previous, alert, stormGroupOf(alert), routing, now);
  const before = result.opened ? undefined : previous;
  const storm = {
    ...before?.storm,
    size: (before?.storm?.size ?? 0) + 1,
    members: listed(before?.storm?.members ?? [], memberOf(alert)),
    traits: withTraits(before?.storm?.traits ?? {}, alert),
  };
  const doubled = storm.acknowledgedSize !== undefined && storm.size >= 2 * storm.acknowledgedSize;
  const rings = doubled && before?.state === 'acknowledged' && !result.again;
  // From what it was: a receiver that is added may have opened it again in this step.
  const incident = rings ? nextRound({ ...result.incident, round: before.round }, now) : result.incident;
  return { ...result, again: result.again || rings, incident: fitted({ ...incident, storm }) };
}

/**
 * Whether the storm tells what happened to an incident that it holds: nobody hears of that one otherwise. It does where
 * the incident would ring by itself, where the storm would, and where the alert is routed to whom the storm did not tell.
 */
export function tellsOf(storm: Incident, held: Incident, alert: AlertView, { receivers }: Routing): boolean {
  if (pagesAgain(held, alert) || pagesAgain(storm, alert)) return true;
  const further = !storm.observed && receivers.some((name) => !storm.receivers.includes(name));
  return further || rank(alert.priority) < rank(storm.severity);
}

/**
 * The storm with an alert of an incident that it holds already: as many as before, this one listed by its worst.
 * @param held as it was before the alert, and as it is
 */
export function worsened(
  storm: Incident,
  held: { before: Incident; after: Incident },
  alert: AlertView,
  routing: Routing,
  now: number,
): Joined {
  const result = join(storm, alert, { key: storm.groupKey, labels: storm.labels }, routing, now);
  const { size = 1, members = [], ...rest } = storm.storm ?? {};
  const names = held.before.rules.map((seen) => memberOf(seen.alert));
  const own = members.findIndex(({ place, what }) => names.some((its) => its.place === place && its.what === what));
  const member = memberOf(lead(held.after).alert);
  const after = { ...rest, size, members: own < 0 ? listed(members, member) : members.with(own, member) };
  return { ...result, incident: fitted({ ...result.incident, storm: after }) };
}

function memberOf(alert: AlertView): Member {
  const place = bounded(placeOf(alert), MEMBER_LIMIT, 'end');
  return { place, what: bounded(phraseOf(alert), MEMBER_LIMIT), priority: alert.priority };
}

/** Where there is no room, the least severe makes it. */
function listed(members: readonly Member[], member: Member): readonly Member[] {
  if (members.length < MEMBERS_LISTED) return [...members, member];
  const least = members.reduce((found, each) => (rank(each.priority) >= rank(found.priority) ? each : found));
  if (rank(member.priority) >= rank(least.priority)) return members;
  return [...members.filter((each) => each !== least), member];
}

/** The storm kept alive by an alert of a member; undefined where it was so a moment ago. */
export function touched(storm: Incident, now: number): Incident | undefined {
  return now - storm.lastAt >= TOUCH_MS ? { ...storm, lastAt: now } : undefined;
}

/** What a storm held opens as an incident of its own, with all that was counted. */
export function released(held: Incident, { receivers, tiers }: Routing, now: number): Incident {
  const { heldBy: _, by: __, ...incident } = held;
  return toldNow({ ...incident, state: 'open', receivers, tiers, pagedAt: now, tier: 0 }, now);
}
