/** The daily digest: what whoever takes over must know, in a few lines. Pure; its texts are made safe where it is announced. */

import { UNUSED_DAYS } from '../mute/exception-report.ts';
import { type LinkOptions, linksOf } from '../page/links.ts';
import type { ReportLine } from '../page/notification.ts';
import { durationText } from '../page/page-state.ts';
import { headlineOf } from '../page/phrase.ts';
import { bounded } from '../plain.ts';
import { PRIORITIES, rank } from '../priority.ts';
import { type Incident, lead } from './incident.ts';

/** What sweep found. */
export interface DigestFacts {
  /** Milliseconds by the store's clock. */
  now: number;
  /** When the last digest was told. */
  since: number;
  /** Those that are live. */
  incidents: readonly Incident[];
  /** There are more of them than were looked at. */
  cut: boolean;
  /** What muted how many alerts since then. */
  muted: readonly Counted[];
  /** What exceptions in shadow mode would have. */
  shadowed: readonly Counted[];
  /** Exceptions that long matched nothing. */
  unused: readonly string[];
  /** Silences that end within a day. */
  ending: readonly { name: string; until: number }[];
  /** Receivers that are not told what they should have heard. */
  untold: readonly { receiver: string; n: number; since: number }[];
  silentNodes: readonly string[];
}

export interface Counted {
  name: string;
  n: number;
}

const WORST_SHOWN = 5;
const GROWING_SHOWN = 3;
const NAMES_SHOWN = 5;
const HEADLINE_LIMIT = 160;
const NAME_LIMIT = 80;

/** The first sentence, and a line for each thing that there is to know. */
export function digestOf(facts: DigestFacts, links: LinkOptions): { text: string; lines: ReportLine[] } {
  const { incidents, since, now, cut } = facts;
  // What a storm holds is told by the storm.
  const told = incidents.filter(({ heldBy, observed }) => !heldBy && !observed);
  const open = told.filter(({ state }) => state === 'open').sort(worstFirst);
  const growing = told
    .filter(({ state, lastAt, by }) => state === 'acknowledged' && lastAt > Math.max(since, by?.at ?? 0))
    .sort(worstFirst);
  const observed = incidents.filter((incident) => incident.observed).length;
  const { muted, shadowed, unused, ending, untold, silentNodes } = facts;
  const shown = [...open.slice(0, WORST_SHOWN), ...growing.slice(0, GROWING_SHOWN)];
  const lineOf = (incident: Incident): ReportLine => incidentLine(incident, shown.indexOf(incident) + 1, now, links);
  const nMuted = sum(muted);
  const nShadowed = sum(shadowed);

  const parts = [
    open.length > 0 && `${count(open.length, 'incident')} open and unacknowledged`,
    growing.length > 0 && `${growing.length} acknowledged and growing`,
    observed > 0 && `${observed} only observed`,
    cut && 'more than could be looked at',
    nMuted > 0 && `${count(nMuted, 'alert')} muted`,
    untold.length > 0 && `${count(untold.length, 'receiver')} not told`,
    silentNodes.length > 0 && `${count(silentNodes.length, 'node')} silent`,
  ].filter((part) => part !== false);
  const lines: (ReportLine | false)[] = [
    open.length > 0 && { text: `Open and unacknowledged: ${open.length}${worstOf(open)}` },
    ...open.slice(0, WORST_SHOWN).map(lineOf),
    growing.length > 0 && { text: `Acknowledged, and alerts still come: ${growing.length}${worstOf(growing)}` },
    ...growing.slice(0, GROWING_SHOWN).map(lineOf),
    nMuted > 0 && { text: `Muted since the last digest: ${nMuted}; ${listed(mostFirst(muted).map(countText))}` },
    nShadowed > 0 && {
      text: `Would have been muted, by exceptions in shadow mode: ${nShadowed}; ${listed(mostFirst(shadowed).map(countText))}`,
    },
    unused.length > 0 && { text: `Exceptions that matched nothing for ${UNUSED_DAYS} days: ${listed(unused)}` },
    ending.length > 0 && {
      text: `Silences that end within a day: ${listed(ending.map(({ name, until }) => `${short(name)}, ${timeOf(until)}`))}`,
    },
    untold.length > 0 && {
      text: `Receivers that can't be told: ${listed(untold.map((each) => `${short(each.receiver)}, ${count(each.n, 'page')} since ${timeOf(each.since)}`))}`,
    },
    silentNodes.length > 0 && { text: `Silent nodes: ${listed(silentNodes.map(short))}` },
  ];
  const some = lines.filter((line) => line !== false);
  if (parts.length > 0) return { text: `${parts.join(', ')}.`, lines: some };
  return { text: 'Nothing is open, nothing was muted, nobody is silent.', lines: some };
}

const worstFirst = (a: Incident, b: Incident): number =>
  rank(a.severity) - rank(b.severity) || b.count - a.count || a.openedAt - b.openedAt;
const mostFirst = (counted: readonly Counted[]): Counted[] => [...counted].sort((a, b) => b.n - a.n);
const sum = (counted: readonly Counted[]): number => counted.reduce((total, { n }) => total + n, 0);
const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
const countText = ({ name, n }: Counted): string => `${short(name)}: ${n}`;
const short = (name: string): string => bounded(name, NAME_LIMIT);
/** `2026-11-23 10:00`, UTC. */
const timeOf = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** `, 1 Critical, 2 Warning` */
function worstOf(incidents: readonly Incident[]): string {
  const by = PRIORITIES.map((priority) => [priority, incidents.filter(({ severity }) => severity === priority).length]);
  return by.flatMap(([priority, n]) => (n ? [`, ${n} ${priority}`] : [])).join('');
}

function listed(names: readonly string[]): string {
  const rest = names.length - NAMES_SHOWN;
  return `${names.slice(0, NAMES_SHOWN).join('; ')}${rest > 0 ? `; …(+${rest})` : ''}`;
}

/** `1. Critical: Shell in payments/ledger-api; 12 alerts, open for 3 h` */
function incidentLine(incident: Incident, number: number, now: number, options: LinkOptions): ReportLine {
  const { severity, count: n, openedAt, lastAt, labels, firstNs, lastNs, storm, state } = incident;
  const { alert } = lead(incident);
  const what = storm ? `storm of ${storm.size} incidents, worst ${headlineOf(alert)}` : headlineOf(alert);
  const when =
    state === 'open'
      ? `open for ${durationText((now - openedAt) / 1_000)}`
      : `the last ${durationText((now - lastAt) / 1_000)} ago`;
  const { dashboard, logs, console } = linksOf({ group: labels, lead: alert, firstNs, lastNs }, options);
  const url = dashboard ?? logs ?? console;
  return {
    text: `${number}. ${severity}: ${bounded(what, HEADLINE_LIMIT)}; ${count(n, 'alert')}, ${when}`,
    ...(url && { link: { name: String(number), url } }),
  };
}
