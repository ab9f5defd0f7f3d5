/**
 * Matches a whole text against a regular expression in time that grows with the text alone.
 *
 * What is matched was written by whoever triggered the alert. JavaScript's own engine backtracks, even on patterns as
 * plain as `.*a.*b.*c`, so that a crafted command line could stall the relay; this one, like Go's, never does.
 */

import { isWord } from './regex-classes.ts';
import { type Assertion, parseRegex, type RegexNode, RegexSyntaxError } from './regex-syntax.ts';

/** Whether the whole text matches: anchored at both ends, as Alertmanager's matchers are. */
export type WholeMatch = (text: string) => boolean;

/** Bounds on the compiled pattern and on what is remembered of past texts. */
const MOST_INSTRUCTIONS = 3000;
const MOST_STATES = 500;
const LONGEST_PATTERN = 4096;

/** Throws `RegexSyntaxError`, also for a pattern past our bounds. */
export function compileRegex(pattern: string): WholeMatch {
  if (pattern.length > LONGEST_PATTERN) throw new RegexSyntaxError(`over ${LONGEST_PATTERN} characters`, 0);
  const tree = parseRegex(pattern);
  const words = literals(tree);
  if (words) {
    const set = new Set(words);
    return (text) => set.has(text);
  }
  return automaton(compile(tree));
}

type Instruction =
  | { op: 'class'; test(codePoint: number): boolean; next: number }
  | { op: 'assert'; assertion: Assertion; next: number }
  | { op: 'split'; next: number; other: number }
  | { op: 'match' };

/** Thompson's construction, built from the end: each node is given the instruction that follows it. */
function compile(tree: RegexNode): { program: Instruction[]; start: number } {
  const program: Instruction[] = [{ op: 'match' }];

  function add(instruction: Instruction): number {
    if (program.length >= MOST_INSTRUCTIONS) throw new RegexSyntaxError('too many repetitions', 0);
    return program.push(instruction) - 1;
  }

  function emit(node: RegexNode, next: number): number {
    switch (node.kind) {
      case 'class':
        return add({ op: 'class', test: node.test, next });
      case 'assert':
        return add({ op: 'assert', assertion: node.assertion, next });
      case 'sequence':
        return node.nodes.reduceRight((after, part) => emit(part, after), next);
      case 'either':
        return node.nodes
          .map((part) => emit(part, next))
          .reduceRight((other, first) => add({ op: 'split', next: first, other }));
      case 'repeat':
        return repeat(node, next);
    }
  }

  function repeat({ node, min, max }: RegexNode & { kind: 'repeat' }, next: number): number {
    let start = next;
    if (max === Infinity) {
      const loop = add({ op: 'split', next: 0, other: next });
      const body = emit(node, loop);
      program[loop] = { op: 'split', next: body, other: next };
      start = loop;
    } else {
      for (let i = min; i < max; i += 1) start = add({ op: 'split', next: emit(node, start), other: next });
    }
    for (let i = 0; i < min; i += 1) start = emit(node, start);
    return start;
  }

  return { start: emit(tree, 0), program };
}

/** What stands before a position: it decides assertions, so it is part of a state. */
type Before = 'start' | 'newline' | 'word' | 'other';

interface State {
  /** Instructions to go on from, sorted. */
  from: readonly number[];
  before: Before;
  steps: Map<number, State>;
  accepts?: boolean;
}

const END = -1;

/** A deterministic automaton, built as texts ask for it and forgotten when it grows past its bound. */
function automaton({ program, start }: { program: Instruction[]; start: number }): WholeMatch {
  let states = new Map<string, State>();

  function state(from: readonly number[], before: Before): State {
    const key = `${before} ${from.join(' ')}`;
    let known = states.get(key);
    if (!known) {
      if (states.size >= MOST_STATES) states = new Map();
      known = { from, before, steps: new Map() };
      states.set(key, known);
    }
    return known;
  }

  /** Every class or match instruction reachable without taking a character, `next` being the one to come. */
  function reachable(from: readonly number[], before: Before, next: number): Set<number> {
    const seen = new Set<number>();
    const open = [...from];
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (seen.has(at)) continue;
      seen.add(at);
      const instruction = program[at];
      if (instruction?.op === 'split') open.push(instruction.next, instruction.other);
      else if (instruction?.op === 'assert' && holds(instruction.assertion, before, next)) open.push(instruction.next);
    }
    return seen;
  }

  function step(current: State, codePoint: number): State {
    const next = new Set<number>();
    for (const at of reachable(current.from, current.before, codePoint)) {
      const instruction = program[at];
      if (instruction?.op === 'class' && instruction.test(codePoint)) next.add(instruction.next);
    }
    const before = codePoint === 10 ? 'newline' : isWord(codePoint) ? 'word' : 'other';
    const target = state(
      [...next].sort((a, b) => a - b),
      before,
    );
    // A step for each code point there is would be no bound at all.
    if (current.steps.size < MOST_STATES) current.steps.set(codePoint, target);
    return target;
  }

  return (text) => {
    let current = state([start], 'start');
    for (let i = 0; i < text.length; i += 1) {
      const codePoint = text.codePointAt(i) ?? 0;
      if (codePoint > 0xffff) i += 1;
      current = current.steps.get(codePoint) ?? step(current, codePoint);
      if (current.from.length === 0) return false;
    }
    current.accepts ??= reachable(current.from, current.before, END).has(0);
    return current.accepts;
  };
}

function holds(assertion: Assertion, before: Before, next: number): boolean {
  switch (assertion) {
    case 'text-start':
      return before === 'start';
    case 'line-start':
      return before === 'start' || before === 'newline';
    case 'text-end':
      return next === END;
    case 'line-end':
      return next === END || next === 10;
    case 'word':
      return (before === 'word') !== isWord(next);
    case 'not-word':
      return (before === 'word') === isWord(next);
  }
}

/** The words of a pattern such as `payments|ledger`, which a set answers faster; undefined for any other. */
function literals(node: RegexNode): string[] | undefined {
  if (node.kind === 'either') {
    const words = node.nodes.map(literals);
    return words.every((some) => some !== undefined) ? words.flat() : undefined;
  }
  if (node.kind !== 'sequence') return undefined;
  let word = '';
  for (const part of node.nodes) {
    if (part.kind !== 'class' || part.literal === undefined) return undefined;
    word += String.fromCodePoint(part.literal);
  }
  return [word];
}
