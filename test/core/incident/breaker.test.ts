import { expect, test } from '@jest/globals';
import { admit, CLOSED, record } from '../../../functions/core/incident/breaker.ts';

const settings = { failures: 3, pauseMs: 1_000 };
const failed = (state: typeof CLOSED, now: number) => record(state, false, now, settings);
const open = failed(failed(failed(CLOSED, 1), 2), 3);

test('stays closed until the failures in a row are enough', () => {
  const two = failed(failed(CLOSED, 1), 2);
  expect(admit(two, 3).admitted).toBe(true);
  expect(record(two, true, 3, settings)).toEqual(CLOSED);
  expect(admit(open, 4).admitted).toBe(false);
});

test('lets one through after the pause', () => {
  expect(admit(open, 1_002).admitted).toBe(false);
  const probe = admit(open, 1_003);
  expect(probe.admitted).toBe(true);
  expect(admit(probe.state, 1_004).admitted).toBe(false);
});

test('closes when that one succeeds, and pauses anew when it fails', () => {
  const probe = admit(open, 1_003).state;
  expect(admit(record(probe, true, 1_010, settings), 1_010).admitted).toBe(true);
  const again = failed(probe, 1_010);
  expect(admit(again, 2_009).admitted).toBe(false);
  expect(admit(again, 2_010).admitted).toBe(true);
});
