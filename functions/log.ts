/** Writes Cloud Logging's structured lines: https://cloud.google.com/logging/docs/structured-logging */

import type { WriteLog } from './core/log.ts';

const LABELS = 'logging.googleapis.com/labels';

/** One JSON line an entry; `print` gets it without the line's end. */
export function createLog(print: (line: string) => void): WriteLog {
  return ({ severity, message, reason, labels }) => {
    print(
      JSON.stringify({ severity, message, ...(reason ? { reason } : {}), ...(labels ? { [LABELS]: labels } : {}) }),
    );
  };
}
