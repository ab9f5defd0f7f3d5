import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { type LinkOptions, linksOf } from '../../../functions/core/page/links.ts';
import type { AlertView, GroupLabels } from '../../../functions/core/page/notification.ts';
import { HOSTILE, SHELL_NS, shellAlert, shellNotification } from '../../fixtures/notifications.ts';

const options: LinkOptions = { grafana: 'https://grafana.acme.example', loki_datasource: 'loki' };
const { group } = shellNotification;

function addressOf(labels: GroupLabels = group, lead: Partial<AlertView> = {}, changed = options): string | undefined {
  const lastNs = String(BigInt(SHELL_NS) + 60_000_000_000n);
  return linksOf({ group: labels, lead: { ...shellAlert, ...lead }, firstNs: SHELL_NS, lastNs }, changed).dashboard;
}

/** What Grafana reads of it. */
function chosenIn(address: string | undefined): Record<string, string> {
  return Object.fromEntries(new URL(address ?? '').searchParams);
}

const file = readFileSync(new URL('../../../helm/dashboards/incident.json', import.meta.url), 'utf8');
const dashboard = JSON.parse(file) as {
  uid: string;
  templating: { list: { name: string; type: string; multi?: boolean }[] };
};
const variables = new Map(dashboard.templating.list.map((variable) => [`var-${variable.name}`, variable]));

describe('the incident of a page', () => {
  test('opens the dashboard at the workload and the time', () => {
    const address = addressOf();
    const url = new URL(address ?? '');
    expect(`${url.origin}${url.pathname}`).toBe('https://grafana.acme.example/d/falco-relay-incident');
    expect(chosenIn(address)).toEqual({
      'var-datasource': 'loki',
      'var-project': 'acme-prod',
      'var-cluster': 'payments-eu1',
      'var-namespace': 'payments',
      'var-workload': 'ledger-api',
      from: '1795424102783',
      to: '1795425062783',
    });
  });

  test.each<[string, GroupLabels, Partial<AlertView>, Record<string, string>]>([
    [
      'a workload whose owner has another name',
      { workload: 'a' },
      { where: { workload: { kind: 'CronJob', name: 'b.c' } } },
      { 'var-workload': '(a)|(b[.]c)' },
    ],
    ['a node', { node: 'n1' }, { hostname: 'n1', where: { node: 'n1' } }, { 'var-node': 'n1' }],
    [
      'a node under a Falco that says its pod for its host',
      { node: 'n1' },
      { hostname: 'falco-x2x8k', where: { node: 'n1' } },
      { 'var-node': 'falco-x2x8k' },
    ],
    ['what Loki can not be asked for', { workload: 'a', namespace: 'x\ud83d' }, { where: {} }, { 'var-workload': 'a' }],
  ])('of %s', (_name, labels, lead, expected) => {
    const { from, to, 'var-datasource': datasource, ...chosen } = chosenIn(addressOf(labels, lead));
    expect(chosen).toEqual(expected);
  });

  test.each<[string, GroupLabels]>([
    ['an audited user', { project: 'p', cluster: 'c', user: 'ana@acme.example' }],
    ['a whole cluster', { project: 'p', cluster: 'c' }],
    ['a workload that was cut', { cluster: 'c', workload: 'x'.repeat(256) }],
    ['nothing', {}],
  ])('of %s has none', (_name, labels) => {
    expect(addressOf(labels)).toBeUndefined();
  });

  test('keeps a path below the host, and needs no data source', () => {
    const address = addressOf(group, {}, { grafana: 'https://acme.example/grafana/' });
    expect(address?.startsWith('https://acme.example/grafana/d/falco-relay-incident?var-project=acme-prod&')).toBe(
      true,
    );
  });

  test('is left out where it is switched off', () => {
    expect(addressOf(group, {}, { ...options, dashboard: false })).toBeUndefined();
    expect(addressOf(group, {}, { loki_datasource: 'loki' })).toBeUndefined();
  });
});

test('the dashboard has all that is chosen, as what it is taken for', () => {
  const chosen = Object.keys(chosenIn(addressOf({ ...group, node: 'n1' }))).filter((name) => name.startsWith('var-'));
  expect(new URL(addressOf() ?? '').pathname).toBe(`/d/${dashboard.uid}`);
  expect([...variables.keys()].sort()).toEqual(chosen.sort());
  const typed = chosen.filter((name) => variables.get(name)?.type === 'textbox');
  expect(typed).toEqual(['var-namespace', 'var-node', 'var-workload']);
  // Grafana escapes what is chosen of a list, so those get the name itself.
  for (const name of ['var-project', 'var-cluster'])
    expect(variables.get(name)).toMatchObject({ type: 'query', multi: true });
  // And what is typed stands between quotes, as an expression.
  for (const [name] of typed.map((each) => [each.replace('var-', '')])) expect(file).toContain(`=~\\"$${name}\\"`);
});

describe('a name', () => {
  test.each(HOSTILE)('of %s stays between its quotes and fits', (_name, text) => {
    const name = text.slice(0, 255);
    const address = addressOf({ project: name, cluster: name, namespace: name, workload: name }, { where: {} });
    if (!name.isWellFormed() || name.includes('\ufffd')) {
      expect(address).toBeUndefined();
      return;
    }
    expect(address).toMatch(/^[\x21-\x7e]+$/);
    const chosen = chosenIn(address);
    expect([chosen['var-project'], chosen['var-cluster']]).toEqual([name, name]);
    for (const variable of ['var-namespace', 'var-workload']) {
      expect(chosen[variable]).toMatch(/^(?:[\w-]|\[\.\]|\(\?s:\.\))+$/);
      expect(name).toMatch(new RegExp(`^(?:${chosen[variable]})$`, 'u'));
    }
  });

  test.each([
    ['a.b', 'axb'],
    ['a|b', 'a'],
    ['a', 'ab'],
  ])('%s does not fit %s', (name, other) => {
    const { 'var-workload': expression } = chosenIn(addressOf({ workload: name }, { where: {} }));
    expect(other).not.toMatch(new RegExp(`^(?:${expression})$`, 'u'));
  });
});
