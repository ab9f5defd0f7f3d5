import { describe, expect, test } from '@jest/globals';
import type { EventObservation, IncidentObservation } from '../../functions/core/observe.ts';
import { createBoard } from '../../functions/local/board.ts';
import { SHELL } from '../support/alerts.ts';

const EVENT: EventObservation = {
  kind: 'event',
  at: 1_000,
  uuid: 'a',
  messageId: 'm',
  rule: 'Terminal shell in container',
  source: 'syscall',
  priority: 'Notice',
  effectivePriority: 'Critical',
  severityReason: 'a shell where money moves',
  escalates: true,
  role: 'first',
  again: false,
  fingerprint: 'f',
  fingerprintFields: {},
  family: 'shell',
  outcome: 'written',
  reasons: [],
  where: SHELL.where,
  enrichment: 'full',
  enrichmentReasons: [],
  lagMs: 10,
  redacted: 0,
  output: 'A shell',
  time: '2026-11-23T09:00:02.5Z',
};

const INCIDENT: IncidentObservation = {
  kind: 'incident',
  at: 1_000,
  groupKey: '{namespace="payments"}',
  generation: 1,
  group: { namespace: 'payments' },
  round: 1,
  state: 'open',
  severity: 'Critical',
  count: 1,
  firstNs: '5000',
  lastNs: '5000',
  lead: SHELL,
  rules: ['Terminal shell in container'],
  receivers: ['outbox'],
};

describe('board', () => {
  test('take gives what is new, view gives all', () => {
    const board = createBoard();
    board.observe(EVENT);
    expect(board.take().events).toHaveLength(1);
    board.observe({ ...EVENT, uuid: 'b' });
    expect(board.take().events).toMatchObject([{ uuid: 'b' }]);
    expect(board.take()).toMatchObject({ events: [], incidents: [] });
    expect(board.view().events.map((event) => 'uuid' in event && event.uuid)).toEqual(['a', 'b']);
  });

  test('the stream is bounded, its numbers go on', () => {
    const board = createBoard();
    for (let n = 0; n < 250; n += 1) board.observe({ ...EVENT, uuid: `${n}` });
    const { events, counts } = board.view();
    expect(events).toHaveLength(200);
    expect(events.at(-1)?.id).toBe(250);
    expect(counts.received).toBe(250);
    expect(board.take().events).toHaveLength(200);
  });

  test('lag is told of what was written', () => {
    const board = createBoard();
    for (const lagMs of [5, 50, 7]) board.observe({ ...EVENT, lagMs });
    board.observe({ ...EVENT, lagMs: 9_000, outcome: 'repeat', role: 'repeat' });
    expect(board.view().lag).toEqual({ median: 7, worst: 50, of: 3 });
  });

  test('incidents: the worst first, of equals what has waited longest', () => {
    const board = createBoard();
    const add = (groupKey: string, changes: Partial<IncidentObservation>): void =>
      board.observe({ ...INCIDENT, groupKey, ...changes });
    add('late', { firstNs: '9000' });
    add('warning', { severity: 'Warning', firstNs: '1' });
    add('early', { firstNs: '2000' });
    add('late', { firstNs: '9000', count: 2 });
    expect(board.view().incidents.map(({ groupKey, count }) => [groupKey, count])).toEqual([
      ['early', 1],
      ['late', 2],
      ['warning', 1],
    ]);
  });

  test('an incident knows whom it was told, also after it grew', () => {
    const board = createBoard();
    board.observe(INCIDENT);
    const delivery = { kind: 'delivery', at: 2_000, receiver: 'outbox', generation: 1, want: 1, reasons: [] } as const;
    board.observe({ ...delivery, groupKey: INCIDENT.groupKey, outcome: 'retry' });
    board.observe({ ...delivery, groupKey: INCIDENT.groupKey, outcome: 'delivered' });
    board.observe({ ...delivery, groupKey: INCIDENT.groupKey, outcome: 'nothing-due' });
    board.observe({ ...delivery, groupKey: 'of no incident here', outcome: 'delivered' });
    board.observe({ ...INCIDENT, count: 2 });
    expect(board.view().incidents).toMatchObject([
      { count: 2, deliveries: [{ receiver: 'outbox', outcome: 'delivered' }] },
    ]);
    expect(board.view().counts.delivered).toBe(2);
  });

  test('incidents are bounded, those that are over go first', () => {
    const board = createBoard();
    board.observe({ ...INCIDENT, groupKey: 'old but open' });
    board.observe({ ...INCIDENT, groupKey: 'over', state: 'quiet' });
    for (let n = 0; n < 99; n += 1) board.observe({ ...INCIDENT, groupKey: `${n}` });
    const keys = board.view().incidents.map(({ groupKey }) => groupKey);
    expect(keys).toHaveLength(100);
    expect(keys).toContain('old but open');
    expect(keys).not.toContain('over');
  });

  test('what a storm holds goes before what stands on its own', () => {
    const board = createBoard();
    board.observe({ ...INCIDENT, groupKey: 'own' });
    board.observe({ ...INCIDENT, groupKey: 'held', heldBy: 'storm' });
    for (let n = 0; n < 99; n += 1) board.observe({ ...INCIDENT, groupKey: `${n}` });
    const keys = board.view().incidents.map(({ groupKey }) => groupKey);
    expect(keys).toHaveLength(100);
    expect(keys).toContain('own');
    expect(keys).not.toContain('held');
  });

  test('what was parked before it was an event is in the stream; what was parked as one is there once', () => {
    const board = createBoard();
    const parked = {
      kind: 'parked',
      at: 1,
      messageId: 'm',
      from: 'ingest',
      reason: 'event-not-falco',
      detail: 'no rule',
    } as const;
    board.observe(parked);
    board.observe({ ...parked, messageId: 'n', uuid: 'a', reason: 'loki-refused' });
    board.observe({ ...EVENT, messageId: 'n', outcome: 'parked' });
    expect(board.view().events.map(({ outcome }) => outcome)).toEqual(['parked', 'parked']);
    expect(board.view().counts).toMatchObject({ received: 2, parked: 2 });
  });

  test('a listener hears of each change', () => {
    const board = createBoard();
    let heard = 0;
    board.onChange(() => {
      heard += 1;
    });
    board.observe(EVENT);
    board.answered('m', 204);
    board.answered('lost', 204);
    board.stored('a');
    expect(heard).toBe(3);
    expect(board.view().counts).toMatchObject({ unexplained: 1, stored: 1 });
  });
});
