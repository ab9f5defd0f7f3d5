/** The receivers' side, on loopback: takes pages as PagerDuty, Slack and two webhooks do, and keeps each. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { type Changes, createChanges } from './changes.ts';

export interface Page {
  receiver: string;
  /** Of the incident; the same at every receiver. */
  groupKey: string;
  /** What the vendor, or whoever gets the webhook, tells a repetition by. */
  id: string;
  body: Record<string, unknown>;
  /** When it came, in milliseconds since the epoch. */
  at: number;
}

export interface Receivers {
  url: string;
  /** For the environment of notify. */
  env: Readonly<Record<string, string>>;
  pages: readonly Page[];
  /** Words that ring nobody: how what they were told before has changed. */
  updates: readonly Page[];
  /** What was not as the vendor's or the standard's documentation has it. */
  faults: readonly string[];
  /** Asks after each page. */
  until: Changes['until'];
  close(): void;
}

const ROUTING_KEY = 'R0123456789abcdef0123456789abcde';
const SLACK_TOKEN = 'xoxb-of-these-tests';
const SECRETS: Readonly<Record<string, string>> = {
  archive: `whsec_${Buffer.from('the secret of the archive').toString('base64')}`,
  payments: `whsec_${Buffer.from('the secret of the payments team').toString('base64')}`,
};

/** `receivers` of pipeline.yaml, for a server at `url`. */
export function receiversYaml(url: string): string {
  return `receivers:
  - { name: oncall, pagerduty: { routing_key: { env: ROUTING_KEY }, url: ${url}/oncall, allow_private: true } }
  - { name: chat, slack: { channel: C0123456789, token: { env: SLACK_TOKEN }, url: ${url}/chat, allow_private: true } }
  - { name: archive, webhook: { url: ${url}/archive, secret: { env: ARCHIVE_SECRET }, allow_private: true } }
  - { name: payments, webhook: { url: ${url}/payments, secret: { env: PAYMENTS_SECRET }, allow_private: true } }
`;
}

/** @param pauseMs how long each takes to answer what it has already taken */
export async function startReceivers(pauseMs = () => 0): Promise<Receivers> {
  const pages: Page[] = [];
  const updates: Page[] = [];
  const faults: string[] = [];
  const changes = createChanges();
  const server = createServer(async (request, response) => {
    const receiver = request.url?.split('/')[1] ?? '';
    // Whoever was cut off in the middle of a word has said nothing.
    const body = await text(request).catch(() => undefined);
    if (body === undefined) return;
    try {
      const page = read(receiver, body, request.headers);
      (rings(request.url ?? '', page, pages) ? pages : updates).push(page);
      changes.tell();
      await sleep(pauseMs());
      response.writeHead(receiver === 'oncall' ? 202 : 200, { 'content-type': 'application/json' });
      response.end(
        JSON.stringify({ ok: true, channel: 'C0123456789', ts: `1795424400.${pages.length + updates.length}` }),
      );
    } catch (error) {
      faults.push(`${receiver}: ${(error as Error).message}`);
      response.writeHead(500).end();
    }
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`,
    env: {
      ROUTING_KEY,
      SLACK_TOKEN,
      ARCHIVE_SECRET: SECRETS.archive ?? '',
      PAYMENTS_SECRET: SECRETS.payments ?? '',
    },
    pages,
    updates,
    faults,
    until: changes.until,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Of updates PagerDuty is told who it was, should that be known after the page: a trigger of the same key, which goes to the
 * alert's log. Slack's are changes of a message and replies to it; a webhook's body says so.
 */
function rings(path: string, { receiver, body, id }: Page, before: readonly Page[]): boolean {
  if (receiver === 'oncall') {
    const last = before.findLast((page) => page.receiver === receiver && page.id === id);
    return !last || whoOf(last.body) === whoOf(body);
  }
  if (receiver === 'chat') return path.endsWith('/chat.postMessage') && body.thread_ts === undefined;
  return (body.notification as { type?: string } | undefined)?.type === 'page';
}

function whoOf(body: Page['body']): string | undefined {
  return (body as { payload: { custom_details: { who?: string } } }).payload.custom_details.who;
}

/** Every incident of these scenarios is its group's first, so its generation is 1. */
function read(receiver: string, body: string, headers: IncomingHttpHeaders): Page {
  const json = JSON.parse(body) as Record<string, unknown>;
  const at = Date.now();
  if (receiver === 'oncall') {
    if (json.routing_key !== ROUTING_KEY || json.event_action !== 'trigger') throw new Error('not a trigger of ours');
    const id = String(json.dedup_key);
    return { receiver, groupKey: withoutGeneration(id), id, body: json, at };
  }
  if (receiver === 'chat') {
    if (headers.authorization !== `Bearer ${SLACK_TOKEN}`) throw new Error('not our token');
    const { metadata } = json as { metadata?: { event_payload: { dedup_key: string; message_id: string } } };
    // A reply stands below the message that says whose it is.
    if (!metadata && json.thread_ts) return { receiver, groupKey: '', id: String(json.thread_ts), body: json, at };
    const { dedup_key: key = '', message_id: id = '' } = metadata?.event_payload ?? {};
    return { receiver, groupKey: withoutGeneration(key), id, body: json, at };
  }
  new Webhook(SECRETS[receiver] ?? '').verify(body, headers as Record<string, string>);
  return { receiver, groupKey: String(json.groupKey), id: String(headers['webhook-id']), body: json, at };
}

/** While the store is down the generation is a quarter of a day. */
function withoutGeneration(dedupKey: string): string {
  const [, groupKey] = /^(.*)\/1$/s.exec(dedupKey) ?? /^(.*#down)\/\d{10}$/s.exec(dedupKey) ?? [];
  if (groupKey === undefined) throw new Error(`not an incident's first generation: ${dedupKey}`);
  return groupKey;
}
