/** Redaction reads what an attacker wrote, however long. That it takes no time which grows with a square, the benchmark says. */

import { expect, test } from '@jest/globals';
import { readEvent } from '../../functions/ingest/event.ts';
import { createRedactor } from '../../functions/ingest/redact.ts';
import { PIECES } from '../bench/hostile.ts';

const redactor = createRedactor('a key of the tests');

test.each(PIECES)('half a megabyte of %s comes through as an event', (_name, piece) => {
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
  const { line, event } = redactor.redact(raw, read.event);
  expect(readEvent(line)).toMatchObject({ ok: true, event: { rule: 'Some rule', output: 'it ran' } });
  expect(Object.keys(event.fields)).toEqual(['proc.cmdline', 'proc.env']);
});
