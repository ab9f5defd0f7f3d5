/** Runs a build as Cloud Build would: the steps of its yaml, in a copy of the sources, with programs that only pretend. */

import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { parse } from 'yaml';

export const ROOT = new URL('../..', import.meta.url).pathname;

interface Step {
  id: string;
  name: string;
  entrypoint: string;
  args: string[];
  env?: string[];
  secretEnv?: string[];
  waitFor?: string[];
  timeout?: string;
  allowFailure?: boolean;
}

export interface Build {
  substitutions: Record<string, string>;
  availableSecrets?: { secretManager: { versionName: string; env: string }[] };
  steps: Step[];
  timeout: string;
}

export const readBuild = (path: string): Build => parse(readFileSync(join(ROOT, path), 'utf8'));

export interface Outcome {
  status: 'SUCCESS' | 'FAILURE';
  /** Each call of a program, with the place of the sources taken out. */
  calls: string[];
  /** Exit codes by step, in the order in which they ran. */
  codes: Record<string, number | null>;
  output: string;
  /** Where the sources were, as the steps left them. */
  sources: string;
}

export interface Pretend {
  /** Beginnings of calls that fail, such as `helm upgrade`. */
  failing?: readonly string[];
  /** Cases of bash, by `$call`, before our own: `'kubectl get '*) echo 3 ;;` */
  cases?: string;
  /** Programs that do not pretend: their texts, by name. */
  programs?: Readonly<Record<string, string>>;
  /** Changes the sources before the first step. */
  prepare?: (sources: string) => void;
}

/** What no log may have in it. */
export const SECRET = 'hunter2-of-loki';
export const CLUSTERS = ['acme-prod\teurope-west1\tpayments-eu1', 'acme-dev\tus-central1\tdev-us1'];
const PROGRAMS = ['gcloud', 'helm', 'kubectl', 'node', 'npm', 'terraform'];

/** One for all of them. A bucket is a folder, so that what was saved can be fetched. */
const program = (folder: string, { failing = [], cases = '' }: Pretend): string => `#!/usr/bin/env bash
call="\${0##*/} $*"
call="\${call//"$PWD/"/}"
printf '%s\\n' "$call" >>'${folder}/calls'
at() { case $1 in gs://*) echo "${folder}/buckets/\${1#gs://}" ;; *) echo "$1" ;; esac; }
case $call in
${failing.map((each) => `'${each}'*) echo '${each}: it failed' >&2; exit 1 ;;`).join('\n')}
${cases}
'gcloud storage cp '*) mkdir -p "$(dirname "$(at "\${*: -1:1}")")" && cp "$(at "\${*: -2:1}")" "$(at "\${*: -1:1}")" ;;
'gcloud storage ls '*) (cd '${folder}/buckets' && find . -type f | sed 's#^[.]/#gs://#') ;;
terraform*' init '*) [[ -e \${1#-chdir=}/.terraform.lock.hcl ]] || echo hashes >"\${1#-chdir=}/.terraform.lock.hcl" ;;
terraform*' plan '*) out=\${*: -1:1}; echo a plan >"\${out#-out=}" ;;
terraform*' state pull') grep -c '^terraform.* apply' '${folder}/calls' || true ;;
'npm run bundle '*) mkdir -p dist && echo zip >dist/falco-relay.zip && echo json >dist/falco-relay.json ;;
'node infra/build/clusters.ts '*) printf '%s\\n' ${CLUSTERS.map((each) => `'${each}'`).join(' ')} ;;
'helm package '*) echo chart >"$4/falco-relay-0.1.0.tgz" ;;
'kubectl '*' get secrets '*) echo 7 ;;
esac
`;

/** Puts the sources, as far as steps need them, and the programs into the folder. */
function checkOut(folder: string, pretend: Pretend): string {
  const sources = mkdtempSync(join(folder, 'sources-'));
  const filter = (path: string): boolean => !/\.terraform|auto\.tfvars/.test(path);
  for (const path of ['infra/build', 'infra/examples/minimal'])
    cpSync(join(ROOT, path), join(sources, path), { recursive: true, filter });
  for (const path of ['.git', 'node_modules/.bin', 'infra/examples/minimal/.terraform'])
    mkdirSync(join(sources, path), { recursive: true });
  mkdirSync(join(folder, 'programs'), { recursive: true });
  mkdirSync(join(folder, 'buckets'), { recursive: true });
  writeFileSync(join(folder, 'calls'), '');
  const text = program(folder, pretend);
  const paths = [...PROGRAMS.map((name) => join(folder, 'programs', name)), join(sources, 'node_modules/.bin/node')];
  for (const path of paths) writeFileSync(path, pretend.programs?.[basename(path)] ?? text, { mode: 0o755 });
  pretend.prepare?.(sources);
  return sources;
}

/** Runs the steps one by one, until one fails that may not. `folder` keeps its buckets from one build to the next. */
export function runBuild(
  path: string,
  given: Readonly<Record<string, string>>,
  folder: string,
  pretend: Pretend = {},
): Outcome {
  const { substitutions, steps } = readBuild(path);
  const values: Record<string, string> = { ...substitutions, ...given };
  const substituted = (text: string): string => text.replaceAll(/\$([A-Z_0-9]+)/g, (_, name) => values[name] ?? '');
  const sources = checkOut(folder, pretend);
  const outcome: Outcome = { status: 'SUCCESS', calls: [], codes: {}, output: '', sources };
  for (const { id, entrypoint, args, env = [], secretEnv = [], allowFailure } of steps) {
    const { status, stdout, stderr } = spawnSync(entrypoint, args, {
      cwd: sources,
      encoding: 'utf8',
      env: {
        PATH: [join(folder, 'programs'), '/usr/bin', '/bin'].join(delimiter),
        ...Object.fromEntries(env.map((each) => substituted(each).split(/=(.*)/s).slice(0, 2))),
        ...Object.fromEntries(secretEnv.map((name) => [name, SECRET])),
      },
    });
    outcome.codes[id] = status;
    outcome.output += stdout + stderr;
    if (status === 0 || allowFailure) continue;
    outcome.status = 'FAILURE';
    break;
  }
  outcome.calls = readFileSync(join(folder, 'calls'), 'utf8')
    .split('\n')
    .filter((call) => call !== '');
  return outcome;
}

export const COMMIT = '5f0c7e2a9d1b4c3e8f6a0b2d4c6e8f0a1b3c5d7e';
export const PLAN = '1a2b3c4d-0000-4000-8000-00000000000a';

/** What Cloud Build and the trigger of plans say. */
export const PLANNING = {
  PROJECT_ID: 'acme-security',
  COMMIT_SHA: COMMIT,
  BUILD_ID: PLAN,
  _STATE_BUCKET: 'acme-terraform',
  _PLANS_BUCKET: 'acme-plans',
  _LOKI_URL: 'https://loki.acme.example',
  _SAVE: 'yes',
};
