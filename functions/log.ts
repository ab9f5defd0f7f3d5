/** Writes Cloud Logging's structured lines: https://cloud.google.com/logging/docs/structured-logging */

import type { WriteLog } from './core/log.ts';

/** What JSON leaves as it is, and a terminal that shows the log may act on, or hide. */
const ACTING = /[\u007f-\u009f]|\p{Cf}|\p{Zl}|\p{Zp}/gu;

const LABELS = 'logging.googleapis.com/labels';

/** One JSON line an entry; `print` gets it without the line's end. */
export function createLog(print: (line: string) => void): WriteLog {
  return ({ severity, message, reason, labels }) => {
    const line = { severity, message, ...(reason ? { reason } : {}), ...(labels ? { [LABELS]: labels } : {}) };
    print(JSON.stringify(line).replace(ACTING, escaped));
  };
}

function escaped(character: string): string {
  return character.replace(/[\s\S]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
