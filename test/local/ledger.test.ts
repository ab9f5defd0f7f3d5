import { describe, expect, test } from '@jest/globals';
import type { EventObservation } from '../../functions/core/observe.ts';
import { createLedger, type Ledger } from '../../functions/local/ledger.ts';

type Attempt = [uuid: string, outcome: EventObservation['outcome'], role?: EventObservation['role'], again?: boolean];

function attempt(ledger: Ledger, [uuid, outcome, role, again = false]: Attempt): void {
  ledger.event({ uuid, messageId: `m-${uuid}`, outcome, role, again });
}

describe('the equation', () => {
  test.each<
    [string, Attempt[], { received: number; written: number; repeats: number; parked: number; waiting: number }]
  >([
    ['a first', [['a', 'written', 'first']], { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 }],
    [
      'redeliveries count once',
      [
        ['a', 'written', 'first'],
        ['a', 'redelivery', 'first', true],
        ['a', 'redelivery', 'first', true],
      ],
      { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 },
    ],
    [
      'a repeat is counted, a keep is written',
      [
        ['a', 'written', 'first'],
        ['b', 'repeat', 'repeat'],
        ['c', 'written', 'keep'],
      ],
      { received: 3, written: 2, repeats: 1, parked: 0, waiting: 0 },
    ],
    ['Loki is down', [['a', 'retry', 'first']], { received: 1, written: 0, repeats: 0, parked: 0, waiting: 1 }],
    [
      'Loki is back',
      [
        ['a', 'retry', 'first'],
        ['a', 'nack', 'first', true],
        ['a', 'written', 'first', true],
      ],
      { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 },
    ],
    [
      'a late refusal does not unwrite',
      [
        ['a', 'written', 'first'],
        ['a', 'nack', 'first', true],
      ],
      { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 },
    ],
    [
      'written, but its escalation failed at first',
      [
        ['a', 'nack', 'first'],
        ['a', 'repeat', 'first', true],
      ],
      { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 },
    ],
    [
      'the answer that settled it was lost',
      [
        ['a', 'nack', 'repeat'],
        ['a', 'redelivery', 'repeat', true],
      ],
      { received: 1, written: 0, repeats: 1, parked: 0, waiting: 0 },
    ],
    [
      'a parked one is replayed',
      [
        ['a', 'parked', 'first'],
        ['a', 'written', 'first', true],
      ],
      { received: 1, written: 1, repeats: 0, parked: 0, waiting: 0 },
    ],
  ])('%s', (_, attempts, expected) => {
    const ledger = createLedger();
    for (const each of attempts) attempt(ledger, each);
    expect(ledger.counts()).toMatchObject(expected);
  });

  test('what is no event is parked under its message, once', () => {
    const ledger = createLedger();
    ledger.parked('m-1', undefined, 'ingest');
    ledger.parked('m-1', undefined, 'ingest');
    ledger.parked('m-2', undefined, 'notify');
    expect(ledger.counts()).toMatchObject({ received: 1, parked: 1 });
  });

  test('an acknowledged message that nobody explained is told apart', () => {
    const ledger = createLedger();
    attempt(ledger, ['a', 'written', 'first']);
    expect(ledger.answered('m-a', 204)).toBe(false);
    expect(ledger.answered('m-refused', 503)).toBe(false);
    expect(ledger.answered('m-lost', 204)).toBe(true);
    expect(ledger.counts()).toMatchObject({ unexplained: 1 });
  });

  test('the log counts an event once, however many copies it holds', () => {
    const ledger = createLedger();
    for (const uuid of ['a', 'a', 'b']) ledger.stored(uuid);
    expect(ledger.counts().stored).toBe(2);
  });

  test('memory is bounded and the totals stay', () => {
    const ledger = createLedger(3);
    attempt(ledger, ['waits', 'retry', 'first']);
    for (const uuid of ['a', 'b', 'c', 'd', 'e']) attempt(ledger, [uuid, 'written', 'first']);
    attempt(ledger, ['waits', 'written', 'first', true]);
    expect(ledger.counts()).toMatchObject({ received: 6, written: 6, waiting: 0 });
  });
});
