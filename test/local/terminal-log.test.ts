import { describe, expect, test } from '@jest/globals';
import { createTerminalLog } from '../../functions/local/terminal-log.ts';

function terminal() {
  const said: string[] = [];
  let now = Date.parse('2026-11-23T09:00:00Z');
  const log = createTerminalLog(
    (line) => said.push(line),
    () => now,
  );
  const pass = (ms: number): void => {
    now += ms;
  };
  return { said, log, pass };
}

describe('terminal log', () => {
  test('a line: when, how bad, what, and the code', () => {
    const { said, log } = terminal();
    log({ severity: 'ERROR', message: 'Loki: down\n    at somewhere', reason: 'loki-unavailable' });
    log({ severity: 'INFO', message: 'all is well' });
    expect(said).toEqual(['09:00:00 ERROR Loki: down [loki-unavailable]']);
  });

  test('the same words again are counted, and said once they were quiet for a while', () => {
    const { said, log, pass } = terminal();
    for (let n = 0; n < 1_000; n += 1) log({ severity: 'WARNING', message: 'Loki: down' });
    log({ severity: 'WARNING', message: 'other' });
    pass(5_000);
    log({ severity: 'WARNING', message: 'Loki: down' });
    expect(said).toEqual([
      '09:00:00 WARNING Loki: down',
      '09:00:00 WARNING other',
      '09:00:05 WARNING Loki: down (and 999 times since)',
    ]);
  });
});
