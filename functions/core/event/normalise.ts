/** Takes out of a text what differs each time the same thing happens: pids, times, identifiers, generated names. */

type Replacement = readonly [pattern: RegExp, by: string];

const UUID: Replacement = [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/gi, '<uuid>'];

const REPLACEMENTS: readonly Replacement[] = [
  // A secret that rotates is still the same call.
  [/\[redacted:[0-9a-f]+\]/g, '[redacted]'],
  UUID,
  [/\/proc\/\d+(?=\/|$|\W)/g, '/proc/<pid>'],
  [/(\/(?:task|fd)\/)\d+\b/g, '$1<n>'],
  // mktemp, Python's tempfile, systemd's private directories.
  [/\btmp\.[A-Za-z0-9]{6,16}\b/g, 'tmp.<random>'],
  [/\/tmp[a-z0-9_]{8}(?=\/|\W|$)/g, '/tmp<random>'],
  [/\b(systemd-private)-[0-9a-f]{32}-([\w.@-]{1,64})-[A-Za-z0-9]{6}\b/g, '$1-$2'],
  [/\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?/g, '<time>'],
  [/\b\d\d:\d\d:\d\d(?:\.\d{1,9})?\b/g, '<time>'],
  // Pods of Deployments, then of CronJobs.
  [/-(?:(?=[a-f]{0,9}\d)[0-9a-f]{8,10}|[bcdf4-9]{8,10}|\d{8,12})-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-<pod>'],
  [/\b0x[0-9a-f]{4,}\b/gi, '<hex>'],
  // Container ids, digests, commit ids, and names that a dropper draws at random.
  [/(?<![0-9a-z])(?=[a-f]{0,64}\d)[0-9a-f]{12,128}(?![0-9a-z])/gi, '<hex>'],
  // Below six digits a number is more often a port, a mode or a user than a pid.
  [/\d{6,}/g, '<n>'],
];

const DIGIT_OR_TEMPORARY = /\d|\btmp|\[redacted:/;

/** A text with what is generated replaced; a host's address, small numbers and names stay. */
export function normaliseText(text: string): string {
  if (!DIGIT_OR_TEMPORARY.test(text)) return text;
  let normal = text;
  for (const [pattern, by] of REPLACEMENTS) normal = normal.replace(pattern, by);
  return normal;
}

/** Programs whose numbers are pids, whatever their length. */
const TAKES_PIDS =
  /^(?:\S{0,200}\/)?(?:kill|nsenter|strace|ltrace|gdb|gcore|pmap|renice|jattach|jcmd|jstack|taskset)\s/;

/** A command line, as `normaliseText`, with the pids of those programs that take them. */
export function normaliseArguments(commandLine: string): string {
  const text = normaliseText(commandLine);
  return TAKES_PIDS.test(text) ? text.replace(/(?<![\w.:/])\d{2,7}(?![\w.:/])/g, '<pid>') : text;
}

/** Directories where names with three or more digits are drawn rather than chosen. */
const TEMPORARY = /^\/(?:tmp|var\/tmp|dev\/shm|run\/user\/\d+)\//;

/** A path, as `normaliseText`, with the numbers of temporary names. */
export function normalisePath(path: string): string {
  const text = normaliseText(path);
  return TEMPORARY.test(text) ? text.replace(/\d{3,}/g, '<n>') : text;
}

/**
 * The server side of Falco's `fd.name`, which for a connection reads CLIENT:PORT->SERVER:PORT whoever opened it.
 * The client's port is ephemeral and its address the pod's. Anything else is treated as a path.
 */
export function serverSide(fdName: string): string {
  const arrow = fdName.lastIndexOf('->');
  return arrow < 0 ? normalisePath(fdName) : fdName.slice(arrow + 2);
}
