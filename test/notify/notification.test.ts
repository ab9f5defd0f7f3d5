/** What a word says of the round that it belongs to. */

import { describe, expect, test } from '@jest/globals';
import { newDelivery } from '../../functions/core/incident/delivery.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import { type Incident, join, nextRound } from '../../functions/core/incident/incident.ts';
import { advance } from '../../functions/core/incident/incident-time.ts';
import { notificationOf } from '../../functions/notify/notification.ts';
import { SHELL } from '../support/alerts.ts';

const NOW = 1_795_424_402_500;
const TIERS = [{ after: 900_000, receiver: 'leads' }];
const opened = join(undefined, SHELL, groupOf(SHELL), { receivers: ['chat'], tiers: TIERS }, NOW).incident;
const told: Incident = { ...opened, receivers: ['chat', 'oncall'] };
const called = { by: 'ana', receiver: 'oncall' };

const wordTo = (receiver: string, incident: Incident, over: object = {}) => {
  const delivery = { ...newDelivery({ groupKey: incident.groupKey, generation: 1, receiver }, NOW), ...over };
  return notificationOf({ incident, delivery, want: delivery.want }, {});
};

describe('who asked', () => {
  test('is told to the one who was asked for, and to who is rung in their place', () => {
    const incident = { ...told, called };
    expect(wordTo('oncall', incident).calledBy).toBe('ana');
    expect(wordTo('spare', incident, { standsInFor: 'oncall' }).calledBy).toBe('ana');
  });

  test('is not told to the next tier: nobody acknowledged, and nobody asked for them', () => {
    const { incident } = advance({ ...told, called }, NOW + 900_000);
    expect(wordTo('leads', incident)).toMatchObject({ unheardMs: 900_000 });
    expect(wordTo('leads', incident)).not.toHaveProperty('calledBy');
    expect(wordTo('oncall', incident).calledBy).toBe('ana');
  });

  test('is not told any more to who was asked for, once it is their turn as a tier', () => {
    const tiers = [{ after: 900_000, receiver: 'oncall' }];
    const { incident } = advance({ ...told, called, tiers }, NOW + 900_000);
    expect(wordTo('oncall', incident)).not.toHaveProperty('calledBy');
  });
});

describe('a round that rang one receiver', () => {
  const incident = nextRound(told, NOW, ['oncall']);
  const heard = { sent: 1, want: 2, round: 1 };

  test.each([
    ['who was asked for', { ...incident, called }, { receivers: ['oncall'], askedBy: 'ana' }],
    ['who was not told before', incident, { receivers: ['oncall'] }],
    [
      'another one was asked for since',
      { ...incident, called: { by: 'ana', receiver: 'spare' } },
      { receivers: ['oncall'] },
    ],
  ])('says so to the others: %s', (_, of, rang) => {
    expect(wordTo('chat', of, heard)).toMatchObject({ unrung: true, rang });
  });

  test.each([
    ['who was rung in it', { sent: 2, want: 2, page: 2, round: 2 }],
    ['whose page of before is still due', { sent: 0, want: 2, round: 1 }],
    ['of whom nothing is known', { sent: 1, want: 2 }],
  ])('is not said to have left out %s', (_, over) => {
    expect(wordTo('oncall', incident, over)).not.toHaveProperty('unrung');
  });
});
