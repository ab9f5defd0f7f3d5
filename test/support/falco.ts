/** Nodes whose Falco speaks: snapshots, alerts and drop events, at the time of a test's clock. */

import { readIncident } from '../../functions/core/incident/documents.ts';
import { groupOf } from '../../functions/core/incident/group.ts';
import type { Incident } from '../../functions/core/incident/incident.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from './events.ts';
import type { world } from './world.ts';

type World = ReturnType<typeof world>;

export const MINUTE = 60_000;

let serial = 0;

export interface Speaking {
  attributes?: Readonly<Record<string, string>>;
  /** When Pub/Sub took the message; the clock's time unless told. */
  publishedAt?: number;
  /** The event's own time. */
  at?: number;
}

/** Brings one event to ingest, published when the clock says; gives the answer's status. */
export async function speak(w: World, event: object, of: Speaking = {}): Promise<number> {
  const now = w.time.clock();
  const time = new Date(of.at ?? now).toISOString();
  const body = pushOf(eventText({ time, ...event }), of.attributes ?? CLUSTER_ATTRIBUTES);
  body.message.publishTime = new Date(of.publishedAt ?? now).toISOString();
  return (await w.call('ingest', body)).status;
}

function uuid(): string {
  serial += 1;
  return `spoken-${serial}`;
}

/** As Falco 0.44 sends it every five minutes. */
export function snapshot(hostname: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    uuid: uuid(),
    output: 'Falco metrics snapshot',
    priority: 'Informational',
    rule: 'Falco internal: metrics snapshot',
    source: 'internal',
    hostname,
    output_fields: {
      'evt.source': 'syscall',
      'falco.outputs_queue_num_drops': 0,
      'falco.reload_ts': 1_795_420_800_000_000_000n,
      'falco.rules.matches_total': 0,
      'falco.start_ts': 1_795_420_800_000_000_001n,
      'scap.n_drops_perc': 0,
      ...fields,
    },
  };
}

/** An alert of this node; what it is about differs each time. */
export function alertOn(hostname: string, over: Record<string, unknown> = {}): Record<string, unknown> {
  const { time: _, ...event } = shellEvent({ rule: 'Read sensitive file untrusted', priority: 'Warning' });
  return { ...event, uuid: uuid(), hostname, ...over };
}

/** Each node sends a snapshot every five minutes and sweep runs every minute, for so many minutes from now. */
export async function minutes(w: World, count: number, nodes: readonly string[], of: Speaking = {}): Promise<void> {
  for (let minute = 0; minute < count; minute += 1) {
    if (minute % 5 === 0) for (const node of nodes) await speak(w, snapshot(node), of);
    await w.call('sweep', {});
    w.time.pass(MINUTE);
  }
}

/** The alerts of the watch that were published, each once. */
export function watchAlerts(w: World): AlertView[] {
  const all = w.on('escalations').map(({ data }) => JSON.parse(String(data)) as AlertView);
  const own = all.filter(({ source }) => source === 'relay');
  return own.filter(({ uuid: id }, index) => own.findIndex((other) => other.uuid === id) === index);
}

/** Brings each alert to escalate, as often as it was published, and gives their incidents. */
export async function incidents(w: World): Promise<Incident[]> {
  const alerts = watchAlerts(w);
  for (const alert of [...alerts, ...alerts]) await w.escalate(alert);
  const keys = [...new Set(alerts.map((alert) => groupOf(alert).key))];
  const found = await w.memory.transact((tx) => Promise.all(keys.map((key) => readIncident(tx, key))));
  return found.filter((incident) => incident !== undefined);
}
