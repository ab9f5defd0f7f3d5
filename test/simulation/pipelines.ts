/** Configurations that a run changes between: other routes, groups, windows, severities and tiers, between two attempts. */

import { type Config, loadConfig, parsePipeline } from '../../functions/config.ts';
import { factsOfView } from '../../functions/core/page/alert-view.ts';
import type { AlertView } from '../../functions/core/page/notification.ts';
import { routeAlert } from '../../functions/escalate/route.ts';

export const RECEIVERS = ['oncall', 'leads', 'chief', 'chat'] as const;
/** Those that drop a second send of the same page: they are paged while the store is down. */
export const IDEMPOTENT: readonly string[] = ['oncall'];

const COMMON = `
clusters:
  - { project: acme-prod, location: europe-west1, name: payments-eu1, kubernetes: dns }
  - { project: acme-prod, location: us-east1, name: shop-us1 }
receivers:
  - { name: oncall, fallback: leads, webhook: { url: 'https://oncall.acme.example/' } }
  - { name: leads, webhook: { url: 'https://leads.acme.example/' } }
  - { name: chief, fallback: leads, webhook: { url: 'https://chief.acme.example/' } }
  - { name: chat, fallback: leads, webhook: { url: 'https://chat.acme.example/' } }
exceptions:
  - { name: ci, match: ['namespace="ci"', 'rule=~"Netcat.*"'], mode: mute, owner: ana@acme.example, reason: a test suite }
  - { name: reports, match: ['workload="report"'], owner: ana@acme.example, reason: perhaps }
announce: [chat]
oncall: oncall
`;

const TEXTS = [
  `
dedupe: { window: 2m, rules: [{ match: ['rule="Write below etc"'], keep: 3 }] }
severity: [{ match: ['rule="Terminal shell in container"'], priority: Critical, reason: production }]
route:
  receiver: oncall
  escalate_after: [{ after: 5m, receiver: leads }, { after: 10m, receiver: chief }]
  routes: [{ match: ['namespace="payments"'], receiver: chat, continue: true }, { match: ['namespace=~".+"'], receiver: oncall }]
silences:
  - { match: ['namespace="batch"'], from: 2026-11-23T09:04:00Z, until: 2026-11-23T09:12:00Z, owner: ana@acme.example, reason: upgrade }
`,
  `
dedupe: { window: 3m, rules: [{ match: ['rule="Write below etc"'], keep: 1, window: 1m }] }
severity: [{ match: ['rule="Terminal shell in container"'], priority: Alert, reason: production }]
route:
  receiver: oncall
  escalate_after: [{ after: 3m, receiver: chief }]
  routes: [{ match: ['rule="Terminal shell in container"'], receiver: chat }]
storm: { incidents: 4, within: 5m }
enrich: { budget: 100ms, missing_ttl: 1s }
`,
  `
dedupe: { window: 30s }
severity:
  - { match: ['team="nobody"'], priority: Warning }
  - { match: ['rule="Terminal shell in container"'], priority: Critical, reason: production }
route:
  receiver: leads
  group_by: [project, cluster, namespace]
  escalate_after: [{ after: 2m, receiver: chief }]
  routes: [{ match: ['priority="Emergency"'], receiver: oncall, continue: true }, { match: ['namespace="shop"'], receiver: chat }]
storm: { incidents: 6, within: 2m }
`,
];

export const PIPELINES = TEXTS.length;

/** Where each of these configurations sends an alert. */
export function routesOf(alert: AlertView, pipelines: readonly number[]): readonly (readonly string[])[] {
  const facts = factsOfView(alert);
  return pipelines.map((index) => {
    const { route } = configOf(index, 1, false).pipeline;
    return route ? routeAlert(route, facts).map(({ receiver }) => receiver) : [];
  });
}

const parsed = new Map<string, Config>();

/** Configuration number `index`, for instances that hold at most `inFlight` events at once; nodes are watched or not. */
export function configOf(index: number, inFlight: number, watch: boolean): Config {
  const key = `${index} ${inFlight} ${watch}`;
  const known = parsed.get(key);
  if (known) return known;
  const problems: string[] = [];
  const pipeline = parsePipeline(`${COMMON}nodes: { watch: ${watch} }${TEXTS[index % TEXTS.length] ?? ''}`, problems);
  if (!pipeline || problems.length > 0) throw new Error(problems.join('\n'));
  const { env } = loadConfig({ MAX_EVENTS_IN_FLIGHT: String(inFlight) });
  // Receivers are given; what configuration says of them is who stands in for whom.
  const config = { env, pipeline, receivers: pipeline.receivers as unknown as Config['receivers'] };
  parsed.set(key, config);
  return config;
}
