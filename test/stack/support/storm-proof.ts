/** What a storm must have come to: each alert counted, each incident told to whoever is up, nobody late for another's sake. */

import { hash } from 'node:crypto';
import { expect } from '@jest/globals';
import type { DeliveryRef } from '../../../functions/core/incident/delivery.ts';
import type { Incident } from '../../../functions/core/incident/incident.ts';
import { STORM_LIMITS } from '../../../functions/core/incident/storm.ts';
import type { Alertmanager } from '../programs/alertmanager.ts';
import type { Push } from './fleet.ts';
import type { ExpectedStorm } from './storm-alerts.ts';
import { type Heard, pageId, type ReceiverName } from './storm-receivers.ts';
import type { StormWorld } from './storm-world.ts';

/** Of the incidents that a storm holds, so many are listed. */
const MEMBERS_LISTED = 30;
/** Connections that an instance opens to one address. */
const SOCKETS = 16;
const LISTS = 5;

/**
 * To be called when the world is quiet. Throws where a promise is broken; prints what there was.
 * @param cut what killed instances of notify had under way
 */
export async function proveStorm(
  name: string,
  world: StormWorld,
  expected: ExpectedStorm,
  cut: readonly Push[],
  alertmanager: Alertmanager,
): Promise<void> {
  const { receivers, fleet } = world;
  expect(receivers.faults).toEqual([]);
  expect(await world.parked()).toBe(0);
  const incidents = await world.incidents();
  proveCounts(incidents, expected);
  const told = incidents.filter(({ heldBy }) => heldBy === undefined).map(({ groupKey }) => groupKey);
  const twice = {
    steady: provePages('steady', told, receivers.heard, cut, fleet.pushes),
    flaky: provePages('flaky', told, receivers.heard, cut, fleet.pushes),
  };
  await proveHanging(told, world);
  await proveShown(told, alertmanager);

  const refused = fleet.pushes.filter(({ status }) => status === 503);
  const facts = {
    alerts: sum([...expected.counts.values()]),
    incidents: incidents.length,
    pages: told.length,
    pushes: fleet.pushes.length,
    'alerts refused': refused.filter((push) => push.name === 'escalate').length,
    'cut by a kill': cut.length,
    'steady told twice': twice.steady.cut,
    'flaky told twice': twice.flaky.cut,
    'recorded too late': twice.steady.late + twice.flaky.late,
    'flaky refused': receivers.heard.filter(({ receiver, taken }) => receiver === 'flaky' && !taken).length,
  };
  const words = Object.entries(facts).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(`${name}: ${words.join(', ')}\n`);
}

function proveCounts(incidents: readonly Incident[], { counts, crowd, stormKey }: ExpectedStorm): void {
  expect(incidents.filter(({ generation }) => generation !== 1)).toEqual([]);
  const storm = incidents.find(({ groupKey }) => groupKey === stormKey);
  const own = incidents.filter((incident) => incident !== storm);
  const byKey = (map: Iterable<readonly [string, number]>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
  expect(byKey(own.map(({ groupKey, count }) => [groupKey, count]))).toEqual(byKey(counts));
  // Ten of the crowded cluster page, the storm holds the others and lists as many as it has room for.
  const held = own.filter(({ heldBy }) => heldBy !== undefined);
  expect(held.filter(({ groupKey, heldBy }) => !crowd.has(groupKey) || heldBy?.groupKey !== stormKey)).toEqual([]);
  expect(held.length).toBe(crowd.size - STORM_LIMITS.incidents);
  expect(storm?.storm).toMatchObject({ size: held.length });
  expect(storm?.storm?.members.length).toBe(Math.min(held.length, MEMBERS_LISTED));
}

/**
 * Each page was taken, and no word twice but for two kinds: those cut off by the kill, and, rarely, those whose record the
 * store did not take before their claim ran out. Gives how many there were of each.
 */
function provePages(
  name: ReceiverName,
  told: readonly string[],
  heard: readonly Heard[],
  cut: readonly Push[],
  pushes: readonly Push[],
): { cut: number; late: number } {
  const taken = heard.filter(({ receiver, taken: isTaken }) => receiver === name && isTaken);
  const byId = Map.groupBy(taken, ({ id }) => id);
  expect(told.filter((groupKey) => !byId.has(pageId(groupKey)))).toEqual([]);
  const known = new Set(told);
  const others = taken.filter(({ groupKey }) => !known.has(groupKey) && !groupKey.includes('cluster="warm'));
  expect(others).toEqual([]);
  const underWay = new Set(cut.map(refOf).flatMap(({ receiver, groupKey }) => (receiver === name ? [groupKey] : [])));
  const twice = [...byId.values()].flatMap(([first, second]) => (first && second ? [first] : []));
  const late = twice.filter(({ groupKey }) => !underWay.has(groupKey));
  const unrecorded = pushes.filter((push) => push.name === 'notify' && push.status === 503);
  const isUnrecorded = ({ groupKey, at }: Heard): boolean =>
    unrecorded.some((push) => push.begun <= at && at <= push.ended && isOf(refOf(push), name, groupKey));
  expect(late.filter((first) => !isUnrecorded(first))).toEqual([]);
  expect(late.length).toBeLessThan(told.length / 100);
  return { cut: twice.length - late.length, late: late.length };
}

function isOf(ref: DeliveryRef, receiver: string, groupKey: string): boolean {
  return ref.receiver === receiver && ref.groupKey === groupKey;
}

/** What hangs is owed all of its pages; and while it held as many sends as an instance can have open, others were told. */
async function proveHanging(told: readonly string[], world: StormWorld): Promise<void> {
  const waiting = new Set<string>();
  // A list in pages may lack what is tried at that moment, since it stands by when it is due: so it is read again.
  for (let lists = 0; lists < LISTS && told.some((groupKey) => !waiting.has(groupKey)); lists += 1) {
    for (const { receiver, groupKey } of await world.due()) if (receiver === 'hanging') waiting.add(groupKey);
  }
  expect(told.filter((groupKey) => !waiting.has(groupKey))).toEqual([]);
  const { heard } = world.receivers;
  const hanging = heard.filter(({ receiver }) => receiver === 'hanging');
  const openAt = (at: number) =>
    hanging.filter((each) => each.at <= at && (each.ended === 0 || each.ended > at)).length;
  const pages = new Set(told.map(pageId));
  const steady = heard.filter(({ receiver, id }) => receiver === 'steady' && pages.has(id));
  expect(steady.filter(({ at }) => openAt(at) >= SOCKETS).length).toBeGreaterThan(told.length / 10);
}

/** Alertmanager holds one alert for each incident, and no other. */
async function proveShown(told: readonly string[], alertmanager: Alertmanager): Promise<void> {
  const shown = (await alertmanager.alerts('alertname', 'FalcoIncident')).map(({ labels }) => labels);
  const keys = shown.filter(({ cluster }) => !cluster?.startsWith('warm')).map((labels) => labels.group_key);
  expect(keys.sort()).toEqual(told.map((groupKey) => hash('sha256', groupKey, 'hex')).sort());
}

function refOf({ data }: Push): DeliveryRef {
  return JSON.parse(Buffer.from(data, 'base64').toString()) as DeliveryRef;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
