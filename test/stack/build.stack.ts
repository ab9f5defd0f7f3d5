/** The builds on real programs: shellcheck, Terraform, Loki. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { CLUSTERS, COMMIT, type Outcome, PLANNING, type Pretend, ROOT, runBuild } from '../build/support.ts';
import { notRun } from '../not-run.ts';
import { type Loki, startLoki } from './programs/loki.ts';
import {
  findProvider,
  hasTerraform,
  NO_PROVIDER,
  NO_TERRAFORM,
  openTerraform,
  type Terraform,
} from './programs/terraform.ts';
import { closeWriters, entryOf, pushAll, STORED, writerTo } from './support/loki.ts';

const PROVIDER = findProvider();
const SHELLCHECK = 'shellcheck';
const scripts = (folder: string, pattern: RegExp): string[] =>
  readdirSync(join(ROOT, folder))
    .filter((name) => pattern.test(name))
    .map((name) => join(folder, name));

test.each([
  ...scripts('infra', /\.sh$/),
  ...scripts('infra/build', /\.sh$/),
  ...scripts('.ci', /^run$/),
  ...scripts('test/stack', /^(run|install.*)$/),
])('shellcheck finds nothing in %s', (script) => {
  const { status, stdout, error } = spawnSync(SHELLCHECK, ['--external-sources', script], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(error).toBeUndefined();
  expect(stdout).toBe('');
  expect(status).toBe(0);
});

if (PROVIDER) {
  describe('the Terraform of the builds, with the real google provider', () => {
    let terraform: Terraform;
    let folder: string;
    beforeAll(() => {
      terraform = openTerraform(PROVIDER);
      folder = mkdtempSync(join(tmpdir(), 'falco-relay-build-terraform-'));
      const filter = (path: string): boolean => !path.includes('.terraform');
      cpSync(join(ROOT, 'infra/build'), folder, { recursive: true, filter });
    });
    afterAll(() => {
      terraform?.close();
      rmSync(folder, { recursive: true, force: true });
    });

    test('is valid', async () => {
      const { output } = await terraform.run(folder, 'validate', '-json');
      expect(JSON.parse(output)).toMatchObject({ valid: true, error_count: 0 });
    });

    test('passes its own tests', async () => {
      const { code, output } = await terraform.run(folder, 'test', '-no-color');
      expect(output).toMatch(/Success! [1-9]\d passed, 0 failed\./);
      expect(code).toBe(0);
    });
  });
} else {
  notRun('validate and test of infra/build', NO_PROVIDER);
}

if (hasTerraform()) {
  describe('a real Terraform, on a state in a file', () => {
    let folder: string;
    beforeEach(() => {
      folder = mkdtempSync(join(tmpdir(), 'falco-relay-build-real-'));
    });
    afterEach(() => rmSync(folder, { recursive: true, force: true }));

    const CONFIGURATION = `terraform {
  backend "local" {}
}
variable "project" { type = string }
resource "terraform_data" "bundle" {
  input = "\${var.project}: \${trimspace(file("\${path.root}/../../../dist/falco-relay.zip"))}"
}
`;
    /** The steps name a bucket; the state is a file instead. */
    const wrapper = (): string => `#!/usr/bin/env bash
arguments=()
for each in "$@"; do arguments+=("\${each/#-backend-config=bucket=*/-backend-config=path=${folder}/state.json}"); done
exec ${spawnSync('bash', ['-c', 'command -v terraform'], { encoding: 'utf8' }).stdout.trim()} "\${arguments[@]}"
`;
    const build = (path: string, given: Readonly<Record<string, string>>, pretend: Pretend): Outcome =>
      runBuild(path, { ...PLANNING, ...given }, folder, {
        ...pretend,
        programs: { terraform: wrapper() },
        prepare: (sources) => writeFileSync(join(sources, 'infra/examples/minimal/main.tf'), CONFIGURATION),
      });
    /** Plans a bundle with this content; gives what the last line says to apply it. */
    function plan(content: string, commit: string): Record<string, string> {
      const id = `00000000-0000-4000-8000-${content.padStart(12, '0')}`;
      const made = `'npm run bundle '*) mkdir -p dist && echo ${content} >dist/falco-relay.zip && echo '{}' >dist/falco-relay.json ;;`;
      const { status, output } = build('cloudbuild.yaml', { BUILD_ID: id, COMMIT_SHA: commit }, { cases: made });
      if (status !== 'SUCCESS') throw new Error(output);
      const [, _PLAN = '', _PLAN_SHA256 = ''] = /_PLAN=(\S+),_PLAN_SHA256=(\S+)/.exec(output) ?? [];
      return { _PLAN, _PLAN_SHA256, COMMIT_SHA: commit };
    }
    const apply = (given: Readonly<Record<string, string>>, failing: readonly string[] = []): Outcome =>
      build('infra/build/apply.yaml', { ...given, BUILD_ID: '9f8e7d6c-0000-4000-8000-00000000000b' }, { failing });
    const deployed = (): string =>
      JSON.parse(readFileSync(join(folder, 'state.json'), 'utf8')).resources[0].instances[0].attributes.output.value;

    test('applies elsewhere what was planned, with the bundle that it was planned with, and goes back to the one before', () => {
      const first = apply(plan('1', COMMIT));
      expect(first.output).toContain('1 added, 0 changed');
      expect(first.status).toBe('SUCCESS');
      expect(deployed()).toBe('acme-security: 1');

      const next = plan('2', COMMIT.replace('5', '6'));
      expect(deployed()).toBe('acme-security: 1');
      const { status, output } = apply(next, ['node infra/build/ask-loki.ts']);
      expect(output.match(/Resources: 0 added, 1 changed, 0 destroyed/g)).toHaveLength(2);
      expect(status).toBe('FAILURE');
      expect(output).toContain(`Functions and all that Terraform makes are back at commit ${COMMIT}.`);
      expect(deployed()).toBe('acme-security: 1');
    });

    test('refuses a plan that is older than what was applied since', () => {
      const [old, young] = [plan('1', COMMIT), plan('2', COMMIT)];
      expect(apply(young ?? {}).status).toBe('SUCCESS');
      const { status, output } = apply(old ?? {});
      expect(output).toContain('Saved plan is stale');
      expect(output).toContain('Terraform had changed nothing.');
      expect(status).toBe('FAILURE');
      expect(deployed()).toBe('acme-security: 2');
    });
  });
} else {
  notRun('the builds with a real Terraform', NO_TERRAFORM);
}

describe('a real Loki is asked for a canary', () => {
  const JOB = 'falco-relay-smoke-build9f8e7d6c';
  let loki: Loki;
  beforeAll(async () => {
    loki = await startLoki();
    const pod = (cluster: string, name: string) =>
      entryOf(cluster, `of-${name}`, { metadata: { uuid: `of-${name}`, n: '1', k8s_pod_name: name } });
    const entries = [pod('payments-eu1', `${JOB}-x2x8k`), pod('dev-us1', 'falco-relay-canary-29731620-x2x8k')];
    expect(await pushAll(writerTo(loki.url), entries)).toEqual(entries.map(() => STORED));
  });
  afterAll(async () => {
    await closeWriters();
    await loki?.stop();
  });

  const ask = (clusters: string) =>
    spawnSync(process.execPath, [join(ROOT, 'infra/build/ask-loki.ts'), JOB], {
      input: `${clusters}\n`,
      encoding: 'utf8',
      env: { LOKI_URL: loki.url, LOKI_SECRET: 'none', SMOKE_SECONDS: '0' },
    });

  test('and has it', () => {
    const { status, stdout } = ask(CLUSTERS[0] ?? '');
    expect(stdout).toBe(`The canary of acme-prod/payments-eu1 is in Loki: uuid of-${JOB}-x2x8k.\n`);
    expect(status).toBe(0);
  });

  test('and has another one only', () => {
    const { status, stderr } = ask('acme-prod\tus-central1\tdev-us1');
    expect(stderr).toBe('The canary of acme-prod/dev-us1 did not arrive within 0 s: Loki has no event of it.\n');
    expect(status).toBe(1);
  });
});
