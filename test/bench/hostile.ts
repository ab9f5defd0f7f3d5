/** Texts that an attacker may write to make a step slow: each made as long as asked. */

import type { FalcoEvent } from '../../functions/core/event/alert.ts';
import { fingerprintOf } from '../../functions/core/event/fingerprint.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { fixtureText } from '../fixtures/load.ts';

/** What is to be measured, made for about so many characters. */
export type Hostile = readonly [name: string, of: (characters: number) => () => unknown];

/** What redaction looks for, without end. */
export const PIECES: readonly (readonly [name: string, piece: string])[] = [
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
  ['changes of roles', "alter user a password 'b' "],
  ['changes of passwords', 'set password for a'],
  ['authorizations', 'authorization: abc '],
  ['headers without a blank', 'x-token:a1 '],
  ['configurations', 'config set token '],
  ['commands with places', 'htpasswd -b redis-cli mc alias set sqlplus '],
  ['places without an end', 'redis-cli a '],
  ['echoes', 'echo a | '],
  ['joined options', 'curl -sssssssssssssssssssssss'],
  ['logins', '--auth=a:vault login -a '],
];

const redactor = createRedactor('a key of the tests');

function eventWith(fields: Record<string, unknown>): { raw: string; event: FalcoEvent } {
  const raw = JSON.stringify({
    output: 'it ran',
    priority: 'Warning',
    rule: 'Some rule',
    time: '2026-11-23T09:00:00Z',
    output_fields: fields,
  });
  return { raw, event: eventOf(raw) };
}

function eventOf(raw: string): FalcoEvent {
  const read = readEvent(raw);
  if (!read.ok) throw new Error(read.detail);
  return read.event;
}

const repeated = (piece: string, characters: number): string => piece.repeat(characters / piece.length);

function numbered(count: number, value: (index: number) => string): Record<string, string> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, value(index)]));
}

const FIELDS: readonly (readonly [string, (characters: number) => Record<string, unknown>])[] = [
  ...PIECES.map(
    ([name, piece]) =>
      [name, (n: number) => ({ 'proc.cmdline': repeated(piece, n), 'proc.env': repeated(piece, n / 10) })] as const,
  ),
  ['names without a blank', (n) => ({ a: repeated('password=@', n) })],
  ['names before what closes', (n) => ({ a: `${repeated('password=@', n)}${repeated(')', n)}` })],
  ['keys that could be random', (n) => ({ a: repeated('key=', n) })],
  ['literals', (n) => ({ a: repeated('--from-literal=a=', n) })],
  ['headers', (n) => ({ a: repeated('authorization:', n) })],
  ['cookies without blanks', (n) => ({ a: repeated('cookie:a;', n) })],
  ['options of a program', (n) => ({ a: `curl${repeated(' -u a', n)}` })],
  ['quotes before a word', (n) => ({ a: `curl ${repeated('"', n)}x` })],
  ['marks after a user', (n) => ({ a: `redis://x@ ${repeated('[redacted:01234567]', n)} ` })],
  ['marks within an option', (n) => ({ a: `curl -u ${repeated('[redacted:01234567]', n)}` })],
  ['distinct secrets', (n) => numbered(n / 27, (index) => `--token abc${index}def`)],
  ['secrets that begin alike', (n) => numbered(Math.sqrt(n), (index) => `--token ${'a'.repeat(12 + index)}`)],
  ['a list of environments', (n) => ({ 'proc.env': Array.from({ length: n / 20 }, (_, index) => `A=${index} B=2`) })],
  ['a long name of a list', (n) => ({ [repeated('token-', n)]: Array.from({ length: n / 20 }, () => 'a') })],
  [
    'a long program with a list',
    (n) => ({ 'proc.name': repeated('token-', n), 'proc.args': Array.from({ length: n / 20 }, () => 'a') }),
  ],
];

export const REDACTIONS: readonly Hostile[] = FIELDS.map(([name, fields]) => [
  name,
  (characters) => {
    const { raw, event } = eventWith(fields(characters));
    return () => redactor.redact(raw, event);
  },
]);

const CLUSTER = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };

export const FINGERPRINTS: readonly Hostile[] = (
  [
    ['a pod', 'a-gke-', (text) => ({ 'k8s.pod.name': text })],
    ['a field', '_duration', (text) => ({ [`${text}!`]: 1 })],
    ['a command line', '-1', (text) => ({ 'proc.cmdline': `kill ${text}` })],
  ] as const satisfies readonly (readonly [string, string, (text: string) => FalcoEvent['fields']])[]
).map(([name, piece, fields]) => [
  name,
  (characters) => {
    const event = eventOf(fixtureText('exec-dropped-binary'));
    const hostile = { ...event.fields, ...fields(repeated(piece, characters)) };
    const events = [event, { ...event, source: 'a plugin' }].map((one) => ({ ...one, fields: hostile }));
    return () => events.map((one) => fingerprintOf({ event: one, cluster: CLUSTER }, undefined));
  },
]);
