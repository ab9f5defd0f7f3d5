/** The Terraform module on Terraform and the real google provider, and what it sets on the bundle that it uploads. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { FUNCTIONS, type FunctionName } from '../../functions/wire.ts';
import { type Loopback, startLoopback } from '../adapters/loopback.ts';
import { unzip } from '../infra/unzip.ts';
import { notRun } from '../not-run.ts';
import { FRAMEWORK } from '../support/framework.ts';
import { freePort, type Program, startProgram } from './programs/program.ts';
import {
  findProvider,
  formatProblems,
  hasTerraform,
  NO_PROVIDER,
  NO_TERRAFORM,
  openTerraform,
  type Terraform,
} from './programs/terraform.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROVIDER = findProvider();

/** A copy of what the examples reach, so that nothing is written into the tree. */
let tree: string;
beforeAll(() => {
  tree = mkdtempSync(join(tmpdir(), 'falco-relay-infra-'));
  cpSync(join(ROOT, 'infra'), join(tree, 'infra'), { recursive: true, filter: (path) => !path.includes('.terraform') });
  mkdirSync(join(tree, 'functions'));
  cpSync(join(ROOT, 'functions/pipeline.yaml'), join(tree, 'functions/pipeline.yaml'));
});
afterAll(() => rmSync(tree, { recursive: true, force: true }));

interface Example {
  variables: Record<string, string>;
  pipeline: string;
  /** Resources that only this one has, with what is planned for them. */
  has: Readonly<Record<string, object>>;
}

const EXAMPLES: Record<string, Example> = {
  minimal: {
    variables: { project: 'acme-security', loki_url: 'https://loki.acme.example' },
    pipeline: 'functions/pipeline.yaml',
    has: { 'module.falco_relay.google_firestore_database.store[0]': { deletion_policy: 'PREVENT' } },
  },
  complete: {
    variables: { project: 'acme-security' },
    pipeline: 'infra/examples/complete/pipeline.yaml',
    has: {
      'module.falco_relay.google_redis_instance.store[0]': {
        authorized_network: 'projects/acme-network/global/networks/shared',
        connect_mode: 'PRIVATE_SERVICE_ACCESS',
      },
      'module.falco_relay.google_cloud_run_v2_service_iam_member.callback[0]': { member: 'allUsers' },
      'module.falco_relay.google_logging_project_sink.audit["acme-dev"]': { project: 'acme-dev' },
      'module.falco_relay.google_pubsub_subscription_iam_member.audit_reader[0]': { role: 'roles/pubsub.subscriber' },
    },
  },
  trial: {
    variables: { project: 'acme-falco-trial' },
    pipeline: 'infra/examples/trial/pipeline.yaml',
    has: {
      'google_container_node_pool.trial': { node_count: 2 },
      'module.falco_relay.google_firestore_database.store[0]': { deletion_policy: 'DELETE' },
    },
  },
};

/** `npm run bundle`, into the copy. */
function makeBundle(pipeline: string): Map<string, Buffer> {
  const target = join(tree, 'dist/falco-relay.zip');
  const made = spawnSync(process.execPath, ['infra/bundle.ts', pipeline, target], { cwd: ROOT, encoding: 'utf8' });
  if (made.status !== 0) throw new Error(made.stderr);
  return unzip(readFileSync(target));
}

if (hasTerraform()) {
  test('the files have the format of Terraform', () => {
    expect(formatProblems(join(tree, 'infra'))).toBe('');
  });
} else {
  notRun('the format of infra/', NO_TERRAFORM);
}

describe('the bundle, unpacked as Cloud Functions does', () => {
  let folder: string;
  beforeAll(() => {
    folder = join(tree, 'unpacked');
    for (const [path, content] of makeBundle('infra/tests/bundles/plain/pipeline.yaml')) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    execFileSync('npm', ['run', '--silent', 'gcp-build'], { cwd: folder });
  });

  test('each file has what V8 compiled of it, and what handles an event is in it', () => {
    const files = readdirSync(folder).filter((name) => /^(?!index|compile).*\.js$/.test(name));
    expect(files).toContain('main.js');
    // In a process of its own, since jest brings its own node:module.
    const ask = join(ROOT, 'test/infra/ask-compiled.cjs');
    const said = execFileSync(process.execPath, [ask, folder, ...files], { encoding: 'utf8' });
    const { rejected, unrun } = JSON.parse(said.split('\n').at(-2) ?? '') as { rejected: string[]; unrun: number };
    expect(rejected).toEqual([]);
    expect(readFileSync(join(folder, 'main.js.cache')).length).toBeGreaterThan(2 * unrun);
  });

  /** With no variable but those that infra/tests/defaults.tftest.hcl and Cloud Functions give it. */
  async function start(name: FunctionName, secrets: Readonly<Record<string, string>>): Promise<Program> {
    const port = await freePort();
    const variables = {
      PATH: process.env.PATH,
      PORT: port,
      FUNCTION_TARGET: name,
      PIPELINE: 'pipeline.yaml',
      NODE_COMPILE_CACHE: 'compiled',
      NODE_OPTIONS: '--max-semi-space-size=16',
      NODE_DEBUG_NATIVE: 'COMPILE_CACHE',
      GOOGLE_CLOUD_PROJECT: 'acme-security',
      STORE_URL: 'firestore://acme-security/falco-relay',
      ...(name === 'ingest' || name === 'sweep' ? { LOKI_URL: 'https://loki.acme.example' } : {}),
      ...secrets,
    };
    return startProgram({
      command: 'env',
      args: ['-i', ...Object.entries(variables).map((each) => each.join('=')), process.execPath, FRAMEWORK],
      cwd: folder,
      // Nobody may get anything, and callbacks are not configured: the function is there, and asked for nothing.
      ready: async () => [404, 405].includes((await fetch(`http://127.0.0.1:${port}`)).status),
    });
  }

  test.each(FUNCTIONS)('%s starts with what Terraform gives it', async (name) => {
    const secrets = name === 'notify' ? { PAGERDUTY_ROUTING_KEY: 'R0UT1NG', SLACK_TOKEN: 'xoxb-1' } : {};
    const program = await start(name, secrets);
    await program.stop();
    // Each line tells of one file; what was not compiled before would be written at the end.
    const said = program.output();
    expect(said).toMatch(/index\.js was accepted/);
    expect(said).not.toMatch(/index\.js was (?!accepted)|writing cache for CommonJS/);
  });

  test('notify does not start without a secret of its own', async () => {
    await expect(start('notify', { SLACK_TOKEN: 'xoxb-1' })).rejects.toThrow('PAGERDUTY_ROUTING_KEY');
  });
});

if (PROVIDER) {
  describe('with the real google provider', () => withProvider(PROVIDER));
} else {
  notRun('validate, test and plan of infra/ and its examples', NO_PROVIDER);
  test('TERRAFORM_PROVIDER_GOOGLE, where it is set, names the folder of the provider', () => {
    expect(process.env.TERRAFORM_PROVIDER_GOOGLE ?? '').toBe('');
  });
}

function withProvider(provider: string): void {
  let terraform: Terraform;
  let google: Loopback;
  beforeAll(async () => {
    terraform = openTerraform(provider);
    // A plan of what is new asks for the numbers of projects and nothing else.
    google = await startLoopback((request, response) => {
      const projectId = /\/projects\/([^/?]+)/.exec(request.path)?.[1];
      response.setHeader('content-type', 'application/json');
      response.end(JSON.stringify({ projectId, projectNumber: '123456789012', lifecycleState: 'ACTIVE' }));
    });
  });
  afterAll(async () => {
    terraform?.close();
    await google?.close();
  });

  test('the module is valid', async () => {
    expect(JSON.parse((await terraform.run(join(tree, 'infra'), 'validate', '-json')).output)).toMatchObject({
      valid: true,
      error_count: 0,
    });
  });

  test('its own tests pass', async () => {
    const { code, output } = await terraform.run(join(tree, 'infra'), 'test', '-no-color');
    expect(output).toMatch(/Success! (?:[5-9]\d|\d{3,}) passed, 0 failed\./);
    expect(code).toBe(0);
  });

  describe.each(Object.entries(EXAMPLES))('%s', (name, { pipeline, variables, has }) => {
    const folder = (): string => join(tree, 'infra/examples', name);
    const plan = () =>
      terraform.run(
        folder(),
        ...['plan', '-no-color', '-input=false', '-out=plan'],
        ...Object.entries(variables).map(([key, value]) => `-var=${key}=${value}`),
      );
    beforeAll(async () => {
      makeBundle(pipeline);
      const main = join(folder(), 'main.tf');
      const endpoints = ['resource_manager', 'cloud_billing'].map((api) => `${api}_custom_endpoint = "${google.url}/"`);
      const local = ['provider "google" {', 'access_token = "none"', ...endpoints].join('\n');
      const text = readFileSync(main, 'utf8').replace(/ {2}backend "gcs" \{[^}]*\}\n/, '');
      writeFileSync(main, text.replace('provider "google" {', local));
      expect(await terraform.run(folder(), 'get', '-no-color')).toMatchObject({ code: 0 });
    });

    test('is planned with the bundle of its pipeline.yaml', async () => {
      const { code, output } = await plan();
      expect(output).not.toContain('Error:');
      expect(code).toBe(0);
      const { resource_changes } = JSON.parse(
        (await terraform.run(folder(), 'show', '-json', 'plan')).output.split('\n', 1)[0] ?? '',
      ) as {
        resource_changes: { address: string; change: { after: object } }[];
      };
      const planned = new Map(resource_changes.map(({ address, change }) => [address, change.after]));
      const addresses = [...planned.keys()];
      for (const [address, values] of Object.entries(has)) expect(planned.get(address)).toMatchObject(values);
      for (const each of FUNCTIONS)
        expect(addresses).toContain(`module.falco_relay.google_cloudfunctions2_function.function["${each}"]`);
    });

    test('is not planned once pipeline.yaml has changed', async () => {
      const path = join(tree, pipeline);
      const text = readFileSync(path, 'utf8');
      writeFileSync(path, `${text}# changed\n`);
      const { code, output } = await plan();
      writeFileSync(path, text);
      expect(code).toBe(1);
      expect(output).toContain('The bundle was made with another pipeline.yaml');
    });
  });

  test('a dashboard that was made is not changed by each plan', async () => {
    // As every API of Google's, it leaves out what is zero, false or empty.
    const kept = (_key: string, value: unknown): unknown =>
      value === 0 || value === false || value === '' ? undefined : value;
    let made = '';
    const monitoring = await startLoopback(({ body }, response) => {
      if (body) made = JSON.stringify({ ...JSON.parse(body, kept), name: 'projects/1/dashboards/2', etag: '3' });
      response.setHeader('content-type', 'application/json');
      response.end(made);
    });
    const folder = join(tree, 'dashboard');
    mkdirSync(folder);
    const provider = `provider "google" {\n  access_token = "none"\n  monitoring_custom_endpoint = "${monitoring.url}/"\n}\n`;
    const resource = `resource "google_monitoring_dashboard" "relay" {\n  project = "acme-security"\n  dashboard_json = file("../infra/dashboard.json")\n}\n`;
    writeFileSync(join(folder, 'main.tf'), provider + resource);
    const { output } = await terraform.run(folder, 'apply', '-no-color', '-auto-approve');
    expect(output).toContain('1 added');
    const again = await terraform.run(folder, 'plan', '-no-color', '-input=false', '-detailed-exitcode');
    expect(again.output).toContain('No changes.');
    expect(again.code).toBe(0);
    await monitoring.close();
  });

  test('a pipeline.yaml that is wrong is told of problem by problem', async () => {
    const main = join(tree, 'wrong/main.tf');
    mkdirSync(dirname(main));
    writeFileSync(
      main,
      `provider "google" {
  access_token                     = "none"
  resource_manager_custom_endpoint = "${google.url}/"
  cloud_billing_custom_endpoint    = "${google.url}/"
}
module "relay" {
  source   = "../infra"
  project  = "acme-security"
  region   = "europe-west1"
  pipeline = "../infra/tests/bundles/wrong/pipeline.yaml"
  bundle   = "../infra/tests/bundles/wrong/falco-relay.zip"
  loki     = { url = "https://loki.acme.example" }
}
`,
    );
    await terraform.run(dirname(main), 'get');
    const { code, output } = await terraform.run(dirname(main), 'plan', '-no-color', '-input=false');
    expect(code).toBe(1);
    expect(output).toContain('pipeline.receivers.0: Unrecognized key: "pager"');
    expect(output.replaceAll(/\s+/g, ' ')).toContain(
      'names secrets that `secrets` does not have: PAGERDUTY_ROUTING_KEY.',
    );
  });
}
