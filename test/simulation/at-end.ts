/** What must hold once the faults are over and everything has come to rest: the equation of the protocol, and every page. */

import type { Memory } from '../../functions/adapters/store/memory.ts';
import type { Delivery } from '../../functions/core/incident/delivery.ts';
import type { Counted } from '../../functions/core/incident/documents.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import { stormGroupOf } from '../../functions/core/incident/storm.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { rank } from '../../functions/core/priority.ts';
import { ALL_RULE } from '../../functions/core/watch/watch-rules.ts';
import type { Verdict } from './at-answer.ts';
import type { Ledger, Opening } from './ledger.ts';
import { everySilence, type PlannedNode } from './nodes.ts';
import { routesOf } from './pipelines.ts';
import { KINDS } from './traffic.ts';

export interface AtEnd {
  memory: Memory;
  ledger: Ledger;
  /** The store's clock. */
  now: number;
  /** When sweep last did all its work. */
  sweptAt: number;
  isLokiAlone: boolean;
  /** The configurations that were ever in force. */
  pipelines: readonly number[];
  nodes: readonly PlannedNode[];
  /** Until then they speak. */
  watchedUntil: number;
  /** When what was parked was replayed; undefined where nothing was. */
  replayedAt: number | undefined;
}

const CHECKS: readonly ((end: AtEnd) => Verdict)[] = [
  equation,
  everyFirst,
  everyEscalation,
  countsOfIncidents,
  everyPage,
  everyRoute,
  pagesInTime,
  everyTier,
  everyMute,
  everyReplay,
  everythingExpires,
  silences,
];

/** The first promise that is broken. */
export function atEnd(end: AtEnd): Verdict {
  for (const check of CHECKS) {
    const verdict = check(end);
    if (verdict !== undefined) return `${check.name}: ${verdict}`;
  }
  return undefined;
}

/** Whoever fell silent was told, and nobody else. */
function silences({ memory, ledger, nodes, watchedUntil }: AtEnd): Verdict {
  const isResolved = (uuid: string): boolean => {
    const { groupKey, generation } = JSON.parse(memory.documents.get(`X:${uuid}`)?.json ?? '{}') as Counted;
    return ledger.incidents.get(groupKey)?.get(generation)?.state === 'resolved';
  };
  return everySilence(nodes, ledger, { until: watchedUntil, isResolved });
}

/** What the store holds longer than any message may come again: it would grow without an end. */
const LONGEST_KEPT_MS = 400 * 86_400_000;

/** Whatever is remembered is forgotten one day. */
function everythingExpires({ memory, now }: AtEnd): Verdict {
  const kept = [...memory.records, ...memory.documents].find(
    ([, { expiresAt }]) => !(expiresAt < now + LONGEST_KEPT_MS),
  );
  return kept && `${kept[0]} is kept for ever`;
}

/** What is still to be done; empty when all has come to rest. */
export function unfinished({ memory, now }: Pick<AtEnd, 'memory' | 'now'>): string[] {
  const owing = [...memory.records].filter(([, { log, escalation }]) => log || escalation).map(([id]) => `${id} owes`);
  const due = [...memory.documents].filter(
    ([, document]) => document.due?.kind === 'delivery' && document.expiresAt > now,
  );
  return [
    ...owing,
    ...due.map(([key]) => `${key} is due`),
    ...[...memory.windows.values()].map(({ id }) => `window ${id} is open`),
    ...[...memory.summaries.keys()].map((id) => `summary ${id} is not written`),
  ];
}

/** firsts + keeps + the sum of summaries + parked = distinct events, cluster by cluster and rule by rule. */
function equation({ ledger }: AtEnd): Verdict {
  const inLoki = ledger.inLoki();
  const sums = new Map<string, { published: number; counted: number }>();
  const add = (cluster: string, rule: string, published: number, counted: number): void => {
    const key = `${cluster}, ${rule}`;
    const sum = sums.get(key) ?? { published: 0, counted: 0 };
    sums.set(key, { published: sum.published + published, counted: sum.counted + counted });
  };
  for (const { kind, place } of ledger.published.values()) add(place.cluster, KINDS[kind].rule, 1, 0);
  for (const { cluster, rule, n } of inLoki.values()) add(cluster, rule, 0, n);
  for (const { identity, n, rule, cluster } of parkedForGood(ledger))
    if (!inLoki.has(identity)) add(cluster, rule, 0, n);
  for (const [key, { published, counted }] of sums) {
    if (published !== counted) return `${key}: ${published} published, ${counted} counted`;
  }
  return undefined;
}

/** Each once, whatever became of it in Loki; events of which a message alone is known are found by it. */
function parkedForGood(ledger: Ledger): { identity: string; n: number; cluster: string; rule: string }[] {
  const seen = new Set<string>();
  return ledger.parked().flatMap(({ identity, from, n }) => {
    if (seen.has(identity) || (from !== 'ingest' && from !== 'sweep')) return [];
    seen.add(identity);
    const event = ledger.published.get(identity);
    if (event) return [{ identity, n: 1, cluster: event.place.cluster, rule: KINDS[event.kind].rule }];
    const head = ledger.summaries.get(identity);
    return head ? [{ identity, n, ...head }] : [];
  });
}

/** An event that opened a window, or was kept, stands in Loki by its own name; none other does but summaries. */
function everyFirst({ memory, ledger }: AtEnd): Verdict {
  const inLoki = ledger.inLoki();
  for (const [identity, { role }] of memory.records) {
    const stands = inLoki.has(identity) || ledger.isParked(identity);
    if (role !== 'repeat' && !stands) return `${identity} is ${role}, and nowhere`;
    if (role === 'repeat' && inLoki.has(identity)) return `${identity} is a repeat, and written all the same`;
  }
  return undefined;
}

/** A second opinion that asks nothing but what was published: whatever is worth a person's attention was counted once. */
function everyEscalation({ memory, ledger }: AtEnd): Verdict {
  for (const [identity, { kind }] of ledger.published) {
    if (KINDS[kind].escalates && !ledger.escalated.has(identity)) return `${identity} (${kind}) was never escalated`;
  }
  for (const uuid of ledger.escalated.keys()) {
    if (!memory.documents.has(`X:${uuid}`)) return `${uuid} was escalated, and counted nowhere`;
  }
  return undefined;
}

/** Each alert in one incident, in its own place, and no incident counts more than that. */
function countsOfIncidents({ memory, ledger }: AtEnd): Verdict {
  const counts = new Map<string, number>();
  for (const [uuid, alert] of ledger.escalated) {
    const document = memory.documents.get(`X:${uuid}`);
    const { groupKey, generation } = JSON.parse(document?.json ?? '{}') as { groupKey: string; generation: number };
    if (groupKey === '') continue;
    const key = `${groupKey}/${generation}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
    const { cluster, namespace } = alert.where;
    if (alert.rule === ALL_RULE) continue;
    const isHere = alert.source === 'relay' || groupKey.includes(`namespace=${JSON.stringify(namespace)}`);
    if (!isHere || !groupKey.includes(`cluster=${JSON.stringify(cluster?.name)}`))
      return `${uuid} stands in ${groupKey}`;
  }
  for (const [groupKey, generations] of ledger.incidents) {
    for (const [generation, { count, storm, report }] of generations) {
      if (storm || report) continue;
      const expected = counts.get(`${groupKey}/${generation}`) ?? 0;
      if (count !== expected) return `${groupKey}/${generation} counts ${count} of ${expected}`;
    }
  }
  return undefined;
}

/** Who was rung for what, by the name of both. */
function rungIn(ledger: Ledger): Set<string> {
  const pages = ledger.sent.filter(({ notification }) => notification.type === 'page');
  return new Set(
    pages.map(({ receiver, notification }) => keyOf(notification.groupKey, notification.generation, receiver)),
  );
}

/** Every receiver of every incident that is known was rung for it. */
function everyPage({ memory, ledger }: AtEnd): Verdict {
  const rung = rungIn(ledger);
  for (const [groupKey, generations] of ledger.incidents) {
    for (const [generation, { receivers }] of generations) {
      const silent = receivers.find((receiver) => !rung.has(keyOf(groupKey, generation, receiver)));
      if (silent !== undefined) return `${groupKey}/${generation} never rang at ${silent}`;
    }
  }
  for (const [key, { json }] of memory.documents) {
    if (!key.startsWith('N:')) continue;
    const { want, sent, groupKey, generation, receiver } = JSON.parse(json) as Delivery;
    if (want > sent) return `${key} is to be told ${want}, and was told ${sent}`;
    if (!rung.has(keyOf(groupKey, generation, receiver))) return `${key} counts as told, and never was`;
  }
  return undefined;
}

/** An alert that is urgent rang wherever one of the configurations routes it: by its own incident, or by the storm that holds it. */
function everyRoute({ memory, ledger, pipelines }: AtEnd): Verdict {
  const rung = rungIn(ledger);
  for (const [uuid, alert] of ledger.escalated) {
    const document = memory.documents.get(`X:${uuid}`);
    if (!document || alert.muted || rank(alert.priority) > rank('Critical')) continue;
    const { groupKey, generation } = JSON.parse(document.json) as Counted;
    const opening = ledger.openings.get(`${groupKey}/${generation}`);
    // One that a storm held may stand by itself by now.
    const tellers = [{ groupKey, generation }, ...(opening?.heldBy ?? []), ...freedAtOnce(ledger, alert, opening)];
    const isRung = (receiver: string): boolean =>
      tellers.some((teller) => rung.has(keyOf(teller.groupKey, teller.generation, receiver)));
    const routes = routesOf(alert, pipelines);
    if (groupKey !== '' && !routes.some((receivers) => receivers.every(isRung)))
      return `${uuid}, ${alert.priority} in ${groupKey}/${generation}, rang at none of ${JSON.stringify(routes)}`;
  }
  return undefined;
}

/** The storm that held it, where an emergency freed it in the transaction that opened it: as held it was never written. */
function freedAtOnce({ incidents }: Ledger, alert: AlertView, opening: Opening | undefined): readonly Incident[] {
  if (opening?.severity !== 'Emergency' || opening.count === 1) return [];
  const storms = [...(incidents.get(stormGroupOf(alert).key)?.values() ?? [])];
  return storms.filter(({ openedAt, lastAt }) => openedAt <= opening.openedAt && opening.openedAt <= lastAt);
}

/** Two round trips, the receiver's answer, and what the network now and then takes. */
const PAGED_WITHIN_MS = 4_000;

/** Where nothing failed but Loki, whoever an incident was routed to as it opened was rung at once. */
function pagesInTime({ ledger, isLokiAlone }: AtEnd): Verdict {
  if (!isLokiAlone) return undefined;
  for (const { groupKey, generation, openedAt, receivers } of ledger.openings.values()) {
    for (const receiver of receivers) {
      const rung = ledger.sent.find(
        (each) =>
          each.receiver === receiver &&
          each.notification.groupKey === groupKey &&
          each.notification.generation === generation,
      );
      if (rung && rung.at - openedAt > PAGED_WITHIN_MS)
        return `${groupKey}/${generation} rang at ${receiver} after ${rung.at - openedAt} ms, and nothing failed but Loki`;
    }
  }
  return undefined;
}

const keyOf = (...parts: readonly (string | number)[]): string => JSON.stringify(parts);

/** Nobody acknowledged it: whoever comes next was told, in order. */
function everyTier({ ledger, sweptAt }: AtEnd): Verdict {
  for (const generations of ledger.incidents.values()) {
    const incident = [...generations.values()].at(-1);
    if (incident?.state !== 'open') continue;
    const due = incident.tiers.filter(({ after }) => incident.pagedAt + after <= sweptAt);
    const late = due.find(({ receiver }, index) => index >= incident.tier || !isTold(incident, receiver));
    if (late)
      return `${incident.groupKey}/${incident.generation}: ${late.receiver} was left out after ${late.after} ms`;
  }
  return undefined;
}

const isTold = ({ receivers }: Incident, name: string): boolean => receivers.includes(name);

/** What an exception mutes under every configuration is in Loki with the reason. */
function everyMute({ ledger }: AtEnd): Verdict {
  const inLoki = ledger.inLoki();
  for (const [identity, { kind, place }] of ledger.published) {
    if (kind !== 'netcat' || place.namespace !== 'ci') continue;
    const entry = inLoki.get(identity);
    if (entry && !entry.muted) return `${identity} is muted, and Loki does not say so`;
    if (ledger.escalated.get(identity)?.muted === undefined) return `${identity} is muted, and escalated without it`;
  }
  return undefined;
}

/** What Loki takes of it, by its defaults, with some room for the time that a replay takes. */
const MOST_AGE_MS = 7 * 86_400_000 - 3_600_000;
const MOST_AHEAD_MS = 9 * 60_000;

/** What was parked and is fit to be taken by now is in Loki. */
function everyReplay({ ledger, replayedAt }: AtEnd): Verdict {
  if (replayedAt === undefined) return undefined;
  const inLoki = ledger.inLoki();
  for (const { identity } of ledger.parked()) {
    const event = ledger.published.get(identity);
    if (!event || event.kind === 'large' || inLoki.has(identity)) continue;
    const age = replayedAt - ((ledger.publishedAt.get(identity) ?? 0) - event.ageMs);
    if (age < MOST_AGE_MS && age > -MOST_AHEAD_MS) return `${identity} was replayed, and is not in Loki`;
  }
  return undefined;
}
