/** Two zones with an instance of every function each. Knows each push: where it went, when, and what came of it. */

import { type Relay, startRelay } from '../stack/programs/relay.ts';
import type { PushedMessage } from '../stack/support/pusher.ts';
import type { Random } from '../stack/support/random.ts';
import { FUNCTIONS, type FunctionName, ZONES, type Zone } from './schedule.ts';

export interface Push {
  name: FunctionName;
  zone: Zone;
  messageId: string;
  /** In base64. */
  data: string;
  begun: number;
  /** 0 while an answer is awaited. */
  ended: number;
  /** 502 where there was no answer in time. */
  status: number;
  /** Why it was refused, as the function said. */
  reason: string;
}

export interface Fleet {
  zones: readonly [Relay<FunctionName>, Relay<FunctionName>];
  /** Gives whether Pub/Sub hears that the message is acknowledged. */
  push(name: FunctionName, message: PushedMessage): Promise<boolean>;
  /** Those to notify; what the others were sent matters only by its acknowledgement. */
  notified: readonly Push[];
  figures: { pushes: number; twice: number; lost: number };
  acknowledged(name: FunctionName, messageId: string): boolean;
  /** Statuses that a message got so far. */
  history(messageId: string): readonly number[];
  kill9(name: FunctionName, zone: Zone): Promise<void>;
  signal(name: FunctionName, zone: Zone, signal: NodeJS.Signals): void;
  restart(name: FunctionName, zone: Zone): Promise<void>;
  /** What Pub/Sub does wrong from now on. */
  misbehave(how: 'twice' | 'lost' | undefined): void;
  stop(): Promise<void>;
}

/** https://cloud.google.com/pubsub/docs/push#receive_push: what has no answer by then comes again. */
const ACK_DEADLINE_MS = 60_000;
/** While answers are lost, one in so many; likewise for what is pushed twice. */
const ONE_IN = 3;

export async function startFleet(
  envOf: (zone: Zone) => Readonly<Record<string, string>>,
  chance: Random,
): Promise<Fleet> {
  const [first, second] = await Promise.all(
    ZONES.map((zone) => startRelay<FunctionName>({ targets: FUNCTIONS, env: envOf(zone) })),
  );
  const zones = [first, second] as [Relay<FunctionName>, Relay<FunctionName>];
  const notified: Push[] = [];
  const figures = { pushes: 0, twice: 0, lost: 0 };
  const acknowledged = new Set<string>();
  const histories = new Map<string, number[]>();
  const down = new Set<string>();
  let trouble: 'twice' | 'lost' | undefined;
  let turn = 0;

  /** Requests go in turns to those that live; one that is only stopped still gets its share. */
  function choose(name: FunctionName): Zone {
    turn += 1;
    const zone: Zone = turn % 2 === 0 ? 0 : 1;
    return down.has(`${name} ${zone}`) ? (zone === 0 ? 1 : 0) : zone;
  }

  async function pushTo(zone: Zone, name: FunctionName, { messageId, data, attributes }: PushedMessage) {
    const push: Push = { name, zone, messageId, data, begun: Date.now(), ended: 0, status: 0, reason: '' };
    if (name === 'notify') notified.push(push);
    figures.pushes += 1;
    Object.assign(push, await post(zones[zone].url(name), { messageId, data, attributes }));
    push.ended = Date.now();
    histories.set(messageId, [...(histories.get(messageId) ?? []), push.status]);
    return push.status >= 200 && push.status < 300;
  }

  return {
    zones,
    notified,
    figures,
    acknowledged: (name, messageId) => acknowledged.has(`${name} ${messageId}`),
    history: (messageId) => histories.get(messageId) ?? [],
    async push(name, message) {
      const isStruck = trouble !== undefined && chance.below(ONE_IN) === 0;
      let done: boolean;
      if (isStruck && trouble === 'twice') {
        figures.twice += 1;
        // At the same time, and to different instances.
        const both = await Promise.all(ZONES.map((zone) => pushTo(zone, name, message)));
        done = both.some(Boolean);
      } else done = await pushTo(choose(name), name, message);
      if (done && isStruck && trouble === 'lost') {
        figures.lost += 1;
        return false;
      }
      if (done) acknowledged.add(`${name} ${message.messageId}`);
      return done;
    },
    async kill9(name, zone) {
      down.add(`${name} ${zone}`);
      await zones[zone].kill9(name);
    },
    signal: (name, zone, signal) => zones[zone].signal(name, signal),
    async restart(name, zone) {
      await zones[zone].restart(name);
      down.delete(`${name} ${zone}`);
    },
    misbehave(how) {
      trouble = how;
    },
    async stop() {
      await Promise.all(zones.map((each) => each.stop()));
    },
  };
}

async function post(url: string, message: PushedMessage): Promise<Pick<Push, 'status' | 'reason'>> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message, subscription: 'projects/falco-relay-test/subscriptions/torture' }),
      signal: AbortSignal.timeout(ACK_DEADLINE_MS),
    });
    const [, reason = ''] = /"reason":"([^"]+)"/.exec(await response.text()) ?? [];
    return { status: response.status, reason };
  } catch {
    return { status: 502, reason: '' };
  }
}
