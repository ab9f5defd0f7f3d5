/** The instances of the five functions: started, called, crashed, stalled, and replaced by ones with other configuration. */

import { createLoki } from '../../functions/adapters/loki/writer.ts';
import type { Memory } from '../../functions/adapters/store/memory.ts';
import { createAct } from '../../functions/callback/act.ts';
import type { Act } from '../../functions/core/incident/action.ts';
import type { LogLine } from '../../functions/core/log.ts';
import { oncallOf } from '../../functions/roles.ts';
import { createRelay, FUNCTIONS, type FunctionName } from '../../functions/wire.ts';
import type { Faults } from './faults.ts';
import type { Link } from './link.ts';
import type { LokiModel, PubSubModel } from './models.ts';
import { configOf } from './pipelines.ts';
import type { Plan } from './plan.ts';
import { createLokiPort, createMetadataPort, createTopicsPort } from './ports.ts';
import { createProcess, type Process } from './process.ts';
import type { Random } from './random.ts';
import { createReceiverPorts, type Sent } from './receivers-port.ts';
import { createStorePort, type Replica } from './store-port.ts';
import type { Time } from './time.ts';
import { LINE_BYTES } from './traffic.ts';

export interface Instance {
  process: Process;
  /** Gives the answer's status; rejects where the process dies first. */
  call(body: unknown): Promise<number>;
  act: Act;
  /** Requests that are not answered yet. */
  readonly busy: number;
}

export interface Fleet {
  /** Calls any instance of a function; rejects where none lives. */
  call(name: FunctionName, body: unknown): Promise<number>;
  /** Any living instance of a function. */
  anyOf(name: FunctionName): Instance | undefined;
  /** The process in a place, as `FUNCTION/NUMBER`. */
  processAt(place: string): Process | undefined;
  /** Replaces every instance, one after the other, by one with another configuration. */
  deploy(pipeline: number): void;
  /** Requests that are not answered yet, in words. */
  readonly unanswered: readonly string[];
  /** Instances that still wait for something though all is at rest, in words. */
  readonly waiting: readonly string[];
}

export interface FleetDeps {
  plan: Plan;
  time: Time;
  random: Random;
  faults: Faults;
  link: Link;
  memory: Memory;
  replica: Replica;
  loki: LokiModel;
  pubsub: PubSubModel;
  onSent(sent: Sent): void;
  /** A line of the relay's own log. */
  onLine(process: Process, line: LogLine): void;
  /** An answer, with the requests that were under way as it was asked for. */
  onAnswer(process: Process, status: number, underWay: number): void;
  /** A bound was not kept, in words. */
  onExcess(text: string): void;
  say(text: string): void;
}

/** What one request to the store, and one push to Loki, may hold. */
const MOST_IN_GROUP = 200;
const MOST_PUSHED_BYTES = 1_000_000;
const RESTART_MS = { least: 200, most: 20_000 };

export function createFleet(deps: FleetDeps): Fleet {
  const { plan, time, random, say } = deps;
  const places = FUNCTIONS.flatMap((name) =>
    Array.from({ length: plan.instances }, (_, index) => ({ name, place: `${name}/${index}` })),
  );
  const instances = new Map<string, Instance>();
  /** Replaced, and still answering what they took. */
  const leaving = new Set<Instance>();
  let pipeline = plan.pipeline;
  let serial = 0;

  function start(place: string, name: FunctionName): void {
    serial += 1;
    const process = createProcess(`${place}#${serial}`, time, random.between(-plan.skewMs, plan.skewMs));
    say(`${process.name} starts, pipeline ${pipeline}`);
    const before = instances.get(place);
    if (before?.busy) leaving.add(before);
    instances.set(place, createInstance(deps, process, name, pipeline));
    process.onCrash(() => {
      say(`${process.name} dies`);
      if (instances.get(place)?.process === process) {
        instances.delete(place);
        time.after(random.between(RESTART_MS.least, RESTART_MS.most), () => {
          if (!instances.has(place)) start(place, name);
        });
      }
    });
  }

  for (const { place, name } of places) start(place, name);

  const everyone = (): Instance[] => [...instances.values(), ...leaving];

  function anyOf(name: FunctionName): Instance | undefined {
    const living = places.flatMap((each) => (each.name === name ? (instances.get(each.place) ?? []) : []));
    return living.length > 0 ? random.pick(living) : undefined;
  }

  return {
    anyOf,
    call: (name, body) => anyOf(name)?.call(body) ?? Promise.reject(new Error('no instance')),
    processAt: (place) => instances.get(place)?.process,
    deploy(next) {
      pipeline = next;
      places.forEach(({ place, name }) => {
        time.after(random.between(0, 5_000), () => start(place, name));
      });
    },
    get unanswered() {
      const all = everyone().filter(({ process, busy }) => process.alive && busy > 0);
      return all.map(({ process, busy }) => `${process.name} owes ${busy} answers`);
    },
    get waiting() {
      const all = everyone().filter(({ process }) => process.timers > 0);
      return all.map(({ process }) => `${process.name} waits for ${process.timers} timers`);
    },
  };
}

function createInstance(deps: FleetDeps, process: Process, name: FunctionName, pipeline: number): Instance {
  const { plan, time, random, faults, link, memory, replica, loki, pubsub, onSent } = deps;
  const config = configOf(pipeline, plan.inFlight, plan.nodes.length > 0);
  const { clock, after } = process;
  const isContended = (): boolean => faults.roll('store') === 'rerun';
  const inBounds = (what: string, size: number, most: number): void => {
    if (size > most) deps.onExcess(`${process.name}: ${what} of ${size}, and ${most} at most`);
  };
  const store = createStorePort({ process, link, memory, replica, time, isContended });
  const lokiPort = createLokiPort(process, link, loki);
  const topics = createTopicsPort(process, link, pubsub);
  const receivers = createReceiverPorts({ process, time, random, faults, onSent });
  const relay = createRelay({
    config,
    clock,
    after,
    writeLog: (line) => deps.onLine(process, line),
    store: {
      ...store,
      claim(claims) {
        inBounds('claims', claims.length, MOST_IN_GROUP);
        return store.claim(claims);
      },
      settle(settlements) {
        inBounds('settlements', settlements.length, MOST_IN_GROUP);
        return store.settle(settlements);
      },
    },
    log: createLoki({ client: { ...lokiPort, push: bounded }, clock, after }),
    topics,
    receivers,
    metadata: createMetadataPort(process, link),
    report: false,
  });
  function bounded(...request: Parameters<typeof lokiPort.push>): ReturnType<typeof lokiPort.push> {
    inBounds('a push in bytes', request[0].length, MOST_PUSHED_BYTES + LINE_BYTES);
    return lokiPort.push(...request);
  }
  const dying = new Set<(error: Error) => void>();
  let busy = 0;
  let inside = 0;
  process.onCrash(() => {
    for (const reject of dying) reject(new Error('the connection was reset'));
    dying.clear();
  });

  return {
    process,
    act: createAct({ store, topics, oncall: oncallOf({ config, receivers }), clock }),
    get busy() {
      return busy;
    },
    call: (body) =>
      new Promise((resolve, reject) => {
        dying.add(reject);
        busy += 1;
        process.resume(() => {
          inside += 1;
          const underWay = inside;
          void relay.handlers[name]({ method: 'POST', headers: {}, body }).then(({ status }) => {
            inside -= 1;
            busy -= 1;
            dying.delete(reject);
            if (!process.alive) return;
            deps.onAnswer(process, status, underWay);
            resolve(status);
          });
        });
      }),
  };
}
