/** Announcements: what the relay itself has to say to people, once, by the deliveries that pages have. Pure. */

import type { AlertView, ReportLine } from '../page/notification.ts';
import { isoTime } from '../page/page.ts';
import { bounded, plain } from '../plain.ts';
import { type Incident, join } from './incident.ts';

const LINE_LIMIT = 600;
/** As long as the output of an event may be. */
const OUTPUT_LIMIT = 2_048;
/** As Slack and Google Chat have room for several of them beside all lines. */
const URL_LIMIT = 1_500;

export interface Announcement {
  /** Names it: the same one is made once. */
  id: string;
  /** As a rule's name, after `Falco Relay: `. */
  title: string;
  /** One or two sentences. */
  text: string;
  /** What follows, a line each. */
  lines?: readonly ReportLine[] | undefined;
}

/**
 * As an incident that is over: nothing is expected of anybody, and no tier follows. Its texts may come from events: they are
 * made safe to show, and bounded.
 */
export function announced(
  { id, title, text, lines = [] }: Announcement,
  receivers: readonly string[],
  now: number,
): Incident {
  const timeNs = `${now}000000`;
  const report = [{ text }, ...lines].map(safe);
  const alert: AlertView = {
    uuid: `relay-${id}`,
    fingerprint: id,
    rule: `Falco Relay: ${title}`,
    priority: 'Informational',
    falcoPriority: 'Informational',
    source: 'relay',
    time: isoTime(timeNs),
    timeNs,
    hostname: '',
    tags: [],
    output: bounded(report.map((line) => line.text).join('; '), OUTPUT_LIMIT),
    fields: {},
    where: {},
  };
  const group = { key: `{announcement=${JSON.stringify(id)}}`, labels: { announcement: id } };
  return { ...join(undefined, alert, group, { receivers, tiers: [] }, now).incident, state: 'quiet', report };
}

const safe = ({ text, link }: ReportLine): ReportLine => ({
  text: plain(text, LINE_LIMIT),
  ...(link && link.url.length <= URL_LIMIT && { link }),
});
