/** The fixtures are of the shape that a real Falcosidekick gives, and the first steps of ingest take all of both. */

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { familyOf } from '../functions/core/event/family.ts';
import { fingerprintOf } from '../functions/core/event/fingerprint.ts';
import { readMessage } from '../functions/core/event/message.ts';
import { readEvent } from '../functions/ingest/event.ts';
import { createRedactor } from '../functions/ingest/redact.ts';
import { fixtureNames, fixtures, type PushMessage } from './fixtures/load.ts';

const REAL = join(import.meta.dirname, '../../shared/data/falcosidekick-messages.ndjson');
const real: PushMessage[] = existsSync(REAL)
  ? readFileSync(REAL, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  : [];
if (real.length === 0) console.info('no messages of a real Falcosidekick here: the fixtures alone are tested');

interface Sent {
  output_fields?: Record<string, unknown> | null;
  tags?: unknown;
}

const parse = ({ data }: PushMessage): Sent & Record<string, unknown> =>
  JSON.parse(Buffer.from(data, 'base64').toString());

const redactor = createRedactor('a key of the tests');

function throughIngest(message: PushMessage): {
  raw: string;
  line: string;
  replaced: number;
  fingerprint: string;
  again: string;
} {
  const received = readMessage({ message, subscription: 's' });
  if (!received.ok) throw new Error(received.detail);
  const read = readEvent(received.message.text);
  if (!read.ok) throw new Error(read.detail);
  const { line, replaced, event } = redactor.redact(read.raw, read.event);
  const cluster = { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' };
  const { fingerprint } = fingerprintOf({ event, cluster });
  return { raw: read.raw, line, replaced, fingerprint, again: redactor.redact(line, event).line };
}

describe.each([
  ['fixtures', fixtures()],
  ['messages of a real Falcosidekick', real],
])('%s', (_name, messages) => {
  test('all are read, redacted and told apart', () => {
    for (const message of messages) {
      const { raw, line, replaced, fingerprint, again } = throughIngest(message);
      expect(raw).toBe(Buffer.from(message.data, 'base64').toString());
      if (replaced === 0) expect(line).toBe(raw);
      else expect(line).not.toBe(raw);
      expect(again).toBe(line);
      expect(line).not.toMatch(/hunter2/);
      expect(fingerprint).toMatch(/^[0-9a-f]{32}$/);
    }
  });
});

test('the fixtures cover every family, source and oddity', () => {
  const messages = fixtures();
  expect(messages.length).toBeGreaterThanOrEqual(60);
  const texts = messages.map(({ data }) => Buffer.from(data, 'base64').toString());
  const events = texts.map((text) => readEvent(text)).flatMap((result) => (result.ok ? [result.event] : []));
  expect(new Set(events.map(familyOf)).size).toBe(8);
  expect([...new Set(events.map(({ source }) => source))].sort()).toEqual([
    'aws_cloudtrail',
    'internal',
    'k8s_audit',
    'okta',
    'syscall',
  ]);
  const digits = new Set(events.map(({ time }) => (/\.(\d+)/.exec(time)?.[1] ?? '').length));
  expect([...digits].sort((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  for (const oddity of [
    '\\u003cNA\\u003e',
    '...[...]',
    '"user.loginuid":-1',
    '"user.uid":4294967295',
    '"tags":null',
    '"output_fields":null',
    '\\u0026',
  ]) {
    expect([oddity, texts.some((text) => text.includes(oddity))]).toEqual([oddity, true]);
  }
  expect(new Set(events.map(({ uuid }) => uuid)).size).toBe(events.length);
});

test('the fixtures have the members and the types of a real Falcosidekick', () => {
  const usual = fixtures().filter((_message, index) => !fixtureNames()[index]?.startsWith('odd-'));
  const members = ['hostname', 'output', 'output_fields', 'priority', 'rule', 'source', 'time', 'uuid'];
  for (const message of [...usual, ...real]) {
    expect(Object.keys(message).sort()).toEqual(['attributes', 'data', 'messageId', 'publishTime']);
    expect(
      Object.keys(parse(message))
        .filter((name) => name !== 'tags')
        .sort(),
    ).toEqual(members);
  }
  const types = new Map<string, Set<string>>();
  for (const message of real) {
    for (const [name, value] of Object.entries(parse(message).output_fields ?? {})) {
      types.set(name, (types.get(name) ?? new Set(['null'])).add(value === null ? 'null' : typeof value));
    }
  }
  for (const message of usual) {
    for (const [name, value] of Object.entries(parse(message).output_fields ?? {})) {
      const known = types.get(name);
      if (known && known.size > 1)
        expect([name, [...known]]).toEqual([name, expect.arrayContaining([value === null ? 'null' : typeof value])]);
    }
  }
});
