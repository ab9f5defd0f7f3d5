import { create as createDomain } from 'node:domain';
import { describe, expect, test } from '@jest/globals';
import { createGate, createLane, LaneDeadlineError, LaneWaitError } from '../../functions/core/lane.ts';
import { failed, type Outcome, ok } from '../../functions/core/outcome.ts';
import { fakeAfter } from '../support/time.ts';

/** What follows a request through its calls, and none follows a flush. */
function currentDomain(): unknown {
  return (process as { domain?: unknown }).domain ?? undefined;
}

/** A flush that ends when the test says so. */
function heldFlush<I>() {
  const groups: { items: readonly I[]; end(outcomes?: Outcome<string>[]): void; fail(error: Error): void }[] = [];
  let started: () => void = () => {};
  return {
    groups,
    flush(items: readonly I[]): Promise<Outcome<string>[]> {
      return new Promise((resolve, reject) => {
        groups.push({
          items,
          end: (outcomes) => resolve(outcomes ?? items.map((item) => ok(`did ${item}`))),
          fail: reject,
        });
        started();
      });
    },
    /** Resolves once `count` flushes have begun. */
    async begun(count: number): Promise<void> {
      while (groups.length < count) {
        await new Promise<void>((resolve) => {
          started = resolve;
        });
      }
    },
  };
}

const settings = { name: 'test', maxItems: 100, deadlineMs: 1_000 };

describe('a lane', () => {
  test('flushes what arrives together as one group, at once, without a timer', async () => {
    const { after, pending } = fakeAfter();
    const held = heldFlush<string>();
    const lane = createLane({ ...settings, after, flush: held.flush });
    const answers = ['a', 'b', 'c'].map((item) => lane.submit(item));
    await held.begun(1);
    expect(held.groups[0]?.items).toEqual(['a', 'b', 'c']);
    expect(pending()).toEqual([1_000]);
    held.groups[0]?.end();
    expect(await Promise.all(answers)).toEqual(['did a', 'did b', 'did c']);
    expect(pending()).toEqual([]);
  });

  test('gathers what arrives during a flush into the next one', async () => {
    const { after } = fakeAfter();
    const held = heldFlush<string>();
    const lane = createLane({ ...settings, after, flush: held.flush });
    const first = lane.submit('a');
    await held.begun(1);
    const later = ['b', 'c', 'd'].map((item) => lane.submit(item));
    expect(held.groups).toHaveLength(1);
    held.groups[0]?.end();
    await first;
    await held.begun(2);
    expect(held.groups[1]?.items).toEqual(['b', 'c', 'd']);
    held.groups[1]?.end();
    await Promise.all(later);
    expect(lane.idle).toBe(true);
  });

  test('keeps a group within its items and bytes, and lets one larger item pass alone', async () => {
    const { after } = fakeAfter();
    const groups: number[][] = [];
    const lane = createLane<number, number>({
      ...settings,
      maxItems: 3,
      maxBytes: 100,
      sizeOf: (item) => item,
      after,
      flush: async (items) => {
        groups.push([...items]);
        return items.map(ok);
      },
    });
    await Promise.all([10, 10, 10, 10, 90, 30, 500, 1].map((item) => lane.submit(item)));
    expect(groups).toEqual([[10, 10, 10], [10, 90], [30], [500], [1]]);
  });

  test('treats two waiting items of one key as one, and answers both', async () => {
    const { after } = fakeAfter();
    const held = heldFlush<string>();
    const lane = createLane({ ...settings, after, flush: held.flush, keyOf: (item: string) => item });
    const answers = ['a', 'b', 'a'].map((item) => lane.submit(item));
    await held.begun(1);
    expect(held.groups[0]?.items).toEqual(['a', 'b']);
    // Under way is not waiting: this one is a new item.
    const again = lane.submit('a');
    held.groups[0]?.end();
    expect(await Promise.all(answers)).toEqual(['did a', 'did b', 'did a']);
    await held.begun(2);
    expect(held.groups[1]?.items).toEqual(['a']);
    held.groups[1]?.end();
    await again;
  });

  test('fails one bad item alone', async () => {
    const { after } = fakeAfter();
    const lane = createLane<string, string>({
      ...settings,
      after,
      flush: async (items) => items.map((item) => (item === 'bad' ? failed(new Error('no')) : ok(item))),
    });
    const answers = await Promise.allSettled(['a', 'bad', 'b'].map((item) => lane.submit(item)));
    expect(answers.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  const broken: [string, () => Promise<Outcome<string>[]>][] = [
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'throws before it awaits',
      () => {
        throw new Error('broken');
      },
    ],
    ['forgets an item', async () => [ok('only the first')]],
  ];
  test.each(broken)('settles every waiter and goes on when a flush %s', async (_, flush) => {
    const { after } = fakeAfter();
    let healthy = false;
    const lane = createLane<string, string>({
      ...settings,
      after,
      flush: (items) => (healthy ? Promise.resolve(items.map(ok)) : flush()),
    });
    const answers = await Promise.allSettled([lane.submit('a'), lane.submit('b')]);
    expect(answers.at(-1)?.status).toBe('rejected');
    healthy = true;
    expect(await lane.submit('c')).toBe('c');
  });

  test('belongs to no request: a shared flush is outside of the domain of whoever came first', async () => {
    const { after } = fakeAfter();
    let owner: unknown = 'never ran';
    const lane = createLane<string, string>({
      ...settings,
      after,
      flush: async (items) => {
        owner = currentDomain();
        return items.map(ok);
      },
    });
    const request = createDomain();
    await request.run(() => {
      expect(currentDomain()).toBe(request);
      return lane.submit('a');
    });
    expect(owner).toBeUndefined();
  });

  test('gives up a hanging flush at its deadline, aborts it and goes on', async () => {
    const time = fakeAfter();
    let aborted: unknown;
    let hang = true;
    const lane = createLane<string, string>({
      ...settings,
      after: time.after,
      flush: (items, signal) => {
        if (!hang) return Promise.resolve(items.map(ok));
        signal.addEventListener('abort', () => {
          aborted = signal.reason;
        });
        return new Promise(() => {});
      },
    });
    const answer = expect(lane.submit('a')).rejects.toThrow(LaneDeadlineError);
    await time.armed(1);
    hang = false;
    time.pass(1_000);
    await answer;
    expect(aborted).toBeInstanceOf(LaneDeadlineError);
    expect(await lane.submit('b')).toBe('b');
  });
});

describe('a gate over several lanes', () => {
  test('bounds the flushes under way, and lets the lane that has waited longest go next', async () => {
    const { after } = fakeAfter();
    const gate = createGate(2);
    const held = heldFlush<string>();
    const lanes = Array.from({ length: 5 }, () => createLane({ ...settings, after, gate, flush: held.flush }));
    const answers = lanes.map((lane, index) => lane.submit(`lane ${index}`));
    await held.begun(2);
    expect(held.groups.map(({ items }) => items[0])).toEqual(['lane 0', 'lane 1']);
    // What arrives while its lane waits for the gate joins the group.
    const joined = lanes[2]?.submit('joined');
    held.groups[0]?.end();
    await held.begun(3);
    expect(held.groups[2]?.items).toEqual(['lane 2', 'joined']);
    for (let index = 1; index < 5; index += 1) {
      await held.begun(index + 1);
      held.groups[index]?.end();
    }
    expect(await Promise.all(answers)).toHaveLength(5);
    await joined;
  });

  test('is left by a flush that hangs past its deadline', async () => {
    const time = fakeAfter();
    const gate = createGate(1);
    const hanging = createLane<string, string>({
      ...settings,
      after: time.after,
      gate,
      flush: () => new Promise(() => {}),
    });
    const other = createLane<string, string>({
      ...settings,
      after: time.after,
      gate,
      flush: async (items) => items.map(ok),
    });
    const lost = expect(hanging.submit('a')).rejects.toThrow('no answer within 1000 ms');
    await time.armed(1);
    const answer = other.submit('b');
    time.pass(1_000);
    await lost;
    expect(await answer).toBe('b');
  });

  test('what waits too long for it is never flushed; what came later is', async () => {
    const time = fakeAfter();
    const gate = createGate(1);
    const held = heldFlush<string>();
    const first = createLane({ ...settings, deadlineMs: 9_000, after: time.after, gate, flush: held.flush });
    const keyOf = (item: string) => item;
    const second = createLane({ ...settings, waitMs: 100, keyOf, after: time.after, gate, flush: held.flush });
    const holding = first.submit('holds the gate');
    await held.begun(1);
    const early = Promise.allSettled([second.submit('early'), second.submit('early')]);
    time.pass(60);
    const late = second.submit('late');
    time.pass(40);
    expect(await early).toEqual(Array(2).fill({ status: 'rejected', reason: expect.any(LaneWaitError) }));
    const again = second.submit('early');
    held.groups[0]?.end();
    await held.begun(2);
    expect(held.groups[1]?.items).toEqual(['late', 'early']);
    // Its wait is over, so its limit is as well.
    time.pass(1_000 - 1);
    held.groups[1]?.end();
    expect(await Promise.all([holding, late, again])).toEqual(['did holds the gate', 'did late', 'did early']);
    expect(time.pending()).toEqual([]);
  });

  test('a lane that nothing waits in any more gives up its place, and can be used again', async () => {
    const time = fakeAfter();
    const gate = createGate(1);
    const held = heldFlush<string>();
    const [first, second, third] = [0, 100, 0].map((waitMs) =>
      createLane({ ...settings, ...(waitMs && { waitMs }), after: time.after, gate, flush: held.flush }),
    );
    const holding = first?.submit('holds the gate');
    await held.begun(1);
    const lost = expect(second?.submit('waits')).rejects.toThrow('not begun within 100 ms');
    // Its lane has taken its place at the gate by then.
    for (let turn = 0; turn < 2; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve));
    time.pass(100);
    await lost;
    expect(second?.idle).toBe(true);
    const answers = [third?.submit('third'), second?.submit('second')];
    for (const index of [0, 1, 2]) {
      await held.begun(index + 1);
      held.groups[index]?.end();
    }
    expect(await Promise.all([holding, ...answers])).toEqual(['did holds the gate', 'did third', 'did second']);
    expect(held.groups.map(({ items }) => items)).toEqual([['holds the gate'], ['third'], ['second']]);
  });
});
