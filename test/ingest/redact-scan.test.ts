/** What needs a closer look, and what does not: the look itself costs more than the rest of an event. */

import { expect, test } from '@jest/globals';
import { isSuspicious, kindsIn, OPTION } from '../../functions/ingest/redact-scan.ts';

test.each<[string, string, boolean]>([
  ['what a shell was given in quotes', '{"a":"sh -c \\"ls\\" \\u0026\\u0026 true"}', false],
  ['a backslash before anything', '{"a":"C:\\\\ x \\\\/ \\\\x41"}', false],
  ['two backslashes before anything', '{"a":"\\\\\\\\x"}', false],
  ['a letter by its number', '{"a":"\\u0070assword"}', true],
  ['the same behind a backslash', '{"a":"\\\\\\u0070assword"}', true],
  ['an escaped slash, which no usual encoder writes', '{"a":"x\\/y"}', true],
  ['the same behind two backslashes', '{"a":"\\\\\\\\\\/y"}', true],
])('%s: %s: %s', (_, raw, expected) => {
  expect(() => JSON.parse(raw)).not.toThrow();
  expect(isSuspicious(raw)).toBe(expected);
});

test.each([
  'redis-cli -a x',
  'lftp -u x',
  'smbclient -U x',
  'rpcclient -U x',
  'smbmap -U x',
  'xh -a x',
  'sh -c "http" -a x',
  'https -a x',
  'curl -u x',
  'curl -sku x',
])('an option of one letter counts beside a program that takes a secret by it: %s', (text) => {
  expect(kindsIn(text) & OPTION).toBe(OPTION);
  expect(isSuspicious(JSON.stringify({ 'proc.cmdline': text }))).toBe(true);
  const [name, ...args] = text.split(' ');
  expect(isSuspicious(JSON.stringify({ 'proc.name': name, 'proc.args': args.join(' ') }))).toBe(true);
});

test.each(['uname -a', 'psql -U postgres -h db', 'ls -a http://x', 'ps -u 1000 >https.log', 'curl -s http://x'])(
  'and beside no other: %s',
  (text) => {
    expect(kindsIn(text)).toBe(0);
  },
);

test('a word is seen wherever it stands in a long text, and whatever letters are around it', () => {
  for (let length = 16_370; length < 16_400; length += 1) {
    expect(kindsIn(`${'.'.repeat(length)}TOKEN`)).not.toBe(0);
    expect(kindsIn(`${'\u{1f600}'.repeat(length / 2)}.token`)).not.toBe(0);
  }
  expect(kindsIn('.'.repeat(50_000))).toBe(0);
});
