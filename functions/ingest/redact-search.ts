/**
 * Finds many secrets in a text at once (Aho and Corasick, "Efficient string matching", 1975): one step a character,
 * however many secrets an event holds and however alike they are.
 */

import type { Span } from './redact-text.ts';

export interface Occurrence extends Span {
  /** The longest secret at `start`; another one that overlaps it may reach further, and is then covered too. */
  secret: string;
}

/** Gives where the secrets stand in `text.slice(start, end)`, in order; no two overlap. */
export type Search = (text: string, start: number, end: number) => Occurrence[];

/** So many characters of secrets are searched for: about ten megabytes of memory, for an event made to take them. */
const MOST_CHARACTERS = 1 << 18;

/** @param secrets none empty; when they are too many for memory the shortest count, of which there are most */
export function createSearch(secrets: Iterable<string>): Search {
  const chosen = withinBound(secrets);
  if (chosen.length === 0) return () => [];
  const { child, secretAt, starts, parents, codes, byDepth } = trieOf(chosen);
  const fails = new Int32Array(parents.length);
  /** The nearest node, this one or on the way of its suffixes, at which a secret ends; 0 for none. */
  const ends = new Int32Array(parents.length);

  function step(from: number, code: number): number {
    for (let node = from; ; node = fails[node] ?? 0) {
      const to = child(node, code);
      if (to > 0 || node === 0) return to;
    }
  }

  for (const node of byDepth) {
    const parent = parents[node] ?? 0;
    const fail = parent === 0 ? 0 : step(fails[parent] ?? 0, codes[node] ?? 0);
    fails[node] = fail;
    ends[node] = secretAt.has(node) ? node : (ends[fail] ?? 0);
  }

  return (text, start, end) => {
    const found: Occurrence[] = [];
    let state = 0;
    for (let at = start; at < end; at += 1) {
      const code = text.charCodeAt(at);
      if (state === 0 && starts[code & 255] === 0) continue;
      state = step(state, code);
      // The longest first; only short ones can be refused, so these are few.
      for (let node = ends[state] ?? 0; node > 0; node = ends[fails[node] ?? 0] ?? 0) {
        const secret = secretAt.get(node) ?? '';
        const from = at + 1 - secret.length;
        if (!stands(text, from, at + 1)) continue;
        unite(found, { start: from, end: at + 1, secret });
        break;
      }
    }
    return found;
  };
}

function withinBound(secrets: Iterable<string>): string[] {
  let characters = 0;
  return [...secrets]
    .sort((a, b) => a.length - b.length)
    .filter((secret) => {
      characters += secret.length;
      return characters <= MOST_CHARACTERS;
    });
}

/** A node for each beginning of a secret, 0 for the empty one, in flat arrays: objects would cost ten times as much. */
function trieOf(secrets: readonly string[]) {
  const most = secrets.reduce((sum, { length }) => sum + length, 1);
  const parents = new Int32Array(most);
  const codes = new Uint16Array(most);
  const depths = new Int32Array(most);
  const secretAt = new Map<number, string>();
  const starts = new Uint8Array(256);
  /** Nodes by parent and character, open addressing; 0 is free, since the root is nobody's child. */
  const slots = new Int32Array(2 ** Math.ceil(Math.log2(most * 2)));
  let size = 1;

  /** Where the child is, or would be put. */
  function slotOf(parent: number, code: number): number {
    let slot = Math.imul(parent ^ Math.imul(code, 0x9e3779b1), 0x85ebca6b);
    slot ^= slot >>> 15;
    for (; ; slot += 1) {
      slot &= slots.length - 1;
      const node = slots[slot] ?? 0;
      if (node === 0 || (parents[node] === parent && codes[node] === code)) return slot;
    }
  }

  for (const secret of secrets) {
    starts[secret.charCodeAt(0) & 255] = 1;
    let node = 0;
    for (let at = 0; at < secret.length; at += 1) {
      const code = secret.charCodeAt(at);
      const slot = slotOf(node, code);
      let to = slots[slot] ?? 0;
      if (to === 0) {
        to = size;
        size += 1;
        slots[slot] = to;
        parents[to] = node;
        codes[to] = code;
        depths[to] = at + 1;
      }
      node = to;
    }
    secretAt.set(node, secret);
  }
  const child = (node: number, code: number): number => slots[slotOf(node, code)] ?? 0;
  return { child, secretAt, starts, parents, codes, byDepth: orderOf(depths.subarray(0, size)) };
}

/** The nodes but the root, those nearer to it first. */
function orderOf(depths: Int32Array): Int32Array {
  const deepest = depths.reduce((most, depth) => Math.max(most, depth), 0);
  const places = new Int32Array(deepest + 2);
  for (const depth of depths) places[depth + 1] = (places[depth + 1] ?? 0) + 1;
  for (let depth = 1; depth < places.length; depth += 1)
    places[depth] = (places[depth] ?? 0) + (places[depth - 1] ?? 0);
  const order = new Int32Array(depths.length);
  depths.forEach((depth, node) => {
    const place = places[depth] ?? 0;
    order[place] = node;
    places[depth] = place + 1;
  });
  return order.subarray(1);
}

/** @param next ends after all that were found before */
function unite(found: Occurrence[], next: Occurrence): void {
  for (let last = found.at(-1); last && last.start >= next.start; last = found.at(-1)) found.pop();
  const last = found.at(-1);
  if (last && next.start < last.end) last.end = next.end;
  else found.push(next);
}

/** From this length on, chance does not spell a secret within a longer word. */
const LONG = 12;

/** As in -pSECRET. */
const AFTER_OPTION = /(?:^|[\s"'])-\w$/;

function stands(text: string, start: number, end: number): boolean {
  if (end - start >= LONG) return true;
  if (/\w/.test(text.charAt(end))) return false;
  return !/\w/.test(text.charAt(start - 1)) || AFTER_OPTION.test(text.slice(Math.max(0, start - 3), start));
}
