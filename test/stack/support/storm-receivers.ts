/** Receivers in a storm, each a server of its own: one that is up, one that is down a third of the time, one that hangs. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { signature } from '../../../functions/adapters/receivers/webhook.ts';
import { incidentKeyOf } from '../../../functions/core/incident/dedup-key.ts';
import { type Changes, createChanges } from './changes.ts';

export type ReceiverName = 'steady' | 'flaky' | 'hanging';

/** What a receiver was sent. */
export interface Heard {
  receiver: string;
  groupKey: string;
  /** `webhook-id`, by which a receiver knows what it has had already. */
  id: string;
  /** When, in milliseconds since the epoch, and when its connection was free again: 0 while it is not. */
  at: number;
  ended: number;
  /** False where it was answered 503, or not at all. */
  taken: boolean;
}

export interface StormReceivers {
  /** `route` and `receivers` of pipeline.yaml. */
  yaml: string;
  names: readonly string[];
  env: Readonly<Record<string, string>>;
  heard: readonly Heard[];
  /** What was not as the standard has it. */
  faults: readonly string[];
  /** Until then all are up. */
  beginTrouble(): void;
  /** From now on `flaky` is up; what hangs goes on hanging. */
  mend(): void;
  until: Changes['until'];
  close(): void;
}

const SECRET = `whsec_${Buffer.from('a secret of the storm').toString('base64')}`;
/** Long enough that a kill finds sends under way. */
const PAUSE_MS = 30;
/** `flaky` is down for so long, then up for twice as long. */
const DOWN_MS = 2_000;

/** The `webhook-id` of the first page of a group's first incident. */
export function pageId(groupKey: string): string {
  return signature(Buffer.of(), `${incidentKeyOf(groupKey, 1)}/1`, 0, '')['webhook-id'] ?? '';
}

/** @param alertmanager the address of a real one, which becomes the receiver `prometheus` */
export async function startStormReceivers(
  names: readonly ReceiverName[],
  alertmanager?: string,
): Promise<StormReceivers> {
  const heard: Heard[] = [];
  const faults: string[] = [];
  const changes = createChanges();
  let troubleSince = Number.POSITIVE_INFINITY;
  let mended = false;

  async function answer(receiver: ReceiverName, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request);
    try {
      new Webhook(SECRET).verify(body, request.headers as Record<string, string>);
    } catch (error) {
      faults.push(`${receiver}: ${(error as Error).message}`);
    }
    const at = Date.now();
    const inTrouble = at >= troubleSince;
    const isDown = receiver === 'flaky' && inTrouble && !mended && (at - troubleSince) % (3 * DOWN_MS) < DOWN_MS;
    const hangs = receiver === 'hanging' && inTrouble;
    const { groupKey } = JSON.parse(body) as { groupKey: string };
    const id = String(request.headers['webhook-id']);
    const entry = { receiver, groupKey, id, at, ended: 0, taken: !hangs && !isDown };
    heard.push(entry);
    response.once('close', () => {
      entry.ended = Date.now();
    });
    changes.tell();
    if (hangs) return;
    await sleep(PAUSE_MS);
    response.writeHead(isDown ? 503 : 200).end();
  }

  const servers = await Promise.all(
    names.map(async (name) => {
      const server = createServer((request, response) => void answer(name, request, response).catch(() => {}));
      await once(server.listen(0, '127.0.0.1'), 'listening');
      const address = server.address();
      return { name, server, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/` };
    }),
  );
  const configured = servers.map(
    ({ name, url }) =>
      `  - { name: ${name}, webhook: { url: '${url}', secret: { env: SECRET }, allow_private: true } }`,
  );
  if (alertmanager !== undefined) {
    configured.push(`  - { name: prometheus, alertmanager: { url: '${alertmanager}', allow_private: true } }`);
  }
  const all = [...names, ...(alertmanager === undefined ? [] : ['prometheus'])];
  return {
    yaml: `route:
  receiver: ${all[0]}
  routes:
${all.map((name) => `    - { receiver: ${name}, continue: true }`).join('\n')}
receivers:
${configured.join('\n')}
`,
    names: all,
    env: { SECRET },
    heard,
    faults,
    beginTrouble() {
      troubleSince = Date.now();
    },
    mend() {
      mended = true;
    },
    until: changes.until,
    close() {
      for (const { server } of servers) {
        server.closeAllConnections();
        server.close();
      }
    },
  };
}
