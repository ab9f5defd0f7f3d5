import { describe, expect, test } from '@jest/globals';
import { createMemoryStore } from '../../functions/adapters/store/memory.ts';
import { createAct } from '../../functions/callback/act.ts';
import { parsePipeline } from '../../functions/config.ts';
import type { ActionKind } from '../../functions/core/incident/action.ts';
import { readIncident, writeIncident } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import { silenceOf } from '../../functions/core/mute/mute.ts';
import { writeTally } from '../../functions/core/mute/mute-documents.ts';
import { readMutes } from '../../functions/core/mute/mute-list.ts';
import type { Store } from '../../functions/core/ports.ts';
import { createMuteList } from '../../functions/local/mute-list.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { START, world } from '../support/world.ts';

const HOUR_MS = 3_600_000;
const iso = (ms: number): string => new Date(ms).toISOString();

const PIPELINE = `
silences:
  - { match: ['namespace="sandbox"'], until: ${iso(START + HOUR_MS)}, owner: ana, reason: red-team week }
  - { match: ['namespace="later"'], from: ${iso(START + HOUR_MS)}, until: ${iso(START + 2 * HOUR_MS)}, owner: ana, reason: move }
exceptions:
  - { name: agent, match: ['rule="Read sensitive file untrusted"'], owner: ben, reason: it must read it, mode: mute }
  - { name: spark, match: ['namespace="analytics"'], owner: ben, reason: starts from memory }
`;

function optionsOf(text: string) {
  const problems: string[] = [];
  const pipeline = parsePipeline(text, problems);
  if (!pipeline) throw new Error(problems.join('\n'));
  return pipeline;
}

const OPTIONS = optionsOf(PIPELINE);
const NONE = optionsOf('');

function tally(store: Store, id: string, n: number): Promise<void> {
  return store.transact(async (tx) => writeTally(tx, { id, n, firstAt: tx.now, lastAt: tx.now }));
}

/** A world with one incident that a button muted for an hour. */
async function muted() {
  const w = world();
  const doing = createAct({ store: w.memory, topics: w.topics, oncall: 'oncall', clock: w.time.clock });
  const ref = { groupKey: groupOf(SHELL).key, generation: 1 };
  const press = (kind: ActionKind) =>
    doing({ kind, incident: ref, by: 'ana', via: 'slack', requestId: `${kind} ${w.time.clock()}` });
  await w.escalate();
  await press('mute');
  return { ...w, ref, press };
}

describe('what is muted', () => {
  test('by pipeline.yaml: what is in force, with its matchers and its count', async () => {
    const { memory } = world();
    const [silence] = OPTIONS.silences;
    if (!silence) throw new Error('no silence');
    await tally(memory, silenceOf(silence).id, 3);
    await tally(memory, 'exceptions.spark', 1);
    const common = { id: expect.any(String) };
    expect(await readMutes(memory, OPTIONS, START)).toEqual([
      {
        ...common,
        kind: 'silence',
        owner: 'ana',
        reason: 'red-team week',
        covers: '{namespace="sandbox"}',
        until: START + HOUR_MS,
        n: 3,
      },
      {
        ...common,
        kind: 'exception',
        owner: 'ben',
        reason: 'it must read it',
        covers: '{rule="Read sensitive file untrusted"}',
        n: 0,
      },
      {
        ...common,
        kind: 'shadow',
        owner: 'ben',
        reason: 'starts from memory',
        covers: '{namespace="analytics"}',
        n: 1,
      },
    ]);
  });

  test('what is over is not listed, what began is', async () => {
    const { memory } = world();
    const [silence] = await readMutes(memory, OPTIONS, START + HOUR_MS);
    expect(silence).toMatchObject({ reason: 'move', covers: '{namespace="later"}' });
  });

  test('by a button: whom, until when, how much, and the incident by which it ends', async () => {
    const { memory, ref } = await muted();
    const [view] = await readMutes(memory, NONE, START);
    expect(view).toMatchObject({
      ...ref,
      kind: 'button',
      owner: 'ana',
      reason: 'expected: Shell in payments/ledger-api',
      covers: ref.groupKey,
      until: START + HOUR_MS,
      n: 0,
    });
    await tally(memory, view?.id ?? '', 2);
    expect(await readMutes(memory, NONE, START)).toMatchObject([{ n: 2 }]);
    expect(await readMutes(memory, NONE, START + HOUR_MS)).toEqual([]);
  });

  test('what is resolved by a person is muted no more', async () => {
    const { memory, press, time } = await muted();
    await press('resolve');
    expect(await readMutes(memory, NONE, time.clock())).toEqual([]);
  });

  test('what a button muted until now is not listed', async () => {
    const { memory, press, time } = await muted();
    await press('unmute');
    expect(await readMutes(memory, NONE, time.clock())).toEqual([]);
  });

  test('what a button of an earlier incident muted is listed, and no button of the later one ends it', async () => {
    const { memory, escalate, ref } = await muted();
    // By the relay itself: what a person resolves is no longer muted.
    await memory.transact(async (tx) => {
      const incident = await readIncident(tx, ref.groupKey);
      if (incident) writeIncident(tx, { ...incident, state: 'resolved' });
    });
    expect(await readMutes(memory, NONE, START)).toMatchObject([{ generation: 1 }]);
    await escalate(alertLike(SHELL, { priority: 'Emergency' }));
    const [view, ...others] = await readMutes(memory, NONE, START);
    expect([view?.groupKey, view?.generation, others]).toEqual([ref.groupKey, undefined, []]);
  });
});

describe('the list', () => {
  function list(store: () => Promise<Store>) {
    const { time } = world();
    const changes: number[] = [];
    const onChange = (): void => void changes.push(mutes.view().length);
    const mutes = createMuteList({ store, options: OPTIONS, ...time, onChange });
    return { mutes, time, changes };
  }

  const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('is read a second after a change, once for all that come until then, and told when it differs', async () => {
    const { time: own } = world();
    const memory = createMemoryStore(own.clock, own.after);
    let read = 0;
    const { mutes, time, changes } = list(async () => {
      read += 1;
      return memory;
    });
    mutes.touch();
    mutes.touch();
    expect(time.pending()).toEqual([1_000]);
    time.pass(1_000);
    await settled();
    expect({ read, changes }).toEqual({ read: 1, changes: [3] });
    mutes.touch();
    time.pass(1_000);
    await settled();
    expect({ read, changes }).toEqual({ read: 2, changes: [3] });
  });

  test('stays as it was while the store is down, and reads again', async () => {
    const { time: own } = world();
    const memory = createMemoryStore(own.clock, own.after);
    let down = true;
    const { mutes, time, changes } = list(async () => {
      if (down) throw new Error('the connection was refused');
      return memory;
    });
    for (const isDown of [true, false]) {
      down = isDown;
      mutes.touch();
      time.pass(1_000);
      await settled();
    }
    expect(changes).toEqual([3]);
  });

  test.each([
    ['before a change', false],
    ['after one', true],
  ])('reads no more once it was stopped %s', (_, touched) => {
    const { mutes, time } = list(() => Promise.reject(new Error('closed')));
    if (touched) mutes.touch();
    mutes.stop();
    mutes.touch();
    expect(time.pending()).toEqual([]);
  });
});
