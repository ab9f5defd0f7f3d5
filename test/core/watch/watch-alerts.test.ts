/** What people read of silence and loss. */

import { describe, expect, test } from '@jest/globals';
import { groupOf } from '../../../functions/core/incident/group.ts';
import { alertView } from '../../../functions/core/page/alert-view.ts';
import { firstStepOf } from '../../../functions/core/page/first-step.ts';
import type { AlertView, Notification } from '../../../functions/core/page/notification.ts';
import { pageOf, textOf } from '../../../functions/core/page/page.ts';
import { NO_LOSSES } from '../../../functions/core/watch/losses.ts';
import type { Owed, WatchedNode } from '../../../functions/core/watch/watch.ts';
import { clusterAlert, listed, nodeAlert, nothingArrivesAlert } from '../../../functions/core/watch/watch-alerts.ts';

const at = 1_795_424_405_000;
const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
const node: WatchedNode = {
  cluster,
  node: 'gke-payments-eu1-default-pool-5b1c2f3a-g2q1',
  state: 'told',
  firstAt: at - 3_600_000,
  lastAt: at - 960_000,
  eventMs: at - 960_000,
  alertedAt: 0,
  periods: [],
  losses: NO_LOSSES,
  owes: [],
  nextAt: at,
  toldAt: at,
};
const told = { uuid: 'u', since: at, owed: true, why: 'half of the nodes or more' };

const SILENT = nodeAlert(node, { kind: 'silent', at, loud: false });
const LOUD = nodeAlert(node, { kind: 'silent', at, loud: true });
const DROPS = nodeAlert(node, { kind: 'drops', at, percent: 1.66 });
const GAP = nodeAlert(node, { kind: 'gap', at, expected: 100, arrived: 50 });
const CLUSTER = clusterAlert(cluster, told);
const ALL = nothingArrivesAlert(told);

function page(lead: AlertView) {
  const group = groupOf(lead);
  return pageOf({
    type: 'page',
    receiver: 'oncall',
    groupKey: group.key,
    generation: 1,
    dedupKey: '',
    messageId: '',
    round: 1,
    state: 'open',
    severity: lead.priority,
    group: group.labels,
    count: 1,
    firstNs: lead.timeNs,
    lastNs: lead.timeNs,
    lead,
    others: [],
    links: { query: '' },
    firstStep: firstStepOf(lead),
  } satisfies Notification);
}

describe('a page', () => {
  test.each([
    {
      alert: SILENT,
      headline: `Falco silent on ${node.node}`,
      summary: `WARN payments-eu1 ${node.node}: Falco silent (1 node)`,
    },
    {
      alert: DROPS,
      headline: `Falco drops events on ${node.node}`,
      summary: `WARN payments-eu1 ${node.node}: Falco drops events (1 node)`,
    },
    {
      alert: GAP,
      headline: `Alerts lost before the relay on ${node.node}`,
      summary: `WARN payments-eu1 ${node.node}: Alerts lost before the relay (1 node)`,
    },
    { alert: CLUSTER, headline: 'Falco silent in payments-eu1', summary: 'CRIT payments-eu1: Falco silent' },
    { alert: ALL, headline: 'No events from any cluster', summary: 'CRIT any cluster: No events' },
  ])('reads $summary', ({ alert, headline, summary }) => {
    expect(page(alert)).toMatchObject({ headline, summary });
    expect(page(alert).lines.map(textOf).join(' ')).not.toMatch(/unknown|else on this node/);
  });

  test('of a node that had alerted says what may be behind it', () => {
    expect(page(LOUD).lines.map(textOf).join(' ')).toContain('somebody may have stopped Falco: cordon the node');
    expect(page(SILENT).lines.map(textOf).join(' ')).toContain('First: check Falco on this node');
  });
});

describe('an alert', () => {
  test.each([SILENT, LOUD, DROPS, GAP, CLUSTER, ALL])('$rule is one that escalate accepts', (alert) => {
    expect(alertView.parse(JSON.parse(JSON.stringify(alert)))).toMatchObject({ uuid: alert.uuid, source: 'relay' });
  });

  test('has one identity for one decision, and another for any other', () => {
    const silent = (over: Partial<WatchedNode>, when = at): string => {
      const owed: Owed = { kind: 'silent', at: when, loud: false };
      return nodeAlert({ ...node, ...over }, owed).uuid;
    };
    expect(silent({})).toBe(SILENT.uuid);
    const others = [
      silent({ node: 'another' }),
      silent({ cluster: { ...cluster, location: 'us-central1' } }),
      silent({}, at + 1),
      DROPS.uuid,
      GAP.uuid,
      CLUSTER.uuid,
      ALL.uuid,
    ];
    expect(new Set([SILENT.uuid, ...others]).size).toBe(others.length + 1);
  });

  test('names ten silent nodes, and how many more', () => {
    const names = Array.from({ length: 15_000 }, (_, index) => `gke-${index}`);
    expect(listed(names, cluster)).toMatch(/: 15000 node\(s\): gke-0, .*, gke-10004 and 14990 more$/);
  });

  test('survives a time that nobody can mean', () => {
    expect(nodeAlert({ ...node, eventMs: 253_402_300_799_000 }, { kind: 'silent', at, loud: false }).output).toContain(
      '9999-12-31T23:59:59Z',
    );
  });
});
