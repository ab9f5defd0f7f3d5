/** Every regular expression that the functions are written with, and texts made of its own pieces to make it slow. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseSync } from '@swc/core';

export interface Pattern {
  file: string;
  source: string;
  flags: string;
}

const ROOT = new URL('../..', import.meta.url).pathname;

/** The literals of a folder, and the files that build one from text. */
export function patternsBelow(folder: string): { literals: Pattern[]; builders: string[] } {
  const listed = ['ls-files', '--cached', '--others', '--exclude-standard', folder];
  const files = execFileSync('git', listed, { cwd: ROOT, encoding: 'utf8' }).split('\n');
  const literals: Pattern[] = [];
  const builders = new Set<string>();
  for (const file of files.filter((name) => name.endsWith('.ts'))) {
    visit(parseSync(readFileSync(`${ROOT}${file}`, 'utf8'), { syntax: 'typescript', target: 'es2024' }), (node) => {
      if (node.type === 'RegExpLiteral')
        literals.push({ file, source: String(node.pattern), flags: String(node.flags) });
      const { callee } = node as { callee?: { value?: unknown } };
      if (callee?.value === 'RegExp') builders.add(file);
    });
  }
  return { literals, builders: [...builders].sort() };
}

type Node = { type?: string; [key: string]: unknown };

function visit(value: unknown, look: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) visit(item, look);
  else if (typeof value === 'object' && value !== null) {
    look(value as Node);
    for (const child of Object.values(value)) visit(child, look);
  }
}

/** What stands for a class, tried in turn: letters, digits, or blanks and marks first. */
const PREFERENCES = ['aA1-./_ "=:@\\\n', '1a-./ "=:@\\\n', ' -./:="@\\\n1a'] as const;
const MOST_TEXTS = 300;
const LONGEST_PIECE = 6;

/** A text that may make a pattern slow: a piece over and over, between two others. */
export interface Attack {
  before: string;
  pump: string;
  after: string;
}

/** Each run of the pattern's pieces as the pump, behind what comes before it. */
export function attacksOn({ source, flags }: Pick<Pattern, 'source' | 'flags'>): Attack[] {
  const attacks = new Map<string, Attack>();
  const add = (attack: Attack): unknown => attacks.set(JSON.stringify(attack), attack);
  for (const preference of PREFERENCES) {
    const pieces = piecesOf(source, flags, preference);
    for (let length = 1; length <= LONGEST_PIECE; length += 1) {
      for (let at = 0; at + length <= pieces.length; at += 1) {
        const pump = pieces.slice(at, at + length).join('');
        if (pump === '') continue;
        for (const before of ['', pieces[0] ?? '', pieces.slice(0, at).join('')]) add({ before, pump, after: '\0' });
        add({ before: '', pump, after: `\n${pieces.at(-1)}` });
      }
      if (attacks.size >= MOST_TEXTS) break;
    }
  }
  return [...attacks.values()];
}

/** Of about so many characters. */
export function textOf({ before, pump, after }: Attack, characters: number): string {
  return `${before}${pump.repeat(Math.ceil(characters / pump.length))}${after}`;
}

const TOKEN =
  /\(\?(?:[:=!]|<[=!]|<\w+>)|[()|^$]|\[(?:[^\]\\]|\\.)*\]|\\(?:u\{[^}]*\}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|[pP]\{[^}]*\}|[\s\S])|[\s\S]/gu;
const QUANTIFIER = /(?:[*+?]|\{(\d+)(?:,\d*)?\})\??/y;

/** One example of what each part of a pattern takes, in order; plain characters that stand together are one part. */
function piecesOf(source: string, flags: string, preference: string): string[] {
  const pieces: string[] = [];
  let joined = false;
  for (let at = 0; at < source.length; ) {
    TOKEN.lastIndex = at;
    const [token = ''] = TOKEN.exec(source) ?? [];
    at += token.length;
    if (/^(?:\(\?.*|[()|^$]|\\[bB])$/s.test(token)) {
      joined = false;
      if (token === ')') at += quantifierAt(source, at)?.[0].length ?? 0;
      continue;
    }
    const quantifier = quantifierAt(source, at);
    at += quantifier?.[0].length ?? 0;
    const example = exampleOf(token, flags, preference).repeat(Math.max(1, Number(quantifier?.[1] ?? 1)));
    const isPlain = token.length === 1 && token !== '.' && !quantifier;
    if (isPlain && joined) pieces[pieces.length - 1] += example;
    else pieces.push(example);
    joined = isPlain;
  }
  return pieces;
}

function quantifierAt(source: string, at: number): RegExpExecArray | null {
  QUANTIFIER.lastIndex = at;
  return QUANTIFIER.exec(source);
}

function exampleOf(token: string, flags: string, preference: string): string {
  if (token.length === 1 && token !== '.') return token;
  const one = new RegExp(`^${token}$`, flags.replace(/[gy]/g, ''));
  const known = [...preference].find((character) => one.test(character));
  if (known !== undefined) return known;
  for (let code = 0; code < 0x3000; code += 1)
    if (one.test(String.fromCharCode(code))) return String.fromCharCode(code);
  return '';
}
