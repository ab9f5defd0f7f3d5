/**
 * Takes secrets out of an event before it is written or shown. It works on the JSON text, so that everything which is
 * not a secret keeps its bytes; a secret becomes a short keyed hash, so that equal ones stay recognisable.
 */

import { createHmac } from 'node:crypto';
import type { FalcoEvent } from '../core/event/alert.ts';
import { fieldText } from '../core/match/facts.ts';
import { readEvent } from './event.ts';
import { type Literal, literalsOf } from './raw-json.ts';
import { isSecretName } from './redact-names.ts';
import { findSecrets } from './redact-patterns.ts';
import { isSuspicious } from './redact-scan.ts';
import { hasAwsKey } from './redact-shapes.ts';
import { CONFIG_MAP, ENVIRONMENT, type Found, isUntouched, type Mark, spread, united } from './redact-spread.ts';
import { afterMarks, type Edit, isSecretValue, type Span } from './redact-text.ts';

export interface Redacted {
  /** Valid JSON, equal to the raw text but for the literals that held a secret. */
  line: string;
  event: FalcoEvent;
  /** How many places were replaced. */
  replaced: number;
}

export interface Redactor {
  /** @param raw the text that `event` was read from */
  redact(raw: string, event: FalcoEvent): Redacted;
}

const ONE_VARIABLE = /^proc\.[ap]?env\[/;
const SECRET_OBJECT = /^ka\.req\.secret/;

const LONGEST_PROGRAM = 64;

/** One finds what there is and one sees that nothing is left; the others are for texts made to confuse. */
const MOST_PASSES = 5;

/** @param key of the hash; without it short secrets could be guessed from their hashes */
export function createRedactor(key: string): Redactor {
  const markOf = (secret: string): string =>
    `[redacted:${createHmac('sha256', key).update(secret).digest('hex').slice(0, 8)}]`;

  return {
    redact(raw, event) {
      if (!isSuspicious(raw)) return { line: raw, event, replaced: 0 };
      const mark = remembering(markOf);
      let line = raw;
      let replaced = 0;
      // What was taken may have been the word that made something else look harmless.
      for (let pass = 0; pass < MOST_PASSES; pass += 1) {
        const literals = literalsOf(line);
        const found = findAll(literals, event, mark);
        if (found.size === 0) break;
        spread(literals, found, mark);
        const result = apply(line, found);
        line = result.line;
        replaced += result.replaced;
      }
      if (replaced === 0) return { line: raw, event, replaced };
      const again = readEvent(line);
      // Nothing that an event needs is ever touched; should that fail, no text is safe to show.
      return { line, replaced, event: again.ok ? again.event : { ...event, output: '', fields: {}, tags: [] } };
    },
  };
}

/** The same secret stands in several strings of an event, and a keyed hash costs more than a look. */
function remembering(markOf: Mark): Mark {
  const marks = new Map<string, string>();
  return (secret) => {
    let mark = marks.get(secret);
    if (mark === undefined) {
      mark = markOf(secret);
      marks.set(secret, mark);
    }
    return mark;
  };
}

function findAll(literals: readonly Literal[], event: FalcoEvent, mark: Mark): Found {
  const found: Found = new Map();
  const withAwsKey = literals.some(({ text }) => hasAwsKey(text));
  for (const literal of literals) {
    if (isUntouched(literal)) continue;
    const edits = whole(literal, mark) ?? inText(literal, event, withAwsKey, mark);
    if (edits.length > 0) found.set(literal, edits);
  }
  return found;
}

/** Values that are secret for what they are, whatever they say; undefined for all others. */
function whole({ isKey, isNumber, key, field, text }: Literal, mark: Mark): Edit[] | undefined {
  if (isKey) return undefined;
  const all = (): Edit[] =>
    text === '' || afterMarks(text, 0) === text.length ? [] : [{ start: 0, end: text.length, by: mark(text) }];
  if (isNumber) return isSecretName(key) || SECRET_OBJECT.test(field) || ONE_VARIABLE.test(field) ? all() : [];
  if (ENVIRONMENT.test(field)) return text.includes('=') ? withoutValues(text) : undefined;
  if (field === CONFIG_MAP) return inObject(text, mark) ?? all();
  if (SECRET_OBJECT.test(field) || ONE_VARIABLE.test(field)) return text === '<NA>' ? [] : all();
  if (isSecretName(key)) return isSecretValue(text) ? all() : [];
  return undefined;
}

/** `A=1 B=2` keeps its names: `A= B=`. */
function withoutValues(text: string): Edit[] {
  const names = [...text.matchAll(/(?<=^|\s)[A-Za-z_]\w*=/g)];
  const edits: Edit[] = [];
  let from = 0;
  for (const { index, 0: name } of names) {
    // The blank before a further name stays.
    edits.push({ start: from, end: from === 0 ? index : index - 1, by: '' });
    from = index + name.length;
  }
  edits.push({ start: from, end: text.length, by: '' });
  return edits.filter(({ start, end }) => start < end);
}

/** A text that is JSON keeps its keys; undefined for any other. */
function inObject(text: string, mark: Mark): Edit[] | undefined {
  try {
    if (typeof JSON.parse(text) !== 'object') return undefined;
  } catch {
    return undefined;
  }
  return literalsOf(text).flatMap(({ start, end, isKey, isNumber, key, text: value }) => {
    if (isNumber) return isSecretName(key) ? [{ start, end, by: `"${mark(value)}"` }] : [];
    if (isKey || afterMarks(value, 0) === value.length) return [];
    return [{ start: start + 1, end: end - 1, by: mark(value) }];
  });
}

function inText(literal: Literal, event: FalcoEvent, withAwsKey: boolean, mark: Mark): Edit[] {
  const { text, field } = literal;
  // Only the name after the last slash counts, and none that is known is longer.
  const program = field === 'proc.args' ? fieldText(event.fields['proc.name']).slice(-LONGEST_PROGRAM) : '';
  // Arguments lack the program's name, which tells whether -p takes a password.
  const prefix = program === '' ? '' : `${program} `;
  const spans = findSecrets(prefix + text, withAwsKey)
    .map(({ start, end }) => ({ start: Math.max(start - prefix.length, 0), end: end - prefix.length }))
    .filter((span) => span.start < span.end && !isAuditedName(literal, span, event));
  return united(text, spans, mark);
}

/**
 * `secret=%ka.target.name` in the output of an audit rule: the name of a Secret, which whoever reads the audit log can
 * read, and which stays in `ka.target.name` and `ka.uri` too.
 */
function isAuditedName({ top, text }: Literal, { start, end }: Span, { source, fields }: FalcoEvent): boolean {
  if (source !== 'k8s_audit' || top !== 'output') return false;
  const isNamed = /(?<![\w-])secret=$/.test(text.slice(Math.max(0, start - 8), start));
  return isNamed && text.slice(start, end) === fieldText(fields['ka.target.name']);
}

function apply(raw: string, found: Found): { line: string; replaced: number } {
  let line = '';
  let from = 0;
  let replaced = 0;
  for (const [{ start, end, text }, edits] of [...found].sort(([a], [b]) => a.start - b.start)) {
    let changed = '';
    let at = 0;
    for (const edit of edits.sort((a, b) => a.start - b.start)) {
      changed += text.slice(at, edit.start) + edit.by;
      at = edit.end;
      replaced += 1;
    }
    line += raw.slice(from, start) + JSON.stringify(changed + text.slice(at));
    from = end;
  }
  return { line: line + raw.slice(from), replaced };
}
