import { describe, expect, test } from '@jest/globals';
import type { Context } from '../../../functions/core/event/alert.ts';
import { groupOf } from '../../../functions/core/incident/group.ts';
import { type Incident, join } from '../../../functions/core/incident/incident.ts';
import { INCIDENT_BYTES } from '../../../functions/core/incident/incident-size.ts';
import { advance, nextStepAt } from '../../../functions/core/incident/incident-time.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { type Exec, execOf, shellOf } from '../../../functions/core/who/exec.ts';
import {
  ask,
  EMPTY_POD,
  EXPLAIN_MS,
  explained,
  matches,
  type PodRecord,
  recorded,
  WHO_KEPT_MS,
} from '../../../functions/core/who/who.ts';
import { readEvent } from '../../../functions/ingest/event.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';
import { type EventChanges, eventText, execEvent } from '../../support/events.ts';

const SECOND = 1_000_000_000n;
/** A moment after the shell. */
const NOW = 1_795_424_405_000;
const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
const CONTEXT: Context = {
  cluster: CLUSTER,
  clusterStatus: 'listed',
  clusterMismatch: false,
  enrichment: 'none',
  enrichmentReasons: [],
};
const POD = {
  project: 'acme-prod',
  cluster: 'payments-eu1',
  namespace: 'payments',
  pod: 'ledger-api-7c9d4f8b6d-x2x8k',
};
const ANA: Exec = { uuid: 'e1', timeNs: SHELL.timeNs, location: 'europe-west1', user: 'ana', from: '203.0.113.7' };

const momentOf = (alert: AlertView) => shellOf(alert) ?? { pod: POD, moment: { uuid: '', timeNs: '0' } };
const opened = (alert: AlertView = SHELL): Incident =>
  join(undefined, alert, groupOf(alert), { receivers: ['oncall'], tiers: [] }, NOW).incident;
const shifted = (timeNs: string, seconds: number): string => String(BigInt(timeNs) + BigInt(seconds) * SECOND);

/** So many shells in one pod, a second apart, each told at the moment it was opened. */
function asked(times: number, record: PodRecord = EMPTY_POD): { incident: Incident; record: PodRecord } {
  let state = { incident: opened(), record };
  for (let index = 0; index < times; index += 1) {
    state =
      ask(state.incident, state.record, momentOf(alertLike(SHELL, {}, index)), true, NOW + index * 1_000) ?? state;
  }
  return state;
}

describe('an exec and a shell', () => {
  test.each<[string, Partial<Exec>, boolean]>([
    ['at one moment', {}, true],
    ['a minute before', { timeNs: shifted(SHELL.timeNs, -60) }, true],
    ['a minute after', { timeNs: shifted(SHELL.timeNs, 60) }, true],
    ['longer before', { timeNs: shifted(SHELL.timeNs, -61) }, false],
    ['longer after', { timeNs: shifted(SHELL.timeNs, 61) }, false],
    ['without a location', { location: undefined }, true],
    ['in another location', { location: 'us-central1' }, false],
  ])('%s', (_, changes, expected) => {
    expect(matches({ ...ANA, ...changes }, momentOf(SHELL).moment)).toBe(expected);
  });
});

describe('an audit record', () => {
  const read = (changes: EventChanges = {}, context: Partial<Context> = {}) => {
    const result = readEvent(eventText(execEvent('a1', changes)));
    if (!result.ok) throw new Error(result.detail);
    return execOf('a1', result.event, { ...CONTEXT, ...context });
  };

  test('of an exec names the pod and the person', () => {
    expect(read()).toEqual({
      pod: POD,
      exec: {
        uuid: 'a1',
        timeNs: '1795424402100000000',
        location: 'europe-west1',
        user: 'ana@acme.example',
        from: '203.0.113.7',
        agent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/d2c1d6a',
      },
    });
  });

  const unknown = { cluster: { project: 'unknown', location: 'unknown', name: 'payments-eu1' } };
  const project = 'jevt.value[/annotations/project_id]';
  test.each<[string, EventChanges, Partial<Context>, object | undefined]>([
    ['attach', { fields: { 'ka.target.subresource': 'attach' } }, {}, { pod: POD }],
    ['the rule alone', { fields: { 'ka.target.subresource': null, 'ka.target.resource': '<NA>' } }, {}, { pod: POD }],
    ['a rule of one’s own', { rule: 'Exec by a person' }, {}, { pod: POD }],
    [
      'several addresses',
      { fields: { 'ka.sourceips': ['10.0.0.1', '10.0.0.2'] } },
      {},
      { exec: { from: '10.0.0.1,10.0.0.2' } },
    ],
    ['no address and no agent', { fields: { 'ka.sourceips': null, 'ka.useragent': '' } }, {}, { pod: POD }],
    ['only the project known', {}, unknown, { pod: POD, exec: { location: undefined } }],
    ['nothing of the project known', { fields: { [project]: null } }, unknown, undefined],
    ['what is no project', { fields: { [project]: '../x' } }, unknown, undefined],
    ['no cluster', {}, { cluster: undefined as never }, undefined],
    ['an exec of something else', { rule: 'x', fields: { 'ka.target.resource': 'things' } }, {}, undefined],
    ['a log read', { rule: 'x', fields: { 'ka.target.subresource': 'log' } }, {}, undefined],
    ['a refused exec', { fields: { 'ka.response.code': '403' } }, {}, undefined],
    ['a forbidden exec', { fields: { 'ka.auth.decision': 'forbid' } }, {}, undefined],
    ['no user', { fields: { 'ka.user.name': '<NA>' } }, {}, undefined],
    ['no pod', { fields: { 'ka.target.name': null } }, {}, undefined],
    ['a system call', { source: 'syscall' }, {}, undefined],
  ])('of %s', (_, changes, context, expected) => {
    const result = read(changes, context);
    if (expected) expect(result).toMatchObject(expected);
    else expect(result).toBeUndefined();
  });

  test('is kept in plain and bounded text', () => {
    const fields = {
      'ka.user.name': `a\n${'u'.repeat(500)}`,
      'ka.sourceips': 'i'.repeat(500),
      'ka.useragent': '\u202ek',
    };
    const { exec } = read({ fields }) ?? {};
    expect(exec?.user).toMatch(/^a␊u+…\(\+\d+\)u+$/);
    expect(exec?.user).toHaveLength(160);
    expect(exec?.from).toHaveLength(80);
    expect(exec?.agent).toBe('⟨U+202E⟩k');
  });
});

describe('a shell', () => {
  test.each<[string, Partial<AlertView>, boolean]>([
    ['in a pod', {}, true],
    ['that a program in the pod began', { rule: 'Web Server Spawned Shell' }, false],
    ['on a node', { where: { ...SHELL.where, pod: undefined, namespace: undefined } }, false],
    ['of an unknown project', { where: { ...SHELL.where, cluster: { ...CLUSTER, project: 'unknown' } } }, false],
    ['of an unknown cluster', { where: { ...SHELL.where, cluster: undefined } }, false],
  ])('%s', (_, changes, expected) => {
    expect(shellOf(alertLike(SHELL, changes)) !== undefined).toBe(expected);
  });

  test('is asked about until a minute and a half has passed, and then told once', () => {
    const { incident } = asked(1);
    expect(incident.shells).toMatchObject([{ pod: POD.pod, by: [], until: NOW + EXPLAIN_MS }]);
    expect(nextStepAt(incident)).toBe(NOW + EXPLAIN_MS);
    expect(advance(incident, NOW + EXPLAIN_MS - 1).reasons).toEqual([]);
    const told = advance(incident, NOW + EXPLAIN_MS);
    expect(told).toMatchObject({ update: true, page: [], reasons: ['incident-unexplained'] });
    const [shell] = told.incident.shells ?? [];
    expect(shell).toMatchObject({ by: [], unexplained: true });
    expect(shell).not.toHaveProperty('until');
    expect(advance(told.incident, NOW + EXPLAIN_MS).reasons).toEqual([]);
  });

  test.each<[string, number, boolean, PodRecord]>([
    ['told late', NOW + 3 * 60_000, true, EMPTY_POD],
    ['of a node whose clock is ahead', NOW - 3 * 60_000, true, EMPTY_POD],
    ['of a cluster whose audit records are not known', NOW, false, EMPTY_POD],
    ['whose exec may have had no room', NOW, true, { ...EMPTY_POD, forgottenNs: shifted(SHELL.timeNs, -60) }],
  ])('%s is never told to be unexplained', (_, now, audited, record) => {
    const result = ask(opened(), record, momentOf(SHELL), audited, now);
    expect(result?.incident.shells).toMatchObject([{ by: [] }]);
    expect(result?.incident.shells?.[0]).not.toHaveProperty('until');
    expect(result?.record.shells).toHaveLength(1);
  });

  test('that has no room is not asked about: each that is can be found', () => {
    const { incident, record } = asked(20);
    expect(incident.shells).toHaveLength(4);
    expect(record.shells.map(({ uuid }) => uuid)).toEqual(incident.shells?.map(({ uuid }) => uuid));
  });

  test('that another incident may yet tell to be unexplained keeps its place in the pod’s record for that long', () => {
    const { record } = asked(4, asked(4).record);
    expect(record.shells).toHaveLength(8);
    const oldest = record.shells[0]?.at ?? 0;
    const ninth = momentOf(alertLike(SHELL));
    expect(ask(opened(), record, ninth, true, oldest + EXPLAIN_MS - 1)).toBeUndefined();
    const later = ask(opened(), record, ninth, true, oldest + EXPLAIN_MS);
    expect(later?.record.shells).toHaveLength(8);
    expect(later?.record.shells.at(-1)?.uuid).toBe(ninth.moment.uuid);
  });

  test('takes the place of one that is explained, never of one that is not', () => {
    let { incident, record } = asked(4);
    const [, second] = incident.shells ?? [];
    const uuids = [second?.uuid ?? ''];
    incident = explained(incident, { generation: 1, uuids, exec: ANA }, NOW)?.incident ?? incident;
    const fifth = alertLike(SHELL, {}, 5);
    ({ incident, record } = ask(incident, record, momentOf(fifth), true, NOW) ?? { incident, record });
    expect(incident.shells?.map(({ uuid }) => uuid)).toContain(fifth.uuid);
    expect(incident.shells?.map(({ uuid }) => uuid)).not.toContain(second?.uuid);
    expect(incident.shells).toHaveLength(4);
  });
});

describe('a pod’s record', () => {
  test('gives the shells that an exec may explain, once', () => {
    const { record } = asked(2);
    const first = recorded(record, ANA, NOW);
    expect(first?.shells).toHaveLength(2);
    expect(recorded(first?.record ?? record, ANA, NOW)).toBeUndefined();
  });

  test('forgets what waited for an hour', () => {
    const { record } = asked(1);
    const later = recorded(record, ANA, NOW + WHO_KEPT_MS);
    expect(later?.shells).toEqual([]);
    expect(recorded(later?.record ?? record, { ...ANA, uuid: 'e2' }, NOW + 2 * WHO_KEPT_MS)?.record.execs).toHaveLength(
      1,
    );
  });

  test('keeps the latest execs by their own times, and the time of what it forgot', () => {
    let record: PodRecord = EMPTY_POD;
    // What a replay brings comes last, and is old.
    for (const seconds of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, -86_400]) {
      const exec = { ...ANA, uuid: `e${seconds}`, timeNs: shifted(SHELL.timeNs, seconds) };
      record = recorded(record, exec, NOW)?.record ?? record;
    }
    expect(record.execs.map(({ uuid }) => uuid)).toEqual(['e2', 'e3', 'e4', 'e5', 'e6', 'e7', 'e8', 'e9']);
    expect(record.forgottenNs).toBe(shifted(SHELL.timeNs, 1));
  });
});

describe('an explanation', () => {
  const { incident } = asked(2);
  const uuids = incident.shells?.map(({ uuid }) => uuid) ?? [];
  const explain = (exec: Exec, on: Incident = incident, generation = 1) =>
    explained(on, { generation, uuids, exec }, NOW);

  test('names the person, asks no more, and counts as told', () => {
    const result = explain(ANA, { ...incident, count: 7 });
    expect(result).toMatchObject({ isNews: true, incident: { told: { at: NOW, count: 7 } } });
    const by = [{ user: 'ana', from: '203.0.113.7' }];
    expect(result?.incident.shells).toMatchObject([{ by }, { by }]);
    expect(nextStepAt(result?.incident ?? incident)).toBe(nextStepAt({ ...incident, count: 1, shells: [] }));
  });

  test('that is known changes nothing; the same person of a further shell is no news', () => {
    const once = explained(incident, { generation: 1, uuids: uuids.slice(0, 1), exec: ANA }, NOW)?.incident ?? incident;
    const both = explain(ANA, once);
    expect(both?.isNews).toBe(false);
    expect(both?.incident.shells?.every(({ by }) => by.length === 1)).toBe(true);
    expect(explain(ANA, both?.incident)).toBeUndefined();
  });

  test('of what was told to have none is news, whoever it names', () => {
    const once = explained(incident, { generation: 1, uuids: uuids.slice(0, 1), exec: ANA }, NOW)?.incident ?? incident;
    const told = advance(once, NOW + EXPLAIN_MS + 10_000).incident;
    expect(told.shells).toMatchObject([{ by: [{ user: 'ana' }] }, { unexplained: true }]);
    const result = explain(ANA, told);
    expect(result?.isNews).toBe(true);
    expect(result?.incident.shells?.some(({ unexplained }) => unexplained)).toBe(false);
  });

  test.each<[string, Incident | undefined, number]>([
    ['of no incident', undefined, 1],
    ['of an earlier generation', incident, 2],
    ['of a quiet one', { ...incident, state: 'quiet' }, 1],
    ['of a resolved one', { ...incident, state: 'resolved' }, 1],
  ])('%s changes nothing', (_, on, generation) => {
    expect(explained(on, { generation, uuids, exec: ANA }, NOW)).toBeUndefined();
  });

  test('names few people, and still fits a document with the worst of texts', () => {
    let worst = asked(4).incident;
    for (let index = 0; index < 30; index += 1) {
      const rule = `${index}${'\u0000'.repeat(250)}`;
      const alert = alertLike(SHELL, { rule, output: '\u0000'.repeat(2_048) });
      worst = join(worst, alert, groupOf(alert), { receivers: [], tiers: [] }, NOW).incident;
    }
    const all = worst.shells?.map(({ uuid }) => uuid) ?? [];
    for (let index = 0; index < 9; index += 1) {
      const exec = { ...ANA, user: `${index}${'␀'.repeat(159)}`, from: '␀'.repeat(80), agent: '␀'.repeat(80) };
      worst = explained(worst, { generation: 1, uuids: all, exec }, NOW)?.incident ?? worst;
    }
    expect(worst.shells?.map(({ by }) => by.length)).toEqual([4, 4, 4, 4]);
    expect(Buffer.byteLength(JSON.stringify(worst))).toBeLessThanOrEqual(INCIDENT_BYTES);
    expect(worst.rules).toHaveLength(20);
  });
});
