/** Alerts as escalate sees them, to be cloned and changed. */

import type { AlertView } from '../../functions/core/page/notification.ts';

/** A terminal shell in payments/ledger-api, raised to Critical. */
export const SHELL: AlertView = {
  uuid: '0b6a8f0e-3f57-4c64-9a53-0c9f4f6f7d01',
  fingerprint: 'f1',
  rule: 'Terminal shell in container',
  priority: 'Critical',
  falcoPriority: 'Notice',
  source: 'syscall',
  time: '2026-11-23T09:00:02.5Z',
  timeNs: '1795424402500000000',
  hostname: 'gke-payments-eu1-default-pool-5b1c2f3a-g2q1',
  tags: ['T1059', 'container', 'mitre_execution', 'shell'],
  output: 'A shell was spawned in a container with an attached terminal | process=bash parent=runc',
  fields: {
    'proc.name': 'bash',
    'proc.cmdline': 'bash',
    'proc.exepath': '/usr/bin/bash',
    'user.name': 'root',
    'container.id': 'a8871b35411b',
  },
  where: {
    cluster: { project: 'acme-prod', location: 'europe-west1', name: 'payments-eu1' },
    namespace: 'payments',
    pod: 'ledger-api-7c9d4f8b6d-x2x8k',
    container: 'ledger-api',
    image: 'europe-west1-docker.pkg.dev/acme-prod/payments/ledger-api',
    imageTag: 'v41',
    node: 'gke-payments-eu1-default-pool-5b1c2f3a-g2q1',
    derivedWorkload: 'ledger-api',
    team: 'payments',
    enrichment: 'full',
  },
};

let serial = 0;

/** A changed copy with a uuid of its own, `seconds` after the first. */
export function alertLike(base: AlertView, changes: Partial<AlertView> = {}, seconds = 0): AlertView {
  serial += 1;
  const timeNs = String(BigInt(base.timeNs) + BigInt(Math.round(seconds * 1e9)));
  return { ...structuredClone(base), uuid: `uuid-${serial}`, timeNs, ...changes };
}
