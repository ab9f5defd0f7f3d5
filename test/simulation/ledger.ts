/** What really happened in a run: what was published, acknowledged, stored and sent, by event; the checks read it. */

import type { Memory } from '../../functions/adapters/store/memory.ts';
import { IDENTITY } from '../../functions/core/event/attributes.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import type { OutgoingMessage } from '../../functions/core/ports.ts';
import type { LokiModel, PubSubModel } from './models.ts';
import type { Sent } from './receivers-port.ts';
import type { PlannedEvent } from './traffic.ts';

/** A line of the sum: an event, or a window's repeats. */
export interface Counted {
  cluster: string;
  rule: string;
  n: number;
  copies: number;
  muted: boolean;
}

export interface Parked {
  identity: string;
  from: string;
  reason: string;
  n: number;
  message: OutgoingMessage;
}

/** Of a window, by its id. */
export interface Head {
  cluster: string;
  rule: string;
}

/** How a generation was first written, and the storms that ever held it. */
export interface Opening
  extends Pick<Incident, 'groupKey' | 'generation' | 'openedAt' | 'receivers' | 'severity' | 'count'> {
  heldBy: readonly NonNullable<Incident['heldBy']>[];
}

export interface Ledger {
  /** Events that were published at least once, by identity. */
  published: Map<string, PlannedEvent>;
  /** When, likewise. */
  publishedAt: Map<string, number>;
  /** Identities by the id of a message on the events topic. */
  identityOf: Map<string, string>;
  /** Alerts on the escalations topic, by uuid; the last one published. */
  escalated: Map<string, AlertView>;
  /** Messages of the retry topic that are not acknowledged, by identity. */
  retrying: Map<string, Set<string>>;
  sent: Sent[];
  /** By uuid, as a query would count: each once, with its largest `n`. */
  inLoki(): ReadonlyMap<string, Counted>;
  parked(): readonly Parked[];
  isParked(identity: string): boolean;
  /** What the summaries that ever were are about. */
  summaries: ReadonlyMap<string, Head>;
  /** The last state of each generation of each incident that was ever written, by group key. */
  incidents: Map<string, Map<number, Incident>>;
  /** By `GROUP KEY/GENERATION`. */
  openings: Map<string, Opening>;
  /** Called when the store has lost writes: what it does not have any more never was. */
  forget(): void;
}

const STREAM_LABEL = /cluster="([^"]*)"/;

export function createLedger({
  memory,
  loki,
  pubsub,
  onIncident,
}: {
  memory: Memory;
  loki: LokiModel;
  pubsub: PubSubModel;
  /** Hears of each write of an incident, and of what its generation was before. */
  onIncident(before: Incident | undefined, incident: Incident): void;
}): Ledger {
  const stored = new Map<string, Counted>();
  const parked: Parked[] = [];
  const parkedIdentities = new Set<string>();
  const incidents: Ledger['incidents'] = new Map();
  const openings: Ledger['openings'] = new Map();
  let entriesRead = 0;

  function remember(json: string): void {
    const incident = JSON.parse(json) as Incident;
    const generations = incidents.get(incident.groupKey) ?? new Map<number, Incident>();
    incidents.set(incident.groupKey, generations);
    onIncident(generations.get(incident.generation), incident);
    generations.set(incident.generation, incident);
    const { groupKey, generation, openedAt, receivers, severity, count, heldBy } = incident;
    const key = `${groupKey}/${generation}`;
    const opening = openings.get(key) ?? { groupKey, generation, openedAt, receivers, severity, count, heldBy: [] };
    openings.set(key, heldBy ? { ...opening, heldBy: [...opening.heldBy, heldBy] } : opening);
  }

  const summaries = new Map<string, Head>();
  const hold = memory.summaries.set.bind(memory.summaries);
  memory.summaries.set = (id, held) => {
    const { labels, rule } = held.summary;
    summaries.set(id, { cluster: labels.cluster ?? '', rule });
    return hold(id, held);
  };
  const { documents } = memory;
  const set = documents.set.bind(documents);
  documents.set = (key, document) => {
    if (key.startsWith('I:')) remember(document.json);
    return set(key, document);
  };

  function readLoki(): void {
    const entries = loki.entries();
    for (; entriesRead < entries.length; entriesRead += 1) {
      const { stream, metadata } = entries[entriesRead] as (typeof entries)[number];
      const { uuid = '', n = '0', rule = '', muted } = metadata;
      const before = stored.get(uuid);
      stored.set(uuid, {
        cluster: STREAM_LABEL.exec(stream)?.[1] ?? '',
        rule,
        n: Math.max(before?.n ?? 0, Number(n)),
        copies: (before?.copies ?? 0) + 1,
        muted: muted !== undefined || before?.muted === true,
      });
    }
  }

  function readParked(): void {
    const taken = pubsub.taken('falco-dead-letter');
    for (let index = parked.length; index < taken.length; index += 1) {
      const message = taken[index] as (typeof taken)[number];
      const { attributes } = message;
      const identity = attributes[IDENTITY] ?? '';
      const { falco_relay_from: from = 'pubsub', reason = '', n = '1' } = attributes;
      parked.push({ identity, from, reason, n: Number(n), message });
      parkedIdentities.add(identity);
    }
  }

  return {
    published: new Map(),
    publishedAt: new Map(),
    identityOf: new Map(),
    escalated: new Map(),
    retrying: new Map(),
    sent: [],
    incidents,
    openings,
    summaries,
    inLoki() {
      readLoki();
      return stored;
    },
    parked() {
      readParked();
      return parked;
    },
    isParked(identity) {
      readParked();
      return parkedIdentities.has(identity);
    },
    forget() {
      for (const [groupKey, generations] of incidents) {
        const kept = memory.documents.get(`I:${groupKey}`);
        const last = kept && (JSON.parse(kept.json) as Incident);
        for (const generation of generations.keys()) {
          if (generation <= (last?.generation ?? 0)) continue;
          generations.delete(generation);
          openings.delete(`${groupKey}/${generation}`);
        }
        if (last) generations.set(last.generation, last);
      }
    },
  };
}
