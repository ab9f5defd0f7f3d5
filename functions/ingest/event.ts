/** Reads what Falcosidekick published into an event, strict in what the relay stands on, tolerant in the rest. */

import * as z from 'zod';
import type { FalcoEvent, FieldValue } from '../core/event/alert.ts';
import { outside } from '../core/event/own-names.ts';
import type { Topic } from '../core/ports.ts';
import { parsePriority } from '../core/priority.ts';
import type { ReasonCode } from '../core/reasons.ts';
import { parseTime } from '../core/time.ts';
import { hasMoreValuesThan, literalsOf } from './raw-json.ts';

export type EventResult =
  /** `raw` is the text as received, every byte of it. */
  | { ok: true; event: FalcoEvent; raw: string }
  /** `detail` names fields, never values. */
  | { ok: false; reason: ReasonCode; detail: string; origin?: Origin | undefined };

/** Whose event it is, also of one that can't be read otherwise. */
export interface Origin {
  hostname: string;
  source: string;
  /** Its own time, where that can be read. */
  timeNs: bigint | undefined;
}

/** Of a value in `output_fields`; Falco's own are flat but for the lists of a plugin. */
const DEEPEST = 32;

/** Falco's events have some tens of values, a plugin's some hundreds; ten megabytes of them take an instance's memory. */
const MOST_VALUES = 10_000;

const text = z.string().nullish();

const originSchema = z.object({ hostname: z.string(), source: text.catch(''), time: z.string().catch('') });

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
  if (hasMoreValuesThan(MOST_VALUES, raw)) return notFalco(`the event: more than ${MOST_VALUES} values`, undefined);
  let json: unknown;
  try {
    json = JSON.parse(raw);
  } catch {
    // The engine's own words quote the payload.
    return { ok: false, reason: 'event-bad-json', detail: `not JSON, ${raw.length} characters` };
  }
  const topic = topicOf(json);
  if (topic) return { ok: false, reason: 'message-misplaced', detail: `a message of the ${topic} topic` };
  const parsed = schema.safeParse(json);
  if (!parsed.success) return notFalco(issuesOf(parsed.error), json);
  const { data } = parsed;
  const priority = parsePriority(data.priority);
  if (!priority) return notFalco('priority: not one of Falco', json);
  const timeNs = parseTime(data.time);
  if (timeNs === undefined) return notFalco('time: not RFC 3339', json);
  const fields = data.output_fields ?? {};
  const wrong = mendIntegers(fields, raw);
  if (wrong !== undefined) return notFalco(wrong, json);
  const event: FalcoEvent = {
    uuid: data.uuid ?? '',
    output: data.output,
    priority,
    time: data.time,
    timeNs,
    fields,
    tags: data.tags ?? [],
    hostname: data.hostname ?? '',
    ...outside({ uuid: data.uuid ?? '', rule: data.rule, source: sourceOf(data.source) }),
  };
  return { ok: true, event, raw };
}

/**
 * Which of our own topics a message belongs to, that somebody published again to this one. An alert as escalate takes it
 * reads like the event that it was made of, and would be acknowledged as counted; Falco writes no such members.
 */
function topicOf(json: unknown): Topic | undefined {
  const has = (...names: string[]): boolean =>
    isObject(json) && names.every((name) => Object.hasOwn(json as object, name));
  if (has('fingerprint', 'falcoPriority', 'timeNs', 'where')) return 'escalations';
  return has('groupKey', 'generation', 'receiver') ? 'notifications' : undefined;
}

function notFalco(detail: string, json: unknown): EventResult {
  const { data } = originSchema.safeParse(json);
  const origin = data && { hostname: data.hostname, source: sourceOf(data.source), timeNs: parseTime(data.time) };
  return { ok: false, reason: 'event-not-falco', detail, origin };
}

function sourceOf(said: string | null | undefined): string {
  return !said || said === 'syscalls' ? 'syscall' : said;
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
  const rounded = new Map<string, number>();
  for (const name of Object.keys(fields)) {
    const value = fields[name];
    if (typeof value === 'number') {
      if (Number.isInteger(value) && !Number.isSafeInteger(value)) rounded.set(name, value);
    } else if (typeof value === 'object' && value !== null && isDeeperThan(value, DEEPEST)) {
      return `output_fields: a value nested deeper than ${DEEPEST}`;
    }
  }
  if (rounded.size <= FEW) {
    for (const [name, value] of rounded) {
      const integer = integerIn(raw, name, value);
      if (integer === undefined) continue;
      fields[name] = integer;
      rounded.delete(name);
    }
  }
  // Too many, or a name that is spelt with escapes.
  if (rounded.size > 0) mendAll(fields, rounded, raw);
  return undefined;
}

/** Each search takes the length of the text; past so many one pass over all literals is cheaper, however many there are. */
const FEW = 8;

function mendAll(fields: Record<string, FieldValue>, rounded: ReadonlyMap<string, number>, raw: string): void {
  for (const { isNumber, depth, top, field, text: digits } of literalsOf(raw)) {
    if (!isNumber || depth !== 2 || top !== 'output_fields') continue;
    if (Number(digits) === rounded.get(field) && /^-?\d+$/.test(digits)) fields[field] = BigInt(digits);
  }
}

const MEMBER_INTEGER = /\s*:\s*(-?\d{16,400})(?![\d.eE])/y;

function integerIn(raw: string, name: string, rounded: number): bigint | undefined {
  const key = JSON.stringify(name);
  for (let at = raw.indexOf(key); at >= 0; at = raw.indexOf(key, at + 1)) {
    MEMBER_INTEGER.lastIndex = at + key.length;
    const digits = MEMBER_INTEGER.exec(raw)?.[1];
    if (digits !== undefined && Number(digits) === rounded) return BigInt(digits);
  }
  return undefined;
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
