/** What the live page shows, kept up to date from the steps' observations: the equation, the stream, the incidents. */

import type { EventObservation, IncidentObservation, Observation, Observe } from '../core/observe.ts';
import { rank } from '../core/priority.ts';
import { type Counts, createLedger } from './ledger.ts';

const MAX_EVENTS = 200;
const MAX_INCIDENTS = 100;
/** Lag is told over this many written events. */
const LAG_WINDOW = 200;

/** One line of the stream: one attempt at one event, or a message that was parked before it was an event. */
export interface StreamItem extends Omit<EventObservation, 'kind' | 'outcome'> {
  id: number;
  outcome: EventObservation['outcome'];
}

export interface StreamParked {
  id: number;
  at: number;
  outcome: 'parked';
  messageId: string;
  reasons: readonly string[];
  detail: string;
}

export interface StreamSummary {
  id: number;
  at: number;
  outcome: 'summary';
  rule: string;
  n: number;
  windowId: string;
  result: 'written' | 'parked' | 'retry';
  reasons: readonly string[];
}

export type StreamEntry = StreamItem | StreamParked | StreamSummary;

export interface IncidentView extends Omit<IncidentObservation, 'kind'> {
  key: string;
  deliveries: readonly { receiver: string; want: number; outcome: string; at: number }[];
}

/** Milliseconds from an event's own time until Loki had it. */
export interface Lag {
  median: number;
  worst: number;
  of: number;
}

export interface BoardView {
  counts: Counts;
  lag: Lag;
  /** Oldest first. */
  events: readonly StreamEntry[];
  /** Worst first; of equals, what has waited longest. */
  incidents: readonly IncidentView[];
}

export interface Board {
  observe: Observe;
  /** Our own server answered a push: a message that was acknowledged without a word is not in the equation. */
  answered(messageId: string, status: number): void;
  /** The local log has an event of this uuid. */
  stored(uuid: string): void;
  /** Everything. */
  view(): BoardView;
  /** What is new since the last call. */
  take(): BoardView;
  /** Called after each change. */
  onChange(listener: () => void): void;
}

/** A board for one process; its memory is bounded whatever is observed. */
export function createBoard(): Board {
  const ledger = createLedger();
  const lags: number[] = [];
  const events: StreamEntry[] = [];
  const incidents = new Map<string, IncidentView>();
  let fresh: StreamEntry[] = [];
  const touched = new Set<string>();
  let lastId = 0;
  let notify = (): void => {};

  function append(entry: StreamEntry): void {
    for (const list of [events, fresh]) {
      list.push(entry);
      if (list.length > MAX_EVENTS) list.shift();
    }
  }

  const handlers: { [K in Observation['kind']]: (observation: Extract<Observation, { kind: K }>) => void } = {
    event({ kind: _, ...event }) {
      ledger.event(event);
      if (event.outcome === 'written') {
        lags.push(event.lagMs);
        if (lags.length > LAG_WINDOW) lags.shift();
      }
      append({ id: nextId(), ...event });
    },
    parked({ at, messageId, uuid, reason, detail, from }) {
      ledger.parked(messageId, uuid, from);
      if (uuid === undefined) append({ id: nextId(), at, outcome: 'parked', messageId, reasons: [reason], detail });
    },
    summary({ at, rule, n, windowId, outcome, reasons }) {
      ledger.summary(n, outcome);
      append({ id: nextId(), at, outcome: 'summary', rule, n, windowId, result: outcome, reasons });
    },
    incident({ kind: _, ...incident }) {
      const key = `${incident.groupKey}/${incident.generation}`;
      incidents.set(key, { key, ...incident, deliveries: incidents.get(key)?.deliveries ?? [] });
      touched.add(key);
      if (incidents.size > MAX_INCIDENTS) forgetOne(incidents);
    },
    delivery({ at, receiver, groupKey, generation, want, outcome }) {
      const incident = incidents.get(`${groupKey}/${generation}`);
      if (outcome === 'delivered') ledger.delivered();
      if (!incident || outcome === 'nothing-due' || outcome === 'held') return;
      const others = incident.deliveries.filter((delivery) => delivery.receiver !== receiver);
      incident.deliveries = [...others, { receiver, want, outcome, at }].slice(-20);
      touched.add(incident.key);
    },
  };

  function nextId(): number {
    lastId += 1;
    return lastId;
  }

  function sorted(list: Iterable<IncidentView>): IncidentView[] {
    return [...list].sort(byUrgency);
  }

  return {
    observe(observation) {
      (handlers[observation.kind] as (observation: Observation) => void)(observation);
      notify();
    },
    answered(messageId, status) {
      if (ledger.answered(messageId, status)) notify();
    },
    view: () => ({ counts: ledger.counts(), lag: lagOf(lags), events, incidents: sorted(incidents.values()) }),
    stored(uuid) {
      ledger.stored(uuid);
      notify();
    },
    take() {
      const known = [...touched].flatMap((key) => incidents.get(key) ?? []);
      const view = { counts: ledger.counts(), lag: lagOf(lags), events: fresh, incidents: sorted(known) };
      fresh = [];
      touched.clear();
      return view;
    },
    onChange(listener) {
      notify = listener;
    },
  };
}

/** Stable while a person reads: a new incident of the same severity never pushes the others down. */
function byUrgency(a: IncidentView, b: IncidentView): number {
  return rank(a.severity) - rank(b.severity) || Number(BigInt(a.firstNs) - BigInt(b.firstNs));
}

/** The oldest that is over, else the oldest that a storm holds, else the oldest. */
function forgetOne(incidents: Map<string, IncidentView>): void {
  const all = [...incidents.values()];
  const over = all.find(({ state }) => state === 'resolved' || state === 'quiet');
  const key = over?.key ?? all.find(({ heldBy }) => heldBy !== undefined)?.key ?? all[0]?.key;
  if (key !== undefined) incidents.delete(key);
}

function lagOf(lags: readonly number[]): Lag {
  const ordered = [...lags].sort((a, b) => a - b);
  return { median: ordered[ordered.length >> 1] ?? 0, worst: ordered.at(-1) ?? 0, of: ordered.length };
}
