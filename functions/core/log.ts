/** What the relay says of itself: one line a fact, countable by `reason`. */

export type Severity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR' | 'CRITICAL';

export interface LogLine {
  severity: Severity;
  /** Holds no payload and no secret. */
  message: string;
  /** A bounded code of reasons.ts, which log-based metrics count. */
  reason?: string;
  /** Further bounded facts: uuid, receiver, topic. */
  labels?: Readonly<Record<string, string>>;
}

/** A defect's name and where it happened, without its message, which may quote what was being read. */
export function defectOf(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return [error.name, ...frames].join('\n');
}

export type WriteLog = (line: LogLine) => void;
