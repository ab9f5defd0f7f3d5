/**
 * Down: no incident can be opened, so receivers that drop a second page by a key of their own are paged without one; the
 * others wait for the store. The message comes again until it is counted.
 */

import type { DownNotice } from '../core/incident/down.ts';
import type { Clock, Topics } from '../core/ports.ts';
import type { Arrival } from './join.ts';

/** Who resolved such a page at the vendor is not rung by each redelivery of the same outage. */
const AGAIN_AFTER_MS = 10 * 60_000;
const MOST_REMEMBERED = 10_000;

export interface DownDeps {
  topics: Topics;
  /** Whether this receiver drops a second send of the same page. */
  idempotent(receiver: string): boolean;
  clock: Clock;
}

export type PageWithoutStore = (arrival: Arrival) => Promise<void>;

/** Never throws: what could not be published is published by the message's redelivery. */
export function createDownPages({ topics, idempotent, clock }: DownDeps): PageWithoutStore {
  const paged = new Map<string, number>();

  async function page(receiver: string, { alert, group }: Arrival): Promise<void> {
    const key = JSON.stringify([group.key, receiver]);
    if (clock() - (paged.get(key) ?? Number.NEGATIVE_INFINITY) < AGAIN_AFTER_MS) return;
    const notice: DownNotice = { down: { receiver, groupKey: group.key, labels: group.labels, alert } };
    if (paged.size >= MOST_REMEMBERED) paged.clear();
    paged.set(key, clock());
    try {
      await topics.publish('notifications', { data: JSON.stringify(notice), attributes: { receiver } });
    } catch {
      paged.delete(key);
    }
  }

  return async (arrival) => {
    const { receivers, observed } = arrival.routing;
    if (observed) return;
    await Promise.all(receivers.filter(idempotent).map((receiver) => page(receiver, arrival)));
  };
}
