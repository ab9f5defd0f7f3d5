/** What Cloud Build's own published types know, read from the declarations of its client. */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

/** By name of a type: its properties, and what each may be, in TypeScript's words. */
export type Types = ReadonlyMap<string, ReadonlyMap<string, string>>;

export function cloudBuildTypes(): Types {
  const path = createRequire(import.meta.url).resolve('@googleapis/cloudbuild/build/v1.d.ts');
  const interfaces = readFileSync(path, 'utf8').matchAll(
    /^ {4}export interface (Schema\$\w+) \{\n([\s\S]*?)^ {4}\}$/gm,
  );
  return new Map(
    [...interfaces].map(([, name = '', body = '']) => [
      name,
      new Map(
        [...body.matchAll(/^ {8}(\w+)\?: (\{[^}]*\} \| null|[^{;]*);$/gm)].map(([, key = '', type = '']) => [
          key,
          type,
        ]),
      ),
    ]),
  );
}

/** Where a value is not what the type says, as paths with what was wrong; in TypeScript's words a type is `string | null` and the like. */
export function misfits(types: Types, value: unknown, type: string, path = ''): string[] {
  const plain = type.replace(/ \| null$/, '').trim();
  if (plain.endsWith('[]')) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((each, index) => misfits(types, each, plain.slice(0, -2), `${path}.${index}`));
  }
  if (/^\{\s*\[key: string\]: string;\s*\}$/.test(plain)) {
    return Object.entries(value as object).flatMap(([key, each]) => misfits(types, each, 'string', `${path}.${key}`));
  }
  const properties = types.get(plain);
  if (!properties) return typeof value === plain ? [] : [`${path} is ${typeof value}, not ${plain}`];
  if (typeof value !== 'object' || value === null) return [`${path} is no ${plain}`];
  return Object.entries(value).flatMap(([key, each]) => {
    const known = properties.get(key);
    return known === undefined ? [`${path}.${key} is unknown`] : misfits(types, each, known, `${path}.${key}`);
  });
}
