/** A deployment's releases on a real Kubernetes API, by the real helm and kubectl: upgraded, tried by a canary, and taken back. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { COMMIT, type Outcome, PLANNING, runBuild } from '../build/support.ts';
import { type Chart, copyChart, helmPath, NAMESPACE, RELEASE } from './programs/helm.ts';
import { type Kubernetes, startKubernetes } from './programs/kubernetes.ts';

let folder: string;
let chart: Chart;
let archive: string;
let kubernetes: Kubernetes;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'falco-relay-build-cluster-'));
  [chart, kubernetes] = await Promise.all([copyChart(), startKubernetes()]);
  archive = await chart.pack();
  const cluster = { server: kubernetes.url, 'certificate-authority': kubernetes.caFile };
  writeFileSync(
    join(folder, 'kubeconfig'),
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'c', cluster }],
      users: [{ name: 'u', user: { token: kubernetes.tokens.admin } }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
});

afterAll(async () => {
  await chart?.remove();
  await kubernetes?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a controller says of a job that went well. */
const COMPLETE = (at: string): string =>
  JSON.stringify({
    status: {
      startTime: at,
      completionTime: at,
      succeeded: 1,
      conditions: ['SuccessCriteriaMet', 'Complete'].map((type) => ({
        type,
        status: 'True',
        lastProbeTime: at,
        lastTransitionTime: at,
      })),
    },
  });

/** kubectl itself, and in the place of the controllers that are not here: a job is done as soon as it is made. */
const kubectl = (): string =>
  `#!/usr/bin/env bash
kubectl "$@" || exit
if [[ " $* " == *' create job '* ]]; then
  for each in "$@"; do if [[ $each == falco-relay-smoke* ]]; then job=$each; fi; done
  kubectl --namespace=${NAMESPACE} patch job "$job" --subresource=status --type=merge --patch='${COMPLETE(new Date().toISOString().replace(/\.\d+/, ''))}'
fi
`.replaceAll('kubectl ', '/usr/bin/kubectl ');

const helm = (): string => `#!/usr/bin/env bash\nexec '${helmPath()}' "$@"\n`;

/** Plans a chart with this schedule of the canary, and applies it; `failing` are calls that fail. */
function deploy(build: number, schedule: string, failing: readonly string[] = []): Outcome {
  const given = { ...PLANNING, BUILD_ID: `00000000-0000-4000-8000-00000000000${build}`, COMMIT_SHA: COMMIT };
  const cases = [
    `'helm package '*) cp '${archive}' "$4/falco-relay-0.1.0.tgz" ;;`,
    `'node infra/build/clusters.ts '*) printf 'acme-prod\\teurope-west1\\tpayments-eu1\\n' ;;`,
    `'gcloud container clusters get-credentials '*) cp '${folder}/kubeconfig' "$KUBECONFIG" ;;`,
  ].join('\n');
  const planned = runBuild('cloudbuild.yaml', given, folder, {
    cases,
    prepare(sources) {
      mkdirSync(join(sources, 'infra/values'), { recursive: true });
      writeFileSync(join(sources, 'infra/values/common.yaml'), JSON.stringify({ canary: { schedule } }));
    },
  });
  if (planned.status !== 'SUCCESS') throw new Error(planned.output);
  const [, _PLAN = '', _PLAN_SHA256 = ''] = /_PLAN=(\S+),_PLAN_SHA256=(\S+)/.exec(planned.output) ?? [];
  const applying = { ...given, _PLAN, _PLAN_SHA256, BUILD_ID: `9f8e7d6${build}-0000-4000-8000-00000000000b` };
  return runBuild('infra/build/apply.yaml', applying, folder, {
    cases,
    failing,
    programs: { helm: helm(), kubectl: kubectl() },
  });
}

/** What kubectl prints of these objects, a line each. */
function ask(...args: readonly string[]): string[] {
  const { status, stdout, stderr } = spawnSync('kubectl', ['--namespace', NAMESPACE, 'get', ...args], {
    encoding: 'utf8',
    env: { PATH: process.env.PATH, HOME: folder, KUBECONFIG: join(folder, 'kubeconfig') },
  });
  if (status !== 0) throw new Error(stderr);
  return stdout.split('\n').filter((line) => line !== '');
}

const schedule = (): string[] => ask('cronjob', 'falco-relay-canary', '--output=jsonpath={.spec.schedule}');

/** `revision status`, the oldest first. */
const revisions = (): string[] =>
  ask(
    ...['secrets', `--selector=owner=helm,name=${RELEASE}`],
    '--output=jsonpath={range .items[*]}{.metadata.labels.version} {.metadata.labels.status}{"\\n"}{end}',
  ).sort();

const jobs = (): string[] => ask('jobs', '--output=jsonpath={range .items[*]}{.metadata.name}{"\\n"}{end}');

test('a release is installed, upgraded, and taken back where the canary does not arrive', () => {
  const first = deploy(1, '*/7 * * * *');
  expect([first.status, first.output]).toEqual([
    'SUCCESS',
    expect.stringContaining('The canary of every cluster arrived'),
  ]);
  expect(schedule()).toEqual(['*/7 * * * *']);
  expect(revisions()).toEqual(['1 deployed']);
  expect(jobs()).toEqual([]);

  const failed = deploy(2, '*/9 * * * *', ['node infra/build/ask-loki.ts']);
  expect(failed.output).toContain('The release in acme-prod/europe-west1/payments-eu1 is back at what revision 1 was.');
  expect(failed.status).toBe('FAILURE');
  expect(schedule()).toEqual(['*/7 * * * *']);
  expect(revisions()).toEqual(['1 superseded', '2 superseded', '3 deployed']);
  expect(jobs()).toEqual([]);

  expect(deploy(3, '*/9 * * * *').status).toBe('SUCCESS');
  expect(schedule()).toEqual(['*/9 * * * *']);
});
