import { describe, expect, test } from '@jest/globals';
import type { SendOutcome } from '../../functions/core/ports.ts';
import { createGuard } from '../../functions/notify/breakers.ts';
import { alertLike, SHELL } from '../support/alerts.ts';
import { world } from '../support/world.ts';

const DOWN: SendOutcome = { kind: 'retry', reason: 'receiver-unavailable', detail: '503' };
const DELIVERED: SendOutcome = { kind: 'delivered' };

function guarded() {
  let now = 1_000_000;
  const sent: string[] = [];
  const guard = createGuard(() => now);
  return {
    sent,
    pass: (ms: number) => {
      now += ms;
    },
    send: (receiver: string, outcome: SendOutcome) =>
      guard(receiver, async () => {
        sent.push(receiver);
        return outcome;
      }),
  };
}

describe('a receiver', () => {
  test.each<[string, SendOutcome]>([
    ['fails', DOWN],
    ['does not answer', { kind: 'retry', reason: 'receiver-timeout', detail: 'timeout' }],
  ])('that %s five times in a row is left alone for half a minute, and others are not', async (_, outcome) => {
    const { send, sent, pass } = guarded();
    for (let time = 0; time < 5; time += 1) expect(await send('a', outcome)).toBe(outcome);
    pass(10_000);
    expect(await send('a', DELIVERED)).toMatchObject({ kind: 'retry', reason: 'receiver-left-alone', afterMs: 20_000 });
    expect(await send('b', DELIVERED)).toBe(DELIVERED);
    expect(sent).toEqual(['a', 'a', 'a', 'a', 'a', 'b']);
  });

  test('is asked once after that, and again by everybody when it answers', async () => {
    const { send, sent, pass } = guarded();
    for (let time = 0; time < 5; time += 1) await send('a', DOWN);
    pass(30_000);
    expect(await send('a', DOWN)).toBe(DOWN);
    expect(await send('a', DELIVERED)).toMatchObject({ reason: 'receiver-left-alone' });
    pass(30_000);
    await send('a', DELIVERED);
    expect(await send('a', DOWN)).toBe(DOWN);
    expect(sent).toHaveLength(8);
  });

  test.each<[string, SendOutcome]>([
    ['throttles', { kind: 'retry', reason: 'receiver-throttled', detail: '429' }],
    ['denies', { kind: 'misconfigured', reason: 'receiver-denied', detail: '403' }],
    ['refuses', { kind: 'refused', reason: 'receiver-refused', detail: '400' }],
  ])('that %s is alive', async (_, outcome) => {
    const { send, sent } = guarded();
    for (let time = 0; time < 10; time += 1) await send('a', outcome);
    expect(sent).toHaveLength(10);
  });
});

test('a page that meets an open breaker stays due, and is heard once the receiver is back', async () => {
  const w = world();
  w.answers.oncall = DOWN;
  const other = (name: string) => alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: name } });
  for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) await w.escalate(other(name));
  await w.deliver('notifications', 'notify');
  expect(w.lines.map(({ reason }) => reason).at(-1)).toBe('receiver-left-alone');
  delete w.answers.oncall;
  for (let minute = 0; minute < 3; minute += 1) {
    w.time.pass(60_000);
    await w.call('sweep', {});
    await w.deliver('notifications', 'notify');
  }
  expect(w.sent).toHaveLength(6);
});
