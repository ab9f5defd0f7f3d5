import { describe, expect, test } from '@jest/globals';
import { behaviourOf, isHost } from '../../../functions/core/page/behaviour.ts';
import { firstStepOf } from '../../../functions/core/page/first-step.ts';
import type { AlertView } from '../../../functions/core/page/notification.ts';
import { binaryAlert, shellAlert } from '../../fixtures/notifications.ts';

const host: Partial<AlertView> = { fields: { 'container.id': 'host' }, where: { node: 'n' } };

describe('behaviourOf', () => {
  test.each<[string, Partial<AlertView>, string]>([
    ['a rule by its name', { rule: 'Execution from /dev/shm' }, 'memory-filesystem'],
    ["Falco's own events", { rule: 'Falco internal: syscall event drop', source: 'internal' }, 'falco'],
    ['a rule of our own in a container', { rule: 'x' }, 'other-container'],
    ['a rule of our own on a node', { rule: 'x', ...host }, 'other-host'],
    ['a rule of our own on the audit log', { rule: 'x', source: 'k8s_audit' }, 'other-audit'],
  ])('%s', (_name, changed, expected) => {
    expect(behaviourOf({ ...shellAlert, ...changed })).toBe(expected);
  });

  test.each<[string, Partial<AlertView>, boolean]>([
    ['container.id host', host, true],
    [
      'container.id of a container, nothing else known',
      { fields: { 'container.id': '69f46201a9d3' }, where: {} },
      false,
    ],
    ['no id but a pod', { fields: {}, where: { namespace: 'a', pod: 'p' } }, false],
    ['no id and no pod', { fields: {}, where: { node: 'n' } }, true],
    ['an audit event', { source: 'k8s_audit', fields: {}, where: {} }, false],
  ])('isHost: %s', (_name, changed, expected) => {
    expect(isHost({ ...shellAlert, ...changed })).toBe(expected);
  });
});

describe('firstStepOf', () => {
  test('evidence is preserved before anything is cleaned up', () => {
    expect(firstStepOf(binaryAlert)).toBe("preserve the pod, isolate by NetworkPolicy, don't delete it");
  });

  test.each([
    ['Terminal shell in container', 'audit log'],
    ['Detect release_agent File Container Escapes', 'treat the node as compromised'],
    ['Attach to cluster-admin Role', 'remove the binding'],
    ['Read sensitive file untrusted', 'rotate'],
    ['a rule of our own', 'read the process and its parents'],
  ])('%s', (rule, expected) => {
    expect(firstStepOf({ ...shellAlert, rule })).toContain(expected);
  });
});
