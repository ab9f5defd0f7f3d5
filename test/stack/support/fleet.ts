/**
 * Two instances of each function behind one address, as Cloud Run has them. Knows each push, so that a test can say what
 * a killed instance had under way.
 */

import type { Relay } from '../programs/relay.ts';
import { type Changes, createChanges } from './changes.ts';
import type { PushedMessage } from './pusher.ts';

export interface Push extends PushedMessage {
  name: string;
  /** Which of the two it went to: 0 or 1. */
  instance: number;
  /** Milliseconds since the epoch; `ended` is 0 while an answer is awaited. */
  begun: number;
  ended: number;
  /** 502 where there was no answer. */
  status: number;
}

export interface Fleet<Name extends string> {
  /** Gives whether the message is acknowledged. */
  push(name: Name, message: PushedMessage): Promise<boolean>;
  /** In the order in which they began. */
  pushes: readonly Push[];
  acknowledged(name: Name): ReadonlySet<string>;
  /** SIGKILL of the second instance; gives the pushes that it had under way. */
  kill9(name: Name): Promise<readonly Push[]>;
  restart(name: Name): Promise<void>;
  /** Asks at the beginning and the end of each push. */
  until: Changes['until'];
}

export function createFleet<Name extends string>(instances: readonly [Relay<Name>, Relay<Name>]): Fleet<Name> {
  const pushes: Push[] = [];
  const acknowledged = new Map<string, Set<string>>();
  const down = new Set<string>();
  const changes = createChanges();
  let turn = 0;

  /** Requests go in turns to those that live. */
  function choose(name: Name): 0 | 1 {
    turn += 1;
    return turn % 2 === 1 && !down.has(name) ? 1 : 0;
  }

  return {
    pushes,
    acknowledged: (name) => acknowledged.get(name) ?? new Set(),
    async push(name, message) {
      const instance = choose(name);
      const push: Push = { ...message, name, instance, begun: Date.now(), ended: 0, status: 0 };
      pushes.push(push);
      changes.tell();
      push.status = await post(instances[instance].url(name), message);
      push.ended = Date.now();
      const done = push.status >= 200 && push.status < 300;
      if (done) acknowledged.set(name, (acknowledged.get(name) ?? new Set()).add(message.messageId));
      changes.tell();
      return done;
    },
    async kill9(name) {
      down.add(name);
      const underWay = pushes.filter((push) => push.name === name && push.instance === 1 && push.ended === 0);
      await instances[1].kill9(name);
      return underWay;
    },
    async restart(name) {
      await instances[1].restart(name);
      down.delete(name);
    },
    until: changes.until,
  };
}

async function post(url: string, message: PushedMessage): Promise<number> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ message, subscription: 'projects/falco-relay-test/subscriptions/storm' }),
    });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return 502;
  }
}
