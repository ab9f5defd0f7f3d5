import { describe, expect, test } from '@jest/globals';
import { type LinkOptions, linksOf, queryOf, quote, slugOf } from '../../../functions/core/page/links.ts';
import type { AlertView, GroupLabels } from '../../../functions/core/page/notification.ts';
import { HOSTILE, SHELL_NS, shellAlert, shellNotification } from '../../fixtures/notifications.ts';

const options: LinkOptions = {
  grafana: 'https://grafana.acme.example',
  loki_datasource: 'loki',
  runbooks: 'https://runbooks.acme.example/falco/',
};
const { group } = shellNotification;

function links(lead: Partial<AlertView> = {}, changed: LinkOptions = options, labels: GroupLabels = group) {
  const lastNs = String(BigInt(SHELL_NS) + 60_000_000_000n);
  return linksOf({ group: labels, lead: { ...shellAlert, ...lead }, firstNs: SHELL_NS, lastNs }, changed);
}

function panesOf(url: string | undefined) {
  return JSON.parse(new URL(url ?? '').searchParams.get('panes') ?? '');
}

const QUERY =
  '{service_name="falco", project="acme-prod", cluster="payments-eu1"} | k8s_ns_name="payments" | location="europe-west1" ' +
  '| (workload_name="ledger-api" or k8s_pod_name="ledger-api-7c9d-x2x8k")';

describe('queryOf', () => {
  const host = { source: 'syscall', where: { cluster: { project: 'p', location: 'l', name: 'c' }, node: 'n1' } };

  test.each<[string, GroupLabels, Partial<AlertView>, string]>([
    ['a workload', group, {}, QUERY],
    [
      'a workload whose owner has another name',
      { workload: 'a' },
      { where: { workload: { kind: 'CronJob', name: 'b' } } },
      '{service_name="falco"} | (workload_name="a" or workload_name="b")',
    ],
    [
      'a node',
      { project: 'p', cluster: 'c', node: 'n1' },
      { ...host, hostname: 'n1' },
      '{service_name="falco", project="p", cluster="c"} | location="l" | hostname="n1"',
    ],
    [
      'a node under a Falco that says its pod for its host',
      { node: 'n1' },
      { ...host, hostname: 'falco-x2x8k' },
      '{service_name="falco"} | hostname="falco-x2x8k"',
    ],
    [
      'an audited user',
      { project: 'p', cluster: 'c', user: 'ana@acme.example' },
      { source: 'k8s_audit', where: {} },
      '{service_name="falco", project="p", cluster="c"} | json relay_user="output_fields[\\"ka.user.name\\"]" | relay_user="ana@acme.example"',
    ],
    ['an image', { image: 'r.io/a+b' }, { where: {} }, '{service_name="falco"} | image=~"r\\\\.io/a\\\\+b(:.*)?"'],
    ['an odd source', { source: 'a b' }, {}, '{service_name="falco", source="other"}'],
    ['rule and team', { rule: 'R "x"', team: 't' }, {}, '{service_name="falco"} | rule="R \\"x\\"" | team="t"'],
    ['labels without a value', { project: '', namespace: '', workload: '' }, {}, '{service_name="falco"}'],
    ['half a surrogate pair', { rule: 'x\ud83d' }, {}, '{service_name="falco"}'],
    ['a label that was cut', { rule: 'x'.repeat(256) }, {}, '{service_name="falco"}'],
  ])('%s', (_name, labels, lead, expected) => {
    expect(queryOf({ group: labels, lead: { ...shellAlert, ...lead } })).toBe(expected);
  });

  test.each(HOSTILE.filter(([, text]) => text.isWellFormed()))(
    'quotes %s so that it stays one string',
    (_name, text) => {
      const query = queryOf({ group: { namespace: text.slice(0, 255) }, lead: { ...shellAlert, where: {} } });
      const literal = query.slice('{service_name="falco"} | k8s_ns_name='.length);
      // Go's escapes and JSON's agree on all that is used here, so reading it back gives what went in.
      expect(JSON.parse(literal)).toBe(text.slice(0, 255));
      expect(literal).not.toMatch(/[\n\r\0]/);
      expect(literal).not.toMatch(/\\u[dD][89a-fA-F]/);
    },
  );

  test('a value can not end the selector', () => {
    expect(quote('"} or {a="b')).toBe('"\\"} or {a=\\"b"');
  });
});

describe('linksOf', () => {
  test('opens Explore at the incident: query, data source and time', () => {
    const { logs, query } = links();
    const url = new URL(logs ?? '');
    expect(`${url.origin}${url.pathname}`).toBe('https://grafana.acme.example/explore');
    expect([...url.searchParams.keys()]).toEqual(['schemaVersion', 'orgId', 'panes']);
    expect([url.searchParams.get('schemaVersion'), url.searchParams.get('orgId')]).toEqual(['1', '1']);
    expect(panesOf(logs)).toEqual({
      a: {
        datasource: 'loki',
        queries: [{ refId: 'A', expr: QUERY, queryType: 'range', datasource: { type: 'loki', uid: 'loki' } }],
        range: { from: '1795424102783', to: '1795425062783' },
      },
    });
    expect(query).toBe(QUERY);
  });

  test.each(HOSTILE)('carries %s through the address', (_name, text) => {
    const { logs, query } = links({}, options, { namespace: text.slice(0, 255) });
    expect(panesOf(logs).a.queries[0].expr).toBe(query);
    expect(logs).toMatch(/^[\x21-\x7e]+$/);
  });

  test.each([
    ['a path below the host', 'https://acme.example/grafana/', 'https://acme.example/grafana/explore?'],
    ['no final slash', 'https://acme.example', 'https://acme.example/explore?'],
  ])('keeps %s', (_name, grafana, expected) => {
    expect(links({}, { ...options, grafana }).logs?.startsWith(expected)).toBe(true);
  });

  test('leaves out what is not configured', () => {
    expect(links({}, { console: false })).toEqual({ query: QUERY });
    expect(links({}, { grafana: 'https://g.example', dashboard: false, console: false })).toEqual({ query: QUERY });
  });

  const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
  const base = 'https://console.cloud.google.com/kubernetes';

  test.each<[string, Partial<AlertView>, string | undefined]>([
    ['a pod', {}, `${base}/pod/europe-west1/payments-eu1/payments/ledger-api-7c9d-x2x8k/details?project=acme-prod`],
    [
      'a node',
      { where: { cluster, node: 'n-1' } },
      `${base}/node/europe-west1/payments-eu1/n-1/summary?project=acme-prod`,
    ],
    [
      'a namespace without pod',
      { where: { cluster, namespace: 'a', node: 'n' } },
      `${base}/node/europe-west1/payments-eu1/n/summary?project=acme-prod`,
    ],
    ["an audit event's node", { source: 'k8s_audit', where: { cluster, node: 'n' } }, undefined],
    ['no cluster', { where: { namespace: 'a', pod: 'b' } }, undefined],
    [
      'a cluster of which an audit event says the name alone',
      { where: { cluster: { ...cluster, project: 'unknown', location: 'unknown' }, namespace: 'a', pod: 'b' } },
      undefined,
    ],
    ['nothing but a cluster', { where: { cluster } }, undefined],
    [
      'names that would leave their segment',
      { where: { cluster, namespace: 'a/../b?x=1#y', pod: 'p q' } },
      `${base}/pod/europe-west1/payments-eu1/a%2F..%2Fb%3Fx%3D1%23y/p%20q/details?project=acme-prod`,
    ],
    ['a name that would climb', { where: { cluster, namespace: '..', pod: 'p' } }, undefined],
  ])('console link of %s', (_name, lead, expected) => {
    expect(links(lead).console).toBe(expected);
  });

  test.each([
    ['https://runbooks.acme.example/falco/', 'https://runbooks.acme.example/falco/terminal-shell-in-container'],
    ['https://runbooks.acme.example/falco', 'https://runbooks.acme.example/falco/terminal-shell-in-container'],
    ['https://wiki.acme.example/Falco#', 'https://wiki.acme.example/Falco#terminal-shell-in-container'],
    ['https://wiki.acme.example/?page=', 'https://wiki.acme.example/?page=terminal-shell-in-container'],
  ])('runbook below %s', (runbooks, expected) => {
    expect(links({}, { ...options, runbooks }).runbook).toBe(expected);
  });

  test('a rule without letters has no runbook', () => {
    expect(links({ rule: '../…' }).runbook).toBeUndefined();
  });
});

describe('slugOf', () => {
  test.each([
    ['Terminal shell in container', 'terminal-shell-in-container'],
    [
      'Redirect STDOUT/STDIN to Network Connection in Container',
      'redirect-stdout-stdin-to-network-connection-in-container',
    ],
    ['Backdoored library loaded into SSHD (CVE-2024-3094)', 'backdoored-library-loaded-into-sshd-cve-2024-3094'],
    ['Falco internal: syscall event drop', 'falco-internal-syscall-event-drop'],
    ['../../etc/passwd?x#y', 'etc-passwd-x-y'],
    [`${'a'.repeat(119)} b`, 'a'.repeat(119)],
  ])('%s', (rule, slug) => {
    expect(slugOf(rule)).toBe(slug);
  });
});
