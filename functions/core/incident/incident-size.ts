/**
 * Keeps an incident within one document of the store. What an event says can be long on purpose: an incident that the
 * store refuses would never page. Nothing is cut while all of it fits; then each rule gets an equal share.
 */

import type { AlertView } from '../page/notification.ts';
import { boundedBy } from '../plain.ts';
import type { Incident } from './incident.ts';

/** Of the 64 KiB that a document holds; the rest is room for what later versions add. */
export const INCIDENT_BYTES = 56 * 1024;
/** From generous to as short as still says something; tried in turn until an alert fits its share. */
const TEXT_BYTES = [512, 256, 128, 64, 40];

/** What a page shows of the fields, and so what stays longest. */
const SHOWN_FIRST = [
  'container.id',
  'proc.cmdline',
  'proc.exepath',
  'proc.name',
  'proc.pname',
  'user.name',
  'user.uid',
  'fd.name',
  'fd.rip',
  'fd.rport',
  'fd.sip',
  'fd.sport',
  'ka.user.name',
  'ka.verb',
  'ka.target.resource',
  'ka.target.subresource',
  'ka.target.namespace',
  'ka.target.name',
  'ka.sourceips',
  'ka.useragent',
  'proc.exe',
];

/** The incident itself, or one whose alerts are cut so that its JSON takes at most `INCIDENT_BYTES`. */
export function fitted(incident: Incident): Incident {
  const total = bytesOf(incident);
  if (total <= INCIDENT_BYTES) return incident;
  const alerts = incident.rules.reduce((sum, { alert }) => sum + bytesOf(alert), 0);
  const rules = incident.rules.map((seen) => ({ ...seen, rule: cutBytes(seen.rule, 256) }));
  const share = Math.floor((INCIDENT_BYTES - (total - alerts)) / rules.length);
  return { ...incident, rules: rules.map((seen) => ({ ...seen, alert: slim(seen.alert, share) })) };
}

function slim(alert: AlertView, share: number): AlertView {
  if (bytesOf(alert) <= share) return alert;
  // Labels serve matchers alone, and those were asked before the incident was joined.
  const { namespaceLabels: _, podLabels: __, ...where } = alert.where;
  const { fields, ...rest } = { ...alert, where };
  let cut: AlertView = { ...alert, fields: {} };
  let limit = 0;
  for (limit of TEXT_BYTES) {
    cut = { ...cutTexts(rest, limit), tags: rest.tags.slice(0, 8).map((tag) => cutBytes(tag, limit)), fields: {} };
    if (bytesOf(cut) <= share / 2) break;
  }
  let left = share - bytesOf(cut);
  const kept: [string, string][] = [];
  const names = new Set([...SHOWN_FIRST.filter((name) => Object.hasOwn(fields, name)), ...Object.keys(fields)]);
  for (const name of names) {
    const text = cutBytes(fields[name] ?? '', limit);
    left -= bytesOf(name) + bytesOf(text) + 2;
    if (left < 0) break;
    kept.push([name, text]);
  }
  return { ...cut, fields: Object.fromEntries(kept) };
}

/** Every text of an object and of the objects in it; identities and enumerations are shorter than any limit. */
function cutTexts<T extends object>(of: T, limit: number): T {
  const entries = Object.entries(of).map(([name, value]: [string, unknown]) => {
    if (typeof value === 'string' && name !== 'uuid') return [name, cutBytes(value, limit)];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return [name, cutTexts(value, limit)];
    return [name, value];
  });
  return Object.fromEntries(entries) as T;
}

/** Keeps both ends, as alert-view does. The limit counts JSON, where a control character takes six bytes. */
function cutBytes(text: string, limit: number): string {
  return boundedBy(bytesOf, text, limit, 'both');
}

/** As the store writes it. */
function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}
