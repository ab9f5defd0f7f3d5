/** Who was told: each incident at each of its receivers, and again only where a send was cut off before its record. */

import type { DeliveryRef } from '../../functions/core/incident/delivery.ts';
import { type Expected, labelText } from '../stack/support/expected.ts';
import type { Page } from '../stack/support/receivers.ts';
import type { Push } from './fleet.ts';

export interface PagesProof {
  pages: number;
  /** Told while the store could not be asked; the incident itself is told as well. */
  withoutStore: number;
  /** Pages past the first one of their incident and receiver, by why that may be. */
  doubled: Readonly<Record<string, number>>;
  problems: readonly string[];
}

/** As long as a claim lives: whoever answers later may have been overtaken. */
const CLAIM_MS = 30_000;
const isDown = ({ groupKey }: Page): boolean => groupKey.endsWith('#down');

export function provePages(all: readonly Page[], expected: Expected, notified: readonly Push[]): PagesProof {
  const pages = all.filter((page) => !isDown(page));
  const problems: string[] = [];
  // The webhook's body alone tells the labels behind a key.
  const keyOf = new Map(
    pages
      .filter(({ receiver }) => receiver === 'archive')
      .map(({ groupKey, body }) => [labelText(body.groupLabels as Record<string, string>), groupKey]),
  );
  const byDelivery = Map.groupBy(pages, ({ receiver, groupKey }) => `${receiver} ${groupKey}`);
  const wanted = new Set<string>();
  for (const [labels, { receivers }] of expected.incidents) {
    for (const receiver of receivers) {
      const delivery = `${receiver} ${keyOf.get(labels)}`;
      wanted.add(delivery);
      if (!byDelivery.has(delivery)) problems.push(`${receiver} was never paged for ${labels}`);
    }
  }
  for (const { receiver, groupKey } of all.filter(isDown)) {
    if (!wanted.has(`${receiver} ${groupKey.slice(0, -'#down'.length)}`)) {
      problems.push(`${receiver} was told of ${groupKey}, which is no incident`);
    }
  }
  const pushes = Map.groupBy(notified, deliveryOf);
  const doubled: Record<string, number> = {};
  for (const [delivery, same] of byDelivery) {
    if (!wanted.has(delivery)) problems.push(`paged without an incident: ${delivery}`);
    // A page that comes again says so by its id, or a vendor would take it for another one.
    if (new Set(same.map(({ id }) => id)).size > 1) problems.push(`paged under several ids: ${delivery}`);
    // Each send but the last one must have gone unrecorded.
    for (const { at } of same.slice(0, -1)) {
      const why = whyUnrecorded(at, pushes.get(delivery) ?? []);
      if (why) doubled[why] = (doubled[why] ?? 0) + 1;
      else problems.push(`paged again though nothing was cut off: ${delivery}, ${storyOf(same, pushes.get(delivery))}`);
    }
  }
  return { pages: pages.length, withoutStore: all.length - pages.length, doubled, problems };
}

/** With these nothing was sent: another push had the claim, or nothing was due. */
const SENT_NOTHING = ['delivery-held', 'delivery-not-yet', 'delivery-done', 'delivery-unknown'];

/** What became of the push during which the receiver was told; a link may have brought its words later than that. */
function whyUnrecorded(at: number, pushes: readonly Push[]): string | undefined {
  const during = pushes.filter(
    ({ begun, ended, reason }) =>
      begun <= at && (ended === 0 || at <= ended + CLAIM_MS) && !SENT_NOTHING.includes(reason),
  );
  if (during.some(({ status }) => status === 502 || status === 0)) return 'the sender was killed or did not answer';
  const refused = during.find(({ status }) => status >= 300);
  if (refused) return `the sender answered ${refused.status}, ${refused.reason}`;
  if (during.some(({ begun, ended }) => ended - begun > CLAIM_MS)) return 'the sender stood still past its claim';
  return;
}

function storyOf(same: readonly Page[], pushes: readonly Push[] = []): string {
  const told = same.map(({ at }) => `told at ${at}`);
  const tried = pushes.map(
    ({ zone, begun, ended, status, reason }) => `zone ${zone} from ${begun} to ${ended}: ${status} ${reason}`,
  );
  return [...told, ...tried].join('; ');
}

function deliveryOf({ data }: Push): string {
  const { receiver, groupKey } = JSON.parse(Buffer.from(data, 'base64').toString()) as DeliveryRef;
  return `${receiver} ${groupKey}`;
}
