/** The chart's files as they lie there, for tests that need no helm. */

import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';

const CHART = new URL('../../helm/', import.meta.url);

export const read = (path: string): string => readFileSync(new URL(path, CHART), 'utf8');
export const list = (folder: string): string[] => readdirSync(new URL(folder, CHART)).sort();

/** A rule, list or macro of Falco. */
export interface FalcoItem {
  rule?: string;
  condition?: string;
  priority?: string;
}

interface FalcoValues {
  falcoctl: { artifact: { follow: { enabled: boolean } }; config: { artifact: { install: { refs: string[] } } } };
  falco: {
    append_output: { match?: { source: string }; extra_fields?: string[]; suggested_output?: boolean }[];
    http_output: { url: string };
  };
  customRules?: Record<string, string>;
}

export interface Values {
  cluster: Record<string, string>;
  canary: { rule: string };
  falco: FalcoValues & { fullnameOverride: string };
  k8saudit: FalcoValues & { fullnameOverride: string; falcoHostnameEnv: boolean };
  falcosidekick: { fullnameOverride: string };
}

export const values = parse(read('values.yaml')) as Values & Record<string, unknown>;

export interface Schema {
  $ref?: string;
  pattern?: string;
  additionalProperties?: boolean | Schema;
  properties?: Record<string, Schema>;
  $defs?: Record<string, Schema>;
}

export const schema = JSON.parse(read('values.schema.json')) as Schema;

/** With what its `$ref` says. */
export function resolved(part: Schema): Schema {
  const name = part.$ref?.replace('#/$defs/', '');
  const target = name === undefined ? undefined : schema.$defs?.[name];
  if (!target) return part;
  const base = resolved(target);
  return { ...base, ...part, properties: { ...base.properties, ...part.properties } };
}
