/**
 * Acceptance on a fake clock, as Alertmanager has it: what happens at which minute, and what each receiver wants to hear
 * between which. What nobody wanted to hear fails as well.
 */

import { expect } from '@jest/globals';
import { createAct } from '../../functions/callback/act.ts';
import type { Action, ActionResult } from '../../functions/core/incident/action.ts';
import { readIncident } from '../../functions/core/incident/documents.ts';
import type { AlertView, Notification } from '../../functions/core/page/notification.ts';
import type { SendOutcome, Store } from '../../functions/core/ports.ts';
import { alertLike, SHELL } from './alerts.ts';
import { fakeAfter } from './time.ts';
import { START, world } from './world.ts';

const MINUTE_MS = 60_000;

export interface Want {
  /** Minutes, both ends included. */
  from: number;
  to: number;
  receiver: string;
  type: Notification['type'];
  like: object;
}

export interface Scenario {
  name: string;
  pipeline: string;
  receivers: readonly string[];
  /** By the minute; several doings of one minute happen in order. */
  at: Readonly<Record<number, readonly Doing[]>>;
  wants: readonly Want[];
  /** Minutes until which nothing else may be heard. */
  until: number;
  /** Sweep runs at minutes for which this is how often; once each, unless given. */
  sweeps?(minute: number): number;
}

export type Doing = (stage: Stage) => Promise<void>;

export interface Stage {
  world: ReturnType<typeof world>;
  act(action: Partial<Action> & Pick<Action, 'kind'>): Promise<ActionResult>;
  /** Of the shell's group. */
  groupKey: string;
}

export const want = (
  [from, to]: readonly [number, number],
  receiver: string,
  type: Notification['type'],
  like: object = {},
): Want => ({ from, to, receiver, type, like });

export const alert =
  (changes: Partial<AlertView> = {}, times = 1): Doing =>
  async ({ world: w }) => {
    for (let index = 0; index < times; index += 1) {
      expect((await w.escalate(alertLike(SHELL, changes, (w.time.clock() - START) / 1_000))).status).toBe(204);
    }
  };

/** One alert of each of so many workloads. */
export const alertsOf =
  (workloads: readonly string[], changes: Partial<AlertView> = {}): Doing =>
  async (stage) => {
    for (const name of workloads) await alert({ where: { ...SHELL.where, derivedWorkload: name }, ...changes })(stage);
  };

export const act =
  (action: Partial<Action> & Pick<Action, 'kind'>, expected: Partial<ActionResult> = { kind: 'done' }): Doing =>
  async (stage) => {
    expect(await stage.act(action)).toMatchObject(expected);
  };

export const answers =
  (receiver: string, outcome?: SendOutcome): Doing =>
  async ({ world: w }) => {
    w.answers[receiver] = outcome;
  };

/** @param open opens an empty store; its documents live by the clock that it is given */
export async function play(
  scenario: Scenario,
  open: (time: ReturnType<typeof fakeAfter>) => Promise<Store>,
): Promise<void> {
  const time = fakeAfter(START);
  const store = await open(time);
  try {
    const heard = await run(scenario, store, time);
    const left = [...scenario.wants];
    const unwanted = heard.filter(({ minute, notification }) => {
      const index = left.findIndex((each) => fits(each, minute, notification));
      if (index >= 0) left.splice(index, 1);
      return index < 0;
    });
    expect({ unwanted: unwanted.map(said), missing: left }).toEqual({ unwanted: [], missing: [] });
  } finally {
    await store.close();
  }
}

interface Heard {
  minute: number;
  notification: Notification;
}

async function run(scenario: Scenario, store: Store, time: ReturnType<typeof fakeAfter>): Promise<Heard[]> {
  const { pipeline, receivers, at, until, sweeps = () => 1 } = scenario;
  const w = world({ pipeline, receivers, memory: store, time });
  const { key: groupKey } = (await import('../../functions/core/incident/group.ts')).groupOf(SHELL);
  let serial = 0;
  const stage: Stage = {
    world: w,
    groupKey,
    async act(action) {
      serial += 1;
      const key = action.incident && 'groupKey' in action.incident ? action.incident.groupKey : groupKey;
      const generation = (await store.transact((tx) => readIncident(tx, key)))?.generation ?? 1;
      const doing = createAct({ store, topics: w.topics, oncall: 'oncall', clock: time.clock });
      const usual = {
        incident: { groupKey, generation },
        by: 'ana',
        via: 'slack',
        requestId: `press-${serial}`,
      } as const;
      return doing({ ...usual, ...action });
    },
  };
  const heard: Heard[] = [];
  for (let minute = 0; minute <= until; minute += 1) {
    for (const doing of at[minute] ?? []) {
      await doing(stage);
      await w.deliver('notifications', 'notify');
    }
    // Two at once, where there are two.
    await Promise.all(Array.from({ length: sweeps(minute) }, () => w.call('sweep', {})));
    for (let round = 0; round < 5 && w.on('notifications').length > 0; round += 1) {
      await w.deliver('notifications', 'notify');
    }
    heard.push(...w.sent.splice(0).map((notification) => ({ minute, notification })));
    time.pass(MINUTE_MS);
  }
  return heard;
}

function fits({ from, to, receiver, type, like }: Want, minute: number, notification: Notification): boolean {
  if (minute < from || minute > to || notification.receiver !== receiver || notification.type !== type) return false;
  try {
    expect(notification).toMatchObject(like);
    return true;
  } catch {
    return false;
  }
}

function said({ minute, notification }: Heard): string {
  const { receiver, type, generation, round, state, count, severity, storm } = notification;
  const held = storm ? `, storm of ${storm.size}` : '';
  return `${minute}: ${receiver} ${type}, generation ${generation}, round ${round}, ${state}, ${count} ${severity}${held}`;
}
