/** What the cases of the policy are made of: what happens, where, and the place that it is to have. */

import { fixtureText } from '../fixtures/load.ts';
import type { Place } from '../support/policy.ts';

/** Fields that make the event another one. */
export type Fields = Readonly<Record<string, string | null>>;

export interface Where {
  attributes: Readonly<Record<string, string>>;
  /** Replaces what the event says; null: it came too late. */
  namespace?: string | null;
}

export type Case = readonly [name: string, place: Place, event: string, where: Where];

const cluster = (project: string, location: string, name: string): Where => ({
  attributes: { gke_project: project, gke_location: location, gke_cluster: name },
});

export const PRODUCTION = cluster('acme-prod', 'europe-west1', 'payments-eu1');
export const DEVELOPMENT = cluster('acme-dev', 'us-central1', 'dev-us1');
/** Listed by the test, without an environment. */
export const UNSAID = cluster('acme-prod', 'europe-west4-b', 'data-eu4');
export const UNLISTED = cluster('acme-prod', 'europe-west1', 'forgotten-eu1');
export const NOWHERE: Where = { attributes: {} };
export const inside = (namespace: string | null, where = PRODUCTION): Where => ({ ...where, namespace });
export const SYSTEM = inside('kube-system');

/** A fixture's event under another rule or with other fields. */
export function like(fixture: string, fields: Fields = {}, rule?: string): string {
  const event = JSON.parse(fixtureText(fixture)) as { rule: string; output_fields: Record<string, unknown> };
  return JSON.stringify({ ...event, rule: rule ?? event.rule, output_fields: { ...event.output_fields, ...fields } });
}

export const process = (name: string, cmdline = name, exepath = `/usr/bin/${name}`): Fields => ({
  'proc.name': name,
  'proc.cmdline': cmdline,
  'proc.exepath': exepath,
});
export const HOST: Fields = { 'container.id': 'host', 'k8s.ns.name': null, 'k8s.pod.name': null };
