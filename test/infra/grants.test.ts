/** That every grant of the module is tested by its member and role, and that what is for Helm has the chart's own names. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { read as readChart, values } from '../helm/support.ts';
import { blocksOf, bodyOf, INFRA } from './hcl.ts';

const file = (name: string): string => readFileSync(join(INFRA, name), 'utf8');
const isGrant = (type: string): boolean => /_iam_(member|binding|policy)$/.test(type);
const grantsIn = (folder: string): string[] =>
  blocksOf(folder)
    .filter(({ kind, labels: [type = ''] }) => kind === 'resource' && isGrant(type))
    .map(({ labels }) => labels.join('.'));

test('every grant is tested by the member that gets it', () => {
  const text = file('tests/grants.tftest.hcl');
  const grants = grantsIn(INFRA);
  expect(grants.length).toBeGreaterThan(20);
  const tested = (grant: string): boolean =>
    text.includes(`in ${grant} :`) || text.includes(`${grant}["`) || text.includes(`\${${grant}.member}`);
  expect(grants.filter((grant) => !tested(grant))).toEqual([]);
  // An assertion without the member would pass for anybody.
  const conditions = [...text.matchAll(/condition += ([\s\S]*?)\n {4}error_message/g)].map(([, each = '']) => each);
  expect(conditions.filter((each) => /_iam_member\./.test(each) && !/\.member\}/.test(each))).toEqual([]);
});

describe('the values for Helm', () => {
  const schema = JSON.parse(readChart('values.schema.json'));
  const body = bodyOf(blocksOf(), 'output', 'helm_values');
  const given = [...body.matchAll(/^ {8}(\w+) += \{ (.*) \}$/gm)].map(([, name = '', members = '']) => ({
    name,
    members: [...members.matchAll(/(?:^|, )(\w+) = /g)].map(([, member = '']) => member),
  }));

  test('have names that the chart has', () => {
    expect(given.map(({ name }) => name)).toEqual([
      'cluster',
      'pubsub',
      'falcosidekick',
      'enrichment',
      'nodeWatch',
      'audit',
      'k8saudit',
    ]);
    for (const { name, members } of given) {
      expect(members.length).toBeGreaterThan(0);
      const known = Object.keys(values[name] as object);
      expect({ name, unknown: members.filter((member) => !known.includes(member)) }).toEqual({ name, unknown: [] });
    }
  });

  test('have all that the chart asks for of its own', () => {
    for (const name of ['cluster', 'pubsub', 'audit', 'enrichment', 'nodeWatch']) {
      const { required } = schema.properties[name];
      expect(given.find((each) => each.name === name)?.members.sort()).toEqual([...required].sort());
    }
  });

  test('name the account of k8saudit as the chart names it', () => {
    const { fullnameOverride } = values.k8saudit;
    expect(file('variables-clusters.tf')).toContain(`service_account = optional(string, "${fullnameOverride}")`);
  });

  test.each(['project', 'topic'])('are also told one by one: %s', (name) => {
    expect(bodyOf(blocksOf(), 'output', name)).toContain(`Helm's pubsub.${name}`);
    expect(Object.keys(schema.properties.pubsub.properties)).toContain(name);
  });
});
