import { describe, expect, test } from '@jest/globals';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { headlineOf, phraseOf, placeOf, shortOf } from '../../../functions/core/page/phrase.ts';
import { binaryAlert, curlAlert, shellAlert } from '../../fixtures/notifications.ts';

const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };

describe('phraseOf', () => {
  const exec = { 'proc.name': 'bash', 'proc.exepath': '/bin/bash', 'user.name': 'root' };
  const audit = {
    'ka.user.name': 'ana@acme.example',
    'ka.target.namespace': 'payments',
    'ka.target.name': 'p1',
    'ka.target.subresource': 'attach',
  };
  const remote = { 'fd.name': '10.4.1.7:51234->203.0.113.9:4444' };

  test.each<[string, Record<string, string>, string]>([
    ['Terminal shell in container', exec, 'shell opened (bash as root)'],
    [
      'Terminal shell in container',
      { ...exec, 'proc.exepath': '/tmp/.x/xmrig' },
      "ran /tmp/.x/xmrig with a terminal, outside the system's bin directories",
    ],
    ['Drop and execute new binary in container', { 'proc.exepath': '/tmp/k' }, 'ran /tmp/k, not in image'],
    ['Execution from /dev/shm', { 'proc.exepath': '/dev/shm/k' }, 'ran /dev/shm/k from shared memory'],
    ['Fileless execution via memfd_create', { 'proc.name': '3' }, 'ran 3 from memory, no file behind it'],
    ['Netcat Remote Code Execution in Container', remote, 'netcat opened for remote commands to 203.0.113.9:4444'],
    [
      'Redirect STDOUT/STDIN to Network Connection in Container',
      { ...exec, ...remote },
      'reverse shell, bash wired to 203.0.113.9:4444',
    ],
    ['Reverse Shell from Web Server', exec, 'reverse shell, bash wired to the network'],
    ['Known Cryptominer Process Executed', { 'proc.exepath': '/tmp/xmrig' }, 'cryptominer /tmp/xmrig running'],
    [
      'Detect crypto miners using the Stratum protocol',
      { 'proc.name': 'k', 'fd.sip': '203.0.113.9', 'fd.sport': '3333' },
      'k talks to a mining pool to 203.0.113.9:3333',
    ],
    ['Contact K8S API Server From Container', { 'proc.name': 'curl' }, 'API server contacted by curl'],
    ['Read sensitive file untrusted', { 'proc.name': 'cat', 'fd.name': '/etc/shadow' }, 'cat read /etc/shadow'],
    ['Find AWS Credentials', { 'proc.name': 'grep' }, 'grep searched for keys or credentials'],
    ['Create Symlink Over Sensitive Files', { 'proc.name': 'ln' }, 'ln linked a sensitive file'],
    ['Launch Package Management Process in Container', { 'proc.name': 'apt' }, 'package manager apt ran'],
    [
      'Detect release_agent File Container Escapes',
      {},
      'container escape tried: Detect release_agent File Container Escapes',
    ],
    ['Attach/Exec Pod', audit, 'ana@acme.example opened attach into payments/p1'],
    ['Attach to cluster-admin Role', audit, 'ana@acme.example bound cluster-admin'],
    ['Create Privileged Pod', audit, 'ana@acme.example created privileged pod payments/p1'],
    ['Create HostPid Pod', audit, 'ana@acme.example created hostPID pod payments/p1'],
    ['Somebody else`s rule', {}, 'Somebody else`s rule'],
  ])('%s', (rule, fields, expected) => {
    const source = 'ka.user.name' in fields ? 'k8s_audit' : 'syscall';
    expect(phraseOf({ ...shellAlert, rule, source, fields })).toBe(expected);
  });

  test('short forms name the thing, not the rule', () => {
    expect([shellAlert, binaryAlert, curlAlert].map(shortOf)).toEqual([
      'Terminal shell',
      'Dropped binary',
      'API contact by curl',
    ]);
  });
});

describe('placeOf and headlineOf', () => {
  const container = { 'container.id': '69f46201a9d3' };

  test.each<[string, Partial<AlertView>, string]>([
    [
      'the owner, where it is known',
      { where: { namespace: 'a', workload: { kind: 'Job', name: 'w' }, derivedWorkload: 'd', pod: 'p' } },
      'a/w',
    ],
    ['the name derived from the event', { where: { namespace: 'a', derivedWorkload: 'd', pod: 'p' } }, 'a/d'],
    ['the pod', { where: { namespace: 'a', pod: 'p' } }, 'a/p'],
    ['the namespace', { where: { namespace: 'a' } }, 'a'],
    [
      'an image while Falco knows no pod yet',
      { fields: container, where: { image: 'r.io/x/api', imageTag: 'v1', node: 'n' } },
      'api:v1',
    ],
    ['a container', { fields: container, where: { container: 'c', node: 'n' } }, 'c'],
    ['a node', { fields: { 'container.id': 'host' }, where: { node: 'n' } }, 'n'],
    ['the host that the event names', { fields: {}, where: {}, hostname: 'h' }, 'h'],
    ['a cluster', { source: 'k8s_audit', where: { cluster, namespace: 'a' } }, 'payments-eu1'],
  ])('%s', (_name, changed, expected) => {
    expect(placeOf({ ...shellAlert, ...changed })).toBe(expected);
  });

  test('a name from the event keeps its spelling', () => {
    const lead = {
      ...shellAlert,
      rule: 'Read sensitive file untrusted',
      fields: { 'proc.name': 'ran', 'fd.name': '/etc/shadow' },
    };
    expect(headlineOf({ ...lead, fields: { ...lead.fields, 'proc.name': 'cat' } })).toBe(
      'cat read /etc/shadow in payments/ledger-api',
    );
  });
});
