import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../functions/core/incident/group.ts';
import { type Incident, join, STORM_QUIET_AFTER_MS } from '../../../functions/core/incident/incident.ts';
import {
  held,
  isOver,
  STORM_LIMITS,
  stormGroupOf,
  tellsOf,
  touched,
  valveAfter,
  worsened,
} from '../../../functions/core/incident/storm.ts';
import { stormOptions } from '../../../functions/core/incident/storm-options.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const { incidents: STORM_LIMIT, within: STORM_WINDOW_MS } = STORM_LIMITS;
const NOW = 1_795_424_402_500;
const routing = { receivers: ['oncall'], tiers: [] };
const EMERGENCY = alertLike(SHELL, { priority: 'Emergency' });

const full = { openedAt: Array.from({ length: STORM_LIMIT }, (_, index) => NOW + index) };
const storm = held(undefined, SHELL, routing, NOW).incident;

describe('the valve', () => {
  test('lets so many incidents of a cluster open within its window, and no more', () => {
    let valve: ReturnType<typeof valveAfter>['valve'];
    const own: boolean[] = [];
    for (let index = 0; index <= STORM_LIMIT; index += 1) {
      const after = valveAfter(valve, undefined, SHELL, NOW + index);
      own.push(after.own);
      valve = after.valve;
    }
    expect(own).toEqual([...Array.from({ length: STORM_LIMIT }, () => true), false]);
  });

  test.each([
    ['the window is full', full, undefined, SHELL, NOW + STORM_LIMIT, false],
    ['the oldest has left the window', full, undefined, SHELL, NOW + STORM_WINDOW_MS, true],
    ['a storm rages', undefined, storm, SHELL, NOW + 1, false],
    ['the storm is over', undefined, storm, SHELL, NOW + STORM_QUIET_AFTER_MS, true],
    ['the storm was resolved', undefined, { ...storm, state: 'resolved' as const }, SHELL, NOW + 1, true],
    ['an Emergency comes in a storm', full, storm, EMERGENCY, NOW + STORM_LIMIT, true],
  ])('when %s', (_, valve, raging, alert, now, own) => {
    expect(valveAfter(valve, raging, alert, now).own).toBe(own);
  });

  test('is as wide as pipeline.yaml has it', () => {
    const limits = { incidents: 2, within: 1_000 };
    const two = { openedAt: [NOW, NOW + 1] };
    expect(valveAfter(two, undefined, SHELL, NOW + 2, limits).own).toBe(false);
    expect(valveAfter(two, undefined, SHELL, NOW + 1_001, limits).own).toBe(true);
  });

  test('is not written for what a storm takes anyway', () => {
    expect(valveAfter(full, storm, SHELL, NOW + 1).valve).toBe(full);
  });

  test('remembers no more openings than it asks for, however many pierce it', () => {
    let valve: ReturnType<typeof valveAfter>['valve'];
    for (let index = 0; index < 3 * STORM_LIMIT; index += 1)
      valve = valveAfter(valve, storm, EMERGENCY, NOW + index).valve;
    expect(valve?.openedAt).toEqual(Array.from({ length: STORM_LIMIT }, (_, index) => NOW + 2 * STORM_LIMIT + index));
  });

  test('is one for each cluster, and its storm is no group', () => {
    const other = alertLike(SHELL, {
      where: { ...SHELL.where, cluster: { project: 'acme-prod', location: 'us-central1', name: 'payments-eu1' } },
    });
    const keys = [stormGroupOf(SHELL), stormGroupOf(other), groupOf(SHELL)].map(({ key }) => key);
    expect(new Set(keys).size).toBe(3);
  });
});

describe('a storm', () => {
  const grow = (size: number): Incident => {
    let incident: Incident | undefined;
    for (let index = 0; index < size; index += 1) {
      const where = { ...SHELL.where, derivedWorkload: `w${index}` };
      const priority = index === size - 1 ? 'Alert' : 'Critical';
      incident = held(incident, alertLike(SHELL, { where, priority }), routing, NOW + index).incident;
    }
    if (!incident) throw new Error('no storm');
    return incident;
  };

  test('counts all that it holds, lists some, and the worst among them', () => {
    const { storm: of } = grow(500);
    expect(of?.size).toBe(500);
    expect(of?.members.length).toBeLessThanOrEqual(30);
    expect(of?.members.map(({ priority }) => priority)).toContain('Alert');
  });

  test('fits its document, whatever the names are', () => {
    let incident: Incident | undefined;
    const letter = '\u0000';
    const where = { ...SHELL.where, namespace: letter.repeat(4_000), derivedWorkload: letter.repeat(4_000) };
    for (let index = 0; index < 60; index += 1) {
      const alert = alertLike(SHELL, {
        where,
        rule: `${index}`,
        output: letter.repeat(2_048),
        fields: {
          'proc.cmdline': letter.repeat(512),
          'proc.exepath': `${letter.repeat(500)}/${index}`,
          'user.name': `${letter.repeat(500)}${index}`,
          'fd.rip': `${letter.repeat(500)}${index}`,
        },
      });
      incident = held(incident, alert, routing, NOW).incident;
    }
    expect(Buffer.byteLength(JSON.stringify(incident))).toBeLessThan(60_000);
  });

  test('is over for what it held once it is quiet, resolved or another one', () => {
    const { groupKey, generation } = storm;
    const member = {
      ...join(undefined, SHELL, groupOf(SHELL), routing, NOW).incident,
      heldBy: { groupKey, generation },
    };
    expect(isOver(member, storm, NOW + 1)).toBe(false);
    expect(isOver(member, storm, NOW + STORM_QUIET_AFTER_MS)).toBe(true);
    expect(isOver(member, { ...storm, state: 'resolved' }, NOW)).toBe(true);
    expect(isOver(member, { ...storm, generation: generation + 1 }, NOW)).toBe(true);
    expect(isOver(member, undefined, NOW)).toBe(true);
  });

  describe('tells of what it holds', () => {
    const { groupKey, generation } = storm;
    const slight = alertLike(SHELL, { priority: 'Warning' });
    const member: Incident = {
      ...join(undefined, slight, groupOf(SHELL), routing, NOW).incident,
      heldBy: { groupKey, generation },
    };
    const grave: Incident = { ...member, severity: 'Critical' };
    const quietly = held(undefined, slight, routing, NOW).incident;
    const taken: Incident = { ...storm, state: 'acknowledged' };
    const other = alertLike(SHELL, { rule: 'another' });
    const cases: [string, Incident, Incident, AlertView, string[], boolean][] = [
      ['more of the same', storm, grave, SHELL, ['oncall'], false],
      ['another rule that is as severe, while nobody acknowledged', storm, grave, other, ['oncall'], false],
      ['what would have rung by itself', storm, member, SHELL, ['oncall'], true],
      [
        'what is more severe than all of it',
        quietly,
        member,
        alertLike(SHELL, { priority: 'Error' }),
        ['oncall'],
        true,
      ],
      ['what is routed further', storm, grave, slight, ['oncall', 'chat'], true],
      ['what is routed further, where nobody is told', { ...storm, observed: true }, grave, slight, ['chat'], false],
      ['another critical rule, when it was acknowledged', taken, grave, other, ['oncall'], true],
      ['the same rule, when it was acknowledged', taken, grave, SHELL, ['oncall'], false],
    ];
    test.each(cases)('%s', (_, of, its, alert, receivers, tells) => {
      expect(tellsOf(of, its, alert, { receivers, tiers: [] })).toBe(tells);
    });

    test('by the worst of it, in its place, and counts no further incident', () => {
      const full = grow(40);
      const listed = full.storm?.members[7];
      const where = { ...SHELL.where, derivedWorkload: 'w7' };
      const alert = alertLike(SHELL, { where, rule: 'another', priority: 'Alert' });
      const before = join(undefined, alertLike(SHELL, { where }), groupOf(alert), routing, NOW).incident;
      const after = join(before, alert, groupOf(alert), routing, NOW).incident;
      const { incident } = worsened(full, { before, after }, alert, routing, NOW);
      expect(incident.storm).toMatchObject({ size: 40, traits: full.storm?.traits });
      expect(incident.storm?.members[7]).toMatchObject({ place: listed?.place, priority: 'Alert' });
      expect(incident.storm?.members).toHaveLength(full.storm?.members.length ?? 0);
      const once = worsened(incident, { before: after, after }, alertLike(alert, { priority: 'Notice' }), routing, NOW);
      expect(once.incident.storm?.members).toEqual(incident.storm?.members);
    });
  });

  test('that doubles while an alert is routed further rings everybody', () => {
    const before: Incident = {
      ...storm,
      state: 'acknowledged',
      storm: { ...storm.storm, size: 1, members: [], acknowledgedSize: 1 },
    };
    const further = { receivers: ['oncall', 'leads'], tiers: [] };
    const result = held(before, alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: 'x' } }), further, NOW);
    expect(result).toMatchObject({ again: true, incident: { state: 'open', round: 2, storm: { size: 2 } } });
    expect(result.incident.rang).toBeUndefined();
  });

  test('is kept alive by what it holds, written once a minute', () => {
    expect(touched(storm, NOW + 59_999)).toBeUndefined();
    expect(touched(storm, NOW + 60_000)?.lastAt).toBe(NOW + 60_000);
  });
});

test.each([
  ['an endless window', { within: '2h' }],
  ['no incident at all', { incidents: 0 }],
])('%s is refused', (_, options) => {
  expect(stormOptions.safeParse(options).success).toBe(false);
});

test('the valve of pipeline.yaml is the usual one, unless set', () => {
  expect(stormOptions.parse({})).toEqual(STORM_LIMITS);
});
