/** When the dead-man's switch is told, and when it must not be. */

import { expect, test } from '@jest/globals';
import type { LogLine } from '../../functions/core/log.ts';
import { createSweep, type SweepDeps } from '../../functions/sweep/handler.ts';

/** Of a relay that has nothing to do. */
function sweeping(over: Partial<SweepDeps>) {
  const said: LogLine[] = [];
  let beats = 0;
  const idle = {
    store: { closeWindows: async () => 0, takeSummaries: async () => [], due: async () => [], list: async () => [] },
    clock: () => 0,
    writeLog: (line: LogLine) => void said.push(line),
    fallbackOf: () => undefined,
    mute: { silences: [], exceptions: [] },
    announce: [],
    nodes: { watch: false },
    beat: async () => {
      beats += 1;
    },
  };
  const sweep = createSweep({ ...idle, ...over } as unknown as SweepDeps);
  return { run: () => sweep({ method: 'POST', headers: {}, body: {} }), said, beats: () => beats };
}

test('a sweep that did its work beats once', async () => {
  const { run, beats } = sweeping({});
  expect(await run()).toEqual({ status: 204 });
  expect(beats()).toBe(1);
});

test('a sweep that could not is silent', async () => {
  const down = async () => {
    throw new Error('the store is down');
  };
  const store = { closeWindows: down, takeSummaries: down, due: down } as unknown as SweepDeps['store'];
  const { run, beats } = sweeping({ store });
  expect((await run()).status).toBe(503);
  expect(beats()).toBe(0);
});

test('a switch that does not answer is said, and fails no sweep', async () => {
  const { run, said } = sweeping({ beat: () => Promise.reject(new Error('HTTP 500')) });
  expect(await run()).toEqual({ status: 204 });
  expect(said).toMatchObject([
    { severity: 'WARNING', reason: 'heartbeat-unavailable', message: 'heartbeat: HTTP 500' },
  ]);
});

test('without one nothing is told', async () => {
  const { run, said } = sweeping({ beat: undefined });
  expect(await run()).toEqual({ status: 204 });
  expect(said).toEqual([]);
});
