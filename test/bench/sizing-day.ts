/** The events of a day that was: the alerts of one public cluster, and the snapshots of a hundred nodes, in their order. */

import { fixture } from '../fixtures/load.ts';
import { bodiesOf, readSamples } from './mix.ts';

export const NODES = 100;
export const SNAPSHOTS_A_DAY = 288;
/** As many alerts as mix.ts has the shares of, and a snapshot of each node every five minutes. */
export const ALERTS_A_DAY = 33_070;
export const EVENTS_A_DAY = ALERTS_A_DAY + NODES * SNAPSHOTS_A_DAY;
const SNAPSHOT_MS = 86_400_000 / SNAPSHOTS_A_DAY;
const GAP_MS = 86_400_000 / ALERTS_A_DAY;

export interface Sent {
  atMs: number;
  /** The event's text and the message's attributes. */
  text: string;
  attributes: Readonly<Record<string, string>>;
}

/** All that arrives within so long, or the snapshots alone. */
export function dayFrom(startMs: number, forMs: number, only?: 'snapshots'): Sent[] {
  const sent = [...(only ? [] : alerts(startMs, forMs)), ...snapshots(startMs, forMs)];
  return sent.sort((a, b) => a.atMs - b.atMs);
}

function alerts(startMs: number, forMs: number): Sent[] {
  const timeOf = (index: number): number => startMs + Math.floor(index * GAP_MS);
  // Who talks to the API server by curl is told to people; the many who do all day are programs made for it.
  const samples = readSamples().filter(({ text }) => !/"Contact K8S API Server.*curl/.test(text));
  return bodiesOf(samples, 'played', Math.floor(forMs / GAP_MS), 1, timeOf).map((body, index) => {
    const { message } = JSON.parse(String(body)) as { message: { data: string; attributes: Record<string, string> } };
    const text = Buffer.from(message.data, 'base64').toString();
    return { atMs: timeOf(index), text: onNode(text, index % NODES), attributes: message.attributes };
  });
}

function snapshots(startMs: number, forMs: number): Sent[] {
  const { data, attributes } = fixture('internal-snapshot');
  // That one lost system calls, which is an alert.
  const sample = Buffer.from(data, 'base64').toString().replace('"scap.n_drops_perc":1.7', '"scap.n_drops_perc":0');
  return Array.from({ length: Math.floor((forMs / SNAPSHOT_MS) * NODES) }, (_, index) => {
    const atMs = startMs + Math.floor((index * SNAPSHOT_MS) / NODES);
    const text = sample
      .replace(/"uuid":"[^"]+"/, `"uuid":"00000000-0000-4000-8000-${String(index).padStart(12, '0')}"`)
      .replace(/"time":"[^"]+"/, `"time":"${new Date(atMs).toISOString()}"`);
    return { atMs, text: onNode(text, index % NODES), attributes };
  });
}

function onNode(text: string, node: number): string {
  const name = `gke-payments-eu1-default-pool-3c401fa8-${String(node).padStart(4, '0')}`;
  return text.replace(/"(hostname|evt\.hostname)":"[^"]*"/g, `"$1":"${name}"`);
}
