import { describe, expect, test } from '@jest/globals';
import {
  normaliseArguments,
  normalisePath,
  normaliseText,
  serverSide,
} from '../../../functions/core/event/normalise.ts';

describe('normaliseText: what differs each time is alike', () => {
  test.each([
    ['uuids', 'run 3b1f7c02-6f0a-11f1-8de9-0242ac120002', 'run 9b1f7c02-6f0a-41f1-8de9-0242ac120009'],
    ['container ids', 'runc exec 410254ef125a', 'runc exec 69f46201a9d3'],
    ['digests', 'pull x@sha256:9f86d081884c7d659a2feaa0c55ad015', 'pull x@sha256:0f86d081884c7d659a2feaa0c55ad016'],
    ['pids in /proc', 'cat /proc/4711/environ', 'cat /proc/9/environ'],
    ['file descriptors', '/proc/self/fd/4 --daemon', '/proc/self/fd/12 --daemon'],
    ['mktemp', 'sh /tmp/tmp.aB3dE6fG9h', 'sh /tmp/tmp.Zy12Ab34Cd'],
    ["Python's tempfile", 'python /tmp/tmpab12cd_x/setup.py', 'python /tmp/tmpzz99xy_q/setup.py'],
    ['times', 'backup --at 2026-11-23T09:00:00Z', 'backup --at 2026-11-24T10:01:02.5+01:00'],
    ['days', 'backup-2026-11-23.tar', 'backup-2026-11-24.tar'],
    ['clock times', 'at 09:00:00.580211919 now', 'at 10:11:12.1 now'],
    ['pods', 'kubectl logs ledger-7c9d5b8f6d-x2x8k', 'kubectl logs ledger-66b6c48dd5-bhbt4'],
    ['long numbers', 'job 1795424400', 'job 1795424999'],
    ['pointers', 'at 0x7ffe1234', 'at 0x7ffeabcd'],
    ['redacted secrets', 'x --token [redacted:9f8e7d6c]', 'x --token [redacted:0f8e7d6c]'],
  ])('%s', (_name, one, other) => {
    expect(normaliseText(one)).toBe(normaliseText(other));
    expect(normaliseText(normaliseText(one))).toBe(normaliseText(one));
  });

  test.each([
    ['addresses', 'nc 203.0.113.9 4444'],
    ['modes', 'chmod 4755 /tmp/x'],
    ['versions', 'python3.12 -m pip'],
    ['words of hexadecimal letters', 'facade-deadbeef-decade'],
    ['names', 'ledger-api v41'],
  ])('%s stay', (_name, text) => {
    expect(normaliseText(text)).toBe(text);
  });
});

test.each([
  ['kill -9 12345', 'kill -9 <pid>'],
  ['/usr/bin/nsenter -t 31337 -m', '/usr/bin/nsenter -t <pid> -m'],
  ['gdb -p 48213', 'gdb -p <pid>'],
  ['nc -lp 4444', 'nc -lp 4444'],
  ['ssh -p 2222 root@203.0.113.9', 'ssh -p 2222 root@203.0.113.9'],
])('normaliseArguments %s', (text, normal) => {
  expect(normaliseArguments(text)).toBe(normal);
});

test.each([
  ['/tmp/x-123/run', '/tmp/x-<n>/run'],
  ['/dev/shm/a.4711', '/dev/shm/a.<n>'],
  ['/usr/lib/x86_64/libssl.so.3', '/usr/lib/x86_64/libssl.so.3'],
  ['/etc/cron.d/e2scrub_all', '/etc/cron.d/e2scrub_all'],
])('normalisePath %s', (path, normal) => {
  expect(normalisePath(path)).toBe(normal);
});

test.each([
  ['10.4.1.7:45874->10.0.0.1:443', '10.0.0.1:443'],
  ['fd00::4:17:40112->2001:db8::53:53', '2001:db8::53:53'],
  ['/proc/4711/environ', '/proc/<pid>/environ'],
  ['', ''],
])('serverSide %s', (name, server) => {
  expect(serverSide(name)).toBe(server);
});
