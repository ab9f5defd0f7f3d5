/** The equation at the end of a run: what was published against Loki, the dead-letter topic, the incidents and the pages. */

import { groupKeyOf, INCIDENT_KIND, readIncident } from '../../functions/core/incident/documents.ts';
import { auditIdentity, type Expected, expectedOf } from '../stack/support/expected.ts';
import { SAMPLE_NAME } from '../stack/support/samples.ts';
import type { StoredEntry } from '../stack/support/stored.ts';
import { countedByRule, rawEntries, type Span } from './count.ts';
import { provePages } from './pages.ts';
import { DEAD_LETTER, type TortureWorld } from './world.ts';

export interface Proof {
  figures: Readonly<Record<string, number | Readonly<Record<string, number>>>>;
  /** What is not as promised, in words; empty if all is well. */
  problems: readonly string[];
}

/** Of what is missing, so many are named. */
const NAMED = 10;
/** Incidents read in one transaction. */
const READ_AT_ONCE = 100;

/** To be called when the world is quiet. */
export async function prove(world: TortureWorld, span: Span): Promise<Proof> {
  const expected = expectedOf(world.published);
  const entries = await rawEntries(world.loki.url, span);
  const counted = await countedByRule(world.loki.url, span);
  const parked = await parkedIn(world);
  const incidents = await countsOf(world);
  const pages = provePages(world.receivers.pages, expected, world.fleet.notified);
  const byUuid = Map.groupBy(entries, ({ labels }) => labels.uuid ?? '');
  const stored = sum(counted.values());
  const problems = [
    ...(await unequalCounts(world, expected, counted, byUuid)),
    ...unequalBytes(byUuid),
    ...unequalParked(expected, parked),
    ...(stored + parked.size === expected.distinct
      ? []
      : [`stored ${stored} and parked ${parked.size} are not ${expected.distinct}`]),
    ...(sum(incidents) === expected.alerts
      ? []
      : [`the incidents count ${sum(incidents)} alerts, not ${expected.alerts}`]),
    ...(incidents.length === expected.incidents.size
      ? []
      : [`there are ${incidents.length} incidents, not ${expected.incidents.size}`]),
    ...pages.problems,
    ...world.receivers.faults.map((fault) => `a receiver says: ${fault}`),
  ];
  const { pushes, twice, lost } = world.fleet.figures;
  return {
    figures: {
      events: world.published.reduce((all, { messageIds }) => all + messageIds.length, 0),
      distinct: expected.distinct,
      lost: Math.max(0, expected.distinct - stored - parked.size),
      'counted in Loki': stored,
      parked: parked.size,
      pushes,
      'pushed twice at once': twice,
      'answers lost': lost,
      'raw entries': entries.length,
      'raw copies': entries.length - byUuid.size,
      alerts: expected.alerts,
      incidents: incidents.length,
      pages: pages.pages,
      'told without the store': pages.withoutStore,
      'doubled pages': pages.doubled,
    },
    problems,
  };
}

async function unequalCounts(
  world: TortureWorld,
  { stored }: Expected,
  counted: ReadonlyMap<string, number>,
  byUuid: ReadonlyMap<string, readonly StoredEntry[]>,
): Promise<string[]> {
  const raw = new Set([...byUuid.values()].map(([entry]) => identityOf(entry as StoredEntry)));
  const problems: string[] = [];
  for (const key of new Set([...stored.keys(), ...counted.keys()])) {
    const must = stored.get(key) ?? new Set();
    if (counted.get(key) === must.size) continue;
    problems.push(`Loki counts ${counted.get(key) ?? 0} of ${key}, not ${must.size}`);
    // A repeat stands in its summary alone, so that what has no entry of its own is not lost for sure.
    const alone = [...must].filter((identity) => !raw.has(identity)).slice(-NAMED);
    for (const identity of alone) problems.push(`without an entry of its own: ${await lifeOf(identity, world)}`);
  }
  return problems;
}

/** What is known of an event: its pushes, its record, whether it was parked or handed on. */
async function lifeOf(identity: string, world: TortureWorld): Promise<string> {
  const sample = world.published.find(({ data }) => String(data).includes(`"${identity.split(' ')[0]}"`));
  const pushes = sample?.messageIds.map((id) => `${id} got ${world.fleet.history(id).join(' ') || 'no push'}`);
  const where = await Promise.all(
    ['falco-retry', DEAD_LETTER].map(async (topic) => {
      const all = await world.messages(topic);
      return `${all.filter(({ data }) => data.includes(identity)).length} on ${topic}`;
    }),
  );
  const record = await world.store.record(identity).catch((error: Error) => error.message);
  return [identity, ...(pushes ?? []), ...where, `record ${record}`].join('; ');
}

/** Whoever writes again writes the same bytes. */
function unequalBytes(byUuid: ReadonlyMap<string, readonly StoredEntry[]>): string[] {
  return [...byUuid]
    .filter(([, copies]) => {
      const texts = copies.map(({ timestampNs, line, labels }) => JSON.stringify([timestampNs, line, labels.n]));
      return new Set(texts).size > 1;
    })
    .map(([uuid]) => `the copies of ${uuid} differ`);
}

function identityOf({ labels: { uuid = '', source, rule = '' } }: StoredEntry): string {
  return source === 'k8s_audit' ? auditIdentity(uuid.split(':')[0] ?? '', rule) : uuid;
}

async function parkedIn(world: TortureWorld): Promise<Map<string, string>> {
  const messages = await world.messages(DEAD_LETTER);
  return new Map(
    messages.map(({ attributes }) => [
      attributes[SAMPLE_NAME] ?? attributes.falco_relay_identity ?? '',
      attributes.reason ?? '',
    ]),
  );
}

function unequalParked({ parked: must }: Expected, parked: ReadonlyMap<string, string>): string[] {
  const names = new Set([...must.keys(), ...parked.keys()]);
  return [...names]
    .filter((name) => must.get(name) !== parked.get(name))
    .map((name) => `${name} is parked as ${parked.get(name)}, not as ${must.get(name)}`);
}

/** How many alerts each incident counted. */
function countsOf(world: TortureWorld): Promise<number[]> {
  return world.withStore(async (opened) => {
    const keys = (await opened.list(INCIDENT_KIND, 100_000)).map(groupKeyOf);
    const counts: number[] = [];
    for (let from = 0; from < keys.length; from += READ_AT_ONCE) {
      const some = keys.slice(from, from + READ_AT_ONCE);
      const read = await opened.transact((tx) => Promise.all(some.map((key) => readIncident(tx, key))));
      counts.push(...read.map((incident) => incident?.count ?? 0));
    }
    return counts;
  });
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const each of numbers) total += each;
  return total;
}
