/** A small day that is known beforehand, written by the relay itself and put into a real Loki for dashboards and rules to find. */

import { readFileSync } from 'node:fs';
import { createAct } from '../../../functions/callback/act.ts';
import type { LogEntry } from '../../../functions/core/event/alert.ts';
import { groupKeyOf, INCIDENT_KIND } from '../../../functions/core/incident/documents.ts';
import { CLUSTER_ATTRIBUTES, eventText, pushOf, shellEvent } from '../../support/events.ts';
import { PIPELINE, world } from '../../support/world.ts';
import { rawPush } from './loki.ts';

const MINUTE_MS = 60_000;
/** Windows are closed by then, a page that nobody took has a fallback, and waits for too long. */
const LATER_MS = 16 * MINUTE_MS;
const METADATA = new URL('../../../functions/local/clusters.yaml', import.meta.url).pathname;

const POLICY = `
clusters:
  - { project: acme-prod, location: europe-west1, name: payments-eu1, metadata: ${METADATA} }
  - { project: acme-prod, location: europe-west4-b, name: data-eu4, metadata: ${METADATA} }
silences:
  - { match: ['namespace="sandbox"'], until: 2026-12-01T00:00:00Z, owner: ana@acme.example, reason: red team week }
exceptions:
  - { name: debugging, mode: shadow, match: ['workload="debug"'], owner: ana@acme.example, reason: somebody debugs }
${PIPELINE}`;

const NODES = {
  first: 'gke-payments-eu1-default-pool-3c401fa8-g2q1',
  second: 'gke-payments-eu1-default-pool-3c401fa8-h3r2',
  data: 'gke-data-eu4-batch-pool-5b1c2f3a-k9s4',
};
const DATA = { gke_project: 'acme-prod', gke_location: 'europe-west4-b', gke_cluster: 'data-eu4' };
const UNLISTED = { gke_project: 'acme-dev', gke_location: 'europe-west1', gke_cluster: 'play-eu1' };

const fixture = (name: string): string =>
  readFileSync(new URL(`../../fixtures/messages/${name}.json`, import.meta.url), 'utf8');

/** The pod gives the workload its name. */
function event(
  uuid: string,
  rule: string,
  priority: string,
  { hostname = NODES.first, ns = 'payments', pod = 'debug' } = {},
) {
  return eventText(shellEvent({ uuid, rule, priority, hostname, fields: { 'k8s.ns.name': ns, 'k8s.pod.name': pod } }));
}

function snapshot(uuid: string, hostname: string, fields: object): string {
  const snapshot = JSON.parse(fixture('internal-snapshot'));
  return eventText({ ...snapshot, uuid, hostname, output_fields: { ...snapshot.output_fields, ...fields } });
}

interface Sent {
  event: string;
  attributes?: Record<string, string>;
  /** How long ago it happened; six minutes, unless said. */
  minutes?: number;
}

const SHELL = 'Terminal shell in container';
const READ = 'Read sensitive file untrusted';
const CANARY = 'Falco Relay canary';
/** Its escalation is lost. */
const UNTOLD = 'untold';
const SENT: readonly Sent[] = [
  { event: fixture('shell-terminal') },
  { event: fixture('exec-dropped-binary') },
  { event: fixture('network-redirect') },
  { event: fixture('audit-exec') },
  { event: fixture('internal-drop') },
  { event: fixture('internal-snapshot') },
  { event: snapshot('young', NODES.second, { 'falco.duration_sec': 60, 'scap.n_drops_perc': 0 }) },
  { event: snapshot('audit-word', 'falco-k8saudit-7d9c5b8f6d-x2x8k', { 'scap.n_drops_perc': 0 }) },
  { event: event('canary', CANARY, 'Informational', { ns: 'falco', pod: 'canary' }) },
  { event: event('read-1', READ, 'Warning', { pod: 'report-0' }) },
  { event: event('read-2', READ, 'Warning', { pod: 'report-0' }) },
  { event: event('read-3', READ, 'Warning', { pod: 'report-0' }) },
  { event: event('muted', SHELL, 'Notice', { ns: 'sandbox', pod: 'play' }) },
  { event: event('shadowed', SHELL, 'Notice') },
  { event: event(UNTOLD, SHELL, 'Notice', { ns: 'shop', pod: 'web' }) },
  { event: event('stray', READ, 'Warning', { hostname: 'gke-nowhere-1' }) },
  { event: event('unlisted', READ, 'Warning'), attributes: UNLISTED },
  { event: snapshot('silent', NODES.data, { 'scap.n_drops_perc': 0 }), attributes: DATA, minutes: 90 },
  {
    event: event('silent-canary', CANARY, 'Informational', { hostname: NODES.data, ns: 'falco', pod: 'canary' }),
    attributes: DATA,
    minutes: 90,
  },
];

/**
 * As the relay writes it by `now`, incidents among it: of two, one of which somebody took on while the pager fails; then a raw second copy of the shell, and one entry that came
 * late, from a node that the cluster does not have.
 */
export async function knownDay(now: number): Promise<LogEntry[]> {
  const relay = world({ pipeline: POLICY });
  const entries: LogEntry[] = [];
  const take = (minutes: number, written = relay.stored): void => {
    for (const entry of written.splice(0)) {
      const ms = now - minutes * MINUTE_MS + entries.length + 1;
      entries.push({ ...entry, timestampNs: String(BigInt(ms) * 1_000_000n) });
    }
  };
  for (const { event: text, attributes = CLUSTER_ATTRIBUTES, minutes = 6 } of SENT) {
    const { status } = await relay.call('ingest', pushOf(text, attributes));
    if (status !== 204) throw new Error(`ingest answered ${status} to ${text}`);
    take(minutes);
  }
  await tellPeople(relay);
  await relay.call('sweep', undefined);
  take(3, relay.reported);
  await acknowledge(relay);
  relay.time.pass(LATER_MS);
  await relay.call('sweep', undefined);
  take(4);
  take(1, relay.reported);
  const [shell] = entries;
  const [read] = entries.filter(({ metadata }) => metadata.uuid === 'read-1');
  if (!shell || !read) throw new Error('ingest did not write what it was to');
  return [
    ...entries,
    { ...shell, metadata: { ...shell.metadata, node_pool: 'another' } },
    {
      ...read,
      labels: { ...read.labels, late_hour: '2026-11-23T08' },
      metadata: { ...read.metadata, uuid: 'late', cluster_mismatch: 'true' },
    },
  ];
}

/** The pager takes the first page and no other. */
async function tellPeople(relay: ReturnType<typeof world>): Promise<void> {
  const untold = relay.on('escalations').filter(({ attributes }) => attributes.uuid === UNTOLD);
  if (untold.length !== 1) throw new Error('the shell in the shop was to escalate');
  for (const { data, attributes } of relay.on('escalations')) {
    if (attributes.uuid !== UNTOLD) await relay.call('escalate', pushOf(data, attributes));
  }
  const pages = relay.on('notifications');
  for (const { data, attributes } of pages) {
    await relay.call('notify', pushOf(data, attributes));
    relay.answers.oncall = { kind: 'retry', reason: 'receiver-unavailable', detail: 'HTTP 503' };
  }
}

async function acknowledge({ memory: store, topics, time: { clock } }: ReturnType<typeof world>): Promise<void> {
  const [groupKey = ''] = (await store.list(INCIDENT_KIND, 10)).map(groupKeyOf).filter((key) => key.includes('ledger'));
  const by = { by: 'ana', via: 'slack', requestId: 'press' } as const;
  const { kind } = await createAct({ store, topics, clock, oncall: undefined })({
    ...by,
    kind: 'acknowledge',
    incident: { groupKey, generation: 1 },
  });
  if (kind !== 'done') throw new Error('the incident of the ledger was to be open');
}

/** One stream a push, or Loki may lose some of it. */
export async function fill(url: string, entries: readonly LogEntry[]): Promise<void> {
  for (const entry of entries) {
    const { status, text } = await rawPush(url, [entry]);
    if (status !== 204) throw new Error(`Loki answered ${status}: ${text}`);
  }
}
