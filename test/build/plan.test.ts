/** cloudbuild.yaml, step by step: what is called, what is saved, and what becomes of it when something fails. */

import { execFileSync } from 'node:child_process';
import { hash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { COMMIT, type Outcome, PLAN, PLANNING, type Pretend, runBuild } from './support.ts';

jest.setTimeout(60_000);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-plan-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const plan = (given: Readonly<Record<string, string>> = {}, pretend: Pretend = {}): Outcome =>
  runBuild('cloudbuild.yaml', { ...PLANNING, ...given }, folder, pretend);
const archive = (): string => join(folder, `buckets/acme-plans/plans/${PLAN}.tar.gz`);

const CALLS = [
  'npm ci',
  'npm test',
  'npm run check',
  'npm run bundle -- functions/pipeline.yaml',
  'node infra/build/clusters.ts functions/pipeline.yaml',
  'helm dependency build helm',
  'helm package helm --destination .build/chart',
  'terraform -chdir=./infra/examples/minimal init -backend-config=bucket=acme-terraform',
  'terraform -chdir=./infra/examples/minimal plan -lock=false -out=.build/relay.tfplan',
];

describe('a push', () => {
  test('is tested, bundled and planned, and the plan is saved', () => {
    const { status, calls } = plan();
    expect(status).toBe('SUCCESS');
    expect(calls.slice(0, -1)).toEqual(CALLS);
    expect(calls.at(-1)).toMatch(
      new RegExp(
        `^gcloud storage cp --if-generation-match=0 /\\S+/${PLAN}.tar.gz gs://acme-plans/plans/${PLAN}.tar.gz$`,
      ),
    );
  });

  test('is told what the configuration asks for, in a file that goes along with the plan', () => {
    const { sources } = plan();
    expect(readFileSync(join(sources, 'infra/examples/minimal/build.auto.tfvars'), 'utf8')).toBe(
      'project = "acme-security"\nregion = "europe-west1"\nloki_url = "https://loki.acme.example"\n',
    );
  });

  test('leaves one archive with all that an apply needs, and nothing that it can fetch again', () => {
    plan();
    const names = execFileSync('tar', ['-tzf', archive()], { encoding: 'utf8' }).split('\n');
    expect(names).toEqual(
      expect.arrayContaining([
        './.build/relay.tfplan',
        './.build/configuration',
        './.build/commit',
        './.build/clusters.tsv',
        './.build/chart/falco-relay-0.1.0.tgz',
        './dist/falco-relay.zip',
        './dist/falco-relay.json',
        './infra/examples/minimal/main.tf',
        './infra/examples/minimal/build.auto.tfvars',
        './infra/examples/minimal/.terraform.lock.hcl',
      ]),
    );
    expect(names.filter((name) => /node_modules|\.git\/|\.terraform\/|\.build\/bin/.test(name))).toEqual([]);
  });

  test('ends with the command that has exactly this applied', () => {
    const { output } = plan();
    const sum = hash('sha256', readFileSync(archive()));
    expect(output.trimEnd().split('\n').at(-1)).toBe(
      `gcloud builds triggers run falco-relay-apply --project=acme-security --region=europe-west1 --sha=${COMMIT} ` +
        `--substitutions=_PLAN=${PLAN},_PLAN_SHA256=${sum}`,
    );
  });
});

test('a pull request is tested and planned, and nothing is saved', () => {
  const { status, calls, output } = plan({ _SAVE: 'no' });
  expect(status).toBe('SUCCESS');
  expect(calls).toEqual(CALLS);
  expect(output).toContain('Not saved');
  expect(readdirSync(join(folder, 'buckets'))).toEqual([]);
});

test.each<[string, string]>([
  ['npm ci', 'test'],
  ['npm test', 'test'],
  ['npm run check', 'test'],
  ['npm run bundle', 'bundle'],
  ['node infra/build/clusters.ts', 'bundle'],
  ['helm dependency build', 'chart'],
  ['helm package', 'chart'],
  ['terraform -chdir=./infra/examples/minimal init', 'plan'],
  ['terraform -chdir=./infra/examples/minimal plan', 'plan'],
  ['gcloud storage cp', 'save'],
])('when %s fails, %s fails, and nothing after it is done', (failing, step) => {
  const { status, calls, codes, output } = plan({}, { failing: [failing] });
  expect(status).toBe('FAILURE');
  expect(calls.at(-1)?.startsWith(failing)).toBe(true);
  expect(Object.entries(codes).at(-1)).toEqual([step, 1]);
  expect(existsSync(archive())).toBe(false);
  expect(output).not.toContain('triggers run');
});

test('a pipeline.yaml without clusters is refused: no canary could show that anything works', () => {
  const { codes, output } = plan({}, { cases: "'node infra/build/clusters.ts '*) ;;" });
  expect(Object.entries(codes).at(-1)).toEqual(['bundle', 1]);
  expect(output).toContain('functions/pipeline.yaml lists no cluster');
});

test.each(['"', '\\', '$', '%'].map((each) => `https://${each}{x}`))('%s is not passed on to Terraform', (url) => {
  const { codes, output, calls } = plan({ _LOKI_URL: url });
  expect(Object.entries(codes).at(-1)).toEqual(['plan', 1]);
  expect(output).toContain('The value of loki_url has a character that Terraform would read as more than text.');
  expect(calls.filter((call) => call.startsWith('terraform'))).toEqual([]);
});

test('a configuration that is not there is named', () => {
  const { codes, output } = plan({ _CONFIGURATION: 'infra/nowhere' });
  expect(Object.entries(codes).at(-1)).toEqual(['plan', 1]);
  expect(output).toContain('There is no folder infra/nowhere: _CONFIGURATION names your Terraform configuration.');
});
