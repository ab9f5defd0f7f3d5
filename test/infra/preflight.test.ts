/** infra/preflight.sh, with a gcloud and a curl that only pretend. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';

const ROOT = new URL('../..', import.meta.url).pathname;
const SCRIPT = readFileSync(join(ROOT, 'infra/preflight.sh'), 'utf8');
const DEPLOY = readFileSync(join(ROOT, 'docs/deploy.md'), 'utf8');
const PIPELINE = 'infra/examples/complete/pipeline.yaml';
const TOKEN = 'ya29.a-token-of-somebody';

/** What infra/preflight.ts finds, found once: it takes longer than all the rest. */
let printed: string;
beforeAll(() => {
  printed = execFileSync(process.execPath, ['infra/preflight.ts', PIPELINE], { cwd: ROOT, encoding: 'utf8' });
});

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-preflight-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a project has in which nothing is missing, by bash's cases. */
const WELL = `
'gcloud auth list '*) echo ana@acme.example ;;
'gcloud auth '*'print-access-token') echo ${TOKEN} ;;
'gcloud billing projects describe '*) echo True ;;
'gcloud services list '*) printf '%s.googleapis.com\\n' cloudresourcemanager serviceusage iam pubsub secretmanager storage container ;;
'gcloud resource-manager org-policies describe '*) echo 'ALLOW||' ;;
'gcloud projects describe acme-security '*) echo 424242 ;;
'gcloud projects get-iam-policy acme-network '*) echo roles/compute.networkViewer ;;
'gcloud compute networks subnets get-iam-policy functions '*) echo roles/compute.networkUser ;;
'gcloud container clusters describe '*) echo 'a|acme-prod.svc.id.goog||GKE_METADATA;GKE_METADATA' ;;
'gcloud secrets versions describe '*) echo ENABLED ;;
'curl '*) cat >>'FOLDER/stdin'; sed 's/.*--data //' <<<"$call" ;;
`;

const ENVIRONMENT = {
  SUBNETWORK: 'projects/acme-network/regions/europe-west1/subnetworks/functions',
  SECRETS: 'falco-relay-pagerduty:3 acme-secrets/leads-webhook-url:2',
};

/** `cases` come before those of a project in which nothing is missing. */
function preflight(cases = '', args = ['acme-security', PIPELINE], environment: Record<string, string> = ENVIRONMENT) {
  const program = `#!/usr/bin/env bash
call="\${0##*/} $*"
printf '%s\\n' "$call" >>'${folder}/calls'
[[ $CLOUDSDK_CORE_DISABLE_PROMPTS == 1 ]] || exit 99
case $call in
${cases}
${WELL.replaceAll('FOLDER', folder)}
*) exit 98 ;;
esac
`;
  for (const name of ['gcloud', 'curl']) writeFileSync(join(folder, name), program, { mode: 0o755 });
  // The script in a tree of its own, where Node is a program that has been asked already.
  for (const path of ['infra', 'node_modules/.bin']) mkdirSync(join(folder, path), { recursive: true });
  cpSync(join(ROOT, 'infra/preflight.sh'), join(folder, 'infra/preflight.sh'));
  const asked = `[ "$2" = ${PIPELINE} ] || exec ${process.execPath} infra/preflight.ts "$2"`;
  const node = `#!/bin/sh\n${asked}\ncat <<'END'\n${printed}END\n`;
  writeFileSync(join(folder, 'node_modules/.bin/node'), node, { mode: 0o755 });
  writeFileSync(join(folder, 'calls'), '');
  const { status, stdout, stderr } = spawnSync('bash', [join(folder, 'infra/preflight.sh'), ...args], {
    cwd: ROOT,
    encoding: 'utf8',
    env: { PATH: [folder, '/usr/bin', '/bin'].join(delimiter), ...environment },
  });
  const lines = stdout.trimEnd().split('\n');
  return {
    status,
    stderr,
    last: lines.at(-1),
    ok: lines.filter((line) => line.startsWith('ok ')),
    told: lines
      .map((line, at) => [line, lines[at + 1]?.trim()])
      .filter(([line]) => /^(missing|look) /.test(line ?? '')),
    calls: readFileSync(join(folder, 'calls'), 'utf8').trimEnd().split('\n'),
  };
}

describe('where nothing is missing', () => {
  test('it says so, having asked about every cluster, role and secret', () => {
    const { status, last, told, ok, stderr } = preflight();
    expect([stderr, told, status, last]).toEqual(['', [], 0, 'Nothing is missing.']);
    const said = ok.join('\n');
    for (const each of [
      'gcloud is signed in as ana@acme.example',
      'acme-security: billing',
      'acme-security: you have roles/datastore.owner',
      'acme-dev: you have roles/iam.roleAdmin',
      'acme-secrets: you have roles/secretmanager.admin',
      'acme-prod/us-central1/shop-us1: Workload Identity',
      'acme-secrets: secret leads-webhook-url, version 2',
      'acme-network: the Cloud Run service agent sees the network',
      'constraints/run.allowedIngress permits all',
    ])
      expect(said).toContain(each);
  });

  test('it only reads, and gives no token as an argument', () => {
    const { calls } = preflight();
    const verbs =
      /^gcloud (auth list|auth (application-default )?print-access-token|.* (describe|list|get-iam-policy)) ?/;
    expect(calls.filter((call) => !verbs.test(call) && !/^curl .*:testIamPermissions$/.test(call))).toEqual([]);
    expect(calls.join('\n')).not.toContain(TOKEN);
    expect(readFileSync(join(folder, 'stdin'), 'utf8')).toContain(`Authorization: Bearer ${TOKEN}\n`);
  });

  test('without a pipeline.yaml it asks of the project alone', () => {
    const { status, calls } = preflight('', ['acme-security'], {});
    expect(status).toBe(0);
    expect(
      calls.filter((call) => /^gcloud (container|secrets)|acme-prod|allowedPolicyMemberDomains/.test(call)),
    ).toEqual([]);
  });
});

describe('missing, with what mends it:', () => {
  test.each<[string, string, string, string]>([
    ['sign-in', "'gcloud auth list '*) ;;", 'gcloud is not signed in', 'gcloud auth login'],
    [
      'credentials of Terraform',
      "'gcloud auth application-default '*) exit 1 ;;",
      'application default credentials',
      'gcloud auth application-default login',
    ],
    [
      'billing',
      "'gcloud billing '*) echo False ;;",
      'acme-security: billing',
      'gcloud billing projects link acme-security',
    ],
    [
      'an API',
      "'gcloud services list --enabled --project=acme-security '*) printf '%s.googleapis.com\\n' cloudresourcemanager serviceusage iam pubsub storage container ;;",
      'acme-security: secretmanager.googleapis.com',
      'gcloud services enable secretmanager.googleapis.com --project=acme-security',
    ],
    [
      'a role for the relay',
      `'curl '*/acme-security:*) cat >/dev/null; echo '{"permissions":["pubsub.topics.setIamPolicy"]}' ;;`,
      'acme-security: you need roles/run.admin (run.services.setIamPolicy)',
      'gcloud projects add-iam-policy-binding acme-security --member=user:ana@acme.example --role=roles/run.admin',
    ],
    [
      'a role for a cluster',
      "'curl '*/acme-dev:*) cat >/dev/null; echo '{}' ;;",
      'acme-dev: you need roles/iam.roleAdmin',
      'gcloud projects add-iam-policy-binding acme-dev --member=user:ana@acme.example --role=roles/iam.roleAdmin',
    ],
    [
      'a project',
      "'curl '*/acme-secrets:*) cat >/dev/null; exit 22 ;;",
      "acme-secrets: your roles can't be asked",
      'gcloud auth login; gcloud projects describe acme-secrets',
    ],
    [
      'functions that only the project calls',
      "*'cloudfunctions.allowedIngressSettings '*) echo '|ALLOW_ALL|' ;;",
      'acme-security: constraints/cloudfunctions.allowedIngressSettings permits ALLOW_INTERNAL_ONLY',
      'ask whoever sets',
    ],
    [
      'sight of a Shared VPC',
      "'gcloud projects get-iam-policy '*) ;;",
      'acme-network: the Cloud Run service agent has roles/compute.networkViewer',
      'gcloud projects add-iam-policy-binding acme-network --member=serviceAccount:service-424242@serverless-robot-prod.iam.gserviceaccount.com --role=roles/compute.networkViewer',
    ],
    [
      'use of its subnetwork',
      "'gcloud compute networks subnets get-iam-policy '*) ;;",
      'the Cloud Run service agent has roles/compute.networkUser',
      'gcloud compute networks subnets add-iam-policy-binding functions --project=acme-network --region=europe-west1',
    ],
    [
      'Workload Identity',
      "'gcloud container clusters describe shop-us1 '*) echo 'shop-us1|||GKE_METADATA' ;;",
      'acme-prod/us-central1/shop-us1: Workload Identity',
      'gcloud container clusters update shop-us1 --project=acme-prod --location=us-central1 --workload-pool=acme-prod.svc.id.goog',
    ],
    [
      'Workload Identity on a node pool',
      "'gcloud container clusters describe shop-us1 '*) echo 'shop-us1|acme-prod.svc.id.goog||GKE_METADATA;GCE_METADATA' ;;",
      'acme-prod/us-central1/shop-us1: each node pool',
      'gcloud container node-pools update POOL --cluster=shop-us1',
    ],
    [
      'a Standard cluster',
      "'gcloud container clusters describe shop-us1 '*) echo 'shop-us1|acme-prod.svc.id.goog|True|' ;;",
      'acme-prod/us-central1/shop-us1 is a Standard cluster',
      'Autopilot refuses',
    ],
    [
      'a cluster',
      "'gcloud container clusters describe shop-us1 '*) exit 1 ;;",
      'acme-prod/us-central1/shop-us1: the cluster is there',
      'gcloud container clusters describe shop-us1 --project=acme-prod --location=us-central1',
    ],
    [
      'a version of a secret',
      "'gcloud secrets versions describe 3 --secret=falco-relay-pagerduty '*) echo DISABLED ;;",
      'acme-security: secret falco-relay-pagerduty, version 3',
      'gcloud secrets create falco-relay-pagerduty --project=acme-security',
    ],
  ])('%s', (_, cases, what, command) => {
    const { status, told, last } = preflight(cases);
    const found = told.filter(([line = '', mends = '']) => line.includes(what) && mends.includes(command));
    expect([status, found.length, last]).toEqual([1, 1, expect.stringMatching(/^\d+ missing\.$/)]);
    expect(found[0]?.[0]).toMatch(/^missing /);
  });

  test('a pipeline.yaml that is right', () => {
    const { status, told } = preflight('', ['acme-security', 'package-lock.json']);
    expect(status).toBe(1);
    expect(told).toEqual([
      ['missing  package-lock.json is right', 'npm ci && npm run check:pipeline -- package-lock.json'],
    ]);
  });
});

test.each([
  ['*allowedPolicyMemberDomains*) echo "|C0abc1234|" ;;', 'permits allUsers'],
  ['*gcp.resourceLocations*) echo "|in:eu-locations|" ;;', 'permits in:europe-west1-locations'],
  ['*gcp.resourceLocations*) exit 1 ;;', "can't be read"],
])('what only a person can judge is named and fails nothing: %s', (cases, what) => {
  const { status, told } = preflight(cases);
  expect(status).toBe(0);
  expect(told).toEqual([[expect.stringMatching(/^look /), expect.any(String)]]);
  expect(told[0]?.[0]).toContain(what);
});

test('it takes one project or two arguments', () => {
  expect(preflight('', [])).toMatchObject({ status: 2, stderr: expect.stringContaining('usage: ') });
});

describe('docs/deploy.md', () => {
  const roles = (text: string): string[] => [...text.matchAll(/roles\/[\w.]+/g)].map(([role]) => role).sort();
  const table = (name: string): string => new RegExp(`^readonly ${name}='([^']*)'`, 'm').exec(SCRIPT)?.[1] ?? '';

  test('names the roles that it asks about, and no other', () => {
    const [, ofRelay = '', ofClusters = ''] =
      /\*\*Whoever applies\*\* needs([\s\S]*?); in each project with a cluster([\s\S]*?), or `roles\/browser`/.exec(
        DEPLOY,
      ) ?? [];
    expect(roles(ofRelay)).toEqual(roles(`${table('OF_RELAY')} ${table('OF_FIRESTORE')} ${table('OF_REDIS')}`));
    expect(roles(ofClusters)).toEqual(roles(table('OF_CLUSTERS')));
  });

  test('turns on the APIs that it asks about, and no other', () => {
    const [, named = ''] = /gcloud services enable ((?:[\w.]+\s+(?:\\\n\s+)?)+)/.exec(DEPLOY) ?? [];
    const apis = [...named.matchAll(/(\w+)\.googleapis\.com/g)].map(([, name]) => name);
    expect(apis.toSorted()).toEqual(/^readonly APIS='(.*)'/m.exec(SCRIPT)?.[1]?.split(' ').toSorted());
  });
});
