import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../functions/core/incident/group.ts';
import {
  type Incident,
  type IncidentState,
  join,
  lead,
  QUIET_AFTER_MS,
} from '../../../functions/core/incident/incident.ts';
import { MAX_RULES } from '../../../functions/core/incident/rules-seen.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { alertLike, SHELL } from '../../support/alerts.ts';

const NOW = 1_795_424_402_500;
const receivers = ['oncall'];
const routing = { receivers, tiers: [] };

function opened(alert: AlertView = SHELL, now = NOW): Incident {
  return join(undefined, alert, groupOf(alert), routing, now).incident;
}

describe('an incident', () => {
  test('opens with its first alert, for the receivers routed at that moment', () => {
    const { incident, opened: isNew, reason } = join(undefined, SHELL, groupOf(SHELL), routing, NOW);
    expect([isNew, reason]).toEqual([true, 'incident-opened']);
    expect(incident).toMatchObject({ generation: 1, state: 'open', severity: 'Critical', count: 1, receivers });
    expect(incident.labels).toEqual({
      project: 'acme-prod',
      cluster: 'payments-eu1',
      namespace: 'payments',
      workload: 'ledger-api',
    });
  });

  test('counts what joins, and tells receivers that it had not told', () => {
    const {
      incident,
      opened: isNew,
      added,
    } = join(
      opened(),
      alertLike(SHELL, {}, 30),
      groupOf(SHELL),
      { receivers: ['oncall', 'someone-else'], tiers: [] },
      NOW + 30_000,
    );
    expect([isNew, added]).toEqual([false, ['someone-else']]);
    expect(incident).toMatchObject({
      generation: 1,
      count: 2,
      receivers: ['oncall', 'someone-else'],
      firstNs: SHELL.timeNs,
      lastNs: '1795424432500000000',
    });
    expect(incident.rules).toHaveLength(1);
    expect(incident.rules[0]?.count).toBe(2);
  });

  test('takes alerts in any order: first and last are by their own times', () => {
    const late = join(opened(alertLike(SHELL, {}, 60)), SHELL, groupOf(SHELL), routing, NOW).incident;
    expect([late.firstNs, late.lastNs]).toEqual([SHELL.timeNs, '1795424462500000000']);
  });

  const states: [IncidentState, number, number, string][] = [
    ['open', QUIET_AFTER_MS - 1, 1, 'incident-joined'],
    ['acknowledged', QUIET_AFTER_MS - 1, 1, 'incident-joined'],
    ['open', QUIET_AFTER_MS, 2, 'incident-reopened-after-quiet'],
    ['acknowledged', QUIET_AFTER_MS, 2, 'incident-reopened-after-quiet'],
    ['quiet', 1, 2, 'incident-reopened-after-quiet'],
    ['resolved', 1, 2, 'incident-reopened-after-resolved'],
  ];
  test.each(states)(
    'that is %s gets an alert %i ms after the last: generation %i, %s',
    (state, ms, generation, reason) => {
      const before = { ...opened(), state };
      const result = join(before, alertLike(SHELL), groupOf(SHELL), routing, NOW + ms);
      expect(result.reason).toBe(reason);
      expect(result.incident.generation).toBe(generation);
      expect(result.incident.count).toBe(generation === 1 ? 2 : 1);
    },
  );

  test('describes a bounded number of rules and counts them all', () => {
    let incident = opened();
    for (let index = 0; index < MAX_RULES + 10; index += 1) {
      const alert = alertLike(SHELL, { rule: `rule ${index}`, priority: 'Warning' });
      incident = join(incident, alert, groupOf(SHELL), routing, NOW).incident;
    }
    expect(incident.rules).toHaveLength(MAX_RULES);
    expect(incident.count).toBe(MAX_RULES + 11);
  });

  test('leads with the most severe rule, and with the earliest among equals', () => {
    const notice = opened(alertLike(SHELL, { priority: 'Notice' }));
    const emergency = alertLike(SHELL, { rule: 'release_agent escape', priority: 'Emergency' });
    const alert = alertLike(SHELL, { rule: 'another', priority: 'Emergency' });
    const incident = [emergency, alert].reduce(
      (so, next) => join(so, next, groupOf(SHELL), routing, NOW).incident,
      notice,
    );
    expect(lead(incident).rule).toBe('release_agent escape');
    expect(incident.severity).toBe('Emergency');
  });
});

describe('a group', () => {
  const host = alertLike(SHELL, { fields: { ...SHELL.fields, 'container.id': 'host' } });
  const audit = alertLike(SHELL, { source: 'k8s_audit', fields: { 'ka.user.name': 'mallory@acme.example' } });
  const bare = alertLike(SHELL, { where: { ...SHELL.where, derivedWorkload: undefined } });
  const tables: [string, AlertView, string][] = [
    [
      'a workload',
      SHELL,
      '{project="acme-prod", cluster="payments-eu1", namespace="payments", workload="ledger-api", location="europe-west1"}',
    ],
    [
      'a host',
      host,
      '{project="acme-prod", cluster="payments-eu1", node="gke-payments-eu1-default-pool-5b1c2f3a-g2q1", location="europe-west1"}',
    ],
    [
      'an audited user',
      audit,
      '{project="acme-prod", cluster="payments-eu1", user="mallory@acme.example", location="europe-west1"}',
    ],
    [
      'no workload',
      bare,
      '{project="acme-prod", cluster="payments-eu1", image="europe-west1-docker.pkg.dev/acme-prod/payments/ledger-api", node="gke-payments-eu1-default-pool-5b1c2f3a-g2q1", location="europe-west1"}',
    ],
  ];
  test.each(tables)('of %s', (_, alert, key) => {
    expect(groupOf(alert).key).toBe(key);
  });

  test('is the same whether or not enrichment found the owner', () => {
    const enriched = alertLike(SHELL, { where: { ...SHELL.where, workload: { kind: 'Deployment', name: 'ledger' } } });
    expect(groupOf(enriched).key).toBe(groupOf(SHELL).key);
  });

  test('has a bounded key that still tells long names apart', () => {
    const long = (end: string): AlertView =>
      alertLike(SHELL, {
        where: { ...SHELL.where, namespace: 'n'.repeat(250), derivedWorkload: `${'w'.repeat(250)}${end}` },
      });
    expect(groupOf(long('a')).key.length).toBeLessThanOrEqual(512);
    expect(groupOf(long('a')).key).not.toBe(groupOf(long('b')).key);
  });

  test('tells two clusters of one name in two locations apart', () => {
    const where = { ...SHELL.where, cluster: { project: 'acme-prod', location: 'us-central1', name: 'payments-eu1' } };
    expect(groupOf(alertLike(SHELL, { where })).key).not.toBe(groupOf(SHELL).key);
  });
});
