/** A notification in plain words, before any vendor's format: headline, summary, and named lines of text and code. */

import { clusterKey } from '../event/metadata.ts';
import { sharedTraits } from '../incident/storm-traits.ts';
import { bounded, plain } from '../plain.ts';
import type { Priority } from '../priority.ts';
import { millisecondsOf } from '../time.ts';
import { behaviourOf, isHost } from './behaviour.ts';
import { attackText } from './mitre.ts';
import type { AlertView, Notification, StormView } from './notification.ts';
import { durationText, stateOf } from './page-state.ts';
import { whoText } from './page-who.ts';
import { fieldOf, fileOf, headlineOf, imageOf, phraseOf, placeOf, remoteOf, shortOf, userOf } from './phrase.ts';
import { reportPage } from './report-page.ts';

/** A piece of a line. Code is shown in a fixed-width face; both are plain text that must not be interpreted. */
export interface Span {
  text: string;
  code?: true;
}

export type LineName =
  | 'what'
  | 'subject'
  | 'who'
  | 'evidence'
  | 'where'
  | 'when'
  | 'others'
  | 'technique'
  | 'state'
  | 'first'
  | 'report';

/** A line that has nothing to say is left out of the page. */
export interface PageLine {
  name: LineName;
  spans: readonly Span[];
}

export interface Page {
  /** One symbol for the severity, for chat. */
  symbol: string;
  /** `Shell in payments/ledger-api` */
  headline: string;
  /** `CRIT payments-eu1 payments/ledger-api: ran /tmp/.x/kworker, not in image (1 pod)`, at most `SUMMARY_LIMIT`. */
  summary: string;
  lines: readonly PageLine[];
}

/** As much as a lock screen or a phone call bears. */
export const SUMMARY_LIMIT = 300;
const COMMAND_LIMIT = 400;
const LINE_LIMIT = 1_000;
const NAME_LIMIT = 80;
const OTHERS_SHOWN = 6;
const ANCESTORS_SHOWN = 4;
const STORM_SHOWN = 12;
const SEPARATOR = ' · ';

const LEVELS: Readonly<Record<Priority, { short: string; symbol: string }>> = {
  Emergency: { short: 'EMERG', symbol: '🔴' },
  Alert: { short: 'ALERT', symbol: '🔴' },
  Critical: { short: 'CRIT', symbol: '🔴' },
  Error: { short: 'ERROR', symbol: '🟠' },
  Warning: { short: 'WARN', symbol: '🟠' },
  Notice: { short: 'NOTICE', symbol: '🟠' },
  Informational: { short: 'INFO', symbol: '⚪' },
  Debug: { short: 'DEBUG', symbol: '⚪' },
};

/** Parents that every container has: naming them says nothing. */
const RUNTIMES: ReadonlySet<string> = new Set(['runc', 'containerd-shim', 'containerd-shim-runc-v2', 'conmon', 'crun']);

/** Renders the incident as it is now. Every text from an event is visible, on one line and bounded. */
export function pageOf(notification: Notification): Page {
  const { lead, storm, silent, report } = notification;
  const level = LEVELS[notification.severity];
  if (report) return reportPage(notification, report, { level, limit: SUMMARY_LIMIT });
  if (storm) return stormPage(notification, storm, level);
  const lines: PageLine[] = [
    { name: 'what', spans: whatLine(lead) },
    {
      name: 'subject',
      spans: joined([lead.where.pod && `pod ${plain(lead.where.pod, NAME_LIMIT, 'end')}`, imageOf(lead)]),
    },
    { name: 'who', spans: joined([whoText(notification)]) },
    { name: 'evidence', spans: joined([silent && plain(silent, LINE_LIMIT), ...evidence(lead)]) },
    { name: 'where', spans: joined(whereParts(lead)) },
    { name: 'when', spans: joined([whenText(notification)]) },
    { name: 'others', spans: joined([othersText(notification)]) },
    { name: 'technique', spans: joined([attackText(lead.tags)]) },
    { name: 'state', spans: joined(stateOf(notification)) },
    { name: 'first', spans: joined([`First: ${plain(notification.firstStep, COMMAND_LIMIT)}`]) },
  ];
  return {
    symbol: level.symbol,
    headline: headlineOf(lead),
    summary: summaryOf(notification, level.short),
    lines: lines.filter(({ spans }) => spans.length > 0),
  };
}

/** What a storm says: how many incidents, which, and where, in the place of one alert's words. */
function stormPage(notification: Notification, storm: StormView, level: { short: string; symbol: string }): Page {
  const { lead } = notification;
  const cluster = plain(lead.where.cluster?.name ?? 'unknown cluster', NAME_LIMIT);
  const incidents = `${storm.size} more ${storm.size === 1 ? 'incident' : 'incidents'}`;
  const headline = `Storm in ${cluster}: ${incidents} at once`;
  // A summary stays what it was where a vendor keeps the first one, and a storm rings at its first incident.
  const summary = `${level.short} Storm in ${cluster}: ${incidents} so far, worst ${placeOf(lead)}: ${phraseOf(lead)}`;
  const shared = sharedTraits(storm.traits ?? {}, storm.size);
  const listed = storm.members.slice(0, STORM_SHOWN).map(({ place, what }) => `${place}: ${what}`);
  const rest = storm.size - listed.length;
  const lines: PageLine[] = [
    { name: 'what', spans: joined([`Worst: ${placeOf(lead)}: ${phraseOf(lead)}`]) },
    { name: 'evidence', spans: joined([shared.length > 0 && `Most seen: ${shared.join(', ')}`]) },
    { name: 'where', spans: joined(whereParts({ ...lead, hostname: '', where: { cluster: lead.where.cluster } })) },
    { name: 'when', spans: joined([`Since ${timeOf(notification.firstNs).time} UTC`]) },
    { name: 'others', spans: joined([`holds: ${listed.join('; ')}${rest > 0 ? `; …(+${rest})` : ''}`]) },
    { name: 'technique', spans: joined([attackText(lead.tags)]) },
    { name: 'state', spans: joined(stateOf(notification)) },
    { name: 'first', spans: joined(['First: look for what they have in common; each is in the logs, none is lost']) },
  ];
  return {
    symbol: level.symbol,
    headline,
    summary: bounded(summary, SUMMARY_LIMIT),
    lines: lines.filter(({ spans }) => spans.length > 0),
  };
}

/** A line as text, code unmarked. */
export function textOf({ spans }: PageLine): string {
  return spans.map(({ text }) => text).join('');
}

/** The same of the line of a name; undefined where the page has none. */
export function lineText(page: Page, name: LineName): string | undefined {
  const line = page.lines.find((candidate) => candidate.name === name);
  return line && textOf(line);
}

/** All lines as text, one below the other. */
export function descriptionOf(page: Page): string {
  return page.lines.map(textOf).filter(Boolean).join('\n');
}

export interface NamedLink {
  id: 'logs' | 'dashboard' | 'console' | 'runbook' | `line-${number}`;
  name: string;
  url: string;
}

/** The links that there are, as people see them named, the most useful first. */
export function namedLinksOf({ links, lead, report }: Notification): NamedLink[] {
  if (report) return report.flatMap(({ link }, index) => (link ? [{ id: `line-${index}` as const, ...link }] : []));
  const all = [
    { id: 'logs', name: 'Logs', url: links.logs },
    { id: 'dashboard', name: 'Dashboard', url: links.dashboard },
    { id: 'console', name: lead.where.pod ? 'Pod' : 'Node', url: links.console },
    { id: 'runbook', name: 'Runbook', url: links.runbook },
  ] as const;
  return all.flatMap(({ id, name, url }) => (url ? [{ id, name, url }] : []));
}

function summaryOf(notification: Notification, level: string): string {
  const { lead } = notification;
  const watched = behaviourOf(lead) === 'watch';
  const cluster = plain(lead.where.cluster?.name ?? (watched ? placeOf(lead) : 'unknown-cluster'), NAME_LIMIT);
  // The place of an audit event is its cluster, and so is that of a silence of all of it.
  const place = lead.source === 'k8s_audit' || (watched && !lead.where.node) ? '' : ` ${placeOf(lead)}`;
  const tail = extent(notification);
  const text = `${level} ${cluster}${place}: ${phraseOf(lead)}`;
  return `${bounded(text, SUMMARY_LIMIT - tail.length)}${tail}`;
}

/** ` (1 pod)`: how many pods, or nodes for host events, the alerts at hand name. */
function extent({ lead, others }: Notification): string {
  const host = isHost(lead);
  const alerts = [lead, ...others.map(({ alert }) => alert)];
  const names = new Set(alerts.map(({ where }) => (host ? where.node : where.pod)).filter(Boolean));
  if (names.size === 0) return '';
  return ` (${names.size} ${host ? 'node' : 'pod'}${names.size === 1 ? '' : 's'})`;
}

/** `cmd` <- parent <- grandparent · user */
function whatLine(lead: AlertView): Span[] {
  const command = fieldOf(lead, 'proc.cmdline') ?? fieldOf(lead, 'proc.exepath') ?? fieldOf(lead, 'proc.name');
  const user = userOf(lead);
  if (!command) return joined([user ?? plain(lead.output, COMMAND_LIMIT)]);
  const ancestors = ancestorsOf(lead).map((name) => ` <- ${plain(name, NAME_LIMIT, 'end')}`);
  const rest = `${ancestors.join('')}${user ? `${SEPARATOR}${user}` : ''}`;
  return [{ text: plain(command, COMMAND_LIMIT, 'both'), code: true }, ...(rest ? [{ text: rest }] : [])];
}

function ancestorsOf(lead: AlertView): string[] {
  const fields = ['proc.pname', 'proc.aname[2]', 'proc.aname[3]', 'proc.aname[4]'].slice(0, ANCESTORS_SHOWN);
  const names: string[] = [];
  for (const name of fields.map((field) => fieldOf(lead, field))) {
    // Above the container's runtime only the node's own processes follow.
    if (!name || RUNTIMES.has(name)) break;
    names.push(name);
  }
  return names;
}

function evidence(lead: AlertView): (string | undefined)[] {
  const remote = remoteOf(lead);
  const file = fileOf(lead);
  const address = fieldOf(lead, 'ka.sourceips');
  const agent = fieldOf(lead, 'ka.useragent');
  const { imageTag, imageDigest } = lead.where;
  const digest = imageDigest && plain(imageDigest, 'sha256:'.length + 12 + '…(+52)'.length);
  return [
    changedText(lead),
    remote && `connection to ${remote}`,
    file && `file ${file}`,
    address && `from ${plain(address, NAME_LIMIT)}`,
    agent && `by ${plain(agent, NAME_LIMIT)}`,
    digest && `image ${imageTag ? plain(imageTag, NAME_LIMIT) : ''}@${digest}`,
  ];
}

/** How long the program's file had been as it is when it was started. Falco gives nanoseconds. */
function changedText(lead: AlertView): string | undefined {
  const ns = fieldOf(lead, 'proc.exe_ino.ctime_duration_proc_start');
  if (!ns || !/^\d{1,19}$/.test(ns)) return undefined;
  return `file changed ${durationText(Number(ns) / 1e9)} before start`;
}

function whereParts(lead: AlertView): (string | undefined)[] {
  const { cluster, node, clusterMismatch, zone, team } = lead.where;
  const name = node ?? (lead.source === 'k8s_audit' ? '' : lead.hostname);
  return [
    cluster
      ? plain(clusterKey(cluster), 3 * NAME_LIMIT, 'end')
      : behaviourOf(lead) === 'watch'
        ? undefined
        : 'unknown cluster',
    name ? `node ${isHost(lead) ? plain(name, NAME_LIMIT, 'end') : shortNode(name)}` : undefined,
    zone && plain(zone, NAME_LIMIT),
    team && `team ${plain(team, NAME_LIMIT)}`,
    clusterMismatch ? 'the cluster named does not have this node' : undefined,
  ];
}

/** GKE's node names share all but their last part with the node pool's other nodes. */
function shortNode(name: string): string {
  const last = name.slice(name.lastIndexOf('-') + 1);
  return name.startsWith('gke-') && last ? `...${plain(last, NAME_LIMIT)}` : plain(name, NAME_LIMIT, 'end');
}

/** `Since 09:00:02 UTC, once; nothing else on this pod` */
function whenText({ firstNs, lastNs, count, others, lead }: Notification): string {
  const first = timeOf(firstNs);
  const last = timeOf(lastNs);
  const sameDay = first.day === last.day;
  const since = `Since ${sameDay ? first.time : `${first.day} ${first.time}`}${count === 1 ? ' UTC' : ''}`;
  const often = count === 1 ? 'once' : `${count} times, last ${sameDay ? last.time : `${last.day} ${last.time}`} UTC`;
  const ofNode = isHost(lead) && behaviourOf(lead) !== 'watch';
  const place = ofNode ? 'on this node' : lead.where.pod ? 'on this pod' : 'in this incident';
  return `${since}, ${often}${others.length === 0 ? `; nothing else ${place}` : ''}`;
}

/** `same incident: Terminal shell 09:00:02; API contact by curl 09:00:41` */
function othersText({ others, firstNs }: Notification): string | undefined {
  if (others.length === 0) return undefined;
  const shown = others.slice(0, OTHERS_SHOWN).map(({ alert, timeNs, count }) => {
    const { day, time } = timeOf(timeNs);
    return `${shortOf(alert)} ${day === timeOf(firstNs).day ? time : `${day} ${time}`}${count > 1 ? ` (${count} times)` : ''}`;
  });
  const rest = others.length - shown.length;
  return `same incident: ${shown.join('; ')}${rest > 0 ? `; …(+${rest})` : ''}`;
}

function timeOf(ns: string): { day: string; time: string } {
  const iso = isoTime(ns);
  return { day: iso.slice(0, 10), time: iso.slice(11, 19) };
}

/** Nanoseconds since the epoch, in decimal, as RFC 3339 with milliseconds. */
export function isoTime(ns: string): string {
  return new Date(millisecondsOf(ns)).toISOString();
}

function joined(parts: readonly (string | false | undefined)[]): Span[] {
  const text = parts.filter(Boolean).join(SEPARATOR);
  return text ? [{ text: bounded(text, LINE_LIMIT) }] : [];
}
