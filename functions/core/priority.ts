/** Falco's priorities, most urgent first, and how they are read: without regard to case, with the aliases that rules and settings use. */

export const PRIORITIES = [
  'Emergency',
  'Alert',
  'Critical',
  'Error',
  'Warning',
  'Notice',
  'Informational',
  'Debug',
] as const;

export type Priority = (typeof PRIORITIES)[number];

const BY_NAME: ReadonlyMap<string, Priority> = new Map([
  ...PRIORITIES.map((priority) => [priority.toLowerCase(), priority] as const),
  ['emerg', 'Emergency'],
  ['crit', 'Critical'],
  ['err', 'Error'],
  ['warn', 'Warning'],
  ['info', 'Informational'],
]);

/** Reads a priority in any spelling Falco, its rules or an operator uses. Gives undefined for what is none. */
export function parsePriority(text: string): Priority | undefined {
  return BY_NAME.get(text.trim().toLowerCase());
}

/** 0 for Emergency up to 7 for Debug. */
export function rank(priority: Priority): number {
  return PRIORITIES.indexOf(priority);
}

/** The more urgent of two. */
export function worse(a: Priority, b: Priority): Priority {
  return rank(a) <= rank(b) ? a : b;
}
