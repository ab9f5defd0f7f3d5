import { describe, expect, test } from '@jest/globals';
import {
  claimDelivery,
  type Delivery,
  delivered,
  dueAt,
  newDelivery,
  postponed,
  standIn,
} from '../../../functions/core/incident/delivery.ts';
import { HOLD_MS } from '../../../functions/core/ports.ts';

const NOW = 1_000_000;
const fresh = newDelivery({ groupKey: 'g', generation: 1, receiver: 'oncall' }, NOW);

function claimed(delivery: Delivery, now: number) {
  const decision = claimDelivery(delivery, now);
  if (!decision.claimed) throw new Error(decision.reason);
  return { delivery: decision.delivery, claim: { want: decision.want, until: decision.delivery.until } };
}

describe('a delivery', () => {
  const refusals: [string, Delivery | undefined, number, string, boolean][] = [
    ['unknown', undefined, NOW, 'delivery-unknown', false],
    ['heard already', { ...fresh, sent: 1 }, NOW, 'delivery-done', false],
    ['held by another attempt', { ...fresh, until: NOW + 1 }, NOW, 'delivery-held', true],
    ['not to be tried yet', { ...fresh, nextAt: NOW + 1 }, NOW, 'delivery-not-yet', true],
  ];
  test.each(refusals)('that is %s is not claimed', (_, delivery, now, reason, retry) => {
    expect(claimDelivery(delivery, now)).toEqual({ claimed: false, reason, retry });
  });

  test('is held while it is sent, and free again once the hold has passed', () => {
    const { delivery } = claimed(fresh, NOW);
    expect(claimDelivery(delivery, NOW + HOLD_MS - 1)).toMatchObject({ reason: 'delivery-held' });
    expect(claimDelivery(delivery, NOW + HOLD_MS)).toMatchObject({ claimed: true, want: 1 });
  });

  test('is due until it is delivered, and not any more then', () => {
    const { delivery, claim } = claimed(fresh, NOW);
    expect(dueAt(delivery)).toBe(NOW + HOLD_MS);
    const done = delivered(delivery, claim, { ts: '1' });
    expect(dueAt(done)).toBeUndefined();
    expect(done).toMatchObject({ sent: 1, until: 0, reference: { ts: '1' } });
  });

  test('asked for more meanwhile stays due for the rest', () => {
    const { delivery, claim } = claimed(fresh, NOW);
    const done = delivered({ ...delivery, want: 2 }, claim, undefined);
    expect([done.sent, dueAt(done)]).toEqual([1, NOW]);
  });

  test('keeps the reference that an answer without one leaves alone', () => {
    const { delivery, claim } = claimed({ ...fresh, reference: { ts: '1' } }, NOW);
    expect(delivered(delivery, claim, undefined).reference).toEqual({ ts: '1' });
  });

  test('is not lowered, nor taken from its holder, by a slow attempt that ends late', () => {
    const slow = claimed(fresh, NOW);
    const quick = claimed({ ...slow.delivery, want: 2 }, NOW + HOLD_MS);
    const afterQuick = delivered(quick.delivery, quick.claim, undefined);
    expect(delivered(afterQuick, slow.claim, undefined).sent).toBe(2);
    expect(postponed(quick.delivery, slow.claim, NOW + HOLD_MS + 1).until).toBe(quick.claim.until);
  });

  test('waits longer with each failure, as long as the receiver says, and never over ten minutes', () => {
    let delivery = fresh;
    const waits: number[] = [];
    for (let failure = 0; failure < 10; failure += 1) {
      delivery = postponed(delivery, { until: 0 }, NOW);
      waits.push(delivery.nextAt - NOW);
    }
    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 320_000, 600_000, 600_000, 600_000]);
    expect(postponed(fresh, { until: 0 }, NOW, 30_000).nextAt).toBe(NOW + 30_000);
    expect(postponed(fresh, { until: 0 }, NOW, 86_400_000).nextAt).toBe(NOW + 600_000);
  });
});

test('who stands in is rung for the round that the other one was to hear', () => {
  const failing = { ...fresh, round: 2 };
  expect(standIn(failing, 'spare', undefined, NOW)).toMatchObject({ round: 2 });
  const before = { ...fresh, receiver: 'spare', standsInFor: 'oncall', standsInWord: 0, round: 1 };
  expect(standIn(failing, 'spare', before, NOW)).toMatchObject({ round: 2 });
});
