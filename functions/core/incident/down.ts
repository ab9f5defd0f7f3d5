/** Pages without the store: what escalate hands to notify while no incident can be opened (protocol: delivery). */

import * as z from 'zod';
import { alertView } from '../page/alert-view.ts';
import type { AlertView, GroupLabels } from '../page/notification.ts';
import { millisecondsOf } from '../time.ts';

/** Unlike a wake-up it carries what is to be told: there is no record to ask. */
export const downNotice = z.object({
  down: z.object({
    receiver: z.string().min(1).max(256),
    groupKey: z.string().min(1).max(1_024),
    labels: z.record(z.string().max(256), z.string().max(1_024)),
    alert: alertView,
  }),
});

export type DownNotice = z.output<typeof downNotice>;

/** A part of a day in which one page a group is enough: nothing remembers when an outage began, and clocks agree on this. */
const SLOT_HOURS = 6;

/**
 * Which outage it is, as far as that can be known without a store: the part of the day of the alert's own time, as year,
 * month, day and hour. A redelivery, whenever it comes, has that of its alert; the next outage rings anew.
 */
export function outageOf({ timeNs }: Pick<AlertView, 'timeNs'>): number {
  const [day = '', clock = ''] = new Date(millisecondsOf(timeNs)).toISOString().split('T');
  const hour = Number(clock.slice(0, 2));
  return Number(day.replaceAll('-', '')) * 100 + hour - (hour % SLOT_HOURS);
}

/** A page of its own at the vendor: the incident opens, and pages, once the store is back. */
export const downGroup = ({ groupKey, labels }: DownNotice['down']): { key: string; labels: GroupLabels } => ({
  key: `${groupKey}#down`,
  labels,
});
