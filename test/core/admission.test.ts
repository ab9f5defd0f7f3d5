import { expect, test } from '@jest/globals';
import { createAdmission } from '../../functions/core/admission.ts';

test('as many events as fit are in flight, and one more when one has left', () => {
  const { enter } = createAdmission({ events: 2, bytes: 1_000 });
  const leave = enter(10);
  expect(enter(10)).toBeDefined();
  expect(enter(10)).toBeUndefined();
  leave?.();
  // Leaving twice makes no second place.
  leave?.();
  expect(enter(10)).toBeDefined();
  expect(enter(10)).toBeUndefined();
});

test('as many bytes as fit are in flight, and a message above them all passes alone', () => {
  const { enter } = createAdmission({ events: 100, bytes: 1_000 });
  const leave = enter(600);
  expect(enter(401)).toBeUndefined();
  const other = enter(400);
  expect(other).toBeDefined();
  leave?.();
  expect(enter(5_000)).toBeUndefined();
  other?.();
  const large = enter(5_000);
  expect(large).toBeDefined();
  expect(enter(1)).toBeUndefined();
  large?.();
  expect(enter(1_000)).toBeDefined();
});
