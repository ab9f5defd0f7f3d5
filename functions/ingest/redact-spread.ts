/** Takes a secret that was found in one string of an event from its other strings, which may not tell that it is one. */

import type { Literal } from './raw-json.ts';
import { createSearch } from './redact-search.ts';
import type { Edit, Span } from './redact-text.ts';

/** What replaces a secret. */
export type Mark = (secret: string) => string;
/** Edits of each literal, in order; no two overlap. */
export type Found = Map<Literal, Edit[]>;

/** Identity and routing stand on these, and none of them is written by what ran in a container. */
const UNTOUCHED: ReadonlySet<string> = new Set(['uuid', 'priority', 'rule', 'time', 'source', 'hostname']);

/** Where a secret found elsewhere is not looked for: whoever chooses a password could blot out where it was used. */
const NAMES_THINGS =
  /^(?:k8s(?:meta)?\.|container\.|user\.|group\.|thread\.|evt\.(?:type|time|hostname|source)|proc\.(?:[aps]?name|[ap]?exe(?:path)?)(?:\[|$)|fd\.(?:type|l4proto)|ka\.(?:user|verb|target|cluster|auditid))/;

/** Fields that `output` repeats as a whole, and of which nearly everything goes. */
export const ENVIRONMENT = /^proc\.[ap]?env$/;
export const CONFIG_MAP = 'ka.req.configmap.obj';

/** So many of them, the longest, are looked for as a whole; of the others, their secrets one by one. */
const MOST_WHOLES = 16;

interface Whole {
  text: string;
  edits: readonly Edit[];
}

export function isUntouched({ depth, isKey, top }: Literal): boolean {
  return depth === 1 && (isKey || UNTOUCHED.has(top));
}

/** The same secret goes from every other string of the event, where its surroundings may not have told. */
export function spread(literals: readonly Literal[], found: Found, mark: Mark): void {
  const { secrets, wholes } = collect(found);
  const others = literals.filter(isSearched);
  let longest = 0;
  for (const literal of others) {
    let edits = found.get(literal) ?? [];
    for (const whole of wholes) {
      const copies = copiesOf(whole, literal.text);
      // A round for each keeps what is held at once within the length of the text.
      if (copies.length > 0) edits = united(literal.text, [...edits, ...copies], mark);
    }
    if (edits.length > 0) found.set(literal, edits);
    for (const { start, end } of gapsOf(literal, edits)) longest = Math.max(longest, end - start);
  }
  const search = createSearch([...secrets].filter(({ length }) => length <= longest));
  for (const literal of others) {
    const edits = found.get(literal) ?? [];
    const more = gapsOf(literal, edits).flatMap(({ start, end }) => search(literal.text, start, end));
    if (more.length === 0) continue;
    const by = more.map(({ start, end, secret }) => ({ start, end, by: mark(secret) }));
    found.set(
      literal,
      [...edits, ...by].sort((a, b) => a.start - b.start),
    );
  }
}

/** Where a secret that was found elsewhere may be taken out. */
function isSearched(literal: Literal): boolean {
  const { isNumber, isKey, depth, field } = literal;
  return !isNumber && !isUntouched(literal) && !NAMES_THINGS.test(field) && !(isKey && depth < 3);
}

/** What of a text stays as it is so far. */
function gapsOf({ text }: Literal, edits: readonly Edit[]): Span[] {
  const gaps: Span[] = [];
  let start = 0;
  for (const edit of edits) {
    if (edit.start > start) gaps.push({ start, end: edit.start });
    start = edit.end;
  }
  if (start < text.length) gaps.push({ start, end: text.length });
  return gaps;
}

function collect(found: Found): { secrets: ReadonlySet<string>; wholes: readonly Whole[] } {
  const secrets = new Set<string>();
  const byText = new Map<string, Whole>();
  const addAll = ({ text, edits }: Whole): void => {
    for (const { start, end } of edits) {
      const secret = text.slice(start, end);
      if (isDistinct(secret)) secrets.add(secret);
    }
  };
  for (const [{ text, field, isNumber }, edits] of found) {
    if (!isNumber && (ENVIRONMENT.test(field) || field === CONFIG_MAP)) byText.set(text, { text, edits });
    else addAll({ text, edits });
  }
  const wholes = [...byText.values()].sort((a, b) => b.text.length - a.text.length);
  for (const rest of wholes.splice(MOST_WHOLES)) addAll(rest);
  return { secrets, wholes };
}

/** In order, and none overlaps: where some do the one that covers all of them says what replaces them, if there is one. */
export function united(text: string, spans: readonly (Span & { by?: string })[], mark: Mark): Edit[] {
  const result: (Span & { by?: string })[] = [];
  for (const next of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (!last || next.start >= last.end) result.push(next);
    else if (next.end > last.end) result[result.length - 1] = { start: last.start, end: next.end };
  }
  return result.map(({ start, end, by = mark(text.slice(start, end)) }) => ({ start, end, by }));
}

/** A short common word as a password would take its likes out of everything. */
function isDistinct(secret: string): boolean {
  return secret.length >= 12 || (secret.length >= 6 && /[^a-z]/.test(secret) && !/^\d+$/.test(secret));
}

const ENOUGH = 24;

/** `output` repeats a whole field, and either may have been cut: whatever goes on alike is treated alike. */
function copiesOf({ text: original, edits: inner }: Whole, text: string): Edit[] {
  const edits: Edit[] = [];
  const beginning = original.slice(0, ENOUGH);
  let past = 0;
  for (let at = text.indexOf(beginning); at >= 0; at = text.indexOf(beginning, past)) {
    let length = beginning.length;
    while (length < original.length && text[at + length] === original[length]) length += 1;
    for (const { start, end, by } of inner) {
      if (start >= length) break;
      edits.push({ start: at + start, end: at + Math.min(end, length), by });
    }
    past = at + length;
  }
  return edits;
}
