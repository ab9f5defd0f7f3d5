/** A real Alertmanager on loopback, with data of its own, that tells a webhook of every alert at once. */

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import { cached, freePort, startProgram } from './program.ts';

export const ALERTMANAGER = 'alertmanager-0.34.2';

export interface ShownAlert {
  labels: Record<string, string>;
  annotations: Record<string, string>;
  startsAt: string;
  endsAt: string;
  generatorURL: string;
  status: { state: 'unprocessed' | 'active' | 'suppressed'; silencedBy: string[] };
}

export interface Alertmanager {
  /** Its address, `prefix` included. */
  url: string;
  /** The alerts that have not ended and carry this label. */
  alerts(name: string, value: string): Promise<ShownAlert[]>;
  /** Silences what carries this label for an hour; gives the silence's id. */
  silence(name: string, value: string): Promise<string>;
  /** Ends it and removes its data. Safe to call twice. */
  stop(): Promise<void>;
}

export interface AlertmanagerOptions {
  /** Told of each alert by itself as soon as it comes, and of its end a second later. */
  webhook: string;
  /** Names with the bcrypt hashes of their passwords; without any, nobody is asked. */
  users?: Readonly<Record<string, string>>;
  /** The path that it is served under. */
  prefix?: string;
}

export async function startAlertmanager({ webhook, users, prefix = '' }: AlertmanagerOptions): Promise<Alertmanager> {
  const command = cached(ALERTMANAGER, 'alertmanager');
  if (!existsSync(command)) throw new Error('Alertmanager is not built: run test/stack/install-alertmanager');
  const folder = await mkdtemp(join(tmpdir(), 'falco-relay-alertmanager-'));
  const file = async (name: string, content: object): Promise<string> => {
    // JSON is YAML.
    await writeFile(join(folder, name), JSON.stringify(content));
    return join(folder, name);
  };
  const url = `http://127.0.0.1:${await freePort()}${prefix}`;
  const program = await startProgram({
    command,
    args: [
      `--config.file=${await file('alertmanager.json', configuration(webhook))}`,
      ...(users ? [`--web.config.file=${await file('web.json', { basic_auth_users: users })}`] : []),
      `--storage.path=${join(folder, 'data')}`,
      `--web.listen-address=${new URL(url).host}`,
      `--web.external-url=${url}`,
      '--cluster.listen-address=',
    ],
    cwd: folder,
    // Whoever has to say who they are is told so once it listens.
    ready: async () => [200, 401].includes((await fetch(`${url}/-/ready`)).status),
  });
  return {
    url,
    async alerts(name, value) {
      const filter = encodeURIComponent(`${name}=${JSON.stringify(value)}`);
      return (await ask(fetch(`${url}/api/v2/alerts?filter=${filter}`))) as ShownAlert[];
    },
    async silence(name, value) {
      const body = JSON.stringify({
        matchers: [{ name, value, isRegex: false }],
        startsAt: new Date().toISOString(),
        endsAt: new Date(Date.now() + 3_600_000).toISOString(),
        createdBy: 'test',
        comment: 'red-team week',
      });
      const headers = { 'content-type': 'application/json' };
      const said = await ask(fetch(`${url}/api/v2/silences`, { method: 'POST', headers, body }));
      return (said as { silenceID: string }).silenceID;
    },
    async stop() {
      await program.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function configuration(webhook: string): object {
  return {
    route: { receiver: 'test', group_by: ['...'], group_wait: '0s', group_interval: '1s', repeat_interval: '4h' },
    receivers: [{ name: 'test', webhook_configs: [{ url: webhook, send_resolved: true }] }],
  };
}

async function ask(answer: Promise<Response>): Promise<unknown> {
  const response = await answer;
  if (!response.ok) throw new Error(`Alertmanager says ${response.status}: ${await response.text()}`);
  return response.json();
}

/** What may be posted to /api/v2/alerts, by Alertmanager's own OpenAPI. */
export async function postableAlerts(): Promise<z.ZodType> {
  const { definitions } = parse(await readFile(cached(ALERTMANAGER, 'openapi.yaml'), 'utf8'));
  return z.fromJSONSchema({ $ref: '#/definitions/postableAlerts', definitions }, { defaultTarget: 'draft-4' });
}
