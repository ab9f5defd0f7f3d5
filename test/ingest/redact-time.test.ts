/** Redaction reads what an attacker wrote: no text may make it slow. */

import { expect, test } from '@jest/globals';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { growth, LINEAR } from '../support/growth.ts';

const redactor = createRedactor('a key of the tests');

test.each([
  ['quotes', '"'],
  ['backslashes', '\\'],
  ['schemes', 'a://'],
  ['options', '--a-'],
  ['JWT beginnings', '-eyJaaaaaaaa'],
  ['names', 'password'],
  ['names with blanks', 'password   '],
  ['programs', 'curl '],
  ['key beginnings', '-----BEGIN PRIVATE KEY-----'],
  ['cookies', 'cookie: a; '],
  ['user infos', 'a:a@'],
  ['blanks', ' '],
  ['assignments', 'token=&'],
  ['secrets', 'token=abcde12345 '],
  ['environments', 'A=1 '],
])('half a megabyte of %s takes no time that grows with its square', (_name, piece) => {
  const text = piece.repeat(500_000 / piece.length);
  const raw = JSON.stringify({
    output: 'it ran',
    priority: 'Warning',
    rule: 'Some rule',
    time: '2026-11-23T09:00:00Z',
    output_fields: { 'proc.cmdline': text, 'proc.env': text.slice(0, 50_000) },
  });
  const read = readEvent(raw);
  if (!read.ok) throw new Error(read.detail);
  const start = performance.now();
  redactor.redact(raw, read.event);
  // Usually some tens of milliseconds; with a square in it, minutes.
  expect(performance.now() - start).toBeLessThan(8_000);
});

function redaction(fields: Record<string, unknown>): () => unknown {
  const raw = JSON.stringify({
    output: 'it ran',
    priority: 'Warning',
    rule: 'Some rule',
    time: '2026-11-23T09:00:00Z',
    output_fields: fields,
  });
  const read = readEvent(raw);
  if (!read.ok) throw new Error(read.detail);
  const { event } = read;
  return () => redactor.redact(raw, event);
}

const repeated = (piece: string, characters: number): string => piece.repeat(characters / piece.length);

function numbered(count: number, value: (index: number) => string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, value(index)]));
}

test.each<[string, (characters: number) => Record<string, unknown>]>([
  ['names without a blank', (n) => ({ a: repeated('password=@', n) })],
  ['names before what closes', (n) => ({ a: `${repeated('password=@', n)}${repeated(')', n)}` })],
  ['keys that could be random', (n) => ({ a: repeated('key=', n) })],
  ['literals', (n) => ({ a: repeated('--from-literal=a=', n) })],
  ['headers', (n) => ({ a: repeated('authorization:', n) })],
  ['cookies', (n) => ({ a: repeated('cookie:a;', n) })],
  ['options of a program', (n) => ({ a: `curl${repeated(' -u a', n)}` })],
  ['quotes before a word', (n) => ({ a: `curl ${repeated('"', n)}x` })],
  ['marks after a user', (n) => ({ a: `redis://x@ ${repeated('[redacted:01234567]', n)} ` })],
  ['marks within an option', (n) => ({ a: `curl -u ${repeated('[redacted:01234567]', n)}` })],
  ['distinct secrets', (n) => numbered(n / 27, (index) => `--token abc${index}def`)],
  ['secrets that begin alike', (n) => numbered(Math.sqrt(n), (index) => `--token ${'a'.repeat(12 + index)}`)],
  ['environments', (n) => ({ 'proc.env': Array.from({ length: n / 20 }, (_, index) => `A=${index} B=2`) })],
  ['a long name of a list', (n) => ({ [repeated('token-', n)]: Array.from({ length: n / 4 }, () => 'a') })],
  [
    'a long program with a list',
    (n) => ({ 'proc.name': repeated('token-', n), 'proc.args': Array.from({ length: n / 4 }, () => 'a') }),
  ],
])('redaction grows in line with %s', (_name, fields) => {
  expect(growth((characters) => redaction(fields(characters)))).toBeLessThan(LINEAR);
});
