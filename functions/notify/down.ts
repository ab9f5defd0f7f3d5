/** Down: a page that needs no record, since the vendor drops a second one by its key. */

import { newDelivery } from '../core/incident/delivery.ts';
import { type DownNotice, downGroup, downNotice, outageOf } from '../core/incident/down.ts';
import { join } from '../core/incident/incident.ts';
import { jsonIn } from '../core/json.ts';
import type { LinkOptions } from '../core/page/links.ts';
import type { Notification } from '../core/page/notification.ts';
import { notificationOf } from './notification.ts';

/** Undefined for what is none. */
export function readDown(text: string): DownNotice['down'] | undefined {
  return downNotice.safeParse(jsonIn(text)).data?.down;
}

/** The alert as the first of its incident, under a key of its own: the outage is its generation. */
export function downNotification(down: DownNotice['down'], links: LinkOptions, now: number): Notification {
  const { receiver, alert } = down;
  const group = downGroup(down);
  const { incident } = join(undefined, alert, group, { receivers: [receiver], tiers: [] }, now);
  const delivery = newDelivery({ groupKey: group.key, generation: outageOf(alert), receiver }, now);
  return { ...notificationOf({ incident, delivery, want: delivery.want }, links), withoutStore: true };
}
