import { describe, expect, test } from '@jest/globals';
import type { Notification, StormView } from '../../../functions/core/page/notification.ts';
import { lineText, type Page, pageOf, SUMMARY_LIMIT } from '../../../functions/core/page/page.ts';
import {
  binaryNotification,
  curlAlert,
  HOSTILE,
  notificationWith,
  shellAlert,
  shellNotification,
} from '../../fixtures/notifications.ts';

function texts(page: Page): string[] {
  return page.lines.map(({ spans }) => spans.map(({ text, code }) => (code ? `\`${text}\`` : text)).join(''));
}

const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };

/** What a receiver answered, and what whoever is told in its place reads. */
const INSTEAD = (
  [
    ['receiver-denied', 'its key or address is refused'],
    ['receiver-address-forbidden', 'its address is not allowed'],
    ['receiver-refused', 'it refuses this page'],
    ['receiver-unknown', 'pipeline.yaml no longer has it'],
    ['receiver-throttled', 'it takes no more for now'],
    ['receiver-timeout', 'it does not answer'],
    ['receiver-unavailable', 'it is down or failing'],
    ['receiver-left-alone', 'it fails again and again'],
  ] as const
).map(([insteadWhy, why]): [string, Partial<Notification>, string] => [
  `in the place of another, ${insteadWhy}`,
  { insteadOf: 'pager', insteadWhy },
  `In the place of pager, who could not be told: ${why}`,
]);

describe('what became of an incident', () => {
  const at = Date.parse('2026-11-23T09:05:00Z');
  test.each<[string, Partial<Notification>, string | undefined]>([
    ['open', {}, undefined],
    ['acknowledged', { state: 'acknowledged', by: { who: 'ana', at } }, 'Acknowledged by ana at 09:05:00 UTC'],
    ['resolved', { state: 'resolved', by: { who: '\u202eana', at } }, 'Resolved by ⟨U+202E⟩ana at 09:05:00 UTC'],
    ['quiet', { state: 'quiet' }, 'Quiet: nothing more for a while'],
    ['unheard', { unheardMs: 900_000 }, 'Nobody acknowledged it for 15 min'],
    ['worse', { round: 2 }, 'Pages again: it got worse after people were told'],
    ['worse, as an update', { round: 2, type: 'update' }, undefined],
    ['asked for', { calledBy: 'ana' }, 'ana asks for you'],
    ['muted', { mute: { id: 'x', who: 'ana', at, until: at + 3_600_000 } }, 'Muted until 10:05:00 UTC by ana'],
    [
      'muted into the next day',
      { mute: { id: 'x', who: 'ana', at, until: at + 24 * 3_600_000 } },
      'Muted until 2026-11-24 09:05:00 UTC by ana',
    ],
    [
      'acknowledged on the next day',
      { state: 'acknowledged', by: { who: 'ana', at: at + 15 * 3_600_000 } },
      'Acknowledged by ana at 2026-11-24 00:05:00 UTC',
    ],
    ['told for nobody knows what reason', { insteadOf: 'pager' }, 'In the place of pager, who could not be told'],
    ...INSTEAD,
    ['in its place, as an update', { insteadOf: 'pager', insteadWhy: 'receiver-denied', type: 'update' }, undefined],
    [
      'without the store',
      { withoutStore: true },
      "The relay's store is down: buttons do nothing until it is back, and this may be told once more",
    ],
    [
      'no longer muted',
      { mute: { id: 'x', who: 'ana', at, until: at, n: 1 } },
      'No longer muted since 09:05:00 UTC; 1 alert told nobody',
    ],
  ])('%s', (_, over, expected) => {
    expect(lineText(pageOf({ ...shellNotification, ...over }), 'state')).toBe(expected);
  });

  test('an exception in shadow mode is named', () => {
    const shadows = [{ id: 'exceptions.backup', kind: 'exception', owner: 'ana', reason: 'x' } as const];
    expect(lineText(pageOf(notificationWith({ shadows })), 'state')).toBe(
      'An exception in shadow mode would have muted this: backup',
    );
  });

  test('a storm says how many, where, and which', () => {
    const members = Array.from({ length: 20 }, (_, index) => ({
      place: `payments/w${index}`,
      what: 'shell opened (bash as root)',
      priority: 'Critical' as const,
    }));
    const page = pageOf({ ...shellNotification, storm: { size: 57, members } });
    expect(page.headline).toBe('Storm in payments-eu1: 57 more incidents at once');
    expect(lineText(page, 'others')).toMatch(/^holds: payments\/w0: shell opened.*; …\(\+45\)$/);
    expect(page.summary).toContain('57 more incidents so far');
    expect(page.summary.length).toBeLessThanOrEqual(SUMMARY_LIMIT);
  });

  test('a storm names what most of it shares, and as the first one what that has', () => {
    const of = (size: number, traits: StormView['traits']) =>
      lineText(pageOf({ ...shellNotification, storm: { size, members: [], traits } }), 'evidence');
    const traits = {
      user: { root: 20, app: 2 },
      remote: { '203.0.113.9:4444': 28 },
      node: { a: 9, b: 9 },
      image: { 'api:v1': 1 },
    };
    expect(of(30, traits)).toBe('Most seen: remote 203.0.113.9:4444 (28 of 30), user root (20 of 30)');
    expect(of(1, { user: { root: 1 } })).toBe('Most seen: user root (1 of 1)');
    expect(of(3, { node: { a: 1, b: 1, c: 1 } })).toBeUndefined();
    expect(of(30, undefined)).toBeUndefined();
    const { headline } = pageOf({ ...shellNotification, storm: { size: 1, members: [] } });
    expect(headline).toBe('Storm in payments-eu1: 1 more incident at once');
  });
});

describe('pageOf', () => {
  test('a terminal shell in production', () => {
    const page = pageOf(shellNotification);
    expect(`${page.symbol} ${page.headline}`).toBe('🟠 Shell in payments/ledger-api');
    expect(page.summary).toBe('WARN payments-eu1 payments/ledger-api: shell opened (bash as root) (1 pod)');
    expect(texts(page)).toEqual([
      '`bash` · root',
      'pod ledger-api-7c9d-x2x8k · ledger-api:v41',
      'acme-prod/europe-west1/payments-eu1 · node ...g2q1',
      'Since 09:00:02 UTC, once; nothing else on this pod',
      'T1059 Command and Scripting Interpreter · execution',
      'First: find out who opened it',
    ]);
  });

  test('a dropped binary', () => {
    const page = pageOf(binaryNotification);
    expect(`${page.symbol} ${page.headline}`).toBe('🔴 Ran /tmp/.x/kworker, not in image, in payments/ledger-api');
    expect(page.summary).toBe('CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker, not in image (1 pod)');
    expect(texts(page)).toEqual([
      '`/tmp/.x/kworker --token [redacted:3fa9]` <- sh <- java · uid 1000',
      'pod ledger-api-7c9d-x2x8k · ledger-api:v41',
      'file changed 4 s before start · image v41@sha256:9f86d081884c…(+52)',
      'acme-prod/europe-west1/payments-eu1 · node ...g2q1',
      'Since 09:00:02, 3 times, last 09:01:40 UTC',
      'same incident: Terminal shell 09:00:02; API contact by curl 09:00:41',
      'persistence',
      "First: preserve the pod, isolate by NetworkPolicy, don't delete it",
    ]);
  });

  test('an exec seen in the audit log', () => {
    const page = pageOf(
      notificationWith({
        rule: 'Attach/Exec Pod',
        source: 'k8s_audit',
        hostname: 'falco-k8saudit-gke-7d9c5b8f6d-x2x8k',
        tags: ['k8s'],
        fields: {
          'ka.user.name': 'ana@acme.example',
          'ka.verb': 'create',
          'ka.target.name': 'ledger-api-7c9d-x2x8k',
          'ka.target.namespace': 'payments',
          'ka.target.subresource': 'exec',
          'ka.sourceips': '203.0.113.7',
          'ka.useragent': 'kubectl/v1.36.1 (linux/amd64)',
        },
        where: { cluster, namespace: 'payments', pod: 'ledger-api-7c9d-x2x8k' },
      }),
    );
    expect(page.headline).toBe('ana@acme.example opened exec into payments/ledger-api-7c9d-x2x8k in payments-eu1');
    expect(page.summary).toBe(
      'WARN payments-eu1: ana@acme.example opened exec into payments/ledger-api-7c9d-x2x8k (1 pod)',
    );
    expect(lineText(page, 'what')).toBe('ana@acme.example');
    expect(lineText(page, 'evidence')).toBe('from 203.0.113.7 · by kubectl/v1.36.1 (linux/amd64)');
    // The node is that of the Falco that reads the log.
    expect(lineText(page, 'where')).toBe('acme-prod/europe-west1/payments-eu1');
  });

  test('a process on a node', () => {
    const node = 'gke-payments-eu1-spot-pool-4a23d596-g2q1';
    const page = pageOf(
      notificationWith({
        rule: 'Linux Kernel Module Injection Detected',
        fields: { 'container.id': 'host', 'proc.name': 'insmod', 'proc.cmdline': 'insmod rk.ko', 'user.name': 'root' },
        where: { cluster, node },
      }),
    );
    expect(page.headline).toBe(`Kernel module loaded by insmod on ${node}`);
    expect(page.summary).toBe(`WARN payments-eu1 ${node}: kernel module loaded by insmod (1 node)`);
    expect(lineText(page, 'when')).toBe('Since 09:00:02 UTC, once; nothing else on this node');
    expect(lineText(page, 'where')).toContain(`node ${node}`);
  });

  test('nothing but a rule is known', () => {
    const page = pageOf(notificationWith({ fields: {}, where: {}, hostname: '', tags: [], rule: 'My rule' }));
    expect(page.headline).toBe('My rule on an unknown node');
    expect(page.summary).toBe('WARN unknown-cluster an unknown node: My rule');
    expect(lineText(page, 'where')).toBe('unknown cluster');
    expect(lineText(page, 'technique')).toBeUndefined();
    expect(lineText(page, 'what')).toContain('A shell was spawned');
  });

  test.each<[string, Partial<Notification>, string]>([
    ['once', {}, 'Since 09:00:02 UTC, once; nothing else on this pod'],
    [
      'often',
      { count: 12, lastNs: '1795424500003254000' },
      'Since 09:00:02, 12 times, last 09:01:40 UTC; nothing else on this pod',
    ],
    [
      'over days',
      { count: 2, lastNs: '1795510800000000000' },
      'Since 2026-11-23 09:00:02, 2 times, last 2026-11-24 09:00:00 UTC; nothing else on this pod',
    ],
  ])('when: %s', (_name, changed, expected) => {
    expect(lineText(pageOf({ ...shellNotification, ...changed }), 'when')).toBe(expected);
  });

  test('counts the pods at hand', () => {
    const elsewhere = { ...curlAlert, where: { ...curlAlert.where, pod: 'ledger-api-7c9d-zzzzz' } };
    const others = [
      { rule: curlAlert.rule, priority: curlAlert.priority, timeNs: curlAlert.timeNs, count: 1, alert: elsewhere },
    ];
    expect(pageOf({ ...shellNotification, others }).summary).toMatch(/ \(2 pods\)$/);
  });

  test('says how many others it does not show', () => {
    const other = {
      rule: curlAlert.rule,
      priority: curlAlert.priority,
      timeNs: curlAlert.timeNs,
      count: 2,
      alert: curlAlert,
    };
    const text = lineText(pageOf({ ...shellNotification, others: Array(9).fill(other) }), 'others');
    expect(text).toMatch(/^same incident: API contact by curl 09:00:41 \(2 times\);.*; …\(\+3\)$/);
  });

  test.each([
    ['4210000000', 'file changed 4 s before start'],
    ['900000', 'file changed less than a second before start'],
    ['600000000000', 'file changed 10 min before start'],
    ['10800000000000', 'file changed 3 h before start'],
    ['864000000000000', 'file changed 10 days before start'],
    ['systemd', undefined],
    ['-5', undefined],
  ])('a change time of %s', (ns, expected) => {
    const fields = { ...shellAlert.fields, 'proc.exe_ino.ctime_duration_proc_start': ns };
    expect(lineText(pageOf(notificationWith({ fields })), 'evidence')).toBe(expected);
  });

  test.each([
    ['a name', { 'user.name': 'app', 'user.uid': '1000' }, 'app'],
    ['a uid alone', { 'user.uid': '1000' }, 'uid 1000'],
    ['root under another name', { 'user.name': 'toor', 'user.uid': '0' }, 'toor (uid 0)'],
    ['the kernel`s nobody', { 'user.uid': '4294967295' }, undefined],
    ['<NA>', { 'user.name': '<NA>' }, undefined],
  ])('user: %s', (_name, fields, expected) => {
    const line = lineText(pageOf(notificationWith({ fields: { 'proc.cmdline': 'id', ...fields } })), 'what');
    expect(line).toBe(expected ? `id · ${expected}` : 'id');
  });

  test('says when the node is not one of the cluster named, and what became of the incident', () => {
    const page = pageOf(
      notificationWith({ where: { ...shellAlert.where, clusterMismatch: true } }, { state: 'acknowledged' }),
    );
    expect(lineText(page, 'where')).toContain('the cluster named does not have this node');
    expect(lineText(page, 'state')).toBe('Acknowledged');
  });

  test.each(HOSTILE)('%s stays on its line, visible and bounded', (_name, text) => {
    const where = {
      namespace: text,
      pod: text,
      image: text,
      imageTag: text,
      imageDigest: text,
      node: text,
      team: text,
      zone: text,
    };
    const names = [
      'proc.cmdline',
      'proc.exepath',
      'proc.name',
      'proc.pname',
      'fd.name',
      'user.name',
      'user.uid',
      'ka.user.name',
    ];
    const fields = Object.fromEntries(names.map((name) => [name, text]));
    const hostile = { rule: text, output: text, hostname: text, tags: [text], fields, where };
    const others = [
      { rule: text, priority: 'Notice' as const, timeNs: '1', count: 1, alert: { ...shellAlert, ...hostile } },
    ];
    const page = pageOf(notificationWith(hostile, { others, firstStep: text }));
    for (const shown of [page.headline, page.summary, ...texts(page)]) {
      expect(shown).not.toMatch(/\p{Cc}|\p{Cf}|[\u2028\u2029]/u);
      expect(shown.length).toBeLessThan(1_600);
    }
    expect(page.summary.length).toBeLessThanOrEqual(SUMMARY_LIMIT);
  });
});
