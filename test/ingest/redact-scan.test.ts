/** What needs a closer look, and what does not: the look itself costs more than the rest of an event. */

import { expect, test } from '@jest/globals';
import { isSuspicious } from '../../functions/ingest/redact-scan.ts';

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
