import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatTime, parseTime } from '../../functions/core/time.ts';

describe('parseTime', () => {
  test.each([
    ['no fraction', '2026-11-23T09:00:00Z', 1795424400000000000n],
    ['one digit', '2026-11-23T09:00:00.5Z', 1795424400500000000n],
    ['a zero before', '2026-11-23T09:00:00.04Z', 1795424400040000000n],
    ['eight digits', '2026-11-23T09:00:15.43744632Z', 1795424415437446320n],
    ['nine digits', '2026-11-23T09:00:00.580211919Z', 1795424400580211919n],
    ['east of Greenwich', '2026-11-23T10:30:00.25+01:30', 1795424400250000000n],
    ['west of Greenwich', '2026-11-23T01:00:00-08:00', 1795424400000000000n],
    ['lower case', '2026-11-23t09:00:00z', 1795424400000000000n],
    ['the epoch', '1970-01-01T00:00:00Z', 0n],
    ['before the epoch', '1969-12-31T23:59:59.999999999Z', -1n],
    ['the first century', '0099-01-01T00:00:00Z', BigInt(Date.parse('0099-01-01T00:00:00Z')) * 1_000_000n],
    ['leap day', '2028-02-29T00:00:00Z', BigInt(Date.parse('2028-02-29T00:00:00Z')) * 1_000_000n],
  ])('%s: %s', (_name, text, ns) => {
    expect(parseTime(text)).toBe(ns);
  });

  test.each([
    ['ten digits', '2026-11-23T09:00:00.1234567890Z'],
    ['a dot alone', '2026-11-23T09:00:00.Z'],
    ['no zone', '2026-11-23T09:00:00'],
    ['no time', '2026-11-23'],
    ['a blank', '2026-11-23 09:00:00Z'],
    ['no such day', '2026-02-30T09:00:00Z'],
    ['no such month', '2026-13-01T09:00:00Z'],
    ['no such hour', '2026-11-23T24:00:00Z'],
    ['a leap second', '2026-06-30T23:59:60Z'],
    ['no such offset', '2026-11-23T09:00:00+24:00'],
    ['something after', '2026-11-23T09:00:00Z '],
    ['nothing', ''],
  ])('refuses %s: %s', (_name, text) => {
    expect(parseTime(text)).toBeUndefined();
  });
});

test.each([
  [1795424415437446320n, '2026-11-23T09:00:15.43744632Z'],
  [1795424400000000000n, '2026-11-23T09:00:00Z'],
  [1795424400040000000n, '2026-11-23T09:00:00.04Z'],
  [-1n, '1969-12-31T23:59:59.999999999Z'],
])('formatTime %s: %s', (ns, text) => {
  expect(formatTime(ns)).toBe(text);
});

test('what is formatted is read back, to the nanosecond', () => {
  const [first, last] = [parseTime('0000-01-01T00:00:00Z') ?? 0n, parseTime('9999-12-31T23:59:59.999999999Z') ?? 0n];
  fc.assert(
    fc.property(fc.bigInt({ min: first, max: last }), (ns) => {
      expect(parseTime(formatTime(ns))).toBe(ns);
    }),
  );
});
