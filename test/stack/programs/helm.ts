/** The real helm, and copies of our chart that it can render: the charts that it depends on are real ones or stand-ins. */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { cached } from './program.ts';

export const CHART = new URL('../../../helm', import.meta.url).pathname;
export const RELEASE = 'falco-relay';
export const NAMESPACE = 'falco';

/** A checkout of github.com/falcosecurity/charts: with it, the whole release is rendered. */
export const FALCO_CHARTS = process.env.FALCO_CHARTS;
/** A checkout of github.com/grafana-community/helm-charts, for the trial's Loki and Grafana. */
export const GRAFANA_CHARTS = process.env.GRAFANA_CHARTS;
/** Where a chart that ours depends on lies, if it is here. */
export const CHECKOUTS: Readonly<Record<string, string | undefined>> = {
  falco: FALCO_CHARTS,
  falcosidekick: FALCO_CHARTS,
  loki: GRAFANA_CHARTS,
  grafana: GRAFANA_CHARTS,
};

/** What a chart is given, shown as an object that an API server takes. */
const STAND_IN = `apiVersion: v1
kind: ConfigMap
metadata:
  name: values-of-{{ .Chart.Name }}
  namespace: {{ .Release.Namespace }}
data:
  values: {{ toJson .Values | quote }}
`;

interface Dependency {
  name: string;
  version: string;
}

export interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string>; annotations?: Record<string, string> };
  // biome-ignore lint/suspicious/noExplicitAny: objects of many kinds; what the tests ask for is what they check.
  [field: string]: any;
}

export interface Ran {
  code: number;
  stdout: string;
  stderr: string;
}

export interface Chart {
  lint(...args: string[]): Promise<Ran>;
  /** Everything that would be applied; throws with what helm says. */
  render(...args: string[]): Promise<Manifest[]>;
  /** What helm says to values that it refuses; throws if it takes them. */
  refusal(...args: string[]): Promise<string>;
  notes(...args: string[]): Promise<string>;
  /** Packs it; gives the path of the archive. */
  pack(): Promise<string>;
  remove(): Promise<void>;
}

/** Path of one of our examples of values. */
export const ci = (name: string): string => join(CHART, 'ci', `${name}-values.yaml`);

export async function copyChart(): Promise<Chart> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-helm-'));
  const chart = join(folder, 'falco-relay');
  // What somebody brought with `helm dependency build` stays behind.
  await cp(CHART, chart, { recursive: true, filter: (path) => path !== join(CHART, 'charts') });
  return chartIn(folder, chart);
}

/** The charts that ours depends on, each as it is when nobody sets anything. */
export async function chartOfDefaults(): Promise<Chart> {
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-helm-'));
  const chart = join(folder, 'falco-relay');
  await mkdir(chart);
  await cp(join(CHART, 'Chart.yaml'), join(chart, 'Chart.yaml'));
  return chartIn(folder, chart);
}

async function chartIn(folder: string, chart: string): Promise<Chart> {
  const { dependencies } = parse(await readFile(join(CHART, 'Chart.yaml'), 'utf8')) as { dependencies: Dependency[] };
  for (const dependency of dependencies) await provide(join(chart, 'charts', dependency.name), dependency);
  const values = (args: string[]): string[] =>
    args.flatMap((arg) => (arg.includes('=') ? ['--set', arg] : ['-f', arg]));
  const render = (args: string[]): Promise<Ran> =>
    helm('template', RELEASE, chart, '--namespace', NAMESPACE, '--kube-version', '1.37.2', ...values(args));
  return {
    lint: (...args) => helm('lint', '--strict', chart, ...values(args)),
    async render(...args) {
      const { code, stdout, stderr } = await render(args);
      if (code !== 0) throw new Error(`helm template: ${stderr}`);
      return documents(stdout);
    },
    async refusal(...args) {
      const { code, stderr } = await render(args);
      if (code === 0) throw new Error('helm took these values');
      return stderr;
    },
    async notes(...args) {
      const { code, stdout, stderr } = await helm(
        ...['install', RELEASE, chart, '--namespace', NAMESPACE, '--dry-run=client', ...values(args)],
      );
      if (code !== 0) throw new Error(`helm install: ${stderr}`);
      return stdout.slice(stdout.indexOf('NOTES:'));
    },
    async pack() {
      const { code, stdout, stderr } = await helm('package', chart, '--destination', folder);
      if (code !== 0) throw new Error(`helm package: ${stderr}`);
      return stdout.trim().replace(/^.*: /, '');
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

/** The chart out of a checkout where there is one, else one that shows what it was given. */
async function provide(path: string, { name, version }: Dependency): Promise<void> {
  const checkout = CHECKOUTS[name];
  if (checkout) {
    await cp(join(checkout, 'charts', name), path, { recursive: true });
    // Falco's own dependency, for k8smeta; what is not there and not enabled helm does not miss.
    const collector = join(checkout, 'charts', 'k8s-metacollector');
    if (name === 'falco') await cp(collector, join(path, 'charts', 'k8s-metacollector'), { recursive: true });
    return;
  }
  await mkdir(join(path, 'templates'), { recursive: true });
  await writeFile(join(path, 'Chart.yaml'), `apiVersion: v2\nname: ${name}\nversion: ${version}\n`);
  await writeFile(join(path, 'values.yaml'), '{}\n');
  await writeFile(join(path, 'templates', 'values.yaml'), STAND_IN);
}

/** Where it lies. */
export function helmPath(): string {
  const command = cached('helm-4.3.1', 'helm');
  if (!existsSync(command)) throw new Error('helm is not built: run test/stack/install-helm');
  return command;
}

function helm(...args: string[]): Promise<Ran> {
  const command = helmPath();
  // Nobody's own settings, repositories and cluster.
  const home = join(tmpdir(), 'falco-relay-helm-nothing');
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: home,
    HELM_CACHE_HOME: home,
    HELM_CONFIG_HOME: home,
    HELM_DATA_HOME: home,
    KUBECONFIG: join(home, 'none'),
  };
  return new Promise((resolve, reject) => {
    execFile(command, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && typeof error.code !== 'number') reject(error);
      else resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr });
    });
  });
}

function documents(text: string): Manifest[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [problem] = document.errors;
    if (problem) throw problem;
    const object: Manifest | null = document.toJS();
    return object ? [object] : [];
  });
}
