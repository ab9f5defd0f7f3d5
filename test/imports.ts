/** What a TypeScript source imports and which globals it names, read from its syntax tree. */

import { parseSync } from '@swc/core';

export interface Source {
  /** Specifiers of import, export from, import type, import() and import('..') types; `?` for one that is computed. */
  imports: string[];
  /** Things that differ from run to run: `Date.now`, `Math.random`, `new Date()`, timers, `process`, `console`. */
  ambient: string[];
}

const AMBIENT_MEMBERS = ['Date.now', 'Math.random', 'performance.now', 'crypto.randomUUID', 'crypto.getRandomValues'];
const AMBIENT_CALLS = ['setTimeout', 'setInterval', 'setImmediate', 'fetch', 'Date'];
const AMBIENT_OBJECTS = ['process', 'console'];

// swc's own types are one large union; what is read here is a handful of properties.
type Node = { type?: string; [key: string]: unknown };

export function readSource(code: string): Source {
  const source: Source = { imports: [], ambient: [] };
  visit(parseSync(code, { syntax: 'typescript', target: 'es2024' }) as unknown, source);
  return source;
}

function visit(value: unknown, into: Source): void {
  if (Array.isArray(value)) for (const item of value) visit(item, into);
  else if (typeof value === 'object' && value !== null) {
    note(value as Node, into);
    for (const child of Object.values(value)) visit(child, into);
  }
}

function note(node: Node, into: Source): void {
  const { callee, object, property } = node as Record<string, Node | undefined>;
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportAllDeclaration':
    case 'ExportNamedDeclaration':
      if (node.source) into.imports.push(textOf(node.source));
      break;
    case 'TsImportType':
      into.imports.push(textOf(node.argument));
      break;
    case 'CallExpression': {
      const [first] = node.arguments as { expression: Node }[];
      if (callee?.type === 'Import') into.imports.push(textOf(first?.expression));
      if (callee?.type === 'Identifier' && AMBIENT_CALLS.includes(String(callee.value))) {
        into.ambient.push(String(callee.value));
      }
      break;
    }
    case 'NewExpression':
      if (callee?.value === 'Date' && (node.arguments as unknown[]).length === 0) into.ambient.push('new Date()');
      break;
    case 'MemberExpression': {
      const name = `${object?.value}.${property?.value}`;
      if (AMBIENT_MEMBERS.includes(name)) into.ambient.push(name);
      if (object?.type === 'Identifier' && AMBIENT_OBJECTS.includes(String(object.value))) into.ambient.push(name);
      break;
    }
  }
}

function textOf(node: unknown): string {
  const { type, value } = (node ?? {}) as Node;
  return type === 'StringLiteral' ? String(value) : '?';
}
