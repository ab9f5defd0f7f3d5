/** A run as plain data, drawn from its seed: what is published, pressed and broken, and when. Shrinking leaves parts of it out. */

import { nodesOf, type PlannedNode } from './nodes.ts';
import { PIPELINES, RECEIVERS } from './pipelines.ts';
import { createRandom, type Random } from './random.ts';
import { anyEvent, anyPlace, type PlannedEvent } from './traffic.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** What can go wrong, by where. `how` is read by the port's own file. */
export interface PlannedFault {
  at: number;
  forMs: number;
  /** `store`, `loki`, `pubsub`, `metadata`, `receiver/NAME`, `sweep`, or an instance as `FUNCTION/NUMBER`. */
  port: string;
  how: string;
  /** Of each call while it lasts. */
  chance: number;
}

/** Somebody presses a button on one of the incidents that are open then, or switches the pipeline. */
export interface PlannedAct {
  at: number;
  kind: 'acknowledge' | 'resolve' | 'mute' | 'unmute' | 'page' | 'deploy';
}

export interface Plan {
  seed: string;
  /** Of each function. */
  instances: number;
  /** What one instance holds at once. */
  inFlight: number;
  /** Largest error of an instance's clock. */
  skewMs: number;
  /** The chance that Pub/Sub delivers a message once more. */
  duplicates: number;
  /** When the faults stop. */
  forMs: number;
  /** Parked messages are replayed so long after that. */
  replayAfterMs: number;
  pipeline: number;
  events: PlannedEvent[];
  /** Watched for silence; most runs have none. */
  nodes: PlannedNode[];
  acts: PlannedAct[];
  faults: PlannedFault[];
}

const HOWS: Readonly<Record<string, readonly string[]>> = {
  store: ['refused', 'lost-before', 'lost-after', 'slow', 'rerun'],
  loki: [
    'refused',
    'lost-before',
    'lost-after',
    'slow',
    'status-429',
    'status-500',
    'status-500-after',
    'status-400',
    'partial',
  ],
  pubsub: ['refused', 'lost-before', 'lost-after', 'slow'],
  metadata: ['refused', 'lost-before', 'slow'],
};
const RECEIVER_HOWS = ['unavailable', 'answer-lost', 'misconfigured', 'rejected', 'hang', 'throttled'];
const FUNCTIONS = ['ingest', 'escalate', 'notify', 'sweep', 'callback'];

export function planOf(seed: string): Plan {
  const random = createRandom(seed).fork('plan');
  const forMs = random.between(2, 16) * MINUTE;
  const instances = random.between(1, 3);
  // Some runs are calm, and show that nothing goes wrong by itself; some know one kind of fault alone.
  const faults = random.chance(0.05) ? [] : faultsOf(random, forMs, instances);
  const other = createRandom(seed).fork('an outage of Loki alone');
  const watch = createRandom(seed).fork('nodes');
  const nodes = watch.chance(0.12) ? nodesOf(watch) : [];
  const outages = other.chance(0.08) ? outagesOfLoki(other, forMs) : undefined;
  return {
    seed,
    instances,
    inFlight: inFlightOf(random, nodes),
    skewMs: random.pick([0, 50, 5 * SECOND, 2 * MINUTE]),
    duplicates: random.pick([0, 0.02, 0.2]),
    forMs,
    replayAfterMs: random.pick([0, MINUTE, 25 * 60 * MINUTE, random.between(2, 9) * DAY]),
    pipeline: random.between(0, PIPELINES - 1),
    events: eventsOf(random, forMs),
    nodes,
    acts: actsOf(random, forMs),
    faults: outages ?? faults,
  };
}

/** Where nodes are watched there is room for their words: what waits for room says nothing of its node, until it is over. */
function inFlightOf(random: Random, nodes: readonly PlannedNode[]): number {
  const inFlight = random.chance(0.2) ? random.between(2, 12) : 2_000;
  return nodes.length > 0 ? 2_000 : inFlight;
}

/** The configurations that may come to be in force; which one a deployment brings is drawn as it happens. */
export function pipelinesOf({ pipeline, acts }: Plan): number[] {
  const isDeployed = acts.some(({ kind }) => kind === 'deploy');
  return isDeployed ? Array.from({ length: PIPELINES }, (_, index) => index) : [pipeline];
}

function eventsOf(random: Random, forMs: number): PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const add = (fixed: Partial<PlannedEvent> & { at: number }): void => {
    events.push(anyEvent(random, events.length, fixed));
  };
  const steady = random.between(5, 60);
  const places = Array.from({ length: random.between(1, 6) }, () => anyPlace(random));
  for (let count = 0; count < steady; count += 1) add({ at: random.between(0, forMs), place: random.pick(places) });
  if (random.chance(0.4)) repeats(random, forMs, add);
  if (random.chance(0.3)) storm(random, forMs, add);
  if (random.chance(0.4)) shells(random, forMs, add);
  return events;
}

type Add = (fixed: Partial<PlannedEvent> & { at: number }) => void;

/** The same thing again and again, within seconds. */
function repeats(random: Random, forMs: number, add: Add): void {
  const [at, place, variant] = [random.between(0, forMs), anyPlace(random), 0];
  const kind = random.pick(['read', 'kept', 'binary'] as const);
  for (let count = random.between(5, 40); count > 0; count -= 1)
    add({ at: at + random.between(0, 20 * SECOND), place, variant, kind });
}

/** Many places at once. */
function storm(random: Random, forMs: number, add: Add): void {
  const [at, place] = [random.between(0, forMs), anyPlace(random)];
  for (let count = random.between(8, 30); count > 0; count -= 1) {
    const workload = `worker${'abcdefghijklmnopqrstuvwxyz'[count % 26]}`;
    const kind = random.chance(0.05) ? 'wiper' : 'binary';
    add({ at: at + random.between(0, 60 * SECOND), place: { ...place, workload }, kind });
  }
}

/** Shells, and the execs behind them. */
function shells(random: Random, forMs: number, add: Add): void {
  for (let count = random.between(1, 5); count > 0; count -= 1) {
    const [at, place] = [random.between(0, forMs), anyPlace(random)];
    add({ at, place, kind: 'shell', ageMs: 1_000 });
    if (random.chance(0.8)) add({ at: at + random.between(0, 50 * SECOND), place, kind: 'exec', ageMs: 2_000 });
  }
}

function actsOf(random: Random, forMs: number): PlannedAct[] {
  const kinds = ['acknowledge', 'acknowledge', 'resolve', 'mute', 'unmute', 'page', 'deploy', 'deploy'] as const;
  return Array.from({ length: random.between(0, 8) }, () => ({
    at: random.between(0, forMs + 5 * MINUTE),
    kind: random.pick(kinds),
  }));
}

function faultsOf(random: Random, forMs: number, instances: number): PlannedFault[] {
  const instance = (): string => `${random.pick(FUNCTIONS)}/${random.between(0, instances - 1)}`;
  const ports: readonly (() => PlannedFault)[] = [
    ...Object.entries(HOWS).map(
      ([port, hows]) =>
        () =>
          lasting(random, forMs, port, random.pick(hows)),
    ),
    ...Array.from(
      { length: 3 },
      () => () => lasting(random, forMs, `receiver/${random.pick(RECEIVERS)}`, random.pick(RECEIVER_HOWS)),
    ),
    () => ({ at: random.between(0, forMs), forMs: 0, port: instance(), how: 'crash', chance: 1 }),
    () => ({
      at: random.between(0, forMs),
      forMs: random.pick([SECOND, 15 * SECOND, 40 * SECOND, 5 * MINUTE]),
      port: instance(),
      how: 'stall',
      chance: 1,
    }),
    () => ({ ...lasting(random, forMs, random.pick(FUNCTIONS), 'crash-at-await'), chance: random.pick([0.01, 0.05]) }),
    () => ({
      at: random.between(0, forMs),
      forMs: random.between(10, 4_000),
      port: 'store',
      how: random.pick(['failover', 'failover', 'replica-away']),
      chance: 1,
    }),
    () => lasting(random, forMs, 'sweep', random.pick(['twice', 'late', 'skipped'])),
  ];
  const some = random.chance(0.3) ? [random.pick(ports)] : ports;
  return Array.from({ length: random.between(1, 10) }, () => random.pick(some)());
}

/** Long ones, since whatever waits for Loki must come to its limits. */
function outagesOfLoki(random: Random, forMs: number): PlannedFault[] {
  return Array.from({ length: random.between(1, 3) }, () => ({
    at: random.between(0, forMs / 2),
    forMs: random.between(forMs / 4, forMs),
    port: 'loki',
    how: random.pick(HOWS.loki ?? []),
    chance: random.pick([0.5, 1]),
  }));
}

function lasting(random: Random, forMs: number, port: string, how: string): PlannedFault {
  const at = random.between(0, forMs);
  const most = Math.max(SECOND, forMs - at);
  return {
    at,
    forMs: random.chance(0.5) ? random.between(SECOND, most) : Math.min(most, random.between(SECOND, 40 * SECOND)),
    port,
    how,
    chance: random.pick([0.05, 0.3, 0.3, 1]),
  };
}
