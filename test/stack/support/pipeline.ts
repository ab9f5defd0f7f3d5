/** The policy of the scenarios: short windows, some rules raised so that a few dozen incidents open, four receivers. */

import { RAISED } from './expected.ts';

/** Without `receivers`, which follow from where they listen. */
export const PIPELINE = `clusters:
  - { project: acme-prod, location: europe-west1, name: payments-eu1, metadata: clusters.yaml }
  - { project: acme-prod, location: europe-west4-b, name: data-eu4, metadata: clusters.yaml }
  - { project: acme-prod, location: us-central1, name: shop-us1, metadata: clusters.yaml }
dedupe:
  window: 10s
  rules:
    - match: ['rule="Contact K8S API Server From Container"']
      by: [namespace, workload, image, exepath]
      window: 8s
    - { match: ['rule="Terminal shell in container"'], keep: 1 }
severity:
${RAISED.map((rule) => `  - { match: ['rule="${rule}"'], priority: Critical, reason: raised }`).join('\n')}
escalate: { match: ['priority=~"Emergency|Alert|Critical"'] }
# A storm of its own is in storm.stack.ts: here each incident pages.
storm: { incidents: 1000 }
# The samples speak of nodes that fell silent long ago.
nodes: { watch: false }
route:
  receiver: oncall
  routes:
    - { receiver: archive, continue: true }
    - { receiver: payments, match: ['cluster="payments-eu1"'], continue: true }
    - { receiver: chat, match: ['cluster!="payments-eu1"'], continue: true }
    - { receiver: oncall }
links: { grafana: https://grafana.acme.example, loki_datasource: loki }
`;

/** What stands in for the GKE API. */
export const CLUSTERS = `clusters:
  - { project: acme-prod, location: europe-west1, name: payments-eu1, nodes: [{ name: "*", pool: default-pool, zone: europe-west1-b }], namespaces: [{ name: payments, team: payments }] }
  - { project: acme-prod, location: europe-west4-b, name: data-eu4, nodes: [{ name: "*", pool: batch-pool, zone: europe-west4-b }] }
  - { project: acme-prod, location: us-central1, name: shop-us1, nodes: [{ name: "*", pool: default-pool, zone: us-central1-a }] }
`;
