/** The equation: what was published against what Loki counts, what lies on the dead-letter topic, and who was told. */

import { expect } from '@jest/globals';
import { auditIdentity, type Expected, expectedOf, labelText } from './expected.ts';
import type { Page } from './receivers.ts';
import { SAMPLE_NAME } from './samples.ts';
import { countedByRule, countedEvents, type StoredEntry, storedEntries } from './stored.ts';
import type { World } from './world.ts';

export interface Proof {
  expected: Expected;
  entries: readonly StoredEntry[];
  /** Raw entries past the first one of their uuid. */
  copies: number;
  /** Pages past the first one of their incident and receiver. */
  repeatedPages: number;
}

/** To be called when the world is quiet. Throws where a promise is broken; prints what there was. */
export async function prove(name: string, world: World): Promise<Proof> {
  const expected = expectedOf(world.published);
  const entries = await storedEntries(world.loki.url);
  const { copies, counted } = await proveStored(world, expected, entries);
  const parked = await proveParked(world, expected);
  expect(counted + parked).toBe(expected.distinct);
  const repeatedPages = provePages(world, expected);
  const counts = await world.counts();
  expect(counts.length).toBe(expected.incidents.size);
  expect(sum(counts)).toBe(expected.alerts);

  const kinds = Map.groupBy(entries, ({ labels }) => labels.kind);
  const facts = {
    seed: world.random.seed,
    events: expected.distinct,
    deliveries: world.published.reduce((all, { messageIds }) => all + messageIds.length, 0),
    pushes: world.tap.answers,
    'lost answers': world.tap.lost,
    stored: counted,
    'raw entries': kinds.get('event')?.length ?? 0,
    summaries: kinds.get('repeats')?.length ?? 0,
    parked,
    alerts: expected.alerts,
    incidents: counts.length,
    pages: world.receivers.pages.length,
    'of these without the store': world.receivers.pages.filter(isDown).length,
    'raw copies': copies,
    'repeated pages': repeatedPages,
  };
  const words = Object.entries(facts).map(([what, count]) => `${what} ${count}`);
  process.stdout.write(`${name}: ${words.join(', ')}\n`);
  return { expected, entries, copies, repeatedPages };
}

async function proveStored(
  { loki }: World,
  { stored, texts }: Expected,
  entries: readonly StoredEntry[],
): Promise<{ copies: number; counted: number }> {
  const byUuid = Map.groupBy(entries, ({ labels }) => labels.uuid ?? '');
  const wrote = new Map<string, number>();
  for (const raw of byUuid.values()) {
    const [first] = raw as [StoredEntry];
    const { kind, n, project, cluster, rule } = first.labels;
    // Whoever writes again writes the same bytes.
    for (const copy of raw) {
      expect([copy.timestampNs, copy.line, copy.labels.n]).toEqual([first.timestampNs, first.line, n]);
    }
    const key = `${project} ${cluster} ${rule}`;
    if (kind === 'event') {
      const identity = identityOf(first);
      expect([key, stored.get(key)?.has(identity)]).toEqual([key, true]);
      // Byte for byte, but for what had to be redacted.
      if (!first.line.includes('[redacted:')) expect(first.line).toBe(texts.get(identity));
    }
    wrote.set(key, (wrote.get(key) ?? 0) + Number(n));
  }
  const must = new Map([...stored].map(([key, identities]) => [key, identities.size]));
  // Read entry by entry and as Loki counts them.
  expect(sorted(wrote)).toEqual(sorted(must));
  expect(sorted(await countedByRule(loki.url))).toEqual(sorted(must));
  const counted = await countedEvents(loki.url);
  expect(counted).toBe(sum([...must.values()]));
  return { copies: entries.length - byUuid.size, counted };
}

function identityOf({ labels: { uuid = '', source, rule = '' } }: StoredEntry): string {
  return source === 'k8s_audit' ? auditIdentity(uuid.split(':')[0] ?? '', rule) : uuid;
}

async function proveParked(world: World, { parked }: Expected): Promise<number> {
  const reasons = new Map<string, string>();
  for (const { attributes } of await world.messages('falco-dead-letter')) {
    expect(attributes).not.toHaveProperty('CloudPubSubDeadLetterSourceSubscription');
    expect(attributes.detail).toMatch(attributes.reason === 'loki-refused' ? /^Loki answered 400: ./ : /./);
    const identity = attributes[SAMPLE_NAME] ?? attributes.falco_relay_identity ?? '';
    reasons.set(identity, attributes.reason ?? '');
  }
  expect(sorted(reasons)).toEqual(sorted(parked));
  return reasons.size;
}

/** Told while the store could not be asked; the incident itself is told as well. */
const isDown = ({ groupKey }: Page): boolean => groupKey.endsWith('#down');

/** Each incident reached each of its receivers. Gives how many pages came more than once. */
function provePages({ receivers: { pages: all, faults } }: World, { incidents, pages: must }: Expected): number {
  expect(faults).toEqual([]);
  const pages = all.filter((page) => !isDown(page));
  const told = new Set(pages.map(({ receiver, groupKey }) => `${receiver} ${groupKey}`));
  for (const { receiver, groupKey } of all.filter(isDown)) {
    expect(told).toContain(`${receiver} ${groupKey.slice(0, -'#down'.length)}`);
  }
  // The webhook's body alone tells the labels behind a key.
  const labelsOf = new Map(
    pages
      .filter(({ receiver }) => receiver === 'archive')
      .map(({ groupKey, body }) => [groupKey, labelText(body.groupLabels as Record<string, string>)]),
  );
  expect([...labelsOf.values()].sort()).toEqual([...incidents.keys()].sort());
  const reached = Map.groupBy(pages, ({ receiver, groupKey }) => `${receiver} ${labelsOf.get(groupKey)}`);
  const mustReach = [...incidents].flatMap(([labels, { receivers }]) => receivers.map((name) => `${name} ${labels}`));
  expect([...reached.keys()].sort()).toEqual(mustReach.sort());
  expect(reached.size).toBe(must);
  // A page that comes again says so by its id, or a vendor would take it for another one.
  for (const [incident, same] of reached) {
    expect([incident, new Set(same.map(({ id }) => id)).size]).toEqual([incident, 1]);
  }
  return pages.length - reached.size;
}

function sorted<V>(map: ReadonlyMap<string, V>): [string, V][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
