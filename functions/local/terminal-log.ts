/** The relay's log lines for a person at a terminal: short, and an outage's same words not a thousand times. */

import type { WriteLog } from '../core/log.ts';
import { plain } from '../core/plain.ts';
import type { Clock } from '../core/ports.ts';

/** The same words again within this time are only counted. */
const QUIET_MS = 5_000;
const MAX_REMEMBERED = 100;
const LONGEST = 1_000;

export function createTerminalLog(say: (line: string) => void, clock: Clock): WriteLog {
  const recent = new Map<string, { at: number; swallowed: number }>();
  return ({ severity, message, reason }) => {
    if (severity === 'DEBUG' || severity === 'INFO') return;
    const [words = ''] = message.split('\n', 1);
    const line = `${severity} ${plain(words, LONGEST)}${reason ? ` [${reason}]` : ''}`;
    const now = clock();
    const before = recent.get(line);
    if (before && now - before.at < QUIET_MS) {
      before.swallowed += 1;
      return;
    }
    recent.delete(line);
    recent.set(line, { at: now, swallowed: 0 });
    if (recent.size > MAX_REMEMBERED) recent.delete(recent.keys().next().value ?? '');
    const again = before && before.swallowed > 0 ? ` (and ${before.swallowed} times since)` : '';
    say(`${new Date(now).toISOString().slice(11, 19)} ${line}${again}`);
  };
}
