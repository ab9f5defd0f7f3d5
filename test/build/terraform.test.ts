/** The Terraform of the builds says what docs/deploy.md, the builds and the relay's own module say. No Terraform is needed for it. */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { blocksOf, bodyOf, INFRA, quoted } from '../infra/hcl.ts';
import { ROOT, readBuild } from './support.ts';

const DEPLOY = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
const blocks = blocksOf(join(INFRA, 'build'));
const accounts = readFileSync(join(INFRA, 'build/accounts.tf'), 'utf8');
const group = (pattern: RegExp, text: string): string => pattern.exec(text)?.[1] ?? '';
const grantsOf = (all: typeof blocks) =>
  all.filter(({ kind, labels: [type = ''] }) => kind === 'resource' && /_iam_(member|binding|policy)$/.test(type));

/** First and third cells of the rows. */
const rows = [
  ...(DEPLOY.slice(DEPLOY.indexOf('| in infra/build |'))
    .split('\n\n', 1)[0]
    ?.matchAll(/^\| `(\S+)` \|[^|]*\| ([^|]*) \|/gm) ?? []),
].map(([, where = '', role = '']) => [where, role] as const);

describe('docs/deploy.md', () => {
  test('tells of each grant, with the role that is given, and of no other', () => {
    const given = grantsOf(blocks).map(({ labels, body }) => {
      const role = group(/^ {2}role += (.*)$/m, body);
      return [labels.join('.'), role.startsWith('"') ? `\`${quoted(role)[0]}\`` : role];
    });
    const told = rows.map(([where, role]) => {
      if (role.startsWith('`')) return [where, role];
      return [where, role.startsWith('a custom role: ') ? expect.stringContaining('custom_role') : 'each.key'];
    });
    expect(given.length).toBeGreaterThan(12);
    expect(told.toSorted()).toEqual(given.toSorted());
  });

  test('says of the role that reaches clusters what it allows', () => {
    const permissions = quoted(
      group(/permissions += (\[.*\])/, bodyOf(blocks, 'resource', 'google_project_iam_custom_role', 'deployer')),
    );
    const [, role = ''] = rows.find(([where]) => where.endsWith('.deployer')) ?? [];
    expect([...role.matchAll(/`([\w.]+)`/g)].map(([, name]) => name)).toEqual(permissions);
  });

  test('has the roles of whoever applies, person or build', () => {
    const told = [
      ...group(/\*\*Whoever applies\*\* needs([\s\S]*?); in each project/, DEPLOY).matchAll(/`(roles\/[\w.]+)`/g),
    ];
    const given = [
      ...quoted(group(/applying = toset\(\[\n([\s\S]*?)\n {2}\]\)/, accounts)),
      ...['apply_bundles', 'apply_grants'].map((name) =>
        group(/^ {2}role += "(.*)"$/m, bodyOf(blocks, 'resource', 'google_project_iam_member', name)),
      ),
    ];
    expect(given.toSorted()).toEqual(told.map(([, role = '']) => role).toSorted());
  });
});

test('nobody is owner, editor or viewer, and only a person makes triggers', () => {
  expect(accounts).not.toMatch(/roles\/(owner|editor|viewer|cloudbuild\.\w+|iam\.securityAdmin)/);
  expect(accounts).not.toMatch(/allUsers|allAuthenticatedUsers/);
});

test('the build may grant on projects what the module grants there, and nothing else', () => {
  const module = blocksOf();
  const granted = grantsOf(module)
    .filter(({ labels: [type] }) => type === 'google_project_iam_member')
    .map(({ body }) => group(/^ {2}role += "?([^"\n]*)"?$/m, body))
    .map((role) => {
      const custom = /custom_role\.(\w+)/.exec(role)?.[1];
      return custom
        ? group(/role_id += "(\w+)"/, bodyOf(module, 'resource', 'google_project_iam_custom_role', custom))
        : role;
    });
  const may = group(/^ {2}grants = \{\n([\s\S]*?)^ {2}\}$/m, accounts);
  const allowed = quoted(may).filter((text) => /^(roles\/|falcoRelay)/.test(text));
  expect(new Set(allowed)).toEqual(new Set(granted));
});

test('who plans reads what there is of each kind of thing that the module makes', () => {
  const services: Readonly<Record<string, string>> = {
    google_artifact_registry: 'artifactregistry.',
    google_cloudfunctions2: 'cloudfunctions.',
    google_cloud_run: 'run.',
    google_cloud_scheduler: 'cloudscheduler.',
    google_firestore: 'datastore.',
    google_logging: 'logging.',
    google_monitoring: 'monitoring.',
    google_project_iam_custom_role: 'iam.roles.',
    google_project_service: 'serviceusage.',
    google_project: 'resourcemanager.',
    google_pubsub: 'pubsub.',
    google_redis: 'redis.',
    google_secret_manager: 'secretmanager.',
    google_service_account: 'iam.serviceAccounts.',
    google_storage: 'storage.buckets.',
  };
  const readable = quoted(group(/readable = concat\(\[\n([\s\S]*?)\n {2}\]/, accounts));
  for (const {
    kind,
    labels: [type = ''],
  } of blocksOf()) {
    if (kind !== 'resource') continue;
    const [, prefix = 'unknown'] = Object.entries(services).find(([name]) => type.startsWith(name)) ?? [];
    expect({ type, readable: readable.filter((each) => each.startsWith(prefix)) }).not.toEqual({ type, readable: [] });
    if (/_iam_member$/.test(type)) {
      const policy = readable.filter((each) => each.startsWith(prefix) && each.endsWith('.getIamPolicy'));
      expect({ type, policy }).not.toEqual({ type, policy: [] });
    }
  }
});

describe('triggers', () => {
  const triggers = readFileSync(join(INFRA, 'build/triggers.tf'), 'utf8');
  const planning = [...group(/planning = \{\n([\s\S]*?)\n {2}\}/, triggers).matchAll(/^ +(_\w+) +=/gm)].map(
    ([, name = '']) => name,
  );

  test('set every substitution that the files declare, and no other', () => {
    const { substitutions } = readBuild('cloudbuild.yaml');
    expect([...planning, '_SAVE'].toSorted()).toEqual(Object.keys(substitutions).toSorted());
    const applying = [...bodyOf(blocks, 'resource', 'google_cloudbuild_trigger', 'apply').matchAll(/^ {4}(_\w+) +=/gm)];
    const declared = Object.keys(readBuild('infra/build/apply.yaml').substitutions);
    // How long a canary may take is the file's own.
    expect(applying.map(([, name = '']) => name).toSorted()).toEqual(
      declared.filter((name) => name !== '_SMOKE_SECONDS').toSorted(),
    );
  });

  test('have accounts of their own, and the one that applies waits for a person', () => {
    for (const name of ['pull', 'plan', 'apply']) {
      const body = bodyOf(blocks, 'resource', 'google_cloudbuild_trigger', name);
      expect(body).toContain(`service_account = google_service_account.build["${name}"].id`);
      expect(/approval_required = true/.test(body)).toBe(name === 'apply');
    }
  });

  test('are called as the scripts and the documents call them', () => {
    for (const name of ['pull', 'plan', 'apply']) expect(triggers).toContain(`"falco-relay-${name}"`);
    expect(DEPLOY).toContain('triggers run falco-relay-apply ');
    expect(DEPLOY).toContain('--user=falco-relay-build-apply@');
    expect(accounts).toContain('account_id   = "falco-relay-build-$');
  });
});

test('every variable is described and typed, and validated where it can be wrong', () => {
  const variables = blocks.filter(({ kind }) => kind === 'variable');
  expect(variables.length).toBeGreaterThan(8);
  for (const { body } of variables) expect(body).toMatch(/^ {2}description = ".{10,}"\n {2}type +=/m);
  expect(variables.filter(({ body }) => !body.includes('validation {')).map(({ labels: [name] }) => name)).toEqual([
    'redis',
  ]);
});
