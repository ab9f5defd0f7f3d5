/** Notification: an incident as it is now, in the form that every receiver renders from. */

import { incidentKeyOf } from '../core/incident/dedup-key.ts';
import { type Delivery, owesPage } from '../core/incident/delivery.ts';
import { type Incident, isLive, lead } from '../core/incident/incident.ts';
import { firstStepOf } from '../core/page/first-step.ts';
import { type LinkOptions, linksOf } from '../core/page/links.ts';
import type { Notification } from '../core/page/notification.ts';

export function notificationOf(
  { incident, delivery, want }: { incident: Incident; delivery: Delivery; want: number },
  options: LinkOptions,
): Notification {
  const leading = lead(incident);
  const dedupKey = incidentKeyOf(incident.groupKey, delivery.generation);
  const {
    labels: group,
    firstNs,
    lastNs,
    round,
    by,
    rang,
    called,
    mute,
    storm,
    shells,
    silent,
    report,
    tier,
    tiers,
    state,
  } = incident;
  return {
    // Who has not heard the last page hears it, whatever has happened meanwhile.
    type: owesPage(delivery) ? 'page' : 'update',
    receiver: delivery.receiver,
    groupKey: incident.groupKey,
    generation: delivery.generation,
    dedupKey,
    // A page that is sent again keeps its id, though an update came due meanwhile: it must not ring as another one.
    messageId: `${dedupKey}/${owesPage(delivery) ? delivery.page : want}`,
    round,
    state,
    ...(by && { by }),
    ...(called?.receiver === (delivery.standsInFor ?? delivery.receiver) && { calledBy: called.by }),
    ...(rang && { rang: { receivers: rang, ...(called && rang.includes(called.receiver) && { askedBy: called.by }) } }),
    ...(isUnrung(delivery, round) && { unrung: true }),
    ...(mute && { mute }),
    ...(delivery.standsInFor && { insteadOf: delivery.standsInFor, insteadWhy: delivery.standsInWhy }),
    ...(state === 'open' && tier > 0 && { unheardMs: tiers[tier - 1]?.after }),
    ...(storm && { storm: { size: storm.size, members: storm.members, traits: storm.traits } }),
    ...(isLive(incident) && silent && { silent }),
    ...(shells && { shells }),
    ...(report && { report }),
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
    firstStep: report ? '' : firstStepOf(leading.alert, shells),
    ...(delivery.reference === undefined ? {} : { reference: delivery.reference }),
  };
}

/** Others alone were rung when this round began. */
function isUnrung(delivery: Delivery, round: number): boolean {
  return !owesPage(delivery) && (delivery.round ?? round) < round;
}
