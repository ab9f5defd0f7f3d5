import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../functions/core/incident/group.ts';
import { type Incident, join, nextRound, QUIET_AFTER_MS } from '../../../functions/core/incident/incident.ts';
import { acknowledged } from '../../../functions/core/incident/incident-acts.ts';
import { advance, nextStepAt } from '../../../functions/core/incident/incident-time.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NOW = 1_795_424_402_500;
const MINUTE = 60_000;
const TIERS = [
  { after: 15 * MINUTE, receiver: 'leads' },
  { after: 30 * MINUTE, receiver: 'oncall' },
];
const routing = { receivers: ['oncall'], tiers: TIERS };
const fresh = join(undefined, SHELL, groupOf(SHELL), routing, NOW).incident;
const grown = (incident: Incident, now: number, rule = SHELL.rule): Incident =>
  join(incident, alertLike(SHELL, { rule, priority: 'Warning' }), groupOf(SHELL), routing, now).incident;

describe('advance', () => {
  const table: [string, Incident, number, Partial<ReturnType<typeof advance>>][] = [
    ['has nothing to do before its time', fresh, NOW + 15 * MINUTE - 1, { update: false, page: [], reasons: [] }],
    ['tells the next tier', fresh, NOW + 15 * MINUTE, { page: ['leads'], update: true }],
    ['tells every tier that was missed', fresh, NOW + hours(2), { page: ['leads', 'oncall'], update: true }],
    [
      'tells no tier of what somebody acknowledged',
      acknowledged(fresh, 'ana', NOW).incident ?? fresh,
      NOW + hours(2),
      { page: [], update: false },
    ],
    ['tells a new rule at once', grown(fresh, NOW + 1, 'another'), NOW + 1, { update: true, page: [] }],
    ['tells more of the same later', grown(fresh, NOW + 1), NOW + 2 * MINUTE - 1, { update: false }],
    ['and then does', grown(fresh, NOW + 1), NOW + 2 * MINUTE, { update: true, reasons: ['incident-updated'] }],
    ['goes quiet', fresh, NOW + QUIET_AFTER_MS, { update: true, page: [], reasons: ['incident-quiet'] }],
    ['leaves what is over', { ...fresh, state: 'resolved' }, NOW + QUIET_AFTER_MS, { update: false, reasons: [] }],
    ['tells nobody of what nobody hears', { ...grown(fresh, NOW), receivers: [] }, NOW + MINUTE, { update: false }],
  ];
  test.each(table)('%s', (_, incident, now, expected) => {
    expect(advance(incident, now)).toMatchObject(expected);
  });

  test.each(table)('%s, and has nothing more to do at the same moment', (_, incident, now) => {
    expect(advance(advance(incident, now).incident, now).reasons).toEqual([]);
  });

  test.each(table)('%s when the store lists it as due, and not before', (_, incident, now) => {
    const at = nextStepAt(incident) ?? Number.POSITIVE_INFINITY;
    expect(advance(incident, now).reasons.length > 0).toBe(at <= now);
  });

  test('tells a sooner tier that came with a later alert, though another was told before it; a new round begins with it', () => {
    const told = advance(fresh, NOW + 15 * MINUTE).incident;
    const further = { receivers: ['oncall', 'chat'], tiers: [{ after: 2 * MINUTE, receiver: 'chief' }] };
    const { incident } = join(told, alertLike(SHELL), groupOf(SHELL), further, NOW + 16 * MINUTE);
    expect(advance(incident, NOW + 18 * MINUTE - 1).page).toEqual([]);
    const next = advance(incident, NOW + 18 * MINUTE);
    expect(next.page).toEqual(['chief']);
    expect(advance(next.incident, NOW + 46 * MINUTE).page).toEqual(['oncall']);
    expect(nextRound(next.incident, NOW + hours(1)).tiers.map(({ receiver }) => receiver)).toEqual([
      'chief',
      'leads',
      'oncall',
    ]);
  });

  test('waits twice as long with each update, an hour at most', () => {
    let incident = fresh;
    const waits: number[] = [];
    for (let update = 0; update < 8; update += 1) {
      const { told } = incident;
      incident = { ...incident, tiers: [], count: incident.count + 1 };
      const at = nextStepAt(incident) ?? 0;
      waits.push((at - told.at) / MINUTE);
      incident = advance(incident, at).incident;
    }
    expect(waits).toEqual([2, 4, 8, 16, 32, 60, 60, 60]);
  });
});

function hours(n: number): number {
  return n * 60 * MINUTE;
}
