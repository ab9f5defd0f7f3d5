/** Falco events as Falcosidekick publishes them, and the push requests that bring them. */

export interface EventChanges {
  uuid?: string;
  rule?: string;
  priority?: string;
  source?: string;
  time?: string;
  hostname?: string;
  fields?: Readonly<Record<string, unknown>>;
}

/** The project's hello world: a terminal shell in payments/ledger-api. */
export function shellEvent({ fields, ...changes }: EventChanges = {}): Record<string, unknown> {
  return {
    uuid: '0b6a8f0e-3f57-4c64-9a53-0c9f4f6f7d01',
    output:
      '09:00:02.500000000: Notice A shell was spawned in a container with an attached terminal | process=bash parent=runc',
    priority: 'Notice',
    rule: 'Terminal shell in container',
    time: '2026-11-23T09:00:02.5Z',
    source: 'syscall',
    tags: ['T1059', 'container', 'maturity_stable', 'mitre_execution', 'shell'],
    hostname: 'gke-payments-eu1-default-pool-5b1c2f3a-g2q1',
    ...changes,
    output_fields: {
      'container.id': 'a8871b35411b',
      'container.image.repository': 'europe-west1-docker.pkg.dev/acme-prod/payments/ledger-api',
      'container.image.tag': 'v41',
      'container.name': 'ledger-api',
      'evt.time': 1795424402500000123n,
      'evt.type': 'execve',
      'k8s.ns.name': 'payments',
      'k8s.pod.name': 'ledger-api-7c9d4f8b6d-x2x8k',
      'proc.cmdline': 'bash',
      'proc.exepath': '/usr/bin/bash',
      'proc.name': 'bash',
      'proc.pname': 'runc',
      'user.loginuid': -1,
      'user.name': 'root',
      'user.uid': 0,
      ...fields,
    },
  };
}

/** An event that no one needs to be woken for. */
export function quietEvent(uuid: string, fields: Record<string, unknown> = {}): Record<string, unknown> {
  return shellEvent({
    uuid,
    rule: 'Read sensitive file untrusted',
    priority: 'Warning',
    fields: { 'fd.name': '/etc/shadow', ...fields },
  });
}

/** The exec behind that shell, as the API server recorded it: a moment before, and of an identity of its own by `auditId`. */
export function execEvent(auditId: string, { fields, ...changes }: EventChanges = {}): Record<string, unknown> {
  return {
    uuid: `sidekick-${auditId}`,
    output: '09:00:02.100000000: Notice Attach/Exec Pod | user=ana@acme.example resource=pods subresource=exec',
    priority: 'Notice',
    rule: 'Attach/Exec Pod',
    time: '2026-11-23T09:00:02.1Z',
    source: 'k8s_audit',
    tags: ['k8s'],
    hostname: 'falco-k8saudit-gke-7d9c5b8f6d-x2x8k',
    ...changes,
    output_fields: {
      'jevt.value[/annotations/location]': 'europe-west1',
      'jevt.value[/annotations/project_id]': 'acme-prod',
      'ka.auditid': auditId,
      'ka.auth.decision': 'allow',
      'ka.cluster.name': 'payments-eu1',
      'ka.response.code': '101',
      'ka.sourceips': '203.0.113.7',
      'ka.target.name': 'ledger-api-7c9d4f8b6d-x2x8k',
      'ka.target.namespace': 'payments',
      'ka.target.resource': 'pods',
      'ka.target.subresource': 'exec',
      'ka.uri.param[command]': null,
      'ka.user.name': 'ana@acme.example',
      'ka.useragent': 'kubectl/v1.33.1 (linux/amd64) kubernetes/d2c1d6a',
      'ka.verb': 'create',
      ...fields,
    },
  };
}

export const CLUSTER_ATTRIBUTES = {
  gke_project: 'acme-prod',
  gke_location: 'europe-west1',
  gke_cluster: 'payments-eu1',
};

/** JSON as Go writes it, integers of any size included. */
export function eventText(event: object): string {
  return JSON.stringify(event, (_key, value) =>
    typeof value === 'bigint' ? (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(String(value)) : value,
  );
}

let serial = 0;

/** The body of a push request. */
export function pushOf(
  data: string | Uint8Array,
  attributes: Readonly<Record<string, string>> = CLUSTER_ATTRIBUTES,
  messageId?: string,
) {
  serial += 1;
  return {
    message: {
      data: Buffer.from(data).toString('base64'),
      attributes,
      messageId: messageId ?? String(1_000_000 + serial),
      publishTime: '2026-11-23T09:00:03Z',
    },
    subscription: 'projects/acme-prod/subscriptions/falco-ingest',
  };
}
