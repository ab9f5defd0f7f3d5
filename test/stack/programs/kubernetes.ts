/** A real Kubernetes API: Debian's etcd and the kube-apiserver that test/stack/install-kube-apiserver built. No kubelets, no controllers. */

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createHttpPool, type HttpPool } from '../../../functions/adapters/http-pool.ts';
import type { After } from '../../../functions/core/ports.ts';
import { cached, freePort, type Program, startProgram } from './program.ts';

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; uid: string; namespace?: string };
}

export interface Kubernetes {
  /** An origin. */
  url: string;
  /** The path of the PEM file that signs `url`'s certificate. */
  caFile: string;
  /** PEM. */
  ca: string;
  /** `admin` may do all. The others are users, without a right until a test grants one: of these names, `INGEST` and `SWEEP`. */
  tokens: Readonly<Record<'admin' | 'relay' | 'stranger' | 'ingest' | 'sweep', string>>;
  etcd: Program;
  server: Program;
  /** Creates an object as the administrator; `path` is that of its collection. Gives it as stored. */
  create(path: string, object: object): Promise<KubernetesObject>;
  /** Merges into an object, or into its status: `path` is its own. */
  patch(path: string, change: object): Promise<KubernetesObject>;
  delete(path: string): Promise<void>;
  /** Applies an object on the server's side, as strictly as it can: a field that it does not know is an error. */
  apply(object: Applicable): Promise<KubernetesObject>;
  /** What it answers to whoever has the token. */
  ask(token: string, method: 'GET' | 'POST', path: string, body?: object): Promise<{ status: number; text: string }>;
  stop(): Promise<void>;
}

export interface Applicable {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
}

/** To GKE, a Google service account is the user of its e-mail. */
export const INGEST = 'falco-relay-ingest@acme-security.iam.gserviceaccount.com';
export const SWEEP = 'falco-relay-sweep@acme-security.iam.gserviceaccount.com';

const after: After = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

export async function startKubernetes(): Promise<Kubernetes> {
  const command = cached('kube-apiserver-1.37.2', 'kube-apiserver');
  if (!existsSync(command)) throw new Error('kube-apiserver is not built: run test/stack/install-kube-apiserver');
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-kubernetes-'));
  const tokens = { admin: secret(), relay: secret(), stranger: secret(), ingest: secret(), sweep: secret() };
  const etcd = await startEtcd(folder);
  let server: Program | undefined;
  let api: Api | undefined;
  const stop = async (): Promise<void> => {
    await api?.pool.destroy();
    await server?.stop();
    await etcd.program.stop();
    await rm(folder, { recursive: true });
  };
  try {
    const port = await freePort();
    const url = `https://127.0.0.1:${port}`;
    // The server makes itself a certificate on its first start, and its authority is in the same file.
    const caFile = join(folder, 'apiserver.crt');
    server = await startProgram({
      command,
      args: await flags(folder, etcd.url, port, tokens),
      timeoutMs: 120_000,
      ready: async () => {
        if (!api && existsSync(caFile)) api = apiOf(url, await readFile(caFile, 'utf8'), tokens.admin);
        return (await api?.send('GET', '/readyz'))?.status === 200;
      },
    });
    if (!api) throw new Error('kube-apiserver made no certificate');
    const { send } = api;
    return {
      url,
      caFile,
      ca: await readFile(caFile, 'utf8'),
      tokens,
      etcd: etcd.program,
      server,
      create: async (path, object) => accepted(await send('POST', path, object)),
      patch: async (path, change) => accepted(await send('PATCH', path, change)),
      delete: async (path) => void accepted(await send('DELETE', path)),
      apply: async (object) => accepted(await send('PATCH', await pathOf(object, send), object, { apply: true })),
      ask: (token, method, path, body) => send(method, path, body, { token }),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startEtcd(folder: string): Promise<{ program: Program; url: string }> {
  const url = `http://127.0.0.1:${await freePort()}`;
  const peers = `http://127.0.0.1:${await freePort()}`;
  const pool = createHttpPool({ origin: url, connections: 1, after });
  const program = await startProgram({
    command: 'etcd',
    args: [
      ...['--data-dir', join(folder, 'etcd'), '--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peers, '--initial-advertise-peer-urls', peers, '--initial-cluster', `default=${peers}`],
    ],
    ready: async () =>
      (await pool.request({ method: 'GET', path: '/health', headers: {}, timeoutMs: 1_000 })).status === 200,
  }).finally(() => pool.destroy());
  return { program, url };
}

async function flags(folder: string, etcd: string, port: number, tokens: Kubernetes['tokens']): Promise<string[]> {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', {
    modulusLength: 2_048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  });
  const files = {
    signing: join(folder, 'signing.pem'),
    verifying: join(folder, 'verifying.pem'),
    tokens: join(folder, 'tokens.csv'),
  };
  await writeFile(files.signing, privateKey, { mode: 0o600 });
  await writeFile(files.verifying, publicKey);
  const users = [
    `${tokens.admin},admin,1,system:masters`,
    `${tokens.relay},relay,2`,
    `${tokens.stranger},stranger,3`,
    `${tokens.ingest},${INGEST},4`,
    `${tokens.sweep},${SWEEP},5`,
  ];
  await writeFile(files.tokens, `${users.join('\n')}\n`, { mode: 0o600 });
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    `--secure-port=${port}`,
    `--cert-dir=${folder}`,
    `--token-auth-file=${files.tokens}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-signing-key-file=${files.signing}`,
    `--service-account-key-file=${files.verifying}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // There is one server, no kubelet, and nothing that makes default service accounts.
    '--endpoint-reconciler-type=none',
    '--allow-privileged=true',
    '--disable-admission-plugins=ServiceAccount',
  ];
}

interface Api {
  pool: HttpPool;
  send(
    method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
    path: string,
    body?: object,
    as?: { token?: string; apply?: boolean },
  ): Promise<{ status: number; text: string }>;
}

function apiOf(url: string, ca: string, token: string): Api {
  const pool = createHttpPool({ origin: url, connections: 4, after, connect: { ca } });
  return {
    pool,
    async send(method, path, body, { token: bearer = token, apply = false } = {}) {
      const patch = apply ? 'application/apply-patch+yaml' : 'application/merge-patch+json';
      const { status, body: answer } = await pool.request({
        method,
        path,
        headers: {
          authorization: `Bearer ${bearer}`,
          'content-type': method === 'PATCH' ? patch : 'application/json',
        },
        ...(body && { body: JSON.stringify(body) }),
        timeoutMs: 10_000,
      });
      return { status, text: answer.toString('utf8') };
    },
  };
}

/** The server itself says under which path a kind is found. */
async function pathOf({ apiVersion, kind, metadata }: Applicable, send: Api['send']): Promise<string> {
  const group = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const { text } = await send('GET', group);
  const { resources = [] } = JSON.parse(text) as { resources?: { name: string; kind: string; namespaced: boolean }[] };
  const resource = resources.find(({ name, kind: of }) => of === kind && !name.includes('/'));
  if (!resource) throw new Error(`kube-apiserver has no ${kind} of ${apiVersion}`);
  const { namespace = 'default', name } = metadata;
  const folder = resource.namespaced ? `${group}/namespaces/${namespace}` : group;
  return `${folder}/${resource.name}/${name}?fieldManager=helm&fieldValidation=Strict`;
}

function accepted({ status, text }: { status: number; text: string }): KubernetesObject {
  if (status >= 300) throw new Error(`kube-apiserver answered ${status}: ${text}`);
  return JSON.parse(text) as KubernetesObject;
}

function secret(): string {
  return randomBytes(16).toString('hex');
}
