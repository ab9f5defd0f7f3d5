/** Notification: an incident as it is now, in the form that every receiver renders from. */

import type { Delivery } from '../core/delivery.ts';
import { firstStepOf } from '../core/first-step.ts';
import { type Incident, lead } from '../core/incident.ts';
import { type LinkOptions, linksOf } from '../core/links.ts';
import type { Notification } from '../core/notification.ts';

export function notificationOf(
  { incident, delivery, want }: { incident: Incident; delivery: Delivery; want: number },
  options: LinkOptions,
): Notification {
  const leading = lead(incident);
  const dedupKey = `${incident.groupKey}/${delivery.generation}`;
  const { labels: group, firstNs, lastNs } = incident;
  return {
    // Who has heard nothing yet hears the page itself, whatever has happened meanwhile.
    type: delivery.sent === 0 ? 'page' : 'update',
    receiver: delivery.receiver,
    groupKey: incident.groupKey,
    generation: delivery.generation,
    dedupKey,
    messageId: `${dedupKey}/${want}`,
    state: incident.state,
    severity: incident.severity,
    group,
    count: incident.count,
    firstNs,
    lastNs,
    lead: leading.alert,
    others: incident.rules
      .filter((seen) => seen !== leading)
      .map(({ rule, priority, firstNs: timeNs, count, alert }) => ({ rule, priority, timeNs, count, alert })),
    links: linksOf({ group, lead: leading.alert, firstNs, lastNs }, options),
    firstStep: firstStepOf(leading.alert),
    ...(delivery.reference === undefined ? {} : { reference: delivery.reference }),
  };
}
