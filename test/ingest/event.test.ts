import { describe, expect, test } from '@jest/globals';
import type { FalcoEvent } from '../../functions/core/event/alert.ts';
import { readEvent } from '../../functions/ingest/event.ts';
import { fixtureNames, fixtureText } from '../fixtures/load.ts';

const base = {
  uuid: 'a5c0a5b2-3c0f-4f0e-9c39-0242ac120002',
  output: 'it ran hunter2x',
  priority: 'Warning',
  rule: 'Some rule',
  time: '2026-11-23T09:00:00.04Z',
  output_fields: { 'proc.name': 'bash' },
  source: 'syscall',
  tags: ['T1059'],
  hostname: 'node-1',
};

function read(changes: Record<string, unknown>): FalcoEvent {
  const result = readEvent(JSON.stringify({ ...base, ...changes }));
  if (!result.ok) throw new Error(result.detail);
  return result.event;
}

describe('readEvent', () => {
  test('reads all of an event and keeps the text', () => {
    const raw = JSON.stringify({ ...base, more: 1 });
    const { output_fields, ...rest } = base;
    expect(readEvent(raw)).toEqual({
      ok: true,
      raw,
      event: { ...rest, timeNs: 1795424400040000000n, fields: output_fields },
    });
  });

  test.each([
    ['priority in lower case', { priority: 'warning' }, { priority: 'Warning' }],
    ['priority in upper case', { priority: 'CRITICAL' }, { priority: 'Critical' }],
    ['priority by an alias', { priority: 'INFO' }, { priority: 'Informational' }],
    ['no fields', { output_fields: undefined }, { fields: {} }],
    ['null fields', { output_fields: null }, { fields: {} }],
    ['no tags', { tags: undefined }, { tags: [] }],
    ['null tags', { tags: null }, { tags: [] }],
    ['no uuid', { uuid: undefined }, { uuid: '' }],
    ['no source', { source: undefined }, { source: 'syscall' }],
    ['empty source', { source: '' }, { source: 'syscall' }],
    ["Falcosidekick's default source", { source: 'syscalls' }, { source: 'syscall' }],
    ["a plugin's source", { source: 'okta' }, { source: 'okta' }],
    ['no hostname', { hostname: undefined }, { hostname: '' }],
    ['empty output', { output: '' }, { output: '' }],
    ['another zone', { time: '2026-11-23T10:30:00+01:30' }, { timeNs: 1795424400000000000n }],
    [
      'a list and an object as fields',
      { output_fields: { a: [1], b: { c: null } } },
      { fields: { a: [1], b: { c: null } } },
    ],
  ])('takes %s', (_name, changes, expected) => {
    expect(read(changes)).toMatchObject(expected);
  });

  test.each([
    ['past 2^53', '1795424400580211919', 1795424400580211919n],
    ['negative', '-9223372036854775808', -9223372036854775808n],
    ['just past', '9007199254740993', 9007199254740993n],
    ['within', '4294967295', 4294967295],
    ['a fraction', '1.7', 1.7],
    ['an exponent', '1e20', 1e20],
    ['long, with a fraction', '12345678901234567890.5', Number('12345678901234567890.5')],
  ])('a number %s keeps its digits', (_name, digits, value) => {
    const raw = JSON.stringify({ ...base, output_fields: { 'evt.time': 0 } });
    for (const spelt of [`"evt.time":${digits}`, `"evt.time" : ${digits} `]) {
      const result = readEvent(raw.replace('"evt.time":0', spelt));
      expect(result).toMatchObject({ ok: true, event: { fields: { 'evt.time': value } } });
    }
  });

  test('digits that a text or another object pretends to hold are not taken', () => {
    const raw = JSON.stringify({
      ...base,
      output: '"evt.time":1111111111111111111',
      output_fields: { 'evt.time': 0 },
      z: 1,
    })
      .replace('"evt.time":0', '"evt.time":1795424400580211919')
      .replace('"z":1', '"z":{"evt.time":2222222222222222222}');
    expect(readEvent(raw)).toMatchObject({ ok: true, event: { fields: { 'evt.time': 1795424400580211919n } } });
  });

  test('a member called __proto__ is a field like any other', () => {
    const raw = JSON.stringify(base).replace('"proc.name":"bash"', '"__proto__":{"polluted":true}');
    expect(readEvent(raw).ok).toBe(true);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  test.each([
    ['nothing', '', 'event-bad-json', 'not JSON'],
    ['no JSON', 'hunter2x', 'event-bad-json', 'not JSON'],
    ['JSON that was cut', JSON.stringify(base).slice(0, 80), 'event-bad-json', 'not JSON'],
    ['a list', '[]', 'event-not-falco', 'the event: wrong type'],
    ['null', 'null', 'event-not-falco', 'the event: wrong type'],
    ['a number', '7', 'event-not-falco', 'the event: wrong type'],
    [
      'an empty object',
      '{}',
      'event-not-falco',
      'output: wrong type, priority: wrong type, rule: wrong type, time: wrong type',
    ],
    ['ten megabytes of brackets', '['.repeat(10_000_000), 'event-not-falco', 'more than 10000 values'],
  ])('refuses %s', (_name, raw, reason, detail) => {
    const result = readEvent(raw);
    expect(result).toMatchObject({ ok: false, reason });
    expect(!result.ok && result.detail).toContain(detail);
  });

  test.each([
    ['rule', 'absent', undefined, 'rule: wrong type'],
    ['rule', 'empty', '', 'rule: empty'],
    ['output', 'absent', undefined, 'output: wrong type'],
    ['priority', 'unknown', 'hunter2x', 'priority: not one of Falco'],
    ['priority', 'a number', 3, 'priority: wrong type'],
    ['time', 'no time', 'hunter2x', 'time: not RFC 3339'],
    ['time', 'absent', undefined, 'time: wrong type'],
    ['output_fields', 'a list', ['hunter2x'], 'output_fields: wrong type'],
    ['output_fields', 'a text', 'hunter2x', 'output_fields: wrong type'],
    ['tags', 'a text', 'hunter2x', 'tags: wrong type'],
    ['tags', 'of numbers', [1], 'tags.0: wrong type'],
    ['uuid', 'a number', 1, 'uuid: wrong type'],
  ])('names what is wrong, never its value: %s %s', (name, _what, value, detail) => {
    const result = readEvent(JSON.stringify({ ...base, [name]: value }));
    const origin = { hostname: 'node-1', source: 'syscall' };
    expect(result).toMatchObject({ ok: false, reason: 'event-not-falco', detail, origin });
  });

  // Parsed, they would take from half a gigabyte to three of them.
  test.each([
    ['nested lists within a field', (n: number) => `${'['.repeat(n / 2)}${']'.repeat(n / 2)}`],
    ['objects within a field', (n: number) => `[${'{},'.repeat(n / 3)}{}]`],
    ['numbers within a field', (n: number) => `[${'1,'.repeat(n / 2)}1]`],
  ])('ten megabytes of %s are refused before they are parsed', (_name, value) => {
    const result = readEvent(JSON.stringify(base).replace('"bash"', value(10_000_000)));
    const detail = 'the event: more than 10000 values';
    expect(result).toEqual({ ok: false, reason: 'event-not-falco', detail });
  });

  test('a few thousand brackets are refused, not recursed into', () => {
    const result = readEvent(JSON.stringify(base).replace('"bash"', `${'['.repeat(5_000)}${']'.repeat(5_000)}`));
    expect(result).toMatchObject({ reason: 'event-not-falco', detail: expect.stringContaining('nested deeper') });
  });

  test('commas and brackets within a text are no values', () => {
    const text = '\\",[{'.repeat(20_000);
    const result = readEvent(JSON.stringify({ ...base, output: text }));
    expect(result).toMatchObject({ ok: true, event: { output: text } });
  });

  test('thousands of large integers stay what they are, in one pass over the text', () => {
    const digits = (index: number): string => `${index % 2 ? '-' : ''}9007199254740993${index}`;
    const members = Array.from({ length: 4_000 }, (_, index) => `"f${index}":${digits(index)}`);
    // A name of the same spelling within a list or a text, or at the top, is another.
    const twins =
      '"list":[{"f0":90071992547409930}],"text":"\\"f1\\":-90071992547409939","f5":1e300,"\\u0066x":90071992547409935';
    const raw = JSON.stringify({ ...base, f2: 0 }).replace('"bash"', `"bash",${twins},${members.join(',')}`);
    const result = readEvent(raw);
    if (!result.ok) throw new Error(result.detail);
    const { fields } = result.event;
    for (const index of [0, 1, 2, 5, 3_999]) expect(fields[`f${index}`]).toBe(BigInt(digits(index)));
    expect(fields.fx).toBe(90071992547409935n);
  });

  test.each(fixtureNames())('fixture %s', (name) => {
    const raw = fixtureText(name);
    const result = readEvent(raw);
    expect(result).toMatchObject({ ok: true, raw });
    if (!result.ok) return;
    const time = result.event.fields['evt.time'];
    if (name !== 'odd-offset-time' && time !== undefined) expect(time).toBe(result.event.timeNs);
  });
});
