/** The calls that steps of infra/build/apply.yaml make, in their order, and builds that make them. */

import { hash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { COMMIT, type Outcome, PLAN, PLANNING, type Pretend, runBuild } from './support.ts';

export const EARLIER = '0000000000000000000000000000000000000001';
const JOB = 'falco-relay-smoke-build9f8e7d6c';
const CONFIGURATION = 'infra/examples/minimal';

const planOf = (folder: string): string => join(folder, `buckets/acme-plans/plans/${PLAN}.tar.gz`);
export const sumOf = (path: string): string => hash('sha256', readFileSync(path));

/** Buckets with a plan in them, made by cloudbuild.yaml. */
export interface Planned {
  path: string;
  sum: string;
  /** What was planned of the commit before. */
  earlier: string;
  remove: () => void;
}

export function planTwice(): Planned {
  const path = mkdtempSync(join(tmpdir(), 'falco-relay-planned-'));
  const earlier = join(path, 'earlier.tar.gz');
  runBuild('cloudbuild.yaml', { ...PLANNING, COMMIT_SHA: EARLIER }, path);
  cpSync(planOf(path), earlier);
  runBuild('cloudbuild.yaml', PLANNING, path);
  return { path, sum: sumOf(planOf(path)), earlier, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Deployment {
  folder: string;
  /** Files in the buckets. */
  archive: string;
  deployed: string;
  /** As after a deployment of the earlier commit. */
  deployEarlier: () => void;
  apply: (pretend?: Pretend, given?: Readonly<Record<string, string>>) => Outcome;
  remove: () => void;
}

/** A deployment in buckets of its own. */
export function deploymentOf({ path, sum, earlier }: Planned): Deployment {
  const folder = mkdtempSync(join(tmpdir(), 'falco-relay-apply-'));
  const deployed = join(folder, 'buckets/acme-plans/deployed/current.tar.gz');
  cpSync(join(path, 'buckets'), join(folder, 'buckets'), { recursive: true });
  const values = {
    PROJECT_ID: 'acme-security',
    COMMIT_SHA: COMMIT,
    BUILD_ID: '9f8e7d6c-0000-4000-8000-00000000000b',
    _PLAN: PLAN,
    _PLAN_SHA256: sum,
    _STATE_BUCKET: 'acme-terraform',
    _PLANS_BUCKET: 'acme-plans',
  };
  return {
    folder,
    archive: planOf(folder),
    deployed,
    deployEarlier: () => cpSync(earlier, deployed),
    apply: (pretend = {}, given = {}) => runBuild('infra/build/apply.yaml', { ...values, ...given }, folder, pretend),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

export const credentials = (cluster: string): string => {
  const [project, location, name] = cluster.split('/');
  return `gcloud container clusters get-credentials ${name} --project=${project} --location=${location}`;
};
export const PLACES = ['acme-prod/europe-west1/payments-eu1', 'acme-dev/us-central1/dev-us1'];

export const FETCH = [
  `gcloud storage cp gs://acme-plans/plans/${PLAN}.tar.gz .build/planned.tar.gz`,
  'gcloud storage ls gs://acme-plans/**',
];
export const FETCH_EARLIER = 'gcloud storage cp gs://acme-plans/deployed/current.tar.gz .build/before.tar.gz';
const STATE = `terraform -chdir=.build/planned/${CONFIGURATION} state pull`;
export const APPLY = [
  `terraform -chdir=.build/planned/${CONFIGURATION} init -lockfile=readonly -backend-config=bucket=acme-terraform`,
  STATE,
  `terraform -chdir=.build/planned/${CONFIGURATION} apply -lock-timeout=5m .build/planned/.build/relay.tfplan`,
];
export const upgrade = (cluster: string): string[] => {
  const [project, location, name] = cluster.split('/');
  return [
    credentials(cluster),
    'kubectl --namespace=falco get secrets --selector=owner=helm,name=falco-relay,status=deployed --output=jsonpath={.items[*].metadata.labels.version}',
    'helm upgrade falco-relay .build/planned/.build/chart/falco-relay-0.1.0.tgz --install --namespace=falco --create-namespace ' +
      `--wait --timeout=10m --set=cluster.project=${project},cluster.location=${location},cluster.name=${name} ` +
      '--set=pubsub.project=acme-security',
  ];
};
export const canary = (cluster: string): string[] => [
  credentials(cluster),
  `kubectl --namespace=falco create job ${JOB} --from=cronjob/falco-relay-canary`,
  `kubectl --namespace=falco wait job/${JOB} --for=condition=complete --timeout=180s`,
];
export const ASK = `node infra/build/ask-loki.ts ${JOB}`;
export const remove = (cluster: string): string[] => [
  credentials(cluster),
  `kubectl --namespace=falco delete job ${JOB} --ignore-not-found --wait=false`,
];
export const KEEP = 'gcloud storage cp .build/planned.tar.gz gs://acme-plans/deployed/current.tar.gz';
export const rollback = (cluster: string): string[] => [
  credentials(cluster),
  'helm rollback falco-relay 7 --namespace=falco --wait --timeout=10m',
];
export const BACK = [
  STATE,
  `terraform -chdir=.build/before/${CONFIGURATION} init -lockfile=readonly -backend-config=bucket=acme-terraform`,
  `terraform -chdir=.build/before/${CONFIGURATION} apply -auto-approve -lock-timeout=5m`,
];
