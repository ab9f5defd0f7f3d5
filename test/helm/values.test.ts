/** The chart's values, their schema, their examples and their document agree. */

import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { isClusterName, isLocation, isProject } from '../../functions/core/event/metadata.ts';
import { list, read, resolved, type Schema, schema, values } from './support.ts';

interface Dependency {
  name: string;
  alias?: string;
  version: string;
  condition: string;
}

const chart = parse(read('Chart.yaml')) as { version: string; appVersion: string; dependencies: Dependency[] };
const examples = list('ci');
const page = readFileSync(new URL('../../docs/helm.md', import.meta.url), 'utf8');

/** Where values.yaml and the schema name other things, as paths. */
function differences(value: unknown, part: Schema, path = ''): string[] {
  const { additionalProperties, properties = {} } = resolved(part);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const known = new Set(Object.keys(properties));
  const strange = Object.keys(value).filter((name) => additionalProperties === false && !known.has(name));
  const unset = additionalProperties === false ? [...known].filter((name) => !Object.hasOwn(value, name)) : [];
  const inner = Object.entries(value).flatMap(([name, member]) => {
    const schemaOf = properties[name];
    return schemaOf ? differences(member, schemaOf, `${path}.${name}`) : [];
  });
  return [...[...strange, ...unset].map((name) => `${path}.${name}`), ...inner];
}

test('values.yaml sets what the schema knows, and nothing else', () => {
  expect(differences(values, schema)).toEqual(['.global']);
});

test('a difference is found', () => {
  expect(differences({ ...values, canary: { rule: 'x', imagee: {} } }, schema)).toContain('.canary.imagee');
});

describe('the schema takes and refuses what the relay does', () => {
  const cluster = resolved(schema.properties?.cluster ?? {}).properties ?? {};
  const pattern = (name: string) => new RegExp(resolved(cluster[name] ?? {}).pattern ?? '(?!)', 'u');
  const names = [
    ...['acme-prod', 'a1b2c3', 'Acme', 'acme-', 'acme', '1acme-prod', 'a'.repeat(30), 'a'.repeat(31)],
    ...[
      'europe-west1',
      'europe-west4-b',
      'us-central1-ai1a',
      'northamerica-northeast1',
      'europe',
      'europe-west1-',
      'EU',
    ],
    ...['payments-eu1', 'p', 'a'.repeat(40), 'a'.repeat(41), 'payments_eu1', 'x;y', 'x,gke_cluster:other', 'a/b'],
  ];
  test.each([
    { name: 'project', is: isProject },
    { name: 'location', is: isLocation },
    { name: 'name', is: isClusterName },
  ])('as a $name', ({ name, is }) => {
    expect(names.filter((text) => pattern(name).test(text))).toEqual(names.filter(is));
  });

  test('but no project of a domain: Falcosidekick drops an attribute that has a colon', () => {
    expect(isProject('acme.example:acme-prod')).toBe(true);
    expect(pattern('project').test('acme.example:acme-prod')).toBe(false);
  });
});

describe('the charts that it depends on', () => {
  test.each(chart.dependencies)(
    '$name $alias is one version, behind a condition',
    ({ name, alias = name, ...rest }) => {
      expect(rest.version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(rest.condition).toBe(`${alias}.enabled`);
      expect(values[alias]).toHaveProperty('enabled', expect.any(Boolean));
    },
  );

  test('what is for a trial or for one cluster of many is off', () => {
    const on = chart.dependencies.map(({ name, alias = name }) => alias).filter((name) => enabled(values[name]));
    expect(on).toEqual(['falco', 'falcosidekick']);
  });

  test('the chart has the version of the package', () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect([chart.version, chart.appVersion]).toEqual([version, version]);
  });
});

describe('docs/helm.md', () => {
  test.each(examples)('names the example %s', (file) => {
    expect(page).toContain(`(../helm/ci/${file})`);
  });

  test('every file that it links is there', () => {
    const links = [...page.matchAll(/\]\((\.\.\/[^)#]+|[a-z-]+\.md)(?:#[^)]*)?\)/g)].map(([, path]) => path ?? '');
    expect(links.length).toBeGreaterThan(examples.length);
    for (const path of links) {
      expect(() => readFileSync(new URL(path, new URL('../../docs/', import.meta.url)))).not.toThrow();
    }
  });

  test('every value that it names is in values.yaml or an example', () => {
    const named = [...page.matchAll(/`([a-zA-Z0-9]+(?:\.[a-zA-Z_0-9]+)+)`/g)].map(([, path]) => path ?? '');
    const ours = named.filter((path) => Object.hasOwn(values, path.split('.')[0] ?? ''));
    const known = [values, ...examples.map((file) => parse(read(`ci/${file}`)))];
    expect(ours.length).toBeGreaterThan(10);
    expect(ours.filter((path) => !known.some((tree) => at(tree, path) !== undefined))).toEqual([]);
  });
});

function enabled(part: unknown): boolean {
  return at(part, 'enabled') === true;
}

function at(tree: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((part, name) => (part as Record<string, unknown> | undefined)?.[name], tree);
}
