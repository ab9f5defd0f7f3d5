/** What people hear of who opened a shell, whichever of the two records is told first. */

import { expect } from '@jest/globals';
import { type EventChanges, execEvent } from '../../support/events.ts';
import { act, alert, type Doing, type Scenario, want } from '../../support/scenario.ts';
import { ONE, receivers } from './pipelines.ts';

const ANA = {
  user: 'ana@acme.example',
  from: '203.0.113.7',
  agent: 'kubectl/v1.33.1 (linux/amd64) kubernetes/d2c1d6a',
};
const BO = { user: 'bo@acme.example', from: '198.51.100.9', agent: 'k9s/v0.50.6' };
const BY_BO = { 'ka.user.name': BO.user, 'ka.sourceips': BO.from, 'ka.useragent': BO.agent };

/** One exec into the shell's pod, `seconds` from now by its own time. */
const exec =
  (auditId: string, changes: EventChanges = {}, seconds = 0): Doing =>
  async ({ world: w }) => {
    const time = new Date(w.time.clock() + seconds * 1_000).toISOString();
    expect(await w.ingest(execEvent(auditId, { time, ...changes }), {})).toBe(204);
  };

/** Any other audit event of a cluster: its records are known to arrive. */
const audited = (cluster = 'payments-eu1'): Doing =>
  exec(`other-of-${cluster}`, {
    rule: 'Create/Modify Configmap With Private Credentials',
    fields: { 'ka.cluster.name': cluster, 'ka.target.resource': 'configmaps', 'ka.target.subresource': null },
  });

const together =
  (...doings: readonly Doing[]): Doing =>
  async (stage) =>
    void (await Promise.all(doings.map((doing) => doing(stage))));

const by = (...people: readonly object[]): object => ({ shells: [{ by: people }] });
const UNSAID = { shells: [{ by: [] }] };
const UNEXPLAINED = { shells: [{ by: [], unexplained: true }], firstStep: expect.stringContaining("intruder's") };

export const WHO: readonly Scenario[] = [
  {
    name: 'an exec that is told before its shell is named by the page itself',
    pipeline: ONE,
    receivers,
    at: { 0: [audited(), exec('1'), alert()] },
    wants: [want([0, 0], 'oncall', 'page', by(ANA))],
    until: 30,
  },
  {
    name: 'an exec that is told after its shell is named by an update, at once',
    pipeline: ONE,
    receivers,
    at: { 0: [audited(), alert()], 1: [exec('1', {}, -60)] },
    wants: [want([0, 0], 'oncall', 'page', UNSAID), want([1, 1], 'oncall', 'update', by(ANA))],
    until: 30,
  },
  {
    name: 'a shell and its exec that are told at one moment find each other',
    pipeline: ONE,
    receivers,
    at: { 0: [audited(), together(alert(), exec('1'))], 5: [act({ kind: 'acknowledge' })] },
    wants: [want([0, 0], 'oncall', 'page', by(ANA)), want([5, 5], 'oncall', 'update', by(ANA))],
    until: 30,
  },
  {
    name: 'a shell that nothing explains says so, once, where audit records are known to arrive',
    pipeline: ONE,
    receivers,
    at: { 0: [audited(), alert()] },
    sweeps: () => 2,
    wants: [want([0, 0], 'oncall', 'page', UNSAID), want([2, 2], 'oncall', 'update', UNEXPLAINED)],
    until: 60,
  },
  {
    name: 'a shell in a cluster without known audit records says nothing',
    pipeline: ONE,
    receivers,
    at: { 0: [audited('payments-eu2'), alert()] },
    wants: [want([0, 0], 'oncall', 'page', UNSAID)],
    until: 60,
  },
  {
    name: 'a record that comes after all takes back that there is none',
    pipeline: ONE,
    receivers,
    at: { 0: [audited(), alert()], 20: [exec('1', {}, -20 * 60)] },
    wants: [
      want([0, 0], 'oncall', 'page'),
      want([2, 2], 'oncall', 'update', UNEXPLAINED),
      want([20, 20], 'oncall', 'update', by(ANA)),
    ],
    until: 60,
  },
  {
    name: 'an exec more than a minute away, into another pod, of another project or that was refused explains nothing',
    pipeline: ONE,
    receivers,
    at: {
      0: [
        audited(),
        exec('early', {}, -65),
        exec('elsewhere', { fields: { 'ka.target.name': 'ledger-api-7c9d4f8b6d-other' } }),
        exec('project', { fields: { 'jevt.value[/annotations/project_id]': 'acme-test' } }),
        exec('location', { fields: { 'jevt.value[/annotations/location]': 'us-central1' } }),
        exec('refused', { fields: { 'ka.auth.decision': 'forbid', 'ka.response.code': '403' } }),
        exec('forward', { rule: 'Port forward', fields: { 'ka.target.subresource': 'portforward' } }),
        alert(),
      ],
    },
    wants: [want([0, 0], 'oncall', 'page', UNSAID), want([2, 2], 'oncall', 'update', UNEXPLAINED)],
    until: 60,
  },
  {
    name: 'an exec whose record lacks the location explains the shell of the project and the cluster that it names',
    pipeline: ONE,
    receivers,
    at: { 0: [exec('1', { fields: { 'jevt.value[/annotations/location]': null } }), alert()] },
    wants: [want([0, 0], 'oncall', 'page', by(ANA))],
    until: 30,
  },
  {
    name: 'two people within the minute are both named, and neither twice',
    pipeline: ONE,
    receivers,
    at: {
      0: [exec('1'), alert(), exec('2', { fields: BY_BO }, 20)],
      1: [exec('3', { fields: BY_BO }, -30)],
    },
    wants: [want([0, 0], 'oncall', 'page', by(ANA)), want([0, 0], 'oncall', 'update', by(ANA, BO))],
    until: 30,
  },
  {
    name: 'a further shell tells by the next sweep who else came, and of those known only as it grows',
    pipeline: ONE,
    receivers,
    at: { 0: [exec('1'), alert()], 1: [alert()], 3: [exec('2', { fields: BY_BO }), alert()], 4: [alert()] },
    wants: [
      want([0, 0], 'oncall', 'page', by(ANA)),
      want([2, 2], 'oncall', 'update', { count: 2, shells: [{ by: [ANA] }, { by: [ANA] }] }),
      want([3, 3], 'oncall', 'update', { count: 3, shells: [{ by: [ANA] }, { by: [ANA] }, { by: [BO] }] }),
      want([11, 11], 'oncall', 'update', { count: 4 }),
    ],
    until: 60,
  },
  {
    name: 'the same exec told again, by two rules, and again a day later raises one update',
    pipeline: ONE,
    receivers,
    at: {
      0: [alert(), exec('1'), exec('1'), exec('1', { rule: 'Exec by a person' })],
      1: [exec('1', {}, -60)],
      [24 * 60 + 30]: [exec('1', {}, -24 * 3_600 - 1_800)],
    },
    sweeps: (minute) => (minute % 15 === 0 ? 1 : 0),
    wants: [
      want([0, 0], 'oncall', 'page', UNSAID),
      want([0, 0], 'oncall', 'update', by(ANA)),
      want([24 * 60, 24 * 60 + 15], 'oncall', 'update', { state: 'quiet' }),
    ],
    until: 24 * 60 + 60,
  },
  {
    name: 'an exec that a replay brings days late rewrites nothing',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()], [3 * 24 * 60]: [exec('1', {}, -3 * 24 * 3_600)] },
    sweeps: (minute) => (minute % 15 === 0 ? 1 : 0),
    wants: [
      want([0, 0], 'oncall', 'page', UNSAID),
      want([24 * 60, 24 * 60 + 15], 'oncall', 'update', { state: 'quiet', ...UNSAID }),
    ],
    until: 3 * 24 * 60 + 60,
  },
  {
    name: 'what was resolved stays as it was told',
    pipeline: ONE,
    receivers,
    at: { 0: [alert()], 1: [act({ kind: 'resolve' })], 2: [exec('1', {}, -120)] },
    wants: [want([0, 0], 'oncall', 'page', UNSAID), want([1, 1], 'oncall', 'update', { state: 'resolved' })],
    until: 30,
  },
  {
    name: 'a user agent that attacks is text',
    pipeline: ONE,
    receivers,
    at: { 0: [exec('1', { fields: { 'ka.useragent': '<!channel>\n\u202e*x*\u0000' } }), alert()] },
    wants: [want([0, 0], 'oncall', 'page', by({ ...ANA, agent: '<!channel>␊⟨U+202E⟩*x*␀' }))],
    until: 30,
  },
];
