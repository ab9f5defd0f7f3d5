/** The Terraform module says what the code and the documents say. No Terraform is needed for it. */

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadConfig, parsePipeline } from '../../functions/config.ts';
import { FUNCTIONS } from '../../functions/wire.ts';
import { readSource } from '../imports.ts';
import { NODE_OPTIONS } from '../support/framework.ts';
import { blocksOf, bodyOf, INFRA, quoted } from './hcl.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');
const file = (name: string): string => read(join('infra', name));
const blocks = blocksOf();
const OPERATE = read('docs/operate.md');
const DEPLOY = read('docs/deploy.md');

/** The rows of the table whose header begins with `head`, cell by cell. */
function table(page: string, head: string): string[][] {
  const [, rows = ''] = page.split(`| ${head} |`);
  const [lines = ''] = rows.slice(rows.indexOf('\n') + 1).split('\n\n', 1);
  return lines
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

const group = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? '';

describe('environment variables', () => {
  const known = table(read('docs/configuration.md'), 'variable').flatMap(([names = '']) =>
    [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
  );
  const ours = [...`${file('functions.tf')}${file('accounts.tf')}`.matchAll(/\b([A-Z]{3,}(?:_[A-Z]+)+|PIPELINE)\b/g)]
    .map(([, name = '']) => name)
    // Node reads these itself.
    .filter((name) => !/^(VPC|ALLOW|DOCKER|NODE)_/.test(name));

  test('that are set are those that the functions read', () => {
    expect(new Set(ours).size).toBeGreaterThan(8);
    expect(ours.filter((name) => !known.includes(name))).toEqual([]);
  });

  test('that the functions read are set, are secrets, may be set, or are for a desk', () => {
    const secrets = ['LOKI_PASSWORD', 'LOKI_BEARER_TOKEN', 'REDACTION_KEY'];
    const may = ['MAX_EVENTS_IN_FLIGHT', 'MAX_BYTES_IN_FLIGHT'];
    const desk = ['PUBSUB_EMULATOR_HOST', 'FIRESTORE_EMULATOR_HOST', 'PORT', 'HOST', 'DEMO'];
    for (const name of secrets) expect(file('pipeline.tf')).toContain(`"${name}"`);
    for (const name of may) expect(file('variables.tf')).toContain(`"${name}"`);
    expect(known.filter((name) => ![...ours, ...secrets, ...may, ...desk].includes(name))).toEqual([]);
  });
});

test('a benchmark gives a function the memory that the module gives it', () => {
  const [memory = ''] = new Set(quoted(file('functions.tf')).filter((text) => /^\d+Mi$/.test(text)));
  const options = group(/NODE_OPTIONS += "(.*)"/, file('functions.tf'));
  // V8 takes half of a machine's memory for what is old.
  expect(NODE_OPTIONS).toBe(`--max-old-space-size=${Number.parseInt(memory, 10) / 2} ${options}`);
});

const publishes = group(/publishes = \{\n([\s\S]*?)\n {2}\}/, file('accounts.tf'));

test('functions are those of the code', () => {
  const listed = group(/function_names = toset\(\[(.*)\]\)/, file('accounts.tf'));
  expect(quoted(listed)).toEqual([...FUNCTIONS]);
});

/** What a file of functions/ reaches by its imports, itself included. */
function reach(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const specifier of readSource(read(join('functions', path))).imports) {
    if (specifier.startsWith('.')) reach(join(dirname(path), specifier), found);
  }
  return found;
}

test.each(FUNCTIONS)('%s may publish to the topics that its code publishes to, and to no other', (name) => {
  // The whole folder: a step may be handed to the handler by wire.ts.
  const found = new Set<string>();
  for (const each of readdirSync(join(ROOT, 'functions', name)))
    if (each.endsWith('.ts')) reach(join(name, each), found);
  const code = [...found].map((path) => read(join('functions', path))).join('');
  const topics = [...code.matchAll(/\.publish\(\s*'([\w-]+)'/g)].map(([, topic = '']) => topic);
  // It is called as what it was given, and lies where its interface does.
  if (/\bpark\(/.test(code)) topics.push('dead-letter');
  const names: Record<string, string> = { retry: 'falco-retry', 'dead-letter': 'falco-dead-letter' };
  const allowed = quoted(group(new RegExp(`^ {4}${name} +=\\s(\\[.*\\])$`, 'm'), publishes));
  expect(allowed.sort()).toEqual([...new Set(topics.map((topic) => names[topic] ?? topic))].sort());
});

describe('secrets', () => {
  const PIPELINE = join(INFRA, 'tests/bundles/full/pipeline.yaml');
  // As infra/tests/secrets.tftest.hcl holds Terraform to it.
  const given = Object.fromEntries(
    [...file('tests/secrets.tftest.hcl').matchAll(/^ {6}(\w+) += toset\(\[(.*)\]\)$/gm)]
      .slice(0, FUNCTIONS.length)
      .map(([, name = '', list = '']) => [name, quoted(list)]),
  );
  const VALUES: Record<string, string> = {
    LEADS_WEBHOOK_URL: 'https://leads.acme.example/',
    HEARTBEAT_URL: 'https://beats.acme.example/',
  };
  const load = (name: string, secrets: readonly string[]) =>
    loadConfig({
      PIPELINE,
      FUNCTION_TARGET: name,
      ...Object.fromEntries(secrets.map((secret) => [secret, VALUES[secret] ?? '8f742231b10e8888abcd99aabbcc85a5'])),
    });

  test.each(FUNCTIONS)('that Terraform gives to %s are all that it asks for, and none too many', (name) => {
    const secrets = given[name] ?? ['nothing is said of it'];
    expect(() => load(name, secrets)).not.toThrow();
    for (const secret of secrets)
      expect(() =>
        load(
          name,
          secrets.filter((each) => each !== secret),
        ),
      ).toThrow(secret);
  });
});

describe('docs/operate.md', () => {
  const topics = file('topics.tf');
  const rows = new Map(table(OPERATE, 'topic').map(([topic = '', ...rest]) => [topic, rest]));

  test('names the topics', () => {
    expect(quoted(group(/topics = toset\(\[(.*)\]\)/, topics)).sort()).toEqual([...rows.keys()].sort());
  });

  test.each(['falco-events', 'falco-retry', 'escalations'])('says where %s goes, and its backoff', (topic) => {
    const [called = '', settings = ''] = rows.get(topic) ?? [];
    const line = group(new RegExp(`^ {6}${topic} += (\\{.*\\})$`, 'm'), topics);
    const [, least, most] = /backoff (\d+) s to (\d+) s/.exec(settings) ?? [];
    expect(line).toContain(`function = "${called}"`);
    expect(line).toContain(`minimum = "${least}s", maximum = "${most}s"`);
  });

  test('says deadline, retention and tries', () => {
    const settings = rows.get('falco-events')?.[1];
    expect(settings).toContain(`deadline ${group(/longest_of_pubsub +=\s(\d+)/, topics)} s`);
    expect(settings).toContain(`retention ${group(/longest_of_backlog = (\d+) \*/, topics)} d`);
    expect(settings).toContain(`dead letter after ${group(/delivery_attempts +=\s(\d+)/, topics)} tries`);
    expect(rows.get('falco-dead-letter')?.[1]).toContain(
      `retention ${group(/"\$\{(\d+) \* local\.day\}s"/, topics)} d`,
    );
  });

  test('says what Firestore needs', () => {
    const [, needs = ''] = OPERATE.split('Firestore needs a TTL policy on `expires` in each collection (');
    const named = (text: string): string[] => [...text.matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name);
    expect(quoted(group(/firestore_expire = .*\? \[(.*)\]/, file('store.tf')))).toEqual(
      named(needs.split(')', 1)[0] ?? ''),
    );
    const searched = group(/firestore_searched = [^{]*\{\n([\s\S]*?)\n {2}\}/, file('store.tf'));
    const indexed = named(group(/single-field indexes on ([\s\S]*?);/, needs));
    expect([...searched.matchAll(/= "(\w+)"/g)].map(([, field]) => field).sort()).toEqual(indexed.sort());
  });
});

describe('docs/deploy.md', () => {
  test('has every permission that is given, and no other', () => {
    const grants = blocks
      .filter(({ kind, labels: [type = ''] }) => kind === 'resource' && /_iam_(member|binding|policy)$/.test(type))
      .map(({ labels, body }) => [labels.join('.'), group(/^ {2}role +=\s"(.*)"$/m, body) || 'a custom role']);
    const told = table(DEPLOY, 'in infra').map(([where = '', , role = '']) => [
      where.replaceAll('`', ''),
      role.startsWith('`') ? role.replaceAll('`', '') : 'a custom role',
    ]);
    expect(told.sort()).toEqual(grants.sort());
    expect(grants.length).toBeGreaterThan(15);
  });

  test('says of custom roles what they allow', () => {
    for (const name of ['cluster_reader', 'cluster_connect']) {
      const allowed = quoted(
        group(/permissions +=\s(\[.*\])/, bodyOf(blocks, 'resource', 'google_project_iam_custom_role', name)),
      );
      const [, , role] = table(DEPLOY, 'in infra').find(([where]) => where?.includes(`iam_member.${name}`)) ?? [];
      expect([...(role ?? '').matchAll(/`([\w.]+)`/g)].map(([, permission]) => permission)).toEqual(allowed);
    }
  });

  test('nobody is owner, editor or a member of everything', () => {
    expect(blocks.flatMap(({ body }) => [...body.matchAll(/roles\/(owner|editor|viewer|\w+\.admin)"/g)])).toEqual([]);
    expect(blocks.filter(({ body }) => body.includes('"allUsers"')).map(({ labels }) => labels.join('.'))).toEqual([
      'google_cloud_run_v2_service_iam_member.callback',
    ]);
    expect(file('accounts.tf')).not.toContain('allAuthenticatedUsers');
  });

  test('has every variable', () => {
    const told = table(DEPLOY, 'variable').flatMap(([names = '']) =>
      [...names.matchAll(/`(\w+)`/g)].map(([, name = '']) => name),
    );
    const variables = blocks.filter(({ kind }) => kind === 'variable').map(({ labels: [name = ''] }) => name);
    expect(told.sort()).toEqual(variables.sort());
  });
});

describe('variables and outputs', () => {
  const described = blocks.filter(({ kind }) => kind === 'variable' || kind === 'output');

  test.each(described.map((each) => [each.kind, each.labels[0] ?? '', each.body]))(
    '%s %s is described',
    (kind, _, body) => {
      expect(body).toMatch(/^ {2}description = ".{10,}"$/m);
      if (kind === 'variable') expect(body).toMatch(/^ {2}type +=/m);
    },
  );

  test('whatever can be wrong is validated', () => {
    const free = described.filter(({ kind, body }) => kind === 'variable' && !body.includes('validation {'));
    expect(free.map(({ labels: [name = ''] }) => name).sort()).toEqual([
      'callback_without_invoker_check',
      'cluster_roles',
      'deletion_protection',
      'enable_apis',
    ]);
  });
});

describe('examples', () => {
  const names = readdirSync(join(INFRA, 'examples'));

  test.each(names)('%s has a right pipeline.yaml, and all of its secrets', (name) => {
    const main = file(`examples/${name}/main.tf`);
    const path = group(/pipeline += "\$\{path\.root\}\/(.*)"/, main);
    const text = read(join('infra/examples', name, path));
    const problems: string[] = [];
    parsePipeline(text, problems);
    expect(problems).toEqual([]);
    const named = [...text.replaceAll(/^#.*$/gm, '').matchAll(/\{ env: (\w+) \}/g)].map(([, secret = '']) => secret);
    const given = [...main.matchAll(/^ {4}(\w+) += \{ secret = /gm)].map(([, secret = '']) => secret);
    expect(named.filter((secret) => !given.includes(secret))).toEqual([]);
  });

  test('are told of in docs/deploy.md', () => {
    expect(names.filter((name) => !DEPLOY.includes(`(../infra/examples/${name})`))).toEqual([]);
  });
});

test('no file is longer than 300 lines, and none names a registry', () => {
  const files = readdirSync(INFRA, { recursive: true, encoding: 'utf8' }).filter(
    (name) => /\.(tf|hcl)$/.test(name) && !name.includes('.terraform'),
  );
  expect(files.length).toBeGreaterThan(15);
  expect(files.filter((name) => file(name).split('\n').length > 301)).toEqual([]);
  expect(files.filter((name) => /\bregistry\./.test(file(name)))).toEqual([]);
});
