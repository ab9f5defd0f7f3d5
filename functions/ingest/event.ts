/** Reads what Falcosidekick published into an event, strict in what the relay stands on, tolerant in the rest. */

import * as z from 'zod';
import type { FalcoEvent, FieldValue } from '../core/alert.ts';
import { parsePriority } from '../core/priority.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { parseTime } from '../core/time.ts';

export type EventResult =
  /** `raw` is the text as received, every byte of it. */
  | { ok: true; event: FalcoEvent; raw: string }
  /** `detail` names fields, never values. */
  | { ok: false; reason: ReasonCode; detail: string };

/** Of a value in `output_fields`; Falco's own are flat but for the lists of a plugin. */
const DEEPEST = 32;

const text = z.string().nullish();

const schema = z.object({
  uuid: text,
  output: z.string(),
  priority: z.string(),
  rule: z.string().min(1),
  time: z.string(),
  output_fields: z.custom<Record<string, FieldValue>>(isObject, 'expected an object').nullish(),
  source: text,
  tags: z.array(z.string()).nullish(),
  hostname: text,
});

/**
 * @param raw the message's data as text
 * Unknown members stay in `raw`. Integers past 2^53 in `output_fields` come as bigint.
 */
export function readEvent(raw: string): EventResult {
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    // The engine's own words quote the payload.
    return { ok: false, reason: 'event-bad-json', detail: `not JSON, ${raw.length} characters` };
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) return notFalco(issuesOf(parsed.error));
  const { data } = parsed;
  const priority = parsePriority(data.priority);
  if (!priority) return notFalco('priority: not one of Falco');
  const timeNs = parseTime(data.time);
  if (timeNs === undefined) return notFalco('time: not RFC 3339');
  const fields = data.output_fields ?? {};
  const wrong = mendIntegers(fields, raw);
  if (wrong !== undefined) return notFalco(wrong);
  const event: FalcoEvent = {
    uuid: data.uuid ?? '',
    output: data.output,
    priority,
    rule: data.rule,
    time: data.time,
    timeNs,
    fields,
    source: !data.source || data.source === 'syscalls' ? 'syscall' : data.source,
    tags: data.tags ?? [],
    hostname: data.hostname ?? '',
  };
  return { ok: true, event, raw };
}

function notFalco(detail: string): EventResult {
  return { ok: false, reason: 'event-not-falco', detail };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function issuesOf(error: z.ZodError): string {
  const issues = error.issues.map(
    ({ path, code }) => `${path.join('.') || 'the event'}: ${WORDS[code] ?? 'wrong type'}`,
  );
  return issues.slice(0, 10).join(', ');
}

const WORDS: Readonly<Record<string, string>> = { too_small: 'empty' };

/**
 * JSON.parse rounds integers past 2^53, of which each event has one, `evt.time`. A reviver that sees the source would
 * cost more than the parse itself, so those few are read again from the text. Gives a complaint about too deep a value.
 */
function mendIntegers(fields: Record<string, FieldValue>, raw: string): string | undefined {
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (typeof value === 'number') {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) fields[name] = integerIn(raw, name, value);
    } else if (typeof value === 'object' && value !== null && isDeeperThan(value, DEEPEST)) {
      return `output_fields: a value nested deeper than ${DEEPEST}`;
    }
  }
  return undefined;
}

const MEMBER_INTEGER = /\s*:\s*(-?\d{16,400})(?![\d.eE])/y;

function integerIn(raw: string, name: string, rounded: number): FieldValue {
  const key = JSON.stringify(name);
  for (let at = raw.indexOf(key); at >= 0; at = raw.indexOf(key, at + 1)) {
    MEMBER_INTEGER.lastIndex = at + key.length;
    const digits = MEMBER_INTEGER.exec(raw)?.[1];
    if (digits !== undefined && Number(digits) === rounded) return BigInt(digits);
  }
  return rounded;
}

/** Level by level, since a recursion could be made to overflow the stack. */
function isDeeperThan(value: object, limit: number): boolean {
  let level: object[] = [value];
  for (let depth = 1; level.length > 0; depth += 1) {
    if (depth > limit) return true;
    level = level.flatMap((one) => Object.values(one).filter((inner) => typeof inner === 'object' && inner !== null));
  }
  return false;
}
